/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

/* One question to one policy. `rule` is the pattern that decides, "" for none. */
struct row {
	const char *name, *allow, *deny, *ask;
	enum reason reason;
	const char *rule;
};

static void judge_rows(const struct row *rows, size_t count, const struct policy_settings *settings)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct policy *p = rules_policy(row->allow, row->deny, settings);
		struct target t = rules_target(row->ask);
		struct verdict v = policy_judge(p, &t);
		const char *rule = policy_rule(p, v.entry).pattern;
		ROW_CHECK(row->name, v.reason == row->reason, "%s", reason_word(v.reason));
		ROW_CHECK(row->name, (v.decision == DECISION_ALLOW) == (v.reason == REASON_NONE),
			"decision");
		ROW_CHECK(row->name, strcmp(rule ? rule : "", row->rule) == 0, "%s",
			rule ? rule : "none");
		policy_unref(p);
	}
}

static void patterns_match_what_the_table_says(void **state)
{
	static const struct row rows[] = {
		{"name", "example.com", "", "example.com:443", REASON_NONE, "example.com"},
		{"name, not below", "example.com", "", "www.example.com:443", REASON_NOT_ALLOWED,
			""},
		{"name, not above", "www.example.com", "", "example.com:443", REASON_NOT_ALLOWED,
			""},
		{"below", "*.example.com", "", "www.example.com:443", REASON_NONE, "*.example.com"},
		{"far below", "*.example.com", "", "a.b.c.example.com:443", REASON_NONE,
			"*.example.com"},
		{"below, not the apex", "*.example.com", "", "example.com:443", REASON_NOT_ALLOWED,
			""},
		{"label boundary", "*.openai.com", "", "evilopenai.com:443", REASON_NOT_ALLOWED,
			""},
		{"suffix in front", "*.openai.com", "", "openai.com.evil.test:443",
			REASON_NOT_ALLOWED, ""},
		{"from, apex", "**.example.com", "", "example.com:443", REASON_NONE,
			"**.example.com"},
		{"from, below", "**.example.com", "", "a.b.example.com:443", REASON_NONE,
			"**.example.com"},
		{"from, label boundary", "**.example.com", "", "evilexample.com:443",
			REASON_NOT_ALLOWED, ""},
		{"hole behind", "api-*.example.com", "", "api-1.example.com:443", REASON_NONE,
			"api-*.example.com"},
		{"hole, empty", "api-*.example.com", "", "api-.example.com:443", REASON_NONE,
			"api-*.example.com"},
		{"hole never spans a dot", "api-*.example.com", "", "api-a.b.example.com:443",
			REASON_NOT_ALLOWED, ""},
		{"hole, other front", "api-*.example.com", "", "apx-1.example.com:443",
			REASON_NOT_ALLOWED, ""},
		{"hole, apex", "api-*.example.com", "", "example.com:443", REASON_NOT_ALLOWED, ""},
		{"hole, below", "api-*.example.com", "", "x.api-1.example.com:443",
			REASON_NOT_ALLOWED, ""},
		{"hole in front", "*-cdn.example.com", "", "eu-cdn.example.com:443", REASON_NONE,
			"*-cdn.example.com"},
		{"hole in front, other end", "*-cdn.example.com", "", "eu-cdm.example.com:443",
			REASON_NOT_ALLOWED, ""},
		{"hole in the middle", "a*z.example.com", "", "abz.example.com:443", REASON_NONE,
			"a*z.example.com"},
		{"parts may not overlap", "ab*ba.example.com", "", "aba.example.com:443",
			REASON_NOT_ALLOWED, ""},
		{"parts may touch", "ab*ba.example.com", "", "abba.example.com:443", REASON_NONE,
			"ab*ba.example.com"},
		{"longer end than front", "a*-long.example.com", "", "ab-long.example.com:443",
			REASON_NONE, "a*-long.example.com"},
		{"two holes, one base", "a*.example.com b*.example.com", "", "bx.example.com:443",
			REASON_NONE, "b*.example.com"},
		{"holes of different lengths", "ab*.example.com b*.example.com", "",
			"abc.example.com:443", REASON_NONE, "ab*.example.com"},
		{"holes by front and end", "a*.example.com *z.example.com", "",
			"bz.example.com:443", REASON_NONE, "*z.example.com"},
		{"short label, long parts", "abcdef*.example.com *uvwxyz.example.com", "",
			"a.example.com:443", REASON_NOT_ALLOWED, ""},
		{"hole at the root", "", "db-*", "db-1:443", REASON_DENIED, "db-*"},
		{"hole at the root, a dot", "", "db-*", "db-1.test:443", REASON_NOT_ALLOWED, ""},
		{"any", "*", "", "evil.test:443", REASON_NONE, "*"},
		{"any, no address", "*", "", "192.31.196.1:443", REASON_NOT_ALLOWED, ""},
		{"any, no v6 address", "*", "", "[2600::1]:443", REASON_NOT_ALLOWED, ""},
		{"any, no single label", "*", "", "intranet:443", REASON_NOT_ALLOWED, ""},
		{"any, no localhost", "*", "", "localhost:443", REASON_LOCAL_ADDRESS, ""},
		{"any, not below localhost", "*", "", "a.localhost:443", REASON_LOCAL_ADDRESS, ""},
		{"single label, listed", "intranet", "", "intranet:443", REASON_NONE, "intranet"},
		{"top level and below", "**.corp", "", "corp:443", REASON_NONE, "**.corp"},
		{"below an unknown top level", "*.corp", "", "a.corp:443", REASON_NONE, "*.corp"},
		{"case and dots", "EXAMPLE.com.", "", "example.COM.:443", REASON_NONE,
			"EXAMPLE.com."},
		{"U-label",
			"b\xc3\xbc"
			"cher.example",
			"", "xn--bcher-kva.example:443", REASON_NONE, "b\\xc3\\xbccher.example"},
		{"U-label, upper case",
			"*.B\xc3\x9c"
			"CHER.example",
			"", "a.xn--bcher-kva.example:443", REASON_NONE,
			"*.B\\xc3\\x9cCHER.example"},
		{"A-label", "xn--bcher-kva.example", "", "xn--bcher-kva.example:443", REASON_NONE,
			"xn--bcher-kva.example"},
		{"address", "192.0.2.7", "", "192.0.2.7:443", REASON_NONE, "192.0.2.7"},
		{"address, not its neighbour", "192.0.2.7", "", "192.0.2.8:443",
			REASON_LOCAL_ADDRESS, ""},
		{"address, mapped", "192.0.2.7", "", "[::ffff:192.0.2.7]:443", REASON_NONE,
			"192.0.2.7"},
		{"mapped, as IPv4", "[::ffff:192.0.2.7]", "", "192.0.2.7:443", REASON_NONE,
			"[::ffff:192.0.2.7]"},
		{"address, not compatible", "192.0.2.7", "", "[::192.0.2.7]:443",
			REASON_LOCAL_ADDRESS, ""},
		{"address, not NAT64", "8.8.8.8", "", "[64:ff9b::808:808]:443", REASON_NOT_ALLOWED,
			""},
		{"v6", "[2001:db8::1]", "", "[2001:db8:0::1]:443", REASON_NONE, "[2001:db8::1]"},
		{"v6 range", "[2001:db8::]/32", "", "[2001:db8:ffff::1]:443", REASON_NONE,
			"[2001:db8::]/32"},
		{"v6 range without brackets", "2001:db8::/32", "", "[2001:db8::1]:443", REASON_NONE,
			"2001:db8::/32"},
		{"v6 range, outside", "2001:db8::/32", "", "[2001:db9::1]:443", REASON_NOT_ALLOWED,
			""},
		{"v6 range, mapped stays IPv4", "::/0", "", "[::ffff:10.0.0.1]:443",
			REASON_LOCAL_ADDRESS, ""},
		{"range, first", "10.0.0.0/8", "", "10.0.0.0:443", REASON_NONE, "10.0.0.0/8"},
		{"range, last", "10.0.0.0/8", "", "10.255.255.255:443", REASON_NONE, "10.0.0.0/8"},
		{"range, below", "10.0.0.0/8", "", "9.255.255.255:443", REASON_NOT_ALLOWED, ""},
		{"range, above", "10.0.0.0/8", "", "11.0.0.0:443", REASON_NOT_ALLOWED, ""},
		{"range, mapped", "10.0.0.0/8", "", "[::ffff:10.1.2.3]:443", REASON_NONE,
			"10.0.0.0/8"},
		{"range of odd length", "100.64.0.0/10", "", "100.127.255.255:443", REASON_NONE,
			"100.64.0.0/10"},
		{"range of everything", "0.0.0.0/0", "", "8.8.8.8:443", REASON_NONE, "0.0.0.0/0"},
		{"an address is no name", "7.example.com", "", "192.0.2.7:443",
			REASON_LOCAL_ADDRESS, ""},
	};
	(void)state;
	judge_rows(rows, COUNT(rows), NULL);
}

static void ports_decide(void **state)
{
	static const struct row rows[] = {
		{"80 by default", "a.test", "", "a.test:80", REASON_NONE, "a.test"},
		{"79 is not", "a.test", "", "a.test:79", REASON_PORT_NOT_ALLOWED, "a.test"},
		{"81 is not", "a.test", "", "a.test:81", REASON_PORT_NOT_ALLOWED, "a.test"},
		{"443 by default", "a.test", "", "a.test:443", REASON_NONE, "a.test"},
		{"444 is not", "a.test", "", "a.test:444", REASON_PORT_NOT_ALLOWED, "a.test"},
		{"one port", "a.test:8443", "", "a.test:8443", REASON_NONE, "a.test:8443"},
		{"one port, not 443", "a.test:8443", "", "a.test:443", REASON_PORT_NOT_ALLOWED,
			"a.test:8443"},
		{"below a range", "a.test:8000-8100", "", "a.test:7999", REASON_PORT_NOT_ALLOWED,
			"a.test:8000-8100"},
		{"first of a range", "a.test:8000-8100", "", "a.test:8000", REASON_NONE,
			"a.test:8000-8100"},
		{"last of a range", "a.test:8000-8100", "", "a.test:8100", REASON_NONE,
			"a.test:8000-8100"},
		{"above a range", "a.test:8000-8100", "", "a.test:8101", REASON_PORT_NOT_ALLOWED,
			"a.test:8000-8100"},
		{"any port", "a.test:*", "", "a.test:65535", REASON_NONE, "a.test:*"},
		{"any port, 1", "a.test:*", "", "a.test:1", REASON_NONE, "a.test:*"},
		{"address and port", "[2001:db8::1]:22", "", "[2001:db8::1]:22", REASON_NONE,
			"[2001:db8::1]:22"},
		{"range and port", "10.0.0.0/8:22", "", "10.1.1.1:22", REASON_NONE,
			"10.0.0.0/8:22"},
		{"v6 range and port", "[2001:db8::]/32:22", "", "[2001:db8::9]:23",
			REASON_PORT_NOT_ALLOWED, "[2001:db8::]/32:22"},
		{"wildcard and port", "*.a.test:22", "", "b.a.test:443", REASON_PORT_NOT_ALLOWED,
			"*.a.test:22"},
		{"any and port", "*:22", "", "b.a.test:22", REASON_NONE, "*:22"},
		{"any on another port", "*", "", "b.a.test:22", REASON_PORT_NOT_ALLOWED, "*"},
		{"single label on another port", "*", "", "b:22", REASON_NOT_ALLOWED, ""},
		{"localhost on another port", "localhost", "", "localhost:3000",
			REASON_PORT_NOT_ALLOWED, "localhost"},
		{"deny on every port", "a.test:*", "a.test", "a.test:12345", REASON_DENIED,
			"a.test"},
		{"deny on one port", "a.test", "a.test:80", "a.test:80", REASON_DENIED,
			"a.test:80"},
		{"deny on one port only", "a.test", "a.test:80", "a.test:443", REASON_NONE,
			"a.test"},
		{"denied port of an unlisted name", "", "a.test:80", "a.test:443",
			REASON_NOT_ALLOWED, ""},
		{"several entries, 22", "a.test a.test:22", "", "a.test:22", REASON_NONE,
			"a.test:22"},
		{"several entries, 443", "a.test:22 a.test", "", "a.test:443", REASON_NONE,
			"a.test"},
		{"fewest ports decide", "a.test:* a.test:443", "", "a.test:443", REASON_NONE,
			"a.test:443"},
		{"fewest ports, other order", "a.test:443 a.test:*", "", "a.test:443", REASON_NONE,
			"a.test:443"},
		{"a wider name has the port", "a.b.test:22 *.b.test", "", "a.b.test:443",
			REASON_NONE, "*.b.test"},
	};
	(void)state;
	judge_rows(rows, COUNT(rows), NULL);
}

static void the_order_of_judgement_holds(void **state)
{
	static const struct endpoint own[] = {
		{{4, {127, 0, 0, 1}}, 3128}, {{4, {10, 0, 0, 1}}, 3129}, {{6, {[15] = 1}}, 0}};
	static const struct policy_settings settings = {.own = own, .own_count = COUNT(own)};
	static const struct row rows[] = {
		{"empty lists allow nothing", "", "", "example.com:443", REASON_NOT_ALLOWED, ""},
		{"empty lists, public address", "", "", "8.8.8.8:443", REASON_NOT_ALLOWED, ""},
		{"own before deny", "127.0.0.1:*", "127.0.0.1", "127.0.0.1:3128",
			REASON_OWN_ENDPOINT, ""},
		{"own before allow", "127.0.0.1:*", "", "127.0.0.1:3128", REASON_OWN_ENDPOINT, ""},
		{"own, mapped", "127.0.0.1:*", "", "[::ffff:127.0.0.1]:3128", REASON_OWN_ENDPOINT,
			""},
		{"own, compatible", "[::127.0.0.1]:*", "", "[::127.0.0.1]:3128",
			REASON_OWN_ENDPOINT, ""},
		{"own, NAT64", "[64:ff9b::7f00:1]:*", "", "[64:ff9b::7f00:1]:3128",
			REASON_OWN_ENDPOINT, ""},
		{"own, 6to4", "[2002:7f00:1::]:*", "", "[2002:7f00:1::]:3128", REASON_OWN_ENDPOINT,
			""},
		{"own, unspecified", "0.0.0.0:*", "", "0.0.0.0:3128", REASON_OWN_ENDPOINT, ""},
		{"own, unspecified v6", "[::]:*", "", "[::]:3128", REASON_OWN_ENDPOINT, ""},
		{"own, localhost", "localhost:*", "", "localhost:3128", REASON_OWN_ENDPOINT, ""},
		{"own, below localhost", "*.localhost:*", "", "a.localhost:3128",
			REASON_OWN_ENDPOINT, ""},
		{"agent page, even if listed", "sallyport.internal", "", "sallyport.internal:443",
			REASON_AGENT_PAGE, ""},
		{"agent page, any port", "*:*", "", "sallyport.internal:8080", REASON_AGENT_PAGE,
			""},
		{"agent page before deny", "", "*.internal", "sallyport.internal:80",
			REASON_AGENT_PAGE, ""},
		{"below the agent page", "*.sallyport.internal", "", "a.b.sallyport.internal:80",
			REASON_AGENT_PAGE, ""},
		{"beside the agent page", "*.internal", "", "asallyport.internal:80", REASON_NONE,
			"*.internal"},
		{"own, not loopback", "10.0.0.0/8:*", "", "10.0.0.1:3129", REASON_OWN_ENDPOINT, ""},
		{"own address, other port", "127.0.0.1:*", "", "127.0.0.1:3129", REASON_NONE,
			"127.0.0.1:*"},
		{"deny before port", "a.test", "a.test", "a.test:22", REASON_DENIED, "a.test"},
		{"deny before allow", "a.test", "*.test", "a.test:443", REASON_DENIED, "*.test"},
		{"specific allow does not undo deny", "a.b.test", "**.test", "a.b.test:443",
			REASON_DENIED, "**.test"},
		{"deny before local", "", "127.0.0.1", "127.0.0.1:443", REASON_DENIED, "127.0.0.1"},
		{"deny sees through mapped", "[::ffff:10.0.0.1]", "10.0.0.0/8",
			"[::ffff:10.0.0.1]:443", REASON_DENIED, "10.0.0.0/8"},
		{"deny sees through NAT64", "", "8.8.8.8", "[64:ff9b::808:808]:443", REASON_DENIED,
			"8.8.8.8"},
		{"deny sees through Teredo", "", "8.8.8.8", "[2001:0:102:304::f7f7:f7f7]:443",
			REASON_DENIED, "8.8.8.8"},
		{"deny of v6 covers mapped", "8.8.8.8", "::/0", "[::ffff:8.8.8.8]:443",
			REASON_DENIED, "::/0"},
		{"port before local", "127.0.0.1", "", "127.0.0.1:22", REASON_PORT_NOT_ALLOWED,
			"127.0.0.1"},
		{"local before unlisted", "", "", "10.0.0.1:443", REASON_LOCAL_ADDRESS, ""},
		{"listed local literal", "127.0.0.2", "", "127.0.0.2:443", REASON_NONE,
			"127.0.0.2"},
		{"listed localhost", "localhost", "", "localhost:443", REASON_NONE, "localhost"},
		{"listed 127.0.0.1 lists no localhost", "127.0.0.1", "", "localhost:443",
			REASON_LOCAL_ADDRESS, ""},
		{"listed localhost lists nothing below", "localhost", "", "a.localhost:443",
			REASON_LOCAL_ADDRESS, ""},
		{"below localhost, listed", "*.localhost", "", "a.localhost:443", REASON_NONE,
			"*.localhost"},
		{"most specific allow", "* **.b.test *.b.test a*.b.test a.b.test", "",
			"a.b.test:443", REASON_NONE, "a.b.test"},
		{"hole before below", "* **.b.test a*.b.test", "", "a.b.test:443", REASON_NONE,
			"a*.b.test"},
		{"deeper before wider", "*.test *.b.test", "", "a.b.test:443", REASON_NONE,
			"*.b.test"},
		{"below before any", "* *.test", "", "a.b.test:443", REASON_NONE, "*.test"},
		{"longest range", "10.0.0.0/8 10.0.0.0/16 10.0.0.9", "", "10.0.0.8:443",
			REASON_NONE, "10.0.0.0/16"},
		{"most specific deny", "", "**.test b.test *.b.test", "a.b.test:443", REASON_DENIED,
			"*.b.test"},
		{"a whole zone", "", "*.zip", "evil.zip:443", REASON_DENIED, "*.zip"},
	};
	(void)state;
	judge_rows(rows, COUNT(rows), &settings);
}

static void who_is_on_no_list_may_be_asked_about(void **state)
{
	static const struct {
		const char *name, *ask;
		enum policy_unlisted unlisted;
		enum decision decision;
		enum reason reason;
	} rows[] = {
		{"name", "new.example:443", UNLISTED_HOLD, DECISION_ASK, REASON_NOT_ALLOWED},
		{"name, refusing", "new.example:443", UNLISTED_DENY, DECISION_DENY,
			REASON_NOT_ALLOWED},
		{"public address", "192.0.1.1:443", UNLISTED_HOLD, DECISION_ASK,
			REASON_NOT_ALLOWED},
		{"local address", "10.0.0.1:443", UNLISTED_HOLD, DECISION_DENY,
			REASON_LOCAL_ADDRESS},
		{"localhost", "localhost:443", UNLISTED_HOLD, DECISION_DENY, REASON_LOCAL_ADDRESS},
		{"single label", "intranet:443", UNLISTED_HOLD, DECISION_DENY, REASON_NOT_ALLOWED},
		{"denied", "evil.example:443", UNLISTED_HOLD, DECISION_DENY, REASON_DENIED},
		{"port not listed", "a.example:8443", UNLISTED_HOLD, DECISION_DENY,
			REASON_PORT_NOT_ALLOWED},
		{"listed", "a.example:443", UNLISTED_HOLD, DECISION_ALLOW, REASON_NONE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct policy_settings settings = {.unlisted = rows[i].unlisted};
		struct policy *p = rules_policy("a.example", "evil.example", &settings);
		struct target t = rules_target(rows[i].ask);
		struct verdict v = policy_judge(p, &t);
		ROW_CHECK(rows[i].name, v.decision == rows[i].decision, "%d", (int)v.decision);
		ROW_CHECK(rows[i].name, v.reason == rows[i].reason, "%s", reason_word(v.reason));
		policy_unref(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_what_the_table_says),
		cmocka_unit_test(who_is_on_no_list_may_be_asked_about),
		cmocka_unit_test(ports_decide),
		cmocka_unit_test(the_order_of_judgement_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
