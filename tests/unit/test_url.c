/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/url.h"

static void urls_lead_somewhere(void **state)
{
	static const struct {
		const char *name, *text, *authority; /* NULL: no URL */
		bool here, private;
	} rows[] = {
		{"loopback", "http://127.0.0.1:8080/x", "127.0.0.1:8080", true, true},
		{"another loopback", "http://127.9.9.9", "127.9.9.9", true, true},
		{"six", "http://[::1]:1/", "[::1]:1", true, true},
		{"localhost", "HTTP://LocalHost", "LocalHost", true, true},
		{"localhost with port", "http://localhost:1?q", "localhost:1", true, true},
		{"a name that begins so", "http://localhost.test/", "localhost.test", false, false},
		{"a name that begins as an address", "http://127.0.0.1.test/", "127.0.0.1.test",
			false, false},
		{"odd address", "http://127.1/", "127.1", false, false},
		{"mapped", "http://[::ffff:127.0.0.1]/", "[::ffff:127.0.0.1]", false, false},
		{"elsewhere", "http://192.0.2.1/", "192.0.2.1", false, false},
		{"elsewhere, unreadable", "https://gate.test/x", "gate.test", false, true},
		{"fragment", "https://gate.test#x", "gate.test", false, true},
		{"user", "http://a@127.0.0.1/", NULL, false, false},
		{"user in the path is none", "https://gate.test/@", "gate.test", false, true},
		{"backslash", "http://127.0.0.1\\@evil.test/", NULL, false, false},
		{"no host", "http:///x", NULL, false, false},
		{"port alone", "http://:80/", NULL, false, false},
		{"other scheme", "ftp://127.0.0.1/", NULL, false, false},
		{"no scheme", "127.0.0.1:80", NULL, false, false},
		{"one slash", "http:/127.0.0.1", NULL, false, false},
		{"space", "http://127.0.0.1/a b", NULL, false, false},
		{"line end", "http://127.0.0.1/\r\nX: 1", NULL, false, false},
		{"umlaut", "http://\xc3\xbc.test/", NULL, false, false},
		{"empty", "", NULL, false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url u;
		bool ok = url_parse(slice_of(rows[i].text), &u);
		ROW_CHECK(rows[i].name, ok == (rows[i].authority != NULL), "ok=%d", ok);
		if (!ok)
			continue;
		ROW_CHECK(rows[i].name, slice_equal(u.authority, slice_of(rows[i].authority)),
			"%.*s", (int)u.authority.len, u.authority.ptr);
		ROW_CHECK(rows[i].name, url_is_here(&u) == rows[i].here, "here");
		ROW_CHECK(rows[i].name, url_is_private(&u) == rows[i].private, "private");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_lead_somewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
