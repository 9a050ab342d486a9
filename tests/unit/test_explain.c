/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

#include "policy/explain.h"

static struct policy *example_policy(enum policy_mode mode, bool local)
{
	static const struct endpoint own = {{4, {127, 0, 0, 1}}, 3128};
	struct policy_settings settings = {
		.mode = mode, .allow_local_binding = local, .own = &own, .own_count = 1};
	struct policy_builder *b = policy_builder_new();
	struct entry raw = {.list = LIST_ALLOW,
		.pattern = SLICE("git.test:22"),
		.file = SLICE("a\nb"),
		.line = 9,
		.has_protocol = true,
		.protocol = PORT_RAW};
	struct entry line = {.list = LIST_ALLOW, .pattern = SLICE("cli.test")};

	assert_non_null(b);
	rules_add_list(b, LIST_ALLOW, "example.com 192.31.196.1 *");
	rules_add_list(b, LIST_DENY, "bad.test");
	rules_add(b, &raw);
	rules_add(b, &line);
	return rules_finish(b, &settings);
}

static void sentences_name_what_decides(void **state)
{
	static const struct {
		const char *name, *text;
		enum reason reason;
		const char *says; /* a part of the sentence */
	} rows[] = {
		{"allowed", "example.com:443", REASON_NONE,
			"example.com:443 is allowed by \"example.com\" (rules:1); a tunnel must begin with TLS for example.com."},
		{"agent page", "http://sallyport.internal/", REASON_NONE,
			"sallyport.internal:80 is the proxy's own page for agents"},
		{"agent page by CONNECT", "sallyport.internal", REASON_AGENT_PAGE,
			"on port 80 only"},
		{"local answers", "example.com:443", REASON_NONE, "Local addresses"},
		{"bare host", "Example.COM.", REASON_NONE, "example.com:443 is allowed"},
		{"https URL", "https://example.com/a?b#c", REASON_NONE,
			"example.com:443 is allowed"},
		{"https URL with port", "HTTPS://example.com:444/", REASON_PORT_NOT_ALLOWED,
			"The entry for other ports is \"example.com\" (rules:1)."},
		{"http URL", "http://example.com/", REASON_NONE,
			"each request is judged by itself."},
		{"address", "192.31.196.1", REASON_NONE,
			"(rules:2); a tunnel must begin with TLS."},
		{"raw port, escaped file", "git.test:22", REASON_NONE,
			"(a\\x0ab:9); what a tunnel carries is not looked at."},
		{"command line", "cli.test", REASON_NONE, "by \"cli.test\" (command line)"},
		{"denied", "bad.test:80", REASON_DENIED,
			"The deny entry is \"bad.test\" (rules:1)."},
		{"unlisted single label", "intranet", REASON_NOT_ALLOWED, "\"*\" lists neither"},
		{"local", "10.0.0.1", REASON_LOCAL_ADDRESS, "\"*\" does not list it."},
		{"own", "127.0.0.1:3128", REASON_OWN_ENDPOINT, "is refused, own_endpoint:"},
		{"malformed", "exa mple.com\x1b", REASON_BAD_TARGET,
			"\"exa mple.com\\x1b\" is malformed"},
		{"empty", "", REASON_BAD_TARGET, "\"\" is malformed"},
		{"other scheme", "ftp://example.com/", REASON_BAD_TARGET, "is malformed"},
		{"userinfo", "https://a@example.com/", REASON_BAD_TARGET, "is malformed"},
		{"empty port", "example.com:", REASON_BAD_TARGET, "is malformed"},
	};
	struct policy *p = example_policy(MODE_FULL, false);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct explanation e;
		policy_explain(p, slice_of(rows[i].text), &e);
		ROW_CHECK(rows[i].name, e.verdict.reason == rows[i].reason, "%s",
			reason_word(e.verdict.reason));
		ROW_CHECK(rows[i].name, strstr(e.text, rows[i].says), "%s", e.text);
		ROW_CHECK(rows[i].name,
			(e.target.port == 0) == (rows[i].reason == REASON_BAD_TARGET), "target");
	}
	policy_unref(p);
}

static void limited_mode_refuses_what_nobody_can_see(void **state)
{
	struct policy *p = example_policy(MODE_LIMITED, true);
	struct explanation e;
	(void)state;
	policy_explain(p, SLICE("git.test:22"), &e);
	assert_int_equal(e.verdict.reason, REASON_MODE_LIMITED);
	assert_int_equal(e.verdict.source, SOURCE_MODE_GUARD);
	policy_explain(p, SLICE("example.com:443"), &e);
	assert_int_equal(e.verdict.reason, REASON_NONE);
	policy_explain(p, SLICE("http://example.com/"), &e);
	assert_int_equal(e.verdict.reason, REASON_NONE);
	assert_null(strstr(e.text, "Local addresses"));
	policy_unref(p);
}

static void long_texts_are_cut(void **state)
{
	static char pattern[1024];
	struct policy_builder *b = policy_builder_new();
	struct entry entry = {.list = LIST_ALLOW, .file = SLICE("f"), .line = 1};
	struct explanation e;
	size_t len = 0;
	(void)state;
	/* Ninety letters that each need six bytes of escapes. */
	for (int i = 0; i < 90; i++) {
		memcpy(pattern + len, i % 30 == 29 ? "." : "\xc3\xa4", i % 30 == 29 ? 1 : 2);
		len += i % 30 == 29 ? 1 : 2;
	}
	memcpy(pattern + len, "test", 4);
	entry.pattern = slice_from(pattern, len + 4);
	rules_add(b, &entry);
	struct policy *p = rules_finish(b, NULL);
	policy_explain(p, SLICE("x.test"), &e);
	assert_int_equal(e.verdict.reason, REASON_NOT_ALLOWED);
	memset(pattern, 'a', sizeof(pattern));
	policy_explain(p, slice_from(pattern, sizeof(pattern)), &e);
	assert_int_equal(e.verdict.reason, REASON_BAD_TARGET);
	assert_non_null(strstr(e.text, "..."));
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences_name_what_decides),
		cmocka_unit_test(limited_mode_refuses_what_nobody_can_see),
		cmocka_unit_test(long_texts_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
