/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/path.h"

static void only_paths_with_one_reading_are_plain(void **state)
{
	static const struct {
		const char *name, *path;
		bool plain;
	} rows[] = {
		{"root", "/", true},
		{"two segments", "/a/b", true},
		{"directory", "/a/", true},
		{"dots in a name", "/a..b/.git/c.", true},
		{"three dots", "/...", true},
		{"sub-delims", "/a;v=1,2/b:c@d!$&'()*+=", true},
		{"encoded space", "/a%20b", true},
		{"encoded at sign", "/%40scope", true},
		{"encoded percent at the end", "/100%25", true},
		{"encoded percent and one digit", "/a%252", true},
		{"encoded percent and a word", "/a%25zz", true},
		{"U-umlaut", "/%C3%9C", true},
		{"small digits", "/%c3%9c", true},
		{"euro sign", "/%E2%82%AC", true},
		{"outside the BMP", "/%F0%9F%98%80", true},
		{"replacement character itself", "/%EF%BF%BD", true},
		{"encoded semicolon", "/a%3Bb", true},
		{"empty", "", false},
		{"asterisk", "*", false},
		{"no slash", "a/b", false},
		{"dot", "/./a", false},
		{"dot at the end", "/a/.", false},
		{"dot dot", "/a/../b", false},
		{"dot dot at the end", "/a/..", false},
		{"encoded dots", "/a/%2e%2e/b", false},
		{"half encoded dots", "/a/.%2E/b", false},
		{"dots with parameters", "/a/..;x/b", false},
		{"dot with parameters", "/a/.;/b", false},
		{"parameters alone", "/;x/a", false},
		{"doubled slash", "//a", false},
		{"doubled slash inside", "/a//b", false},
		{"doubled slash at the end", "/a//", false},
		{"encoded slash", "/a%2fb", false},
		{"encoded slash, capitals", "/a%2Fb", false},
		{"backslash", "/a\\b", false},
		{"encoded backslash", "/a%5cb", false},
		{"encoded letter", "/%61dmin", false},
		{"encoded digit", "/%31", false},
		{"encoded hyphen", "/a%2Db", false},
		{"encoded tilde", "/%7Ea", false},
		{"encoded NUL", "/a%00", false},
		{"encoded line break", "/a%0d%0a", false},
		{"encoded DEL", "/a%7F", false},
		{"encoded twice", "/%252e%252e/a", false},
		{"slash encoded twice", "/a%252fb", false},
		{"percent without digits", "/a%", false},
		{"percent with one digit", "/a%2", false},
		{"percent with letters", "/a%zz", false},
		{"overlong slash", "/a%C0%AFb", false},
		{"overlong dot", "/%E0%80%AE", false},
		{"Latin-1", "/%FC", false},
		{"torn character", "/%C3/%9C", false},
		{"surrogate", "/%ED%A0%80", false},
		{"raw byte beyond ASCII", "/\xc3\x9c", false},
		{"space", "/a b", false},
		{"control byte", "/a\x01", false},
		{"fragment", "/a#b", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name, path_is_plain(slice_of(rows[i].path)) == rows[i].plain,
			"%s", rows[i].path);
}

static void patterns_cover_paths(void **state)
{
	static const struct {
		const char *name, *pattern, *path;
		bool narrow, broad;
	} rows[] = {
		{"whole", "/a/b", "/a/b", true, true},
		{"longer", "/a/b", "/a/bc", false, false},
		{"shorter", "/a/bc", "/a/b", false, false},
		{"below", "/a/b", "/a/b/c", false, false},
		{"slash behind", "/a/b", "/a/b/", false, false},
		{"prefix", "/octo/", "/octo/a/b", true, true},
		{"prefix itself", "/octo/", "/octo/", true, true},
		{"prefix without its slash", "/octo/", "/octo", false, false},
		{"prefix is whole segments", "/octo/", "/octopus/a", false, false},
		{"root is all", "/", "/a/b", true, true},
		{"root is itself", "/", "/", true, true},
		{"star in a segment", "/repos/*/issues", "/repos/x/issues", true, true},
		{"star stays in a segment", "/repos/*/issues", "/repos/x/y/issues", false, false},
		{"star takes nothing", "/a*", "/a", true, true},
		{"stars", "/a*b*c", "/aXbYbZc", true, true},
		{"stars that do not fit", "/a*b*c", "/aXbYbZ", false, false},
		{"star before a prefix", "/repos/*/", "/repos/x/y/z", true, true},
		{"two stars, none", "/**/info/refs", "/info/refs", true, true},
		{"two stars, some", "/**/info/refs", "/a/b.git/info/refs", true, true},
		{"two stars, again", "/**/info/refs", "/info/refs/info/refs", true, true},
		{"two stars, another end", "/**/info/refs", "/a/info/refs/x", false, false},
		{"two stars, part of a name", "/**/refs", "/a/xrefs", false, false},
		{"two stars twice", "/**/a/**/b", "/x/a/y/a/z/b", true, true},
		{"two stars at the end", "/a/**", "/a/b/c", true, true},
		{"two stars at the end, nothing", "/a/**", "/a", false, false},
		{"two stars at the end, slash", "/a/**", "/a/", true, true},
		{"case", "/Admin", "/admin", false, true},
		{"case of an encoded letter beyond ASCII", "/\xc3\x9c", "/%C3%BC", false, false},
		{"U-umlaut in the file", "/\xc3\x9c", "/%c3%9c", true, true},
		{"encoded in the file", "/a%20b", "/a%20b", true, true},
		{"encoded on the way", "/@scope", "/%40scope", true, true},
		{"encoded star is a star", "/a%2Ab", "/a*b", true, true},
		{"encoded star is no glob", "/a%2Ab", "/axb", false, false},
		{"parameters", "/admin", "/admin;x=1", false, true},
		{"parameters inside", "/a/b", "/a;x/b", false, true},
		{"parameters below a prefix", "/a/", "/a/b;x=1", true, true},
		{"parameters that hide another name", "/a*", "/a;x", true, true},
		{"nothing", "/a", "", false, false},
		{"nothing below the root", "/", "", false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice pattern = slice_of(rows[i].pattern), path = slice_of(rows[i].path);
		ROW_CHECK(rows[i].name, path_matches(pattern, path, PATH_NARROW) == rows[i].narrow,
			"narrow");
		ROW_CHECK(rows[i].name, path_matches(pattern, path, PATH_BROAD) == rows[i].broad,
			"broad");
	}
}

static void patterns_are_checked(void **state)
{
	static const struct {
		const char *name, *pattern;
		const char *says; /* NULL: nothing is wrong */
	} rows[] = {
		{"plain", "/a/b", NULL},
		{"prefix", "/a/", NULL},
		{"root", "/", NULL},
		{"globs", "/**/a-*/*/b", NULL},
		{"encoded", "/a%20b%25", NULL},
		{"umlaut", "/\xc3\x9c", NULL},
		{"empty", "", "does not begin with a slash"},
		{"relative", "a/b", "write \"/name\""},
		{"query", "/a?b=c", "write the path only, and query"},
		{"fragment", "/a#b", "query or fragment"},
		{"parameters", "/a;b", "leave the parameters out"},
		{"percent", "/100%", "write %25"},
		{"encoded letter", "/%61", "write it plainly"},
		{"encoded slash", "/a%2Fb", "write it plainly"},
		{"encoded backslash", "/a%5Cb", "backslash or control byte"},
		{"backslash", "/a\\b", "\"/a\\x5cb\" holds a backslash"},
		{"line break", "/a\nb", "control byte"},
		{"not UTF-8", "/a\xff", "is not UTF-8"},
		{"empty segment", "/a//b", "write one slash"},
		{"two slashes", "//", "write one slash"},
		{"dot segment", "/a/../b", "dot segment"},
		{"dot at the end", "/a/.", "dot segment"},
		{"two stars in a name", "/a**", "as a whole segment"},
		{"three stars", "/***", "as a whole segment"},
	};
	char sentence[400];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		sentence[0] = '\0';
		bool good =
			path_check_pattern(slice_of(rows[i].pattern), sentence, sizeof(sentence));
		ROW_CHECK(rows[i].name, good == !rows[i].says, "%s", sentence);
		ROW_CHECK(rows[i].name, good || strstr(sentence, rows[i].says), "%s", sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_paths_with_one_reading_are_plain),
		cmocka_unit_test(patterns_cover_paths),
		cmocka_unit_test(patterns_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
