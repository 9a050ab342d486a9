/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rules.h"

#include "policy/allowed.h"

#include <stdio.h>

static void the_allow_list_is_read_out_in_order(void **state)
{
	static const struct {
		const char *name, *allow, *deny, *seen;
	} rows[] = {
		{"nothing", "", "", ""},
		{"one", "example.com", "", "example.com 1;"},
		{"only denied", "", "pastebin.com *.zip", ""},
		{"every kind, as written",
			"Example.COM:8443 *.a.test **.b.test api-*.c.test 10.0.0.0/8 *", "",
			"Example.COM:8443 1;*.a.test 2;**.b.test 3;api-*.c.test 4;10.0.0.0/8 5;* 6;"},
		{"holes leave marks between", "a-*.test b-*.test c.test", "d-*.test",
			"a-*.test 1;b-*.test 2;c.test 3;"},
	};
	char seen[512];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy *p = rules_policy(rows[i].allow, rows[i].deny, NULL);
		size_t len = 0;
		seen[0] = '\0';
		for (uint32_t e = policy_next_allowed(p, ENTRY_NONE); e != ENTRY_NONE;
			e = policy_next_allowed(p, e)) {
			struct rule rule = policy_rule(p, e);
			len += (size_t)snprintf(
				seen + len, sizeof(seen) - len, "%s %u;", rule.pattern, rule.line);
		}
		ROW_CHECK(rows[i].name, strcmp(seen, rows[i].seen) == 0, "%s", seen);
		policy_unref(p);
	}
}

/* What is attached to an entry, its ranges and exceptions, is no entry. */
static void what_is_attached_is_passed_over(void **state)
{
	const struct slice ranges[] = {SLICE("10.20.0.0/16"), SLICE("10.30.0.0/16")};
	const struct slice except[] = {SLICE("jira.corp.example")};
	struct policy_builder *b = policy_builder_new();
	(void)state;
	rules_add(b, &(struct entry){.list = LIST_DENY,
			     .pattern = SLICE("**.corp.example"),
			     .file = SLICE("f"),
			     .except = except,
			     .except_count = 1});
	rules_add(b, &(struct entry){.pattern = SLICE("wiki.test"),
			     .file = SLICE("f"),
			     .addresses = ranges,
			     .address_count = 2});
	rules_add(b, &(struct entry){.pattern = SLICE("last.test"), .file = SLICE("f")});
	struct policy *p = rules_finish(b, NULL);
	uint32_t first = policy_next_allowed(p, ENTRY_NONE);
	assert_string_equal(policy_rule(p, first).pattern, "wiki.test");
	uint32_t second = policy_next_allowed(p, first);
	assert_string_equal(policy_rule(p, second).pattern, "last.test");
	assert_int_equal(policy_next_allowed(p, second), ENTRY_NONE);
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_allow_list_is_read_out_in_order),
		cmocka_unit_test(what_is_attached_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
