/* SPDX-License-Identifier: Apache-2.0 */
/* What a name resolves to, is an alias of, or is asked by: all that is judged after the name. */
#include "tests/unit/rules.h"

#include "policy/own.h"

static const struct endpoint own[] = {{{4, {127, 0, 0, 1}}, 3128}};

/* Allow: wiki.corp.test into 10.20/16, deep.wiki.corp.test into fd00::/8, all of corp.test into
 * 192.168.1.1, localhost, 10.9.9.9, 10.8/16 on any port. Deny: 203.0.113.9, 10.20.9.0/24 but for
 * 10.20.9.9. */
static struct policy *corp_policy(bool local)
{
	static const struct slice wiki[] = {{"10.20.0.0/16", 12}}, deep[] = {{"fd00::/8", 8}},
				  zone[] = {{"192.168.1.1", 11}, {"64:ff9b:1::/48", 14}},
				  except[] = {{"10.20.9.9", 9}};
	const struct entry entries[] = {
		{.pattern = SLICE("wiki.corp.test"), .addresses = wiki, .address_count = 1},
		{.pattern = SLICE("deep.wiki.corp.test"), .addresses = deep, .address_count = 1},
		{.pattern = SLICE("**.corp.test"), .addresses = zone, .address_count = 2},
		{.pattern = SLICE("localhost")},
		{.pattern = SLICE("10.9.9.9")},
		{.pattern = SLICE("10.8.0.0/16:*")},
		{.pattern = SLICE("[64:ff9b::a09:909]")},
		{.pattern = SLICE("b.test")},
		{.list = LIST_DENY, .pattern = SLICE("203.0.113.9")},
		{.list = LIST_DENY, .pattern = SLICE("198.20.0.7:80")},
		{.list = LIST_DENY,
			.pattern = SLICE("10.20.9.0/24"),
			.except = except,
			.except_count = 1},
	};
	const struct policy_settings settings = {
		.allow_local_binding = local, .own = own, .own_count = COUNT(own)};
	struct policy_builder *b = policy_builder_new();

	assert_non_null(b);
	for (size_t i = 0; i < COUNT(entries); i++)
		rules_add(b, &entries[i]);
	return rules_finish(b, &settings);
}

struct row {
	const char *name, *ask, *address;
	enum reason reason;
	const char *rule;
};

static void judge_rows(const struct policy *p, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct target t = rules_target(rows[i].ask);
		struct address a = rules_address(rows[i].address);
		struct verdict named = policy_judge(p, &t);
		ROW_CHECK(rows[i].name, named.decision == DECISION_ALLOW, "name %s",
			reason_word(named.reason));
		struct verdict v = policy_judge_address(p, &t, &named, &a);
		const char *rule = policy_rule(p, v.entry).pattern;
		ROW_CHECK(rows[i].name, v.reason == rows[i].reason, "%s", reason_word(v.reason));
		ROW_CHECK(rows[i].name, strcmp(rule ? rule : "", rows[i].rule) == 0, "%s", rule);
	}
}

static void resolved_addresses_are_judged(void **state)
{
	static const struct row rows[] = {
		{"public", "b.test:443", "8.8.8.8", REASON_NONE, "b.test"},
		{"private", "b.test:443", "10.0.0.5", REASON_RESOLVED_LOCAL, "b.test"},
		{"loopback", "b.test:443", "127.0.0.1", REASON_RESOLVED_LOCAL, "b.test"},
		{"loopback v6", "b.test:443", "::1", REASON_RESOLVED_LOCAL, "b.test"},
		{"metadata", "b.test:443", "169.254.169.254", REASON_RESOLVED_LOCAL, "b.test"},
		{"mapped", "b.test:443", "::ffff:10.0.0.5", REASON_RESOLVED_LOCAL, "b.test"},
		{"NAT64 of private", "b.test:443", "64:ff9b::a00:5", REASON_RESOLVED_LOCAL,
			"b.test"},
		{"NAT64 of public", "b.test:443", "64:ff9b::808:808", REASON_NONE, "b.test"},
		{"listed literal is not for names", "b.test:443", "10.9.9.9", REASON_RESOLVED_LOCAL,
			"b.test"},
		{"own", "b.test:3128", "127.0.0.1", REASON_OWN_ENDPOINT, ""},
		{"denied address", "b.test:443", "203.0.113.9", REASON_DENIED, "203.0.113.9"},
		{"denied, mapped", "b.test:443", "::ffff:203.0.113.9", REASON_DENIED,
			"203.0.113.9"},
		{"denied, 6to4", "b.test:443", "2002:cb00:7109::1", REASON_DENIED, "203.0.113.9"},
		{"denied on this port", "b.test:80", "198.20.0.7", REASON_DENIED, "198.20.0.7:80"},
		{"denied on another port", "b.test:443", "198.20.0.7", REASON_NONE, "b.test"},
		{"named range", "wiki.corp.test:443", "10.20.1.2", REASON_NONE, "wiki.corp.test"},
		{"named range, edge", "wiki.corp.test:443", "10.20.255.255", REASON_NONE,
			"wiki.corp.test"},
		{"beside the named range", "wiki.corp.test:443", "10.21.0.0", REASON_RESOLVED_LOCAL,
			"wiki.corp.test"},
		{"named range, mapped", "wiki.corp.test:443", "::ffff:10.20.1.2", REASON_NONE,
			"wiki.corp.test"},
		{"named range, NAT64", "wiki.corp.test:443", "64:ff9b::a14:102", REASON_NONE,
			"wiki.corp.test"},
		{"one of two embedded is named", "wiki.corp.test:443", "2001:0:a14:102::f5fe:fdfc",
			REASON_RESOLVED_LOCAL, "wiki.corp.test"},
		{"both embedded are named", "wiki.corp.test:443", "2001:0:a14:102::f5eb:fefd",
			REASON_NONE, "wiki.corp.test"},
		{"any entry of the name may name it", "wiki.corp.test:443", "192.168.1.1",
			REASON_NONE, "**.corp.test"},
		{"local NAT64, named itself", "wiki.corp.test:443", "64:ff9b:1::a14:102",
			REASON_NONE, "**.corp.test"},
		{"named for another name", "a.corp.test:443", "10.20.1.2", REASON_RESOLVED_LOCAL,
			"**.corp.test"},
		{"named v6 range", "deep.wiki.corp.test:443", "fd12::1", REASON_NONE,
			"deep.wiki.corp.test"},
		{"named range, denied", "wiki.corp.test:443", "10.20.9.8", REASON_DENIED,
			"10.20.9.0/24"},
		{"named range, excepted", "wiki.corp.test:443", "10.20.9.9", REASON_NONE,
			"wiki.corp.test"},
		{"localhost", "localhost:443", "127.0.0.1", REASON_NONE, "localhost"},
		{"localhost v6", "localhost:443", "::1", REASON_NONE, "localhost"},
		{"localhost elsewhere", "localhost:443", "127.0.0.2", REASON_RESOLVED_LOCAL,
			"localhost"},
		{"literal", "10.9.9.9:443", "10.9.9.9", REASON_NONE, "10.9.9.9"},
		{"literal, mapped", "[::ffff:10.9.9.9]:443", "10.9.9.9", REASON_NONE, "10.9.9.9"},
		{"literal, NAT64", "[64:ff9b::a09:909]:443", "64:ff9b::a09:909", REASON_NONE,
			"[64:ff9b::a09:909]"},
		{"literal and another address", "10.9.9.9:443", "10.9.9.8", REASON_RESOLVED_LOCAL,
			"10.9.9.9"},
		{"literal in a range", "10.8.1.1:22", "10.8.1.1", REASON_NONE, "10.8.0.0/16:*"},
	};
	/* b.test also on the proxy's port, for the row "own". */
	struct policy *p = corp_policy(false);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].reason != REASON_OWN_ENDPOINT) {
			judge_rows(p, &rows[i], 1);
			continue;
		}
		static const struct policy_settings settings = {
			.own = own, .own_count = COUNT(own)};
		struct policy *any_port = rules_policy("b.test:*", "", &settings);
		judge_rows(any_port, &rows[i], 1);
		policy_unref(any_port);
	}
	policy_unref(p);
}

static void local_binding_lifts_only_the_local_rule(void **state)
{
	static const struct row rows[] = {
		{"private", "b.test:443", "10.0.0.5", REASON_NONE, "b.test"},
		{"metadata", "b.test:443", "169.254.169.254", REASON_NONE, "b.test"},
		{"denied", "b.test:443", "203.0.113.9", REASON_DENIED, "203.0.113.9"},
		{"denied in a range", "wiki.corp.test:443", "10.20.9.8", REASON_DENIED,
			"10.20.9.0/24"},
	};
	struct policy *p = corp_policy(true);
	struct target t;
	(void)state;
	judge_rows(p, rows, COUNT(rows));
	t = rules_target("127.0.0.1:443");
	assert_int_equal(policy_judge(p, &t).reason, REASON_NOT_ALLOWED);
	t = rules_target("127.0.0.1:3128");
	assert_int_equal(policy_judge(p, &t).reason, REASON_OWN_ENDPOINT);
	t = rules_target("a.localhost:443");
	assert_int_equal(policy_judge(p, &t).reason, REASON_NOT_ALLOWED);
	policy_unref(p);
}

static void own_endpoints_may_come_late(void **state)
{
	static const struct endpoint wide[] = {{{4, {0}}, 4000}, {{6, {0}}, 4001}, {{0}, 4002}};
	static const struct endpoint late = {{4, {192, 0, 2, 7}}, 5000};
	static struct endpoint many[LIMIT_OWN_ENDPOINTS];
	static const struct {
		const char *ask;
		enum reason reason;
	} rows[] = {
		{"127.0.0.1:4000", REASON_OWN_ENDPOINT},
		{"127.9.9.9:4000", REASON_OWN_ENDPOINT},
		{"0.0.0.0:4000", REASON_OWN_ENDPOINT},
		{"[::]:4000", REASON_OWN_ENDPOINT},
		{"[::1]:4000", REASON_OWN_ENDPOINT},
		{"[::ffff:127.0.0.1]:4001", REASON_OWN_ENDPOINT},
		{"127.0.0.1:4001", REASON_OWN_ENDPOINT},
		{"localhost:4001", REASON_OWN_ENDPOINT},
		{"127.0.0.1:4002", REASON_LOCAL_ADDRESS},
		{"192.0.2.7:5000", REASON_OWN_ENDPOINT},
		{"192.0.2.8:5000", REASON_LOCAL_ADDRESS},
		{"127.0.0.1:5000", REASON_LOCAL_ADDRESS},
	};
	static const struct policy_settings settings = {.own = wide, .own_count = COUNT(wide)};
	struct policy *p = rules_policy("", "", &settings);
	struct own o = {0};
	(void)state;
	assert_true(policy_add_own(p, &late, 1));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = rules_target(rows[i].ask);
		enum reason reason = policy_judge(p, &t).reason;
		ROW_CHECK(rows[i].ask, reason == rows[i].reason, "%s", reason_word(reason));
	}
	policy_unref(p);
	for (size_t i = 0; i < LIMIT_OWN_ENDPOINTS; i++)
		many[i] = late;
	assert_true(own_add(&o, many, LIMIT_OWN_ENDPOINTS));
	assert_false(own_add(&o, many, 1));
	assert_int_equal(o.count, LIMIT_OWN_ENDPOINTS);
	own_done(&o);
}

static void aliases_are_only_denied(void **state)
{
	static const struct {
		const char *name;
		struct slice alias;
		enum reason reason;
	} rows[] = {
		{"unlisted", {"cdn.test", 8}, REASON_NONE},
		{"trailing dot, upper case", {"CDN.test.", 9}, REASON_NONE},
		{"denied", {"evil.test", 9}, REASON_DENIED},
		{"denied in another spelling", {"EVIL.test.", 10}, REASON_DENIED},
		{"denied on this port", {"port.test", 9}, REASON_DENIED},
		{"denied on another port", {"other.test", 10}, REASON_NONE},
		{"malformed", {"a b", 3}, REASON_DNS_FAILED},
		{"NUL", {"cdn.test\0.evil", 14}, REASON_DNS_FAILED},
		{"empty", {"", 0}, REASON_DNS_FAILED},
		{"an address", {"10.0.0.1", 8}, REASON_DNS_FAILED},
	};
	struct policy *p = rules_policy("a.test", "evil.test port.test:443 other.test:80", NULL);
	struct target t = rules_target("a.test:443");
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict v = policy_judge_alias(p, &t, rows[i].alias);
		ROW_CHECK(rows[i].name, v.reason == rows[i].reason, "%s", reason_word(v.reason));
		ROW_CHECK(rows[i].name, (v.decision == DECISION_ALLOW) == (v.reason == REASON_NONE),
			"decision");
	}
	policy_unref(p);
}

static void limited_mode_wants_to_see_the_method(void **state)
{
	static const struct {
		const char *method, *ask;
		bool limited;
	} rows[] = {
		{"GET", "a.test:80", true},
		{"HEAD", "a.test:80", true},
		{"OPTIONS", "a.test:80", true},
		{"POST", "a.test:80", false},
		{"get", "a.test:80", false},
		{"GETX", "a.test:80", false},
		{"", "a.test:80", false},
		{"CONNECT", "a.test:443", true},
		{"CONNECT", "a.test:80", true},
	};
	static const struct policy_settings limited = {.mode = MODE_LIMITED};
	struct policy *policies[] = {
		rules_policy("a.test", "", NULL), rules_policy("a.test", "", &limited)};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t mode = 0; mode < 2; mode++) {
			struct target t = rules_target(rows[i].ask);
			struct verdict named = policy_judge(policies[mode], &t);
			struct verdict v = policy_judge_method(
				policies[mode], slice_of(rows[i].method), &named);
			bool allowed = mode == 0 || rows[i].limited;
			ROW_CHECK(rows[i].method, (v.decision == DECISION_ALLOW) == allowed, "%zu",
				mode);
			if (allowed) {
				ROW_CHECK(rows[i].method, v.entry == named.entry, "entry");
				continue;
			}
			ROW_CHECK(rows[i].method, v.reason == REASON_MODE_LIMITED, "reason");
			ROW_CHECK(rows[i].method, v.source == SOURCE_MODE_GUARD, "source");
		}
	}
	policy_unref(policies[0]);
	policy_unref(policies[1]);
}

static void protocols_come_from_port_or_entry(void **state)
{
	static const struct entry entries[] = {
		{.pattern = {"a.test:*", 8}},
		{.pattern = {"b.test:*", 8}, .has_protocol = true, .protocol = PORT_RAW},
		{.pattern = {"c.test:*", 8}, .has_protocol = true, .protocol = PORT_HTTP},
		{.pattern = {"d.test:*", 8}, .has_protocol = true, .protocol = PORT_TLS},
	};
	static const struct {
		const char *ask;
		enum port_protocol protocol;
	} rows[] = {
		{"a.test:80", PORT_HTTP},
		{"a.test:443", PORT_TLS},
		{"a.test:8080", PORT_TLS},
		{"b.test:80", PORT_RAW},
		{"b.test:22", PORT_RAW},
		{"c.test:8080", PORT_HTTP},
		{"d.test:80", PORT_TLS},
	};
	struct policy_builder *b = policy_builder_new();
	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++)
		rules_add(b, &entries[i]);
	struct policy *p = rules_finish(b, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = rules_target(rows[i].ask);
		struct verdict v = policy_judge(p, &t);
		ROW_CHECK(rows[i].ask, v.decision == DECISION_ALLOW, "%s", reason_word(v.reason));
		ROW_CHECK(rows[i].ask, v.protocol == rows[i].protocol, "%d", v.protocol);
	}
	policy_unref(p);
}

static void exceptions_take_out_of_deny(void **state)
{
	static const struct slice corp[] = {{"jira.corp.test", 14}, {"**.open.corp.test", 17},
		{"x-*.corp.test", 13}, {"git.corp.test:22", 16}};
	static const struct {
		const char *ask;
		enum reason reason;
	} rows[] = {
		{"a.corp.test:443", REASON_DENIED},
		{"corp.test:443", REASON_DENIED},
		{"jira.corp.test:443", REASON_NONE},
		{"a.jira.corp.test:443", REASON_DENIED},
		{"open.corp.test:443", REASON_NONE},
		{"a.b.open.corp.test:443", REASON_NONE},
		{"aopen.corp.test:443", REASON_DENIED},
		{"x-1.corp.test:443", REASON_NONE},
		{"a.x-1.corp.test:443", REASON_DENIED},
		{"git.corp.test:22", REASON_NONE},
		{"git.corp.test:443", REASON_DENIED},
		{"twice.open.corp.test:443", REASON_DENIED},
	};
	const struct entry deny = {.list = LIST_DENY,
		.pattern = SLICE("**.corp.test"),
		.except = corp,
		.except_count = COUNT(corp)};
	struct policy_builder *b = policy_builder_new();
	(void)state;
	rules_add(b, &deny);
	rules_add_list(b, LIST_DENY, "twice.open.corp.test");
	rules_add_list(b, LIST_ALLOW, "**.corp.test:*");
	struct policy *p = rules_finish(b, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target t = rules_target(rows[i].ask);
		enum reason reason = policy_judge(p, &t).reason;
		ROW_CHECK(rows[i].ask, reason == rows[i].reason, "%s", reason_word(reason));
	}
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolved_addresses_are_judged),
		cmocka_unit_test(local_binding_lifts_only_the_local_rule),
		cmocka_unit_test(own_endpoints_may_come_late),
		cmocka_unit_test(aliases_are_only_denied),
		cmocka_unit_test(limited_mode_wants_to_see_the_method),
		cmocka_unit_test(protocols_come_from_port_or_entry),
		cmocka_unit_test(exceptions_take_out_of_deny),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
