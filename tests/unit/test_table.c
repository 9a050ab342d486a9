/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/table.h"

#include <locale.h>
#include <stdlib.h>

/* ---- text ---------------------------------------------------------------------------------- */

static void text_is_shown_or_spelled_out(void **state)
{
	static const struct {
		const char *name, *text, *shown;
		size_t columns;
	} rows[] = {
		{"plain", "a\\b \"c\"", "a\\b \"c\"", 7},
		{"escape", "\x1b[2J", "\\u{1b}[2J", 9},
		{"rubout", "\x7f", "\\u{7f}", 6},
		{"line end", "a\r\nb", "a\\u{d}\\u{a}b", 12},
		{"umlaut", "\xc3\xbc", "\xc3\xbc", 1},
		{"wide", "\xe6\x97\xa5", "\xe6\x97\xa5", 2},
		{"control of eight bits", "\xc2\x9b", "\\u{9b}", 6},
		{"bidirectional", "\xe2\x80\xae", "\\u{202e}", 8},
		{"line separator", "\xe2\x80\xa8", "\\u{2028}", 8},
		{"no width", "\xe2\x80\x8b", "\\u{200b}", 8},
		{"combining", "a\xcc\x81", "a\\u{301}", 8},
		{"tag", "\xf3\xa0\x81\x81", "\\u{e0041}", 9},
		{"half a character", "\xc3", "\\xc3", 4},
		{"overlong", "\xc0\xaf", "\\xc0\\xaf", 8},
		{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", 12},
		{"empty", "", "", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char shown[64];
		size_t columns = terminal_text(slice_of(rows[i].text), shown, sizeof(shown));
		ROW_CHECK(rows[i].name, strcmp(shown, rows[i].shown) == 0, "%s", shown);
		ROW_CHECK(rows[i].name, columns == rows[i].columns, "%zu columns", columns);
		columns = terminal_columns(slice_of(shown));
		ROW_CHECK(rows[i].name, columns == rows[i].columns, "%zu columns again", columns);
	}
}

static void long_text_is_cut_at_a_character(void **state)
{
	char shown[16];

	(void)state;
	assert_int_equal(terminal_text(SLICE("0123456789ab"), shown, sizeof(shown)), 12);
	assert_string_equal(shown, "0123456789ab");
	assert_int_equal(terminal_text(SLICE("0123456789abc"), shown, sizeof(shown)), 15);
	assert_string_equal(shown, "0123456789ab...");
	assert_int_equal(
		terminal_text(SLICE("0123456789a\xc3\xbc\xc3\xbc"), shown, sizeof(shown)), 14);
	assert_string_equal(shown, "0123456789a...");
}

static void a_wide_character_is_not_halved(void **state)
{
	struct slice text = SLICE("a\xe6\x97\xa5z");

	(void)state;
	assert_int_equal(terminal_cut(text, 1).len, 1);
	assert_int_equal(terminal_cut(text, 2).len, 1);
	assert_int_equal(terminal_cut(text, 3).len, 4);
	assert_int_equal(terminal_cut(text, 9).len, 5);
}

/* ---- tables -------------------------------------------------------------------------------- */

static const struct table_column columns[] = {{"ID", 0}, {"HOST", 4}, {"NOTE", 2}};

static void print(struct table *t, unsigned width, bool colour, char *ret_text, size_t size)
{
	struct terminal terminal = {.colour = colour, .columns = width};
	FILE *out = fmemopen(ret_text, size, "w");

	assert_non_null(out);
	assert_true(table_print(t, out, &terminal));
	fclose(out);
}

static void fill(struct table *t)
{
	table_init(t, columns, COUNT(columns));
	table_add_number(t, 7);
	table_add(t, "a-long-name.test");
	table_add(t, "x\x1b");
	table_add(t, "12345");
	table_add(t, "b.test");
	table_add(t, NULL);
}

static void columns_are_aligned_and_cut(void **state)
{
	static const struct {
		const char *name;
		unsigned width;
		const char *text;
	} rows[] = {
		{"no terminal", 0,
			"ID     HOST              NOTE\n"
			"7      a-long-name.test  x\\u{1b}\n"
			"12345  b.test            -\n"},
		{"just wide enough", 32,
			"ID     HOST              NOTE\n"
			"7      a-long-name.test  x\\u{1b}\n"
			"12345  b.test            -\n"},
		{"one column short", 31,
			"ID     HOST             NOTE\n"
			"7      a-long-name.te~  x\\u{1b}\n"
			"12345  b.test           -\n"},
		{"narrow", 18,
			"ID     HOST  NOTE\n"
			"7      a-l~  x\\u{~\n"
			"12345  b.t~  -\n"},
		{"too narrow for what must stay", 5,
			"ID     HOST  N~\n"
			"7      a-l~  x~\n"
			"12345  b.t~  -\n"},
	};
	char text[512];
	struct table t;

	(void)state;
	fill(&t);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print(&t, rows[i].width, false, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].text) == 0, "\n%s", text);
	}
	table_done(&t);
}

static void colour_is_on_the_titles_only(void **state)
{
	char text[512];
	struct table t;

	(void)state;
	fill(&t);
	print(&t, 0, true, text, sizeof(text));
	assert_int_equal(strncmp(text, "\033[1mID ", 7), 0);
	assert_non_null(strstr(text, "NOTE\033[0m\n7 "));
	assert_ptr_equal(strstr(strstr(text, "\033[0m") + 1, "\033"), NULL);
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_shown_or_spelled_out),
		cmocka_unit_test(long_text_is_cut_at_a_character),
		cmocka_unit_test(a_wide_character_is_not_halved),
		cmocka_unit_test(columns_are_aligned_and_cut),
		cmocka_unit_test(colour_is_on_the_titles_only),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
