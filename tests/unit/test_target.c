/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/name.h"
#include "policy/target.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_253                                                                                   \
	LABEL_63 "." LABEL_63 "." LABEL_63                                                         \
		 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* `want` is what target_format gives back, NULL when the text is malformed. */
struct row {
	const char *name;
	struct slice text;
	const char *want;
};

static void check(const struct row *row, enum reason reason, const struct target *t)
{
	char text[LIMIT_NAME_BYTES + 9];

	ROW_CHECK(row->name, (reason == REASON_NONE) == (row->want != NULL), "%s",
		reason_word(reason));
	if (!row->want)
		return;
	size_t len = target_format(t, text, sizeof(text));
	ROW_CHECK(row->name, strcmp(text, row->want) == 0, "%s", text);
	ROW_CHECK(row->name, len == strlen(text) && t->host[t->host_len] == '\0', "%zu", len);
	ROW_CHECK(row->name, (t->kind == TARGET_ADDRESS) == (t->address.family != 0), "kind");
}

#define ROW(name, text, want)                                                                      \
	{                                                                                          \
		name, {text, sizeof(text) - 1}, want                                               \
	}

static void authority_has_one_form(void **state)
{
	static const struct row rows[] = {
		ROW("plain", "example.com:443", "example.com:443"),
		ROW("upper case and dot", "Api.Allowed.Test.:443", "api.allowed.test:443"),
		ROW("underscore and hyphens", "_a.-b-.x:1", "_a.-b-.x:1"),
		ROW("single label", "intranet:443", "intranet:443"),
		ROW("two trailing dots", "evil.test..:443", NULL),
		ROW("leading dot", ".evil.test:443", NULL),
		ROW("empty label", "evil..test:443", NULL),
		ROW("only a dot", ".:443", NULL),
		ROW("empty", "", NULL),
		ROW("empty host", ":443", NULL),
		ROW("NUL inside", "evil.test\0.allowed.test:443", NULL),
		ROW("percent", "evil%2etest:443", NULL),
		ROW("userinfo", "allowed.test@evil.test:443", NULL),
		ROW("backslash", "evil.com\\..safe.com:443", NULL),
		ROW("space", "evil test:443", NULL),
		ROW("line break", "evil.test\r\n:443", NULL),
		ROW("raw UTF-8",
			"b\xc3\xbc"
			"cher.test:443",
			NULL),
		ROW("full-width letters", "\xef\xbd\x81.test:443", NULL),
		ROW("ideographic stop", "a\xe3\x80\x82test:443", NULL),
		ROW("soft hyphen",
			"a\xc2\xad"
			"b.test:443",
			NULL),
		ROW("star", "*.example.com:443", NULL),
		/* ports */
		ROW("no port", "example.com", NULL),
		ROW("empty port", "example.com:", NULL),
		ROW("port 0", "example.com:0", NULL),
		ROW("port 1", "example.com:1", "example.com:1"),
		ROW("port 65535", "example.com:65535", "example.com:65535"),
		ROW("port 65536", "example.com:65536", NULL),
		ROW("port of six digits", "example.com:100000", NULL),
		ROW("signed port", "example.com:+443", NULL),
		ROW("negative port", "example.com:-1", NULL),
		ROW("leading zero", "example.com:0443", NULL),
		ROW("two ports", "example.com:443:80", NULL),
		ROW("name behind the port", "example.com:443.allowed.test", NULL),
		ROW("space before the port", "example.com: 443", NULL),
		ROW("hex port", "example.com:0x1bb", NULL),
		/* lengths */
		ROW("label of 63", LABEL_63 ".test:443", LABEL_63 ".test:443"),
		ROW("label of 64", LABEL_63 "a.test:443", NULL),
		ROW("last label of 64", "test." LABEL_63 "a:443", NULL),
		ROW("name of 253", NAME_253 ":443", NAME_253 ":443"),
		ROW("name of 253 and a dot", NAME_253 ".:443", NAME_253 ":443"),
		ROW("name of 254", NAME_253 "a:443", NULL),
		/* A-labels */
		ROW("good A-label", "xn--bcher-kva.test:443", "xn--bcher-kva.test:443"),
		ROW("upper case A-label", "XN--BCHER-KVA.TEST:443", "xn--bcher-kva.test:443"),
		ROW("good A-label at the end", "example.xn--fiqs8s:443", "example.xn--fiqs8s:443"),
		ROW("does not decode", "xn--0000h.test:443", NULL),
		ROW("decodes to nothing", "xn--a.test:443", NULL),
		ROW("empty A-label", "xn--.test:443", NULL),
		ROW("decodes to ASCII", "xn--abc-.test:443", NULL),
		ROW("does not round-trip", "xn--a-ecp.test:443", NULL),
		ROW("fake A-label inside", "xn--xn---epa.test:443", NULL),
		ROW("bad A-label in the middle", "www.xn--a.test:443", NULL),
		ROW("overflowing A-label", "test.xn--99999999:443", NULL),
		ROW("other double hyphen", "r3---sn-ab.test:443", "r3---sn-ab.test:443"),
		/* IPv4 and what looks like it */
		ROW("dotted quad", "192.0.2.7:443", "192.0.2.7:443"),
		ROW("dotted quad and dot", "192.0.2.7.:443", "192.0.2.7:443"),
		ROW("decimal", "2130706433:443", NULL),
		ROW("hex", "0x7f000001:443", NULL),
		ROW("upper case hex", "0X7F000001:443", NULL),
		ROW("bare 0x", "foo.0x:443", NULL),
		ROW("octal part", "0177.0.0.1:443", NULL),
		ROW("two parts", "127.1:443", NULL),
		ROW("zero", "0:443", NULL),
		ROW("long octal", "017700000001:443", NULL),
		ROW("parts too large", "256.256.256.256:443", NULL),
		ROW("name before hex", "foo.0x4:443", NULL),
		ROW("leading zero in a part", "1.2.3.08:443", NULL),
		ROW("five parts", "1.2.3.4.5:443", NULL),
		ROW("name before a number", "foo.1:443", NULL),
		ROW("not quite hex", "foo.0xg:443", "foo.0xg:443"),
		ROW("digits and a letter", "foo.4chan:443", "foo.4chan:443"),
		ROW("number that is not last", "1.2.3.4.example.com:443",
			"1.2.3.4.example.com:443"),
		ROW("zeros before an address",
			"0x000000000000000000000000000000000000000000000000000000000000000"
			"0000007f000001.example.com:443",
			NULL),
		/* IPv6 */
		ROW("v6", "[2001:DB8:0:0::1]:443", "[2001:db8::1]:443"),
		ROW("mapped", "[::ffff:7f00:1]:443", "[::ffff:127.0.0.1]:443"),
		ROW("v6 without port", "[2001:db8::1]", NULL),
		ROW("v6 without brackets", "2001:db8::1:443", NULL),
		ROW("zone", "[fe80::1%eth0]:443", NULL),
		ROW("zone with a name", "[::ffff:127.0.0.1%x.allowed.test]:443", NULL),
		ROW("v4 in brackets", "[127.0.0.1]:443", NULL),
		ROW("name in brackets", "[evil.test]:443", NULL),
		ROW("double brackets", "[[evil.test]]:443", NULL),
		ROW("brackets inside", "a]b[c:443", NULL),
		ROW("open bracket", "[::1:443", NULL),
		ROW("behind the bracket", "[::1]x:443", NULL),
		ROW("dot behind the bracket", "[::1].:443", NULL),
		ROW("empty brackets", "[]:443", NULL),
		ROW("NUL in brackets", "[::1\0]:443", NULL),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = {.port = 7};
		enum reason reason = target_parse_authority(rows[i].text, &t);
		check(&rows[i], reason, &t);
		ROW_CHECK(rows[i].name, reason == REASON_NONE || (t.port == 7 && !t.host_len),
			"touched on failure");
	}
}

static void host_may_leave_the_port_out(void **state)
{
	static const struct row rows[] = {
		ROW("no port", "Example.com", "example.com:80"),
		ROW("port", "example.com:8080", "example.com:8080"),
		ROW("empty port", "example.com:", NULL),
		ROW("v6", "[::1]", "[::1]:80"),
		ROW("v6 and port", "[::1]:81", "[::1]:81"),
		ROW("v6 and colon", "[::1]:", NULL),
		ROW("list", "a.test, b.test", NULL),
		ROW("empty", "", NULL),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t;
		check(&rows[i], target_parse_host(rows[i].text, 80, &t), &t);
	}
}

static void name_has_no_port(void **state)
{
	static const struct row rows[] = {
		ROW("plain", "Example.com.", "example.com:0"),
		ROW("address", "192.0.2.7", "192.0.2.7:0"),
		ROW("port", "example.com:443", NULL),
		ROW("brackets", "[::1]", NULL),
		ROW("bare v6", "::1", NULL),
		ROW("NUL", "a\0b", NULL),
		ROW("empty", "", NULL),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t;
		check(&rows[i], target_parse_name(rows[i].text, &t), &t);
	}
}

static void uri_gives_target_and_path(void **state)
{
	static const struct {
		const char *name;
		struct slice uri;
		enum reason reason;
		const char *want, *path;
	} rows[] = {
#define URI(name, uri, reason, want, path)                                                         \
	{name, {uri, sizeof(uri) - 1}, REASON_##reason, want, path}
		URI("plain", "http://example.com/a?b", NONE, "example.com:80", "/a?b"),
		URI("upper case scheme", "HTTP://Example.com:8080/", NONE, "example.com:8080", "/"),
		URI("no path", "http://example.com", NONE, "example.com:80", ""),
		URI("query only", "http://example.com?q=1", NONE, "example.com:80", "?q=1"),
		URI("v6", "http://[::1]/x", NONE, "[::1]:80", "/x"),
		URI("at and colon in the path", "http://a.test/b@c:d", NONE, "a.test:80", "/b@c:d"),
		URI("url in the query", "http://a.test/?u=http://b/", NONE, "a.test:80",
			"/?u=http://b/"),
		URI("percent in the path", "http://a.test/%2e", NONE, "a.test:80", "/%2e"),
		URI("https", "https://example.com/", SCHEME_NOT_ALLOWED, "example.com:443", "/"),
		URI("ftp", "ftp://example.com:21/x", SCHEME_NOT_ALLOWED, "example.com:21", "/x"),
		URI("https and malformed", "https://a@b/", BAD_TARGET, NULL, NULL),
		URI("userinfo", "http://allowed.test@evil.test/", BAD_TARGET, NULL, NULL),
		URI("userinfo and password", "http://a:b@evil.test/", BAD_TARGET, NULL, NULL),
		URI("backslash", "http://evil.com\\..safe.com/", BAD_TARGET, NULL, NULL),
		URI("backslash and at", "http://evil.com\\@safe.com/", BAD_TARGET, NULL, NULL),
		URI("brackets around a name", "http://[evil.test]/", BAD_TARGET, NULL, NULL),
		URI("percent in the host", "http://evil%2etest/", BAD_TARGET, NULL, NULL),
		URI("fragment", "http://example.com/#a", BAD_TARGET, NULL, NULL),
		URI("fragment at once", "http://example.com#@evil.test/", BAD_TARGET, NULL, NULL),
		URI("empty host", "http:///path", BAD_TARGET, NULL, NULL),
		URI("empty host, port", "http://:80/", BAD_TARGET, NULL, NULL),
		URI("empty port", "http://example.com:/", BAD_TARGET, NULL, NULL),
		URI("port 0", "http://example.com:0/", BAD_TARGET, NULL, NULL),
		URI("space in the path", "http://example.com/a b", BAD_TARGET, NULL, NULL),
		URI("NUL in the path", "http://example.com/\0", BAD_TARGET, NULL, NULL),
		URI("delete in the path", "http://example.com/\x7f", BAD_TARGET, NULL, NULL),
		URI("UTF-8 in the path", "http://example.com/\xc3\xbc", BAD_TARGET, NULL, NULL),
		URI("one slash", "http:/example.com/", BAD_TARGET, NULL, NULL),
		URI("no slashes", "mailto:a@b", BAD_TARGET, NULL, NULL),
		URI("no scheme", "://example.com/", BAD_TARGET, NULL, NULL),
		URI("scheme with a digit first", "1http://a.test/", BAD_TARGET, NULL, NULL),
		URI("scheme with a space", "ht tp://a.test/", BAD_TARGET, NULL, NULL),
		URI("scheme of all kinds of bytes", "a1+-.://a.test/", SCHEME_NOT_ALLOWED,
			"a.test:443", "/"),
		URI("origin form", "/path", BAD_TARGET, NULL, NULL),
		URI("asterisk", "*", BAD_TARGET, NULL, NULL),
		URI("empty", "", BAD_TARGET, NULL, NULL),
#undef URI
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[LIMIT_NAME_BYTES + 9];
		struct target t;
		struct slice path = {0};
		enum reason reason = target_parse_uri(rows[i].uri, &t, &path);
		ROW_CHECK(rows[i].name, reason == rows[i].reason, "%s", reason_word(reason));
		if (!rows[i].want)
			continue;
		target_format(&t, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].want) == 0, "%s", text);
		ROW_CHECK(rows[i].name, slice_equal(path, slice_of(rows[i].path)), "%.*s",
			(int)path.len, path.ptr);
	}
}

static void targets_are_equal_by_host_and_port(void **state)
{
	struct target a, b, c, d;
	(void)state;
	target_parse_authority(SLICE("A.test.:443"), &a);
	target_parse_authority(SLICE("a.test:443"), &b);
	target_parse_authority(SLICE("a.test:80"), &c);
	target_parse_authority(SLICE("b.test:443"), &d);
	assert_true(target_equal(&a, &b));
	assert_false(target_equal(&b, &c));
	assert_false(target_equal(&b, &d));
}

static void localhost_and_below(void **state)
{
	(void)state;
	assert_true(name_is_localhost(SLICE("localhost")));
	assert_true(name_is_localhost(SLICE("a.localhost")));
	assert_false(name_is_localhost(SLICE("alocalhost")));
	assert_false(name_is_localhost(SLICE("localhost.test")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authority_has_one_form),
		cmocka_unit_test(host_may_leave_the_port_out),
		cmocka_unit_test(name_has_no_port),
		cmocka_unit_test(uri_gives_target_and_path),
		cmocka_unit_test(targets_are_equal_by_host_and_port),
		cmocka_unit_test(localhost_and_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
