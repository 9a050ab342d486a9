/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of a message: the last size that passes and the first that does not; and memory that
 * runs out. */
#include "tests/unit/steps.h"

#include "base/buffer.h"

enum { STREAM_BYTES = 1 << 21 };

/* ---- memory that runs out ----------------------------------------------------------------- */

static long allocations_left = -1; /* -1: as many as wanted */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);

static bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left -= allocations_left > 0;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return may_allocate() ? __real_realloc(ptr, size) : NULL;
}

/* The fault that ends `bytes`, or REASON_NONE. */
static enum reason read_all(struct message *m, struct slice bytes)
{
	struct slice data;
	enum message_step step;

	do
		step = message_read(m, &bytes, &data);
	while (step == MESSAGE_HEAD || step == MESSAGE_DATA);
	return message_fault(m);
}

static void allocations_fail_in_turn(void **state)
{
	struct slice bytes =
		SLICE("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "1\r\nx\r\n0\r\nX: y\r\n\r\n");
	enum reason fault = REASON_OUT_OF_MEMORY;
	long allocations = 0;
	(void)state;
	for (; fault == REASON_OUT_OF_MEMORY; allocations++) {
		allocations_left = allocations;
		struct message *m = message_new(MESSAGE_REQUEST);
		if (m)
			fault = read_all(m, bytes);
		allocations_left = -1;
		message_free(m);
	}
	assert_int_equal(fault, REASON_NONE);
	/* The message; the head's bytes, parser and fields; a chunk's line; the trailers' fields. */
	assert_int_equal(allocations - 1, 6);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static void repeat(struct buffer *b, struct slice text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_true(buffer_append(b, text));
}

static enum reason fault_of(enum message_kind kind, const struct buffer *b)
{
	struct message *m = message_new(kind);

	assert_non_null(m);
	enum reason fault = read_all(m, buffer_bytes(b));
	message_free(m);
	/* Byte by byte it is the same. */
	m = message_new(kind);
	assert_non_null(m);
	struct slice all = buffer_bytes(b);
	enum reason by_byte = REASON_NONE;
	for (size_t i = 0; i < all.len && by_byte == REASON_NONE; i++)
		by_byte = read_all(m, slice_first(slice_after(all, i), 1));
	assert_int_equal(fault, by_byte);
	message_free(m);
	return fault;
}

static void heads_are_bounded(void **state)
{
	static const struct {
		const char *name;
		enum message_kind kind;
		size_t fields, head_bytes; /* 0: as long as the fields make it */
		enum reason fault;
	} rows[] = {
		{"most fields", MESSAGE_REQUEST, LIMIT_HEAD_FIELDS, 0, REASON_NONE},
		{"a field more", MESSAGE_REQUEST, LIMIT_HEAD_FIELDS + 1, 0, REASON_HEAD_TOO_LARGE},
		{"longest", MESSAGE_REQUEST, 2, LIMIT_HEAD_BYTES, REASON_NONE},
		{"a byte more", MESSAGE_REQUEST, 2, LIMIT_HEAD_BYTES + 1, REASON_HEAD_TOO_LARGE},
		{"most fields", MESSAGE_RESPONSE, LIMIT_HEAD_FIELDS, 0, REASON_NONE},
		{"a field more", MESSAGE_RESPONSE, LIMIT_HEAD_FIELDS + 1, 0,
			REASON_RESPONSE_TOO_LARGE},
		{"longest", MESSAGE_RESPONSE, 2, LIMIT_HEAD_BYTES, REASON_NONE},
		{"a byte more", MESSAGE_RESPONSE, 2, LIMIT_HEAD_BYTES + 1,
			REASON_RESPONSE_TOO_LARGE},
		{"1 MB", MESSAGE_RESPONSE, 2, 1 << 20, REASON_RESPONSE_TOO_LARGE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buffer b;
		buffer_init(&b, STREAM_BYTES);
		repeat(&b,
			rows[i].kind == MESSAGE_REQUEST ? SLICE("GET / HTTP/1.1\r\nHost: a\r\n")
							: SLICE("HTTP/1.1 200 OK\r\nX: y\r\n"),
			1);
		repeat(&b, SLICE("Y: z\r\n"), rows[i].fields - 2);
		repeat(&b, SLICE("Z: "), 1);
		size_t rest = rows[i].head_bytes ? rows[i].head_bytes - b.len - 4 : 1;
		repeat(&b, SLICE("a"), rest);
		repeat(&b, SLICE("\r\n\r\n"), 1);
		enum reason fault = fault_of(rows[i].kind, &b);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", reason_word(fault));
		buffer_done(&b);
	}
}

static void connection_options_are_bounded(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		struct buffer b;
		buffer_init(&b, STREAM_BYTES);
		repeat(&b, SLICE("GET / HTTP/1.1\r\nHost: a\r\nConnection: a"), 1);
		repeat(&b, SLICE(",a"), LIMIT_CONNECTION_OPTIONS - 2);
		repeat(&b, SLICE("\r\nConnection: b\r\n"), 1);
		repeat(&b, SLICE("Connection: c\r\n"), more);
		repeat(&b, SLICE("\r\n"), 1);
		assert_int_equal(
			fault_of(MESSAGE_REQUEST, &b), more ? REASON_BAD_REQUEST : REASON_NONE);
		buffer_done(&b);
	}
}

#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static void trailers_are_bounded(void **state)
{
	static const struct {
		const char *name;
		size_t fields, bytes;
		enum reason fault;
	} rows[] = {
		{"most fields", LIMIT_HEAD_FIELDS, 0, REASON_NONE},
		{"a field more", LIMIT_HEAD_FIELDS + 1, 0, REASON_BAD_FRAMING},
		{"longest", 1, LIMIT_TRAILER_BYTES, REASON_NONE},
		{"a byte more", 1, LIMIT_TRAILER_BYTES + 1, REASON_BAD_FRAMING},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buffer b;
		buffer_init(&b, STREAM_BYTES);
		repeat(&b, SLICE(CHUNKED "0\r\n"), 1);
		repeat(&b, SLICE("Y: z\r\n"), rows[i].fields - 1);
		repeat(&b, SLICE("Z: "), 1);
		repeat(&b, SLICE("a"), rows[i].bytes ? rows[i].bytes - strlen("Z: \r\n") : 1);
		repeat(&b, SLICE("\r\n\r\n"), 1);
		enum reason fault = fault_of(MESSAGE_REQUEST, &b);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", reason_word(fault));
		buffer_done(&b);
	}
}

static void extensions_are_bounded(void **state)
{
	static const struct {
		const char *name;
		size_t chunks, extension_len, data_len;
		enum reason fault;
	} rows[] = {
		{"longest", 1, LIMIT_TRAILER_BYTES, 1, REASON_NONE},
		{"a byte more", 1, LIMIT_TRAILER_BYTES + 1, 1, REASON_BAD_FRAMING},
		{"far more", 1, LIMIT_TRAILER_BYTES + 100, 1, REASON_BAD_FRAMING},
		{"many small", LIMIT_TRAILER_BYTES / 8 - 1, 9, 1, REASON_NONE},
		{"too many small", LIMIT_TRAILER_BYTES / 8, 9, 1, REASON_BAD_FRAMING},
		{"outweighed by content", LIMIT_TRAILER_BYTES / 4, 16, 16, REASON_NONE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buffer b;
		buffer_init(&b, STREAM_BYTES);
		repeat(&b, SLICE(CHUNKED), 1);
		for (size_t chunk = 0; chunk < rows[i].chunks; chunk++) {
			assert_true(buffer_format(&b, "%zx;", rows[i].data_len));
			repeat(&b, SLICE("e"), rows[i].extension_len - 1);
			repeat(&b, SLICE("\r\n"), 1);
			repeat(&b, SLICE("d"), rows[i].data_len);
			repeat(&b, SLICE("\r\n"), 1);
		}
		repeat(&b, SLICE("0\r\n\r\n"), 1);
		enum reason fault = fault_of(MESSAGE_REQUEST, &b);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", reason_word(fault));
		buffer_done(&b);
	}
}

static void nothing_is_kept_while_idle(void **state)
{
	struct slice input = SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), data;
	(void)state;
	struct message *m = message_new(MESSAGE_REQUEST);
	assert_non_null(m);
	assert_true(message_idle(m) && message_head(m)->field_count == 0);
	assert_int_equal(message_read(m, &input, &data), MESSAGE_HEAD);
	assert_true(slice_equal(head_field(message_head(m), SLICE("HOST")), SLICE("a")));
	assert_null(head_field(message_head(m), SLICE("X")).ptr);
	assert_false(message_idle(m));
	assert_int_equal(message_read(m, &input, &data), MESSAGE_END);
	assert_int_equal(message_read(m, &input, &data), MESSAGE_END);
	assert_true(message_eof(m));
	message_next(m);
	assert_true(message_idle(m) && message_head(m)->field_count == 0);
	message_free(m);
	message_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_fail_in_turn),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(connection_options_are_bounded),
		cmocka_unit_test(trailers_are_bounded),
		cmocka_unit_test(extensions_are_bounded),
		cmocka_unit_test(nothing_is_kept_while_idle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
