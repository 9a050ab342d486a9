/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/chunk.h"
#include "proxy/field.h"

static void text_is_known_by_each_byte(void **state)
{
	char bytes[40];
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		bool text = c == '\t' || (c >= 0x20 && c != 0x7f);
		for (size_t at = 0; at < sizeof(bytes); at++) {
			/* Neighbours that a borrow could come from or go to. */
			memset(bytes, at % 2 ? '\xff' : ' ', sizeof(bytes));
			bytes[at] = (char)c;
			struct slice s = slice_from(bytes, sizeof(bytes));
			size_t len = field_text_len(s);
			assert_int_equal(len, text ? sizeof(bytes) : at);
			assert_int_equal(field_is_text(s), text);
		}
	}
	assert_true(field_is_text(SLICE("")));
}

static void tokens_are_known_by_each_byte(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char bytes[] = {'a', (char)c};
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool token = alphanumeric || (c && strchr("!#$%&'*+-.^_`|~", (int)c));
		assert_int_equal(field_is_token(slice_from(bytes, 2)), token);
	}
	assert_false(field_is_token(SLICE("")));
}

static void names_are_identified_without_case(void **state)
{
	static const struct {
		const char *name;
		enum field_id id;
	} rows[] = {
		{"Host", FIELD_HOST},
		{"HOST", FIELD_HOST},
		{"Hosts", FIELD_OTHER},
		{"", FIELD_OTHER},
		{"content-length", FIELD_CONTENT_LENGTH},
		{"Transfer-Encoding", FIELD_TRANSFER_ENCODING},
		{"connection", FIELD_CONNECTION},
		{"UPGRADE", FIELD_UPGRADE},
		{"Trailer", FIELD_TRAILER},
		{"te", FIELD_TE},
		{"Via", FIELD_VIA},
		{"Expect", FIELD_EXPECT},
		{"Max-Forwards", FIELD_MAX_FORWARDS},
		{"Keep-Alive", FIELD_KEEP_ALIVE},
		{"HTTP2-Settings", FIELD_HTTP2_SETTINGS},
		{"Proxy-Status", FIELD_PROXY_STATUS},
		{"Proxy-Authorization", FIELD_PROXY_OTHER},
		{"PROXY-", FIELD_PROXY_OTHER},
		{"Proxy", FIELD_OTHER},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum field_id id = field_identify(slice_of(rows[i].name));
		ROW_CHECK(rows[i].name, id == rows[i].id, "%d", (int)id);
	}
}

static void lists_pass_over_empty_elements(void **state)
{
	static const struct {
		const char *name, *list, *elements; /* each followed by ';' */
	} rows[] = {
		{"nothing", "", ""},
		{"one", "a", "a;"},
		{"trimmed", " \ta b\t ", "a b;"},
		{"two", "a,b", "a;b;"},
		{"commas only", ", ,\t,,", ""},
		{"commas around", ",a,,b,", "a;b;"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice list = slice_of(rows[i].list), element;
		char got[64] = "";
		while (field_next_element(&list, &element)) {
			strncat(got, element.ptr, element.len);
			strcat(got, ";");
		}
		ROW_CHECK(rows[i].name, strcmp(got, rows[i].elements) == 0, "%s", got);
	}
}

static void chunk_lines_have_a_size(void **state)
{
	static const struct {
		const char *name, *line;
		bool ok;
		uint64_t size;
		size_t digits;
	} rows[] = {
		{"zero", "0", true, 0, 1},
		{"zeros", "000", true, 0, 3},
		{"every digit", "123456789abcdef", true, 0x123456789abcdef, 15},
		{"upper case", "ABCDEF", true, 0xabcdef, 6},
		{"16 digits", "0000000000000001", true, 1, 16},
		{"17 digits", "00000000000000001", false, 0, 0},
		{"2^63 - 1", "7fffffffffffffff", true, INT64_MAX, 16},
		{"2^63", "8000000000000000", false, 0, 0},
		{"extension", "1;a", true, 1, 1},
		{"extensions", "1;a=b;c;d=\"e f\"", true, 1, 1},
		{"empty quotes", "1;a=\"\"", true, 1, 1},
		{"quoted pair", "1;a=\"\\\"\"", true, 1, 1},
		{"pair at the end", "1;a=\"\\", false, 0, 0},
		{"no size", "", false, 0, 0},
		{"no digit", "g", false, 0, 0},
		{"letter behind", "1g", false, 0, 0},
		{"no name", "1;=b", false, 0, 0},
		{"space", "1; a", false, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t size = 0;
		size_t digits = 0;
		bool ok = chunk_parse_line(slice_of(rows[i].line), &size, &digits);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(rows[i].name, size == rows[i].size && digits == rows[i].digits,
			"%llx of %zu digits", (unsigned long long)size, digits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_known_by_each_byte),
		cmocka_unit_test(tokens_are_known_by_each_byte),
		cmocka_unit_test(names_are_identified_without_case),
		cmocka_unit_test(lists_pass_over_empty_elements),
		cmocka_unit_test(chunk_lines_have_a_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
