/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/utf8.h"
#include "proxy/arguments.h"

#define TOKEN "ghp_0123456789abcdefgh"

static void secrets_are_covered(void **state)
{
	const struct {
		const char *name;
		struct slice command;
		const char *line;
	} rows[] = {
		{"plain", SLICE("curl\0-sS\0https://new.example/a/b\0"),
			"curl -sS https://new.example/a/b"},
		{"nothing", SLICE(""), ""},
		{"cut", SLICE("curl\0-s"), "curl -s"},
		{"empty argument", SLICE("git\0\0x\0"), "git  x"},
		{"overwritten arguments", SLICE("agent: worker\0\0\0\0"), "agent: worker"},
		{"-u", SLICE("curl\0-u\0me:pw\0https://a.test\0"), "curl -u *** https://a.test"},
		{"-u without a space", SLICE("curl\0-ume:pw\0"), "curl -u***"},
		{"-u of python", SLICE("/usr/bin/python3\0-u\0train.py\0"),
			"/usr/bin/python3 -u train.py"},
		{"-u at the end", SLICE("curl\0-u\0"), "curl -u"},
		{"covered only once", SLICE("x\0--token\0--user\0shown\0"), "x --token *** shown"},
		{"the program is no flag", SLICE("-u\0shown\0"), "-u shown"},
		{"--user", SLICE("wget\0--user\0me\0--password\0pw\0u\0"),
			"wget --user *** --password *** u"},
		{"--user=", SLICE("wget\0--user=me\0--password=pw\0u\0"),
			"wget --user=*** --password=*** u"},
		{"--proxy-user", SLICE("curl\0--proxy-user\0a:b\0"), "curl --proxy-user ***"},
		{"--oauth2-bearer", SLICE("curl\0--oauth2-bearer\0abc\0"),
			"curl --oauth2-bearer ***"},
		{"a variable", SLICE("env\0API_TOKEN=abc def\0curl\0"), "env API_TOKEN=*** curl"},
		{"a header", SLICE("curl\0-H\0Authorization: Bearer abc\0-s\0"),
			"curl -H Authorization:*** -s"},
		{"a header without a space", SLICE("curl\0-HX-Api-Key: abc\0"),
			"curl -HX-Api-Key:***"},
		{"a header with =", SLICE("curl\0--header=cookie: a=b; c=d\0"),
			"curl --header=cookie:***"},
		{"another header", SLICE("curl\0-H\0Accept: text/html\0"),
			"curl -H Accept: text/html"},
		{"a form", SLICE("curl\0-d\0user=me&password=pw&x=y\0"),
			"curl -d user=me&password=***"},
		{"JSON", SLICE("curl\0-d\0{\"name\": 1, \"client_secret\" : \"s\"}\0"),
			"curl -d {\"name\": 1, \"client_secret\" :***"},
		{"Bearer alone", SLICE("http\0Bearer abc\0"), "http Bearer ***"},
		{"a password in a URL", SLICE("git\0clone\0https://me:pw@a.test/r.git\0"),
			"git clone https://***@a.test/r.git"},
		{"a token in a URL", SLICE("git\0clone\0https://" TOKEN "@a.test/r.git\0"),
			"git clone https://***"},
		{"two @", SLICE("curl\0ftp://a@b:c@d.test/x@y\0"), "curl ftp://***@d.test/x@y"},
		{"@ in a path", SLICE("curl\0https://a.test/@types/node\0"),
			"curl https://a.test/@types/node"},
		{"a query", SLICE("curl\0https://a.test/x?q=secret#f\0-s\0"),
			"curl https://a.test/x?*** -s"},
		{"a secret in a query", SLICE("curl\0https://a.test/x?access_token=1\0"),
			"curl https://a.test/x?***"},
		{"a question is no query", SLICE("echo\0what?\0"), "echo what?"},
		{"a whole command",
			SLICE("sh\0-c\0curl 'https://a:b@c.test/d?e' | wget ftp://f:g@h\0"),
			"sh -c curl 'https://***@c.test/d?***' | wget ftp://***@h"},
		{"a flag in a command", SLICE("sh\0-c\0curl -s -u me:pw https://a.test\0-x\0"),
			"sh -c curl -s -u *** -x"},
		{"a well-known token", SLICE("x\0" TOKEN "\0y\0"), "x *** y"},
		{"inside an argument", SLICE("x\0a=" TOKEN "\0y\0"), "x a=*** y"},
		{"too short for one", SLICE("x\0sk-learn\0"), "x sk-learn"},
		{"in the middle of a word", SLICE("x\0task-0123456789abcdef\0"),
			"x task-0123456789abcdef"},
		{"not UTF-8", SLICE("x\0\xff\0"), "x \xef\xbf\xbd"},
	};
	char out[256];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = arguments_show(rows[i].command, out, sizeof(out));
		ROW_CHECK(rows[i].name, strcmp(out, rows[i].line) == 0, "%s", out);
		ROW_CHECK(rows[i].name, len == strlen(out), "%zu", len);
	}
}

/* Whatever the size, the line is a beginning of the whole one, and shows no more. */
static void a_cut_line_is_a_beginning(void **state)
{
	const struct slice command = SLICE(
		"curl\0-u\0me:pw\0https://x:y@\xc3\xa4.test/\xf0\x9f\x90\xb1?q\0-H\0Cookie: a\0");
	char whole[256], out[256];
	(void)state;
	size_t len = arguments_show(command, whole, sizeof(whole));
	for (size_t size = 8; size < len + 8; size++) {
		size_t got = arguments_show(command, out, size);
		assert_true(got < size && strlen(out) == got);
		assert_memory_equal(out, whole, got);
		assert_true(utf8_is_valid(slice_from(out, got)));
	}
	assert_string_equal(out, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_covered),
		cmocka_unit_test(a_cut_line_is_a_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
