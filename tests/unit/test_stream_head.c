/* SPDX-License-Identifier: Apache-2.0 */
/* Header sections of HTTP/2 as heads, and heads as header sections. */
#include "tests/unit/rows.h"

#include "proxy/stream_head.h"
#include "proxy/stream_lines.h"

#include <stdlib.h>

/* Fields as "name=value" with newlines between. */
static void fill(struct stream_head *h, const char *text)
{
	struct slice rest = slice_of(text);

	stream_head_init(h);
	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));
		size_t name_len = slice_find(line, '=');
		stream_head_add(h, slice_first(line, name_len), slice_after(line, name_len + 1));
		rest = slice_after(rest, line.len + 1);
	}
}

#define GET ":method=GET\n:scheme=https\n:path=/a?b\n"

static void requests(void **state)
{
	static const struct {
		const char *name, *text;
		bool ended;
		enum reason reason;
		enum framing framing;
	} rows[] = {
		{"authority", GET ":authority=a", true, REASON_NONE, FRAMING_NONE},
		{"host", GET "host=a", true, REASON_NONE, FRAMING_NONE},
		{"both", GET ":authority=a\nhost=A", true, REASON_NONE, FRAMING_NONE},
		{"both, and they differ", GET ":authority=a\nhost=b", true, REASON_MISDIRECTED,
			FRAMING_NONE},
		{"neither", GET, true, REASON_BAD_REQUEST, FRAMING_NONE},
		{"two hosts", GET "host=a\nhost=a", true, REASON_BAD_REQUEST, FRAMING_NONE},
		{"content", GET ":authority=a", false, REASON_NONE, FRAMING_CHUNKED},
		{"content of a length", GET ":authority=a\ncontent-length=5", false, REASON_NONE,
			FRAMING_LENGTH},
		{"a length and no content", GET ":authority=a\ncontent-length=5", true,
			REASON_BAD_FRAMING, FRAMING_LENGTH},
		{"no length and no content", GET ":authority=a\ncontent-length=0", true,
			REASON_NONE, FRAMING_LENGTH},
		{"odd length", GET ":authority=a\ncontent-length=+5", false, REASON_BAD_FRAMING,
			FRAMING_LENGTH},
		{"http", ":method=GET\n:scheme=http\n:path=/\n:authority=a", true,
			REASON_MISDIRECTED, FRAMING_NONE},
		{"connect", ":method=CONNECT\n:authority=a:443", false, REASON_METHOD_REFUSED,
			FRAMING_NONE},
		{"websocket",
			":method=CONNECT\n:protocol=websocket\n:scheme=https\n:path=/\n:authority=a",
			false, REASON_NONE, FRAMING_CHUNKED},
		{"connect-udp",
			":method=CONNECT\n:protocol=connect-udp\n:scheme=https\n:path=/\n:authority=a",
			false, REASON_METHOD_REFUSED, FRAMING_NONE},
		{"protocol of a GET", GET ":protocol=websocket\n:authority=a", true,
			REASON_METHOD_REFUSED, FRAMING_NONE},
		{"space in the path", ":method=GET\n:scheme=https\n:path=/a b\n:authority=a", true,
			REASON_BAD_REQUEST, FRAMING_NONE},
		{"fragment", ":method=GET\n:scheme=https\n:path=/a#b\n:authority=a", true,
			REASON_BAD_REQUEST, FRAMING_NONE},
		{"obs-text in the path", ":method=GET\n:scheme=https\n:path=/\xe9\n:authority=a",
			true, REASON_BAD_REQUEST, FRAMING_NONE},
		{"tea", GET ":authority=a\nexpect=tea", true, REASON_EXPECTATION_FAILED,
			FRAMING_NONE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_fields room;
		struct stream_head h;
		struct head head;
		fill(&h, rows[i].text);
		enum reason reason = stream_head_request(&h, rows[i].ended, &room, &head);
		ROW_CHECK(rows[i].name, reason == rows[i].reason, "%s", reason_row(reason)->word);
		ROW_CHECK(rows[i].name, reason != REASON_NONE || head.framing == rows[i].framing,
			"%d", head.framing);
		ROW_CHECK(rows[i].name,
			reason != REASON_NONE || slice_equal_nocase(head.host, SLICE("a")), "%.*s",
			(int)head.host.len, head.host.ptr);
		stream_head_done(&h);
	}
}

static void responses(void **state)
{
	static const struct {
		const char *name, *text;
		enum reason reason;
		uint16_t status;
	} rows[] = {
		{"200", ":status=200\na=b", REASON_NONE, 200},
		{"interim", ":status=103", REASON_NONE, 103},
		{"099", ":status=099", REASON_BAD_RESPONSE, 99},
		{"101", ":status=101", REASON_UPGRADE_FAILED, 101},
		{"none", "a=b", REASON_BAD_RESPONSE, 0},
		{"204 with a length", ":status=204\ncontent-length=1", REASON_BAD_RESPONSE, 204},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_fields room;
		struct stream_head h;
		struct head head;
		fill(&h, rows[i].text);
		enum reason reason = stream_head_response(&h, false, &room, &head);
		ROW_CHECK(rows[i].name, reason == rows[i].reason, "%s", reason_row(reason)->word);
		ROW_CHECK(rows[i].name, head.status == rows[i].status, "%d", head.status);
		stream_head_done(&h);
	}
}

/* Pseudo fields count by their bytes, but are no fields. */
static void bounds(void **state)
{
	static const struct {
		const char *name;
		size_t count, bytes; /* of each value */
		enum reason reason;
	} rows[] = {
		{"as many fields as there may be", LIMIT_HEAD_FIELDS, 1, REASON_NONE},
		{"one more", LIMIT_HEAD_FIELDS + 1, 1, REASON_HEAD_TOO_LARGE},
		{"as many bytes", 1,
			LIMIT_HEAD_BYTES - (7 + 3 + 7 + 5 + 5 + 4 + 10 + 1 + 1 + 5 * 32),
			REASON_NONE},
		{"one more byte", 1, LIMIT_HEAD_BYTES - (7 + 3 + 7 + 5 + 5 + 4 + 10 + 1 + 5 * 32),
			REASON_HEAD_TOO_LARGE},
	};
	char *value = malloc(LIMIT_HEAD_BYTES);
	(void)state;
	assert_non_null(value);
	memset(value, 'x', LIMIT_HEAD_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_fields room;
		struct stream_head h;
		struct head head;
		fill(&h, GET ":authority=a");
		for (size_t n = 0; n < rows[i].count; n++)
			stream_head_add(&h, SLICE("x"), slice_from(value, rows[i].bytes));
		enum reason reason = stream_head_request(&h, true, &room, &head);
		ROW_CHECK(rows[i].name, reason == rows[i].reason, "%s", reason_row(reason)->word);
		stream_head_done(&h);
	}
	free(value);
}

/* What goes on, as "name=value" with newlines behind. */
static void written(const struct stream_lines *l, struct buffer *ret_text)
{
	buffer_init(ret_text, 1 << 16);
	for (size_t i = 0; i < l->count; i++)
		buffer_format(ret_text, "%.*s=%.*s\n", (int)l->nv[i].namelen,
			(const char *)l->nv[i].name, (int)l->nv[i].valuelen,
			(const char *)l->nv[i].value);
	buffer_append(ret_text, slice_from("", 1));
}

static void lines_of_requests(void **state)
{
	static const struct {
		const char *name, *text, *lines;
	} rows[] = {
		{"plain", GET ":authority=A.example\nx-a=1\nproxy-x=2\nhttp2-settings=3\ncookie=4",
			":method=GET\n:scheme=https\n:authority=a.example:8443\n:path=/a?b\nx-a=1\n"
			"cookie=4\nvia=2.0 p\n"},
		{"what has a meaning here",
			GET
			":authority=a.example\nte=trailers\nexpect=100-continue\ncontent-length=7",
			":method=GET\n:scheme=https\n:authority=a.example:8443\n:path=/a?b\n"
			"te=trailers\nexpect=100-continue\ncontent-length=7\nvia=2.0 p\n"},
		{"websocket",
			":method=CONNECT\n:protocol=websocket\n:scheme=https\n:path=/a?b\n"
			":authority=a.example",
			":method=CONNECT\n:protocol=websocket\n:scheme=https\n"
			":authority=a.example:8443\n:path=/a?b\nvia=2.0 p\n"},
		{"hops that are left",
			":method=OPTIONS\n:scheme=https\n:path=/a?b\n:authority=a.example\n"
			"max-forwards=3",
			":method=OPTIONS\n:scheme=https\n:authority=a.example:8443\n:path=/a?b\n"
			"max-forwards=2\nvia=2.0 p\n"},
	};
	struct target target;
	(void)state;
	assert_int_equal(target_parse_authority(SLICE("a.example:8443"), &target), REASON_NONE);
	const struct forward_place place = {
		.target = &target, .path = SLICE("/a?b"), .via = "1.1 p"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_fields room;
		struct stream_lines lines;
		struct stream_head h;
		struct buffer text;
		struct head head;
		fill(&h, rows[i].text);
		stream_head_request(&h, false, &room, &head);
		stream_lines_request(&lines, &head, &place);
		written(&lines, &text);
		ROW_CHECK(rows[i].name, strcmp(buffer_bytes(&text).ptr, rows[i].lines) == 0, "%s",
			buffer_bytes(&text).ptr);
		buffer_done(&text);
		stream_head_done(&h);
	}
}

static void lines_of_responses(void **state)
{
	struct stream_fields room;
	struct stream_lines lines;
	struct stream_head h;
	struct buffer text;
	struct head head;

	(void)state;
	fill(&h, ":status=200\ncontent-length=3\nset-cookie=a\nset-cookie=b\nproxy-x=1");
	stream_head_response(&h, false, &room, &head);
	const struct forward_client told = {.now = 784111777};
	stream_lines_response(&lines, &head, &told, "p");
	written(&lines, &text);
	assert_string_equal(buffer_bytes(&text).ptr,
		":status=200\nset-cookie=a\nset-cookie=b\ncontent-length=3\n"
		"date=Sun, 06 Nov 1994 08:49:37 GMT\nvia=2.0 p\n");
	buffer_done(&text);
	stream_head_done(&h);
}

static void lines_of_trailers(void **state)
{
	struct stream_fields room;
	struct stream_lines lines;
	struct stream_head h;
	struct buffer text;

	(void)state;
	fill(&h, "grpc-status=0\nauthorization=x\ncontent-length=3\nset-cookie=a\nhost=b");
	stream_lines_trailers(&lines, room.fields, stream_head_fields(&h, &room), NULL);
	written(&lines, &text);
	assert_string_equal(buffer_bytes(&text).ptr, "grpc-status=0\n");
	buffer_done(&text);
	stream_head_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(responses),
		cmocka_unit_test(bounds),
		cmocka_unit_test(lines_of_requests),
		cmocka_unit_test(lines_of_responses),
		cmocka_unit_test(lines_of_trailers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
