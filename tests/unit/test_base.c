/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/address.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "base/limits.h"
#include "base/mailbox.h"
#include "base/reader.h"
#include "base/reason.h"

#include <stdio.h>

static void ipv4_is_a_strict_dotted_quad(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
	} rows[] = {
		{"lowest", "0.0.0.0", true},
		{"highest", "255.255.255.255", true},
		{"one above", "255.255.255.256", false},
		{"leading zero", "1.2.3.08", false},
		{"lone zero is fine", "1.2.3.0", true},
		{"three parts", "127.0.1", false},
		{"five parts", "1.2.3.4.5", false},
		{"trailing dot", "1.2.3.4.", false},
		{"hex", "0x7f.0.0.1", false},
		{"sign", "+1.2.3.4", false},
		{"empty part", "1..2.3", false},
		{"space", "1.2.3.4 ", false},
		{"empty", "", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		bool ok = address_parse_ipv4(slice_of(rows[i].text), &a);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
	}
}

static void ipv6_has_one_text(void **state)
{
	static const struct {
		const char *name, *text, *canonical;
	} rows[] = {
		{"loopback", "::1", "::1"},
		{"long zero run", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"mapped", "::ffff:7f00:1", "::ffff:127.0.0.1"},
		{"zone", "fe80::1%eth0", NULL},
		{"brackets", "[::1]", NULL},
		{"two gaps", "1::2::3", NULL},
		{"nine groups", "1:2:3:4:5:6:7:8:9", NULL},
		{"empty", "", NULL},
		{"too long to be one", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		char text[ADDRESS_TEXT_SIZE];
		bool ok = address_parse_ipv6(slice_of(rows[i].text), &a);
		ROW_CHECK(rows[i].name, ok == (rows[i].canonical != NULL), "ok=%d", ok);
		if (!ok)
			continue;
		address_format(&a, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].canonical) == 0, "%s", text);
	}
	struct address untouched = {.family = 9};
	assert_false(address_parse_ipv6(slice_from("::1\0", 4), &untouched));
	assert_int_equal(untouched.family, 9);
}

static void prefixes_compare_bits(void **state)
{
	static const struct {
		const char *name, *address, *network;
		unsigned bits;
		bool inside;
	} rows[] = {
		{"last below 100.64/10", "100.63.255.255", "100.64.0.0", 10, false},
		{"first of 100.64/10", "100.64.0.0", "100.64.0.0", 10, true},
		{"last of 100.64/10", "100.127.255.255", "100.64.0.0", 10, true},
		{"first above 100.64/10", "100.128.0.0", "100.64.0.0", 10, false},
		{"whole bytes", "10.1.2.3", "10.1.2.0", 24, true},
		{"host", "10.1.2.3", "10.1.2.3", 32, true},
		{"everything", "10.1.2.3", "0.0.0.0", 0, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a, network;
		assert_true(address_parse_ipv4(slice_of(rows[i].address), &a));
		assert_true(address_parse_ipv4(slice_of(rows[i].network), &network));
		bool inside = address_in_prefix(&a, &network, rows[i].bits);
		ROW_CHECK(rows[i].name, inside == rows[i].inside, "inside=%d", inside);
	}
}

static void sockaddr_round_trips_and_unmaps(void **state)
{
	static const char *const texts[] = {"192.0.2.7", "2001:db8::7"};
	struct sockaddr_storage storage;
	uint16_t port;
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a, back;
		if (!address_parse_ipv4(slice_of(texts[i]), &a))
			assert_true(address_parse_ipv6(slice_of(texts[i]), &a));
		address_to_sockaddr(&a, 443, &storage);
		back = address_from_sockaddr((struct sockaddr *)&storage, &port);
		assert_true(address_equal(&a, &back));
		assert_int_equal(port, 443);
	}
	struct address mapped;
	assert_true(address_parse_ipv6(SLICE("::ffff:192.0.2.7"), &mapped));
	address_to_sockaddr(&mapped, 1, &storage);
	struct address plain = address_from_sockaddr((struct sockaddr *)&storage, &port);
	assert_int_equal(plain.family, 4);
	assert_int_equal(plain.bytes[0], 192);
}

static void reader_is_sticky(void **state)
{
	(void)state;
	struct reader r = reader_over(SLICE("\x01\x02\x03\x00\x02"
					    "ab"));
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_u16(&r), 0x0203);
	struct reader inner = reader_vector16(&r);
	assert_int_equal(reader_u16(&inner), 'a' << 8 | 'b');
	assert_true(reader_at_end(&inner) && reader_at_end(&r));
	assert_int_equal(reader_u8(&r), 0);
	assert_false(reader_ok(&r));
	struct reader beyond = reader_over(SLICE("\x05"
						 "ab"));
	inner = reader_vector8(&beyond);
	assert_false(reader_ok(&inner) || reader_ok(&beyond));
	assert_int_equal(reader_u24(&beyond), 0);
	assert_false(reader_at_end(&beyond));
}

static void escapes_leave_one_line(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *text, *json;
	} rows[] = {
		{"plain", {"a.b", 3}, "a.b", "a.b"},
		{"line break", {"a\r\nb", 4}, "a\\x0d\\x0ab", "a\\u000d\\u000ab"},
		{"nul", {"a\0b", 3}, "a\\x00b", "a\\u0000b"},
		{"quote and backslash", {"\"\\", 2}, "\"\\x5c", "\\\"\\\\"},
		{"escape character", {"\x1b[31m", 5}, "\\x1b[31m", "\\u001b[31m"},
		{"good UTF-8", {"\xc3\xa4", 2}, "\\xc3\\xa4", "\xc3\xa4"},
		{"overlong UTF-8", {"\xc0\x80", 2}, "\\xc0\\x80", "\\ufffd\\ufffd"},
		{"surrogate", {"\xed\xa0\x80", 3}, "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd"},
		{"U+202E", {"\xe2\x80\xae", 3}, "\\xe2\\x80\\xae", "\\u202e"},
		{"cut UTF-8", {"\xe2\x80", 2}, "\\xe2\\x80", "\\ufffd\\ufffd"},
	};
	char out[64];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		escape_text(rows[i].in, out, sizeof(out));
		ROW_CHECK(rows[i].name, strcmp(out, rows[i].text) == 0, "%s", out);
		escape_json(rows[i].in, out, sizeof(out));
		ROW_CHECK(rows[i].name, strcmp(out, rows[i].json) == 0, "%s", out);
	}
	assert_int_equal(escape_text(SLICE("0123456789"), out, 8), 7);
	assert_string_equal(out, "0123...");
	assert_int_equal(escape_json(SLICE("0123456789"), out, 8), 7);
	assert_string_equal(out, "0123456");
	assert_int_equal(escape_json(SLICE("0123456"), out, 8), 7);
	assert_string_equal(out, "0123456");
	assert_int_equal(escape_json(slice_from(NULL, 0), out, 8), 0);
	assert_string_equal(out, "");
}

static void people_see_what_is_there(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		const char *shown;
	} rows[] = {
		{"nothing", {NULL, 0}, ""},
		{"plain", {"a b", 3}, "a b"},
		{"line break", {"a\r\nb", 4}, "a\\u{d}\\u{a}b"},
		{"nul", {"a\0b", 3}, "a\\u{0}b"},
		{"backslash", {"\\x", 2}, "\\\\x"},
		{"escape character", {"\x1b[31m", 5}, "\\u{1b}[31m"},
		{"rubout", {"\x7f", 1}, "\\u{7f}"},
		{"good UTF-8", {"\xc3\xa4", 2}, "\xc3\xa4"},
		{"four bytes", {"\xf0\x9f\x9a\xaa", 4}, "\xf0\x9f\x9a\xaa"},
		{"overlong UTF-8", {"\xc0\x80", 2}, "\\xc0\\x80"},
		{"surrogate", {"\xed\xa0\x80", 3}, "\\xed\\xa0\\x80"},
		{"cut UTF-8", {"\xe2\x80", 2}, "\\xe2\\x80"},
		{"U+202E", {"\xe2\x80\xae", 3}, "\\u{202e}"},
		{"U+2066", {"\xe2\x81\xa6", 3}, "\\u{2066}"},
		{"U+00AD", {"\xc2\xad", 2}, "\\u{ad}"},
		{"U+E0041", {"\xf3\xa0\x81\x81", 4}, "\\u{e0041}"},
		{"U+FFFD", {"\xef\xbf\xbd", 3}, "\xef\xbf\xbd"},
		{"just fits", {"0123456789ab", 12}, "0123456789ab"},
		{"one too long", {"0123456789abc", 13}, "0123456789ab..."},
		{"cut before a character", {"0123456789a\xc3\xa4", 13}, "0123456789a..."},
	};
	char out[16];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = escape_utf8(rows[i].in, out, sizeof(out));
		ROW_CHECK(rows[i].name, strcmp(out, rows[i].shown) == 0, "%s", out);
		ROW_CHECK(rows[i].name, len == strlen(out), "%zu", len);
	}
}

static void buffer_keeps_order_and_bound(void **state)
{
	struct buffer b;
	(void)state;
	buffer_init(&b, 1000);
	assert_true(buffer_append(&b, SLICE("hello ")));
	assert_true(buffer_format(&b, "%s-%d", "world", 7));
	buffer_take(&b, 6);
	assert_true(slice_equal(buffer_bytes(&b), SLICE("world-7")));
	char block[993] = {0};
	assert_true(buffer_append(&b, slice_from(block, sizeof(block))));
	assert_int_equal(b.len, 1000);
	assert_false(buffer_append(&b, SLICE("x")));
	assert_true(b.failed);
	assert_int_equal(b.len, 1000);
	buffer_take(&b, 1000);
	assert_null(b.ptr);
	buffer_done(&b);
	assert_false(b.failed);
	assert_true(buffer_format(&b, "%01000d", 1));
	assert_false(buffer_format(&b, "%d", 1));
	buffer_done(&b);
}

static void every_reason_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reason_row *row = reason_row((enum reason)i);
		ROW_CHECK(row->word, (row->status == 0) == (row->message[0] == '\0'),
			"status %d and message", row->status);
		ROW_CHECK(row->word, (row->status == 0) == (row->guidance[0] == '\0'),
			"status %d and guidance", row->status);
		ROW_CHECK(row->word, row->status == 0 || row->proxy_status[0], "Proxy-Status");
		for (int j = 0; j < i; j++)
			ROW_CHECK(row->word, strcmp(row->word, reason_word((enum reason)j)) != 0,
				"word used twice");
	}
}

struct received {
	int count;
	bool closed;
};

static void on_message(void *owner, void *message)
{
	struct received *received = owner;

	assert_int_equal(*(int *)message, received->count);
	received->count++;
}

static void on_box_closed(void *owner)
{
	((struct received *)owner)->closed = true;
}

static void mailbox_delivers_in_order_and_refuses_beyond_its_bound(void **state)
{
	enum { BOUND = 5000 }; /* more than one turn delivers, and no power of two */
	static int numbers[BOUND];
	struct received received = {0};
	struct mailbox m;
	uv_loop_t loop;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(mailbox_init(&m, &loop, BOUND, on_message, &received), 0);
	for (int i = 0; i < BOUND; i++) {
		numbers[i] = i;
		assert_true(mailbox_post(&m, &numbers[i]));
	}
	assert_false(mailbox_post(&m, &numbers[0]));
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(received.count, BOUND);
	int last = BOUND;
	assert_true(mailbox_post(&m, &last));
	mailbox_close(&m, on_box_closed);
	assert_int_equal(received.count, BOUND + 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(received.closed);
	assert_int_equal(uv_loop_close(&loop), 0);
	/* Who does not know yet that the receiver has ended is told no. */
	assert_false(mailbox_post(&m, &last));
	assert_int_equal(received.count, BOUND + 1);
	mailbox_done(&m);
}

/* Each byte at each place of texts up to three words long, beside what escape_text does. */
static void plain_is_what_escapes_leave_alone(void **state)
{
	char in[24], out[4 * sizeof(in) + 8];
	(void)state;
	for (size_t len = 0; len <= sizeof(in); len++) {
		memset(in, 'a', sizeof(in));
		assert_true(escape_is_plain(slice_from(in, len)));
		for (size_t i = 0; i < len * 256; i++) {
			in[i / 256] = (char)(i % 256);
			struct slice text = slice_from(in, len);
			size_t escaped = escape_text(text, out, sizeof(out));
			ROW_CHECK("byte", escape_is_plain(text) == (escaped == len), "%zu of %zu",
				i, len);
			in[i / 256] = 'a';
		}
	}
}

static void octets_have_no_leading_zeros(void **state)
{
	char text[ADDRESS_TEXT_SIZE], expected[ADDRESS_TEXT_SIZE];
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct address a = {4, {(uint8_t)i, (uint8_t)(255 - i), 0, (uint8_t)i}};
		snprintf(expected, sizeof(expected), "%u.%u.0.%u", i, 255 - i, i);
		assert_int_equal(address_format(&a, text), strlen(expected));
		assert_string_equal(text, expected);
	}
	assert_int_equal(address_format(&(struct address){0}, text), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_is_a_strict_dotted_quad),
		cmocka_unit_test(ipv6_has_one_text),
		cmocka_unit_test(prefixes_compare_bits),
		cmocka_unit_test(sockaddr_round_trips_and_unmaps),
		cmocka_unit_test(reader_is_sticky),
		cmocka_unit_test(escapes_leave_one_line),
		cmocka_unit_test(people_see_what_is_there),
		cmocka_unit_test(plain_is_what_escapes_leave_alone),
		cmocka_unit_test(octets_have_no_leading_zeros),
		cmocka_unit_test(buffer_keeps_order_and_bound),
		cmocka_unit_test(every_reason_is_whole),
		cmocka_unit_test(mailbox_delivers_in_order_and_refuses_beyond_its_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
