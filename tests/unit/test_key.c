/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/key.h"

static void bytes_are_keys(void **state)
{
	static const struct {
		const char *name, *bytes;
		bool last;
		int keys[4]; /* up to a 0 */
	} rows[] = {
		{"letters", "aAq", false, {'a', 'A', 'q'}},
		{"enter", "\r", false, {KEY_ENTER}},
		{"line feed", "\n", false, {KEY_ENTER}},
		{"arrows", "\033[A\033[B", false, {KEY_UP, KEY_DOWN}},
		{"arrows of application mode", "\033OA\033OB", false, {KEY_UP, KEY_DOWN}},
		{"home and end", "\033[H\033[F", false, {KEY_HOME, KEY_END}},
		{"an arrow, then a letter", "\033[Ad", false, {KEY_UP, 'd'}},
		{"escape alone", "\033", true, {KEY_ESCAPE}},
		{"escape, not known yet", "\033", false, {KEY_MORE}},
		{"escape twice", "\033\033", true, {KEY_ESCAPE, KEY_ESCAPE}},
		{"half an arrow", "\033[", false, {KEY_MORE}},
		{"half an arrow for good", "\033[", true, {KEY_NONE}},
		{"escape with a letter", "\033a", false, {KEY_ESCAPE, 'a'}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice bytes = slice_of(rows[i].bytes);
		for (size_t k = 0; k < 4 && rows[i].keys[k]; k++) {
			size_t before = bytes.len;
			int key = key_next(&bytes, rows[i].last);
			ROW_CHECK(rows[i].name, key == rows[i].keys[k], "key %zu is %x", k, key);
			ROW_CHECK(rows[i].name, (bytes.len < before) == (key != KEY_MORE), "taken");
		}
	}
}

static void sequences_are_nothing_else(void **state)
{
	/* None of their letters counts by itself. */
	static const char *const rows[] = {"\033[1;5A", "\033[200~", "\033[3~", "\033[D", "\033OP",
		"\033[?1;2c", "\x01", "\x7f", "\xc3"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice bytes = slice_of(rows[i]);
		ROW_CHECK(rows[i] + 1, key_next(&bytes, false) == KEY_NONE, "a key");
		ROW_CHECK(rows[i] + 1, bytes.len == 0, "%zu bytes left", bytes.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_keys),
		cmocka_unit_test(sequences_are_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
