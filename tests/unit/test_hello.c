/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hellos.h"

#include <stdio.h>

enum { INPUT_SIZE = 256 * 1024 };

/* Bytes put together; lengths are filled in when a vector is closed. */
struct draft {
	size_t len;
	char bytes[INPUT_SIZE];
};

static void put(struct draft *d, struct slice bytes)
{
	assert_true(d->len + bytes.len <= sizeof(d->bytes));
	if (bytes.len > 0)
		memcpy(d->bytes + d->len, bytes.ptr, bytes.len);
	d->len += bytes.len;
}

static void put_number(struct draft *d, size_t number, size_t bytes)
{
	while (bytes-- > 0) {
		char c = (char)(number >> 8 * bytes);
		put(d, slice_from(&c, 1));
	}
}

static void put_vector(struct draft *d, size_t length_bytes, struct slice bytes)
{
	put_number(d, bytes.len, length_bytes);
	put(d, bytes);
}

static struct slice drafted(const struct draft *d)
{
	return slice_from(d->bytes, d->len);
}

/* What of a ClientHello a row wants otherwise; zero means the ordinary thing. */
struct parts {
	struct slice version, session_id, suites, compressions;
	struct slice extensions; /* the whole list, without its length */
	struct slice after; /* behind the extensions, inside the message */
	bool no_extensions, no_suites, no_compressions;
};

#define NAME_EXTENSION                                                                             \
	"\x00\x00\x00\x10\x00\x0e\x00\x00\x0b"                                                     \
	"example.com"

static struct slice or_else(struct slice wanted, struct slice ordinary)
{
	return wanted.len > 0 ? wanted : ordinary;
}

static void draft_body(struct draft *d, const struct parts *p)
{
	char random[32] = {1};

	d->len = 0;
	put(d, or_else(p->version, SLICE("\x03\x03")));
	put(d, slice_from(random, sizeof(random)));
	put_vector(d, 1, p->session_id);
	put_vector(d, 2, p->no_suites ? SLICE("") : or_else(p->suites, SLICE("\x13\x01")));
	put_vector(d, 1, p->no_compressions ? SLICE("") : or_else(p->compressions, SLICE("\0")));
	if (!p->no_extensions)
		put_vector(d, 2, or_else(p->extensions, SLICE(NAME_EXTENSION)));
	put(d, p->after);
}

/* The message with its header, cut into records of `record` bytes. */
static void draft_records(struct draft *d, struct slice body, size_t record)
{
	static struct draft message;

	message.len = 0;
	put_number(&message, 1, 1);
	put_vector(&message, 3, body);
	d->len = 0;
	for (size_t at = 0; at < message.len; at += record) {
		put(d, SLICE("\x16\x03\x01"));
		put_vector(d, 2, slice_first(slice_after(drafted(&message), at), record));
	}
}

static void the_message_is_checked(void **state)
{
	static const struct {
		const char *name;
		struct parts parts;
		bool ok;
	} rows[] = {
		{"ordinary", {.after = {"", 0}}, true},
		{"no extensions at all", {.no_extensions = true}, true},
		{"version 3.0", {.version = {"\x03\x00", 2}}, true},
		{"version 2.0", {.version = {"\x02\x00", 2}}, false},
		{"session id of 32", {.session_id = {"01234567890123456789012345678901", 32}},
			true},
		{"session id of 33", {.session_id = {"012345678901234567890123456789012", 33}},
			false},
		{"no cipher suites", {.no_suites = true}, false},
		{"odd cipher suites", {.suites = {"\x13\x01\x13", 3}}, false},
		{"no compression", {.no_compressions = true}, false},
		{"two compressions", {.compressions = {"\x01\x00", 2}}, true},
		{"byte after extensions", {.after = {"x", 1}}, false},
		{"extension cut", {.extensions = {"\x00\x2b\x00\x03\x02", 5}}, false},
		{"extension type cut", {.extensions = {"\x00", 1}}, false},
		{"unknown extension", {.extensions = {"\x12\x34\x00\x00", 4}}, true},
		{"highest extension", {.extensions = {"\xff\xff\x00\x00", 4}}, true},
		{"neighbours", {.extensions = {"\x00\x3f\x00\x00\x00\x40\x00\x00", 8}}, true},
		{"unknown twice", {.extensions = {"\x12\x34\x00\x00\x12\x34\x00\x00", 8}}, false},
		{"name",
			{.extensions = {"\x00\x00\x00\x06\x00\x04\x00\x00\x01"
					"a",
				 10}},
			true},
		{"name extension empty", {.extensions = {"\x00\x00\x00\x00", 4}}, false},
		{"empty list", {.extensions = {"\x00\x00\x00\x02\x00\x00", 6}}, false},
		{"empty name", {.extensions = {"\x00\x00\x00\x05\x00\x03\x00\x00\x00", 9}}, false},
		{"other name type",
			{.extensions = {"\x00\x00\x00\x06\x00\x04\x01\x00\x01"
					"a",
				 10}},
			false},
		{"two names",
			{.extensions = {"\x00\x00\x00\x0a\x00\x08\x00\x00\x01"
					"a\x00\x00\x01"
					"b",
				 14}},
			false},
		{"byte after list",
			{.extensions = {"\x00\x00\x00\x07\x00\x04\x00\x00\x01"
					"a!",
				 11}},
			false},
		{"byte in list after name",
			{.extensions = {"\x00\x00\x00\x07\x00\x05\x00\x00\x01"
					"a!",
				 11}},
			false},
		{"name longer than list",
			{.extensions = {"\x00\x00\x00\x06\x00\x04\x00\x00\x02"
					"a",
				 10}},
			false},
		{"name extension twice",
			{.extensions = {"\x00\x00\x00\x06\x00\x04\x00\x00\x01"
					"a\x00\x00\x00\x06\x00\x04\x00\x00\x01"
					"a",
				 20}},
			false},
		{"protocols", {.extensions = {"\x00\x10\x00\x05\x00\x03\x02h2", 9}}, true},
		{"no protocol", {.extensions = {"\x00\x10\x00\x02\x00\x00", 6}}, false},
		{"empty protocol", {.extensions = {"\x00\x10\x00\x06\x00\x04\x02h2\x00", 10}},
			false},
		{"protocol cut", {.extensions = {"\x00\x10\x00\x05\x00\x03\x03h2", 9}}, false},
		{"byte after protocols", {.extensions = {"\x00\x10\x00\x06\x00\x03\x02h2x", 10}},
			false},
	};
	static struct draft body, input;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		draft_body(&body, &rows[i].parts);
		draft_records(&input, drafted(&body), 1 << 14);
		struct judged j = judge(drafted(&input));
		ROW_CHECK(rows[i].name, (j.result == HELLO_OK) == rows[i].ok, "result %d, %s",
			(int)j.result, reason_word(j.bad));
		ROW_CHECK(rows[i].name, rows[i].ok || j.bad == REASON_HELLO_MALFORMED, "%s",
			reason_word(j.bad));
		struct judged by_byte = judge_by_byte(rows[i].name, drafted(&input));
		check_same(rows[i].name, &j, &by_byte);
		for (size_t record = 1; record < body.len + 4; record++) {
			draft_records(&input, drafted(&body), record);
			struct judged cut = judge(drafted(&input));
			check_same(rows[i].name, &j, &cut);
		}
	}
}

static void bytes_of_a_name(void **state)
{
	static struct draft body, input;
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char extension[] = "\x00\x00\x00\x08\x00\x06\x00\x00\x03"
				   "a?b";
		char name[16];
		extension[10] = (char)c;
		snprintf(name, sizeof(name), "byte %02x", c);
		struct parts parts = {.extensions = slice_from(extension, 12)};
		draft_body(&body, &parts);
		draft_records(&input, drafted(&body), 1 << 14);
		struct judged j = judge(drafted(&input));
		bool control = c < 0x20 || c == 0x7f;
		ROW_CHECK(name, j.result == (control ? HELLO_BAD : HELLO_OK), "%d", (int)j.result);
		ROW_CHECK(name,
			control || (j.hello.sni.len == 3 && memcmp(j.sni, extension + 9, 3) == 0),
			"raw name");
	}
}

static void records_are_checked_at_the_earliest_byte(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		enum hello_result result;
		enum reason bad;
	} rows[] = {
		{"nothing", {"", 0}, HELLO_MORE, REASON_NONE},
		{"one byte", {"\x16", 1}, HELLO_MORE, REASON_NONE},
		{"letter", {"G", 1}, HELLO_BAD, REASON_NOT_TLS},
		{"alert", {"\x15", 1}, HELLO_BAD, REASON_NOT_TLS},
		{"application data", {"\x17", 1}, HELLO_BAD, REASON_NOT_TLS},
		{"SSLv2", {"\x80", 1}, HELLO_BAD, REASON_NOT_TLS},
		{"nul", {"\0", 1}, HELLO_BAD, REASON_NOT_TLS},
		{"major 3", {"\x16\x03", 2}, HELLO_MORE, REASON_NONE},
		{"major 2", {"\x16\x02", 2}, HELLO_BAD, REASON_NOT_TLS},
		{"DTLS", {"\x16\xfe", 2}, HELLO_BAD, REASON_NOT_TLS},
		{"any minor", {"\x16\x03\x7f", 3}, HELLO_MORE, REASON_NONE},
		{"length cut", {"\x16\x03\x01\x40", 4}, HELLO_MORE, REASON_NONE},
		{"empty", {"\x16\x03\x01\0\0", 5}, HELLO_BAD, REASON_HELLO_MALFORMED},
		{"16384", {"\x16\x03\x01\x40\0", 5}, HELLO_MORE, REASON_NONE},
		{"16385", {"\x16\x03\x01\x40\x01", 5}, HELLO_BAD, REASON_HELLO_MALFORMED},
		{"client hello", {"\x16\x03\x01\0\x4\x1", 6}, HELLO_MORE, REASON_NONE},
		{"server hello", {"\x16\x03\x01\0\x4\x2", 6}, HELLO_BAD, REASON_HELLO_MALFORMED},
		{"large at once", {"\x16\x03\x01\x20\0\x1\x1", 7}, HELLO_BAD,
			REASON_HELLO_TOO_LARGE},
		{"length 16384", {"\x16\x03\x01\x20\0\x1\0\x40\0", 9}, HELLO_MORE, REASON_NONE},
		{"length 16385", {"\x16\x03\x01\x20\0\x1\0\x40\x01", 9}, HELLO_BAD,
			REASON_HELLO_TOO_LARGE},
		{"length 0", {"\x16\x03\x01\0\x4\x1\0\0\0", 9}, HELLO_BAD, REASON_HELLO_MALFORMED},
		{"record shorter than message", {"\x16\x03\x01\0\x9\x1\0\0\x6", 9}, HELLO_MORE,
			REASON_NONE},
		{"record holds the message", {"\x16\x03\x01\0\x9\x1\0\0\x5", 9}, HELLO_MORE,
			REASON_NONE},
		{"record holds more", {"\x16\x03\x01\0\x9\x1\0\0\x4", 9}, HELLO_BAD,
			REASON_HELLO_MALFORMED},
		{"second record starts", {"\x16\x03\x01\0\x1\x1\x16\x03", 8}, HELLO_MORE,
			REASON_NONE},
		{"second record empty", {"\x16\x03\x01\0\x1\x1\x16\x03\x01\0\0", 11}, HELLO_BAD,
			REASON_HELLO_MALFORMED},
		{"alert in between", {"\x16\x03\x01\0\x1\x1\x15", 7}, HELLO_BAD,
			REASON_HELLO_MALFORMED},
		{"foreign version in between", {"\x16\x03\x01\0\x1\x1\x16\x02", 8}, HELLO_BAD,
			REASON_HELLO_MALFORMED},
		{"second record holds more", {"\x16\x03\x01\0\x4\x1\0\0\x1\x16\x03\x01\0\x2", 14},
			HELLO_BAD, REASON_HELLO_MALFORMED},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct judged j = judge(rows[i].bytes);
		ROW_CHECK(rows[i].name, j.result == rows[i].result, "result %d", (int)j.result);
		ROW_CHECK(rows[i].name, j.bad == rows[i].bad, "%s", reason_word(j.bad));
		if (rows[i].bytes.len == 0)
			continue;
		struct judged before = judge(slice_first(rows[i].bytes, rows[i].bytes.len - 1));
		ROW_CHECK(rows[i].name, before.result == HELLO_MORE, "told before its last byte");
		struct judged by_byte = judge_by_byte(rows[i].name, rows[i].bytes);
		check_same(rows[i].name, &j, &by_byte);
	}
}

static void records_are_counted(void **state)
{
	static struct draft body, input;
	static char padding[LIMIT_HELLO_RECORDS];
	static const struct {
		const char *name;
		size_t message_len; /* cut into records of one byte */
		enum hello_result result;
	} rows[] = {
		{"as many as may be", LIMIT_HELLO_RECORDS, HELLO_OK},
		{"one more", LIMIT_HELLO_RECORDS + 1, HELLO_BAD},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct draft extension;
		struct parts parts = {.no_extensions = true};
		draft_body(&body, &parts);
		extension.len = 0;
		put(&extension, SLICE("\x00\x15"));
		put_vector(
			&extension, 2, slice_from(padding, rows[i].message_len - 4 - body.len - 6));
		parts = (struct parts){.extensions = drafted(&extension)};
		draft_body(&body, &parts);
		assert_int_equal(body.len + 4, rows[i].message_len);
		draft_records(&input, drafted(&body), 1);
		struct judged j = judge(drafted(&input));
		ROW_CHECK(rows[i].name, j.result == rows[i].result, "%d", (int)j.result);
		ROW_CHECK(rows[i].name, j.result == HELLO_OK || j.bad == REASON_HELLO_MALFORMED,
			"%s", reason_word(j.bad));
	}
}

static void needs_are_exact(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		size_t needs;
	} rows[] = {
		{"nothing", {"", 0}, 1},
		{"in the record header", {"\x16\x03\x01", 3}, 4},
		{"at the message header", {"\x16\x03\x01\0\x9", 5}, 6},
		{"in the message header", {"\x16\x03\x01\0\x9\x1\0", 7}, 8},
		{"the record ends the hello", {"\x16\x03\x01\0\x9\x1\0\0\x5", 9}, 14},
		{"the record does not", {"\x16\x03\x01\0\x9\x1\0\0\x6", 9}, 15},
		{"at the next header", {"\x16\x03\x01\0\x5\x1\0\0\x6?", 10}, 11},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t needs = hello_needs(rows[i].bytes);
		ROW_CHECK(rows[i].name, needs == rows[i].needs, "%zu", needs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_is_checked),
		cmocka_unit_test(bytes_of_a_name),
		cmocka_unit_test(records_are_checked_at_the_earliest_byte),
		cmocka_unit_test(records_are_counted),
		cmocka_unit_test(needs_are_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
