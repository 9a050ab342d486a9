/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/utf8.h"

static void characters_stay_whole(void **state)
{
	const struct {
		const char *name;
		struct slice in;
		size_t size;
		const char *out;
		bool valid;
	} rows[] = {
		{"plain", SLICE("curl/8"), 16, "curl/8", true},
		{"nothing", SLICE(""), 16, "", true},
		{"just fits", SLICE("abc"), 4, "abc", true},
		{"one too long", SLICE("abcd"), 4, "abc", true},
		{"no room at all", SLICE("abcd"), 1, "", true},
		{"two bytes just fit", SLICE("ab\xc3\xa4"), 5, "ab\xc3\xa4", true},
		{"two bytes do not fit", SLICE("ab\xc3\xa4"), 4, "ab", true},
		{"four bytes just fit", SLICE("\xf0\x9f\x90\xb1"), 5, "\xf0\x9f\x90\xb1", true},
		{"four bytes do not fit", SLICE("\xf0\x9f\x90\xb1"), 4, "", true},
		{"Latin-1", SLICE("\xe4 b"), 16, "\xef\xbf\xbd b", false},
		{"cut short at the end", SLICE("a\xe2\x82"), 16, "a\xef\xbf\xbd\xef\xbf\xbd",
			false},
		{"overlong", SLICE("\xc0\xaf"), 16, "\xef\xbf\xbd\xef\xbf\xbd", false},
		{"surrogate", SLICE("\xed\xa0\x80"), 4, "\xef\xbf\xbd", false},
		{"highest point", SLICE("\xf4\x8f\xbf\xbf"), 16, "\xf4\x8f\xbf\xbf", true},
		{"one above it", SLICE("\xf4\x90\x80\x80"), 4, "\xef\xbf\xbd", false},
		{"the replacement itself", SLICE("\xef\xbf\xbd"), 16, "\xef\xbf\xbd", true},
		{"a NUL", SLICE("a\0b"), 16,
			"a\xef\xbf\xbd"
			"b",
			true},
	};
	char out[16];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = utf8_copy(rows[i].in, out, rows[i].size);
		ROW_CHECK(rows[i].name, strcmp(out, rows[i].out) == 0, "%s", out);
		ROW_CHECK(rows[i].name, len == strlen(rows[i].out), "%zu bytes", len);
		bool valid = utf8_is_valid(rows[i].in);
		ROW_CHECK(rows[i].name, valid == rows[i].valid, "valid=%d", valid);
		ROW_CHECK(rows[i].name, utf8_is_valid(slice_from(out, len)), "copy is broken");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_stay_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
