/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

#include "policy/pattern.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define TEXT(literal)                                                                              \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

/* Each fault says what to write instead; `says` is a part of it. */
static void malformed_patterns_say_what_to_write(void **state)
{
	static const struct {
		const char *name;
		struct slice text;
		const char *says;
	} rows[] = {
		{"empty", TEXT(""), "is empty: write a name"},
		{"space", TEXT("a.test b.test"), "holds white space"},
		{"tab", TEXT("a.test\t"), "holds white space"},
		{"comment", TEXT("a.test#x"), "comments outside the quotes"},
		{"comma", TEXT("a.test,b.test"), "write one pattern per entry"},
		{"line break", TEXT("a.test\nb.test"), "\"a.test\\x0ab.test\" holds a line break"},
		{"NUL", TEXT("a.test\0b"), "another control byte"},
		{"delete", TEXT("a\x7f.test"), "another control byte"},
		{"userinfo", TEXT("a@b.test"), "holds \"@\""},
		{"percent", TEXT("a%2e.test"), "holds \"%\""},
		{"backslash", TEXT("a\\b.test"), "holds \"\\\""},
		{"query", TEXT("a.test?x"), "holds \"?\""},
		{"URL", TEXT("https://a.test"), "is a URL: write only the host"},
		{"URL with path", TEXT("http://a.test/x y"), "is a URL"},
		{"path", TEXT("a.test/x"), "or the host without its path"},
		{"too long", TEXT(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63),
			"is not a host name"},
		{"label too long", TEXT("a" LABEL_63 ".test"), "is not a host name"},
		{"empty label", TEXT("a..test"), "is not a host name"},
		{"leading dot", TEXT(".a.test"), "is not a host name"},
		{"two trailing dots", TEXT("a.test.."), "is not a host name"},
		{"only a dot", TEXT("."), "is not a host name"},
		{"bad A-label", TEXT("xn--a.test"), "is not a host name"},
		/* ports */
		{"empty port", TEXT("a.test:"), "has no valid port"},
		{"port 0", TEXT("a.test:0"), "has no valid port"},
		{"port 65536", TEXT("a.test:65536"), "has no valid port"},
		{"range up to 65536", TEXT("a.test:1-65536"), "has no valid port"},
		{"range backwards", TEXT("a.test:2-1"), "has no valid port"},
		{"open range", TEXT("a.test:1-"), "has no valid port"},
		{"range without start", TEXT("a.test:-1"), "has no valid port"},
		{"leading zero", TEXT("a.test:0443"), "has no valid port"},
		{"signed port", TEXT("a.test:+443"), "has no valid port"},
		{"port of six digits", TEXT("a.test:100000"), "has no valid port"},
		{"star and more", TEXT("a.test:*1"), "has no valid port"},
		{"port name", TEXT("a.test:https"), "has no valid port"},
		{"two ports", TEXT("a.test:80:443"), "has more than one colon"},
		{"only a port", TEXT(":443"), "is not a host name"},
		/* wildcards */
		{"wildcard in the middle", TEXT("a.*.example.com"), "behind the leftmost label"},
		{"wildcard at the end", TEXT("10.0.0.*"), "\"10.0.0.0/8\" for addresses"},
		{"two wildcards", TEXT("*.*.example.com"), "behind the leftmost label"},
		{"two holes", TEXT("a*b*.example.com"), "more than one hole"},
		{"three stars", TEXT("***.example.com"), "more than one hole"},
		{"two stars alone", TEXT("**"), "write \"*\""},
		{"nothing behind the star", TEXT("*."), "has no name behind the wildcard"},
		{"nothing behind two stars", TEXT("**."), "has no name behind the wildcard"},
		{"wildcard before a number", TEXT("*.0.0.1"), "puts a wildcard before a number"},
		{"two stars before a number", TEXT("**.1"), "puts a wildcard before a number"},
		{"hole before a number", TEXT("a*.1"), "puts a wildcard before a number"},
		{"hole in a U-label", TEXT("b\xc3\xbc*.example.com"), "in its A-label form"},
		{"hole in brackets", TEXT("a[*.example.com"), "in its A-label form"},
		{"long label with a hole", TEXT("a*" LABEL_63 ".test"), "too long a label"},
		{"hole and base of 254",
			TEXT("a*." LABEL_63 "." LABEL_63 "." LABEL_63
			     ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			"is not a host name"},
		{"long base", TEXT("*." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63),
			"is not a host name"},
		/* addresses */
		{"decimal", TEXT("2130706433"), "is no dotted quad"},
		{"short quad", TEXT("127.1"), "is no dotted quad"},
		{"octal quad", TEXT("0177.0.0.1"), "is no dotted quad"},
		{"hex", TEXT("0x7f000001"), "is no dotted quad"},
		{"name before a number", TEXT("foo.1"), "is no dotted quad"},
		{"bare v6 like host and port", TEXT("2001:db8::1"), "write \"[2001:db8::1]\""},
		{"bare loopback", TEXT("::1"), "write \"[::1]\""},
		{"bare v6 and port", TEXT("1:2:3:4:5:6:7:8:443"), "has more than one colon"},
		{"open bracket", TEXT("[::1"), "does not close it"},
		{"name in brackets", TEXT("[a.test]"), "other than an IPv6 address"},
		{"v4 in brackets", TEXT("[127.0.0.1]"), "other than an IPv6 address"},
		{"zone", TEXT("[fe80::1%eth0]"), "holds \"%\""},
		{"behind the bracket", TEXT("[::1]x"), "goes on behind the bracket"},
		{"length in the brackets", TEXT("[2001:db8::/32]"), "write \"[2001:db8::]/32\""},
		{"host bits", TEXT("10.0.0.1/8"),
			"write \"10.0.0.0/8\" for the range or \"10.0.0.1\""},
		{"host bits in the same byte", TEXT("100.96.0.0/10"), "write \"100.64.0.0/10\""},
		{"host bits, v6", TEXT("[2001:db8::1]/32"),
			"write \"2001:db8::/32\" for the range or \"[2001:db8::1]\""},
		{"length 33", TEXT("10.0.0.0/33"), "write 0 to 32"},
		{"length 129", TEXT("[::]/129"), "write 0 to 128"},
		{"no length", TEXT("10.0.0.0/"), "write 0 to 32"},
		{"length with a zero in front", TEXT("10.0.0.0/08"), "write 0 to 32"},
		{"netmask", TEXT("10.0.0.0/255.0.0.0"), "write 0 to 32"},
		{"range of a name", TEXT("a.test/8"), "is neither an address range"},
		{"range of a short quad", TEXT("10/8"), "is neither an address range"},
		/* international names */
		{"broken UTF-8", TEXT("b\xc3.test"), "cannot be converted"},
		{"disallowed symbol", TEXT("\xe2\x98\x83.test"), "cannot be converted"},
		{"full-width digits", TEXT("\xef\xbc\x91\xef\xbc\x92.test.\xef\xbc\x91"),
			"is no dotted quad"},
		{"maps to a slash", TEXT("a\xe2\x84\x80.test"), "is not a host name"},
		{"long U-label",
			TEXT("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
			     "\xa4\xc3\xa4\xc3\xa4\xc3\xa4" LABEL_63 ".test"),
			"cannot be converted"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern p = {.host_len = 7};
		char sentence[512] = "";
		bool ok = pattern_parse(rows[i].text, &p, sentence, sizeof(sentence));
		ROW_CHECK(rows[i].name, !ok, "accepted");
		ROW_CHECK(rows[i].name, strstr(sentence, rows[i].says), "%s", sentence);
		ROW_CHECK(rows[i].name, p.host_len == 7, "touched");
	}
}

static void sentences_fit_where_they_go(void **state)
{
	char text[LIMIT_PATTERN_BYTES + 2], sentence[512], small[8];
	struct pattern p;
	(void)state;
	memset(text, '\n', sizeof(text));
	assert_false(pattern_parse(
		slice_from(text, LIMIT_PATTERN_BYTES + 1), &p, sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "...\" is too long"));
	assert_false(pattern_parse(
		slice_from(text, LIMIT_PATTERN_BYTES), &p, sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "...\" holds a line break"));
	assert_false(pattern_parse(slice_from(text, 1), &p, small, sizeof(small)));
	assert_string_equal(small, "\"\\x0a\" ");
	/* A long name of U-labels. */
	for (size_t i = 0; i + 4 <= LIMIT_PATTERN_BYTES; i += 4)
		memcpy(text + i,
			"\xc3\xa4"
			"a.",
			4);
	assert_false(pattern_parse(
		slice_from(text, LIMIT_PATTERN_BYTES), &p, sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "cannot be converted"));
}

static void long_patterns_that_fit(void **state)
{
	static const struct {
		struct slice text;
		size_t host_len;
	} rows[] = {
		/* a base of 253 bytes; a hole with 253 around it, of 251 in the base */
		{TEXT("**." LABEL_63 "." LABEL_63 "." LABEL_63
		      ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			256},
		{TEXT("a*." LABEL_63 "." LABEL_63 "." LABEL_63
		      ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			254},
		{TEXT("*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa." LABEL_63
		      "." LABEL_63 "." LABEL_63 "."),
			254},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern p;
		char sentence[512] = "";
		bool ok = pattern_parse(rows[i].text, &p, sentence, sizeof(sentence));
		ROW_CHECK(rows[i].text.ptr, ok, "%s", sentence);
		ROW_CHECK(rows[i].text.ptr, p.host_len == rows[i].host_len, "%u", p.host_len);
	}
}

static void ranges_to_resolve_to(void **state)
{
	static const struct {
		const char *text;
		unsigned bits; /* 0: malformed */
		uint8_t family;
	} rows[] = {
		{"10.20.0.0/16", 16, 4},
		{"10.20.0.1", 32, 4},
		{"fd00::/8", 8, 6},
		{"[fd00::]/8", 8, 6},
		{"fd00::1", 128, 6},
		{"[fd00::1]", 128, 6},
		{"::ffff:10.0.0.0/104", 8, 4},
		{"[::ffff:10.0.0.1]", 32, 4},
		{"10.20.0.0/16:443", 0, 0},
		{"[fd00::1]:443", 0, 0},
		{"wiki.test", 0, 0},
		{"10.20.0.1/16", 0, 0},
		{"", 0, 0},
		{"[fd00", 0, 0},
		{"*", 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern p;
		char sentence[512] = "";
		bool ok =
			pattern_parse_range(slice_of(rows[i].text), &p, sentence, sizeof(sentence));
		ROW_CHECK(rows[i].text, ok == (rows[i].bits > 0), "%s", sentence);
		if (!ok)
			continue;
		ROW_CHECK(rows[i].text, p.kind == PATTERN_RANGE && p.prefix_bits == rows[i].bits,
			"%u", p.prefix_bits);
		ROW_CHECK(rows[i].text, p.network.family == rows[i].family, "%u", p.network.family);
	}
}

static bool try_entry(const struct entry *e, struct fault *ret_fault)
{
	struct policy_builder *b = policy_builder_new();

	assert_non_null(b);
	bool ok = policy_builder_add(b, e, ret_fault);
	policy_builder_free(b);
	return ok;
}

static void breadth_is_asked_for(void **state)
{
	static const struct {
		const char *pattern;
		bool allow, allow_with_flag, deny;
	} rows[] = {
		{"*.com", false, true, true},
		{"**.com", false, true, true},
		{"a*.com", false, true, true},
		{"*.co.uk", false, true, true},
		{"*.github.io", false, true, true},
		{"*.kawasaki.jp", false, true, true},
		{"*.xn--fiqs8s", false, true, true},
		{"*.\xe4\xb8\xad\xe5\x9b\xbd", false, true, true},
		{"*.com:8443", false, true, true},
		{"a*", false, true, true},
		{"*.zip", false, true, true},
		{"*.example.co.uk", true, true, true},
		{"*.me.github.io", true, true, true},
		{"*.city.kawasaki.jp", true, true, true},
		{"*.example.com", true, true, true},
		{"*.corp", true, true, true},
		{"*.test", true, true, true},
		{"**.localhost", true, true, true},
		{"com", true, true, true},
		{"github.io", true, true, true},
		{"*", true, true, false},
		{"*:22", true, true, false},
		{"0.0.0.0/0", true, true, true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry e = {.list = LIST_ALLOW, .pattern = slice_of(rows[i].pattern)};
		struct fault fault = {.text = ""};
		ROW_CHECK(
			rows[i].pattern, try_entry(&e, &fault) == rows[i].allow, "%s", fault.text);
		if (!rows[i].allow)
			ROW_CHECK(rows[i].pattern, strstr(fault.text, "public_suffix = true"), "%s",
				fault.text);
		e.public_suffix = true;
		ROW_CHECK(rows[i].pattern, try_entry(&e, &fault) == rows[i].allow_with_flag, "%s",
			fault.text);
		e = (struct entry){.list = LIST_DENY, .pattern = slice_of(rows[i].pattern)};
		ROW_CHECK(rows[i].pattern, try_entry(&e, &fault) == rows[i].deny, "%s", fault.text);
		if (!rows[i].deny)
			ROW_CHECK(rows[i].pattern, strstr(fault.text, "unlisted = \"deny\""), "%s",
				fault.text);
	}
}

static void entries_have_only_what_their_list_knows(void **state)
{
	static struct slice many[LIMIT_ENTRY_PATTERNS + 1];
	const struct slice range = SLICE("10.0.0.0/8"), below = SLICE("a.corp.test"),
			   other = SLICE("b.test"), any = SLICE("*"), port = SLICE("10.0.0.0/8:1");
	const struct {
		const char *name;
		struct entry entry;
		const char *says; /* NULL: good */
	} rows[] = {
#define ENTRY(text, of, ...) {.list = LIST_##of, .pattern = SLICE(text), __VA_ARGS__}
		{"exceptions of allow",
			ENTRY("*.corp.test", ALLOW, .except = &below, .except_count = 1),
			"only deny entries"},
		{"addresses of deny",
			ENTRY("*.corp.test", DENY, .addresses = &range, .address_count = 1),
			"only allow entries"},
		{"protocol of deny", ENTRY("*.corp.test", DENY, .has_protocol = true),
			"only allow entries"},
		{"addresses", ENTRY("*.corp.test", ALLOW, .addresses = &range, .address_count = 1),
			NULL},
		{"address that is a name",
			ENTRY("*.corp.test", ALLOW, .addresses = &below, .address_count = 1),
			"is neither an address range"},
		{"address with a port",
			ENTRY("*.corp.test", ALLOW, .addresses = &port, .address_count = 1),
			"has a port"},
		{"too many addresses",
			ENTRY("*.corp.test", ALLOW, .addresses = many,
				.address_count = COUNT(many)),
			"too many"},
		{"exception", ENTRY("*.corp.test", DENY, .except = &below, .except_count = 1),
			NULL},
		{"exception of from",
			ENTRY("**.corp.test", DENY, .except = &below, .except_count = 1), NULL},
		{"exception of everything",
			ENTRY("**.corp.test", DENY, .except = &any, .except_count = 1),
			"would except everything"},
		{"foreign exception",
			ENTRY("**.corp.test", DENY, .except = &other, .except_count = 1),
			"is not covered"},
		{"exception of itself", ENTRY("b.test", DENY, .except = &other, .except_count = 1),
			NULL},
		{"range as an exception of a name",
			ENTRY("b.test", DENY, .except = &range, .except_count = 1),
			"is not covered"},
		{"malformed exception", ENTRY("b.test", DENY, .except = many, .except_count = 1),
			"is empty"},
		{"too many exceptions",
			ENTRY("b.test", DENY, .except = many, .except_count = COUNT(many)),
			"too many"},
#undef ENTRY
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault fault = {.text = ""};
		bool ok = try_entry(&rows[i].entry, &fault);
		ROW_CHECK(rows[i].name, ok == !rows[i].says, "%s", fault.text);
		ROW_CHECK(rows[i].name, ok || strstr(fault.text, rows[i].says), "%s", fault.text);
	}
}

static void exceptions_must_be_covered(void **state)
{
	static const struct {
		const char *pattern, *except;
		bool ok;
	} rows[] = {
		{"*.b.test", "a.b.test", true},
		{"*.b.test", "b.test", false},
		{"**.b.test", "b.test", true},
		{"*.b.test", "*.a.b.test", true},
		{"*.b.test", "**.b.test", true},
		{"*.b.test", "*.test", false},
		{"*.b.test", "*.ab.test", false},
		{"*.b.test", "a*.b.test", true},
		{"a*.b.test", "ab.b.test", true},
		{"a*.b.test", "b.b.test", false},
		{"a*.b.test", "a*.b.test:443", true},
		{"a*.b.test", "ab*.b.test", false},
		{"a.test", "a.test:443", true},
		{"a.test", "*.a.test", false},
		{"10.0.0.0/8", "10.1.0.0/16", true},
		{"10.0.0.0/8", "11.1.0.0/16", false},
		{"10.0.0.0/8", "a.test", false},
		{"a*", "ab", true},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice except = slice_of(rows[i].except);
		struct entry e = {.list = LIST_DENY,
			.pattern = slice_of(rows[i].pattern),
			.except = &except,
			.except_count = 1};
		struct fault fault = {.text = ""};
		ROW_CHECK(rows[i].except, try_entry(&e, &fault) == rows[i].ok, "of %s: %s",
			rows[i].pattern, fault.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_patterns_say_what_to_write),
		cmocka_unit_test(sentences_fit_where_they_go),
		cmocka_unit_test(long_patterns_that_fit),
		cmocka_unit_test(ranges_to_resolve_to),
		cmocka_unit_test(breadth_is_asked_for),
		cmocka_unit_test(entries_have_only_what_their_list_knows),
		cmocka_unit_test(exceptions_must_be_covered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
