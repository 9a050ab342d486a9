/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/rules.h: a policy from a few words. A list is one string of patterns separated by
 * spaces; more needs struct entry and rules_add. */
#ifndef SALLYPORT_TESTS_RULES_H
#define SALLYPORT_TESTS_RULES_H

#include "policy/policy.h"
#include "tests/unit/rows.h"

/* Adds one entry that must be good. */
static inline void rules_add(struct policy_builder *b, const struct entry *e)
{
	struct fault fault = {.text = "not set"};

	if (!policy_builder_add(b, e, &fault)) {
		print_error("%.*s: %s\n", (int)e->pattern.len, e->pattern.ptr, fault.text);
		fail();
	}
}

static inline void rules_add_list(struct policy_builder *b, enum policy_list list, const char *text)
{
	struct slice rest = slice_of(text);
	struct entry e = {.list = list, .file = SLICE("rules")};

	while (rest.len > 0) {
		e.pattern = slice_first(rest, slice_find(rest, ' '));
		e.line++;
		rest = slice_after(rest, e.pattern.len + 1);
		rules_add(b, &e);
	}
}

static inline struct policy *rules_finish(
	struct policy_builder *b, const struct policy_settings *settings)
{
	static const struct policy_settings none;
	struct policy *p = policy_builder_finish(b, settings ? settings : &none);

	assert_non_null(p);
	return p;
}

/* The allow entries are lines 1, 2, … of "rules", and so are the deny entries. */
static inline struct policy *rules_policy(
	const char *allow, const char *deny, const struct policy_settings *settings)
{
	struct policy_builder *b = policy_builder_new();

	assert_non_null(b);
	rules_add_list(b, LIST_ALLOW, allow);
	rules_add_list(b, LIST_DENY, deny);
	return rules_finish(b, settings);
}

static inline struct target rules_target(const char *authority)
{
	struct target t;

	if (target_parse_authority(slice_of(authority), &t) != REASON_NONE) {
		print_error("%s is malformed\n", authority);
		fail();
	}
	return t;
}

static inline struct address rules_address(const char *text)
{
	struct address a;

	if (!address_parse_ipv4(slice_of(text), &a) && !address_parse_ipv6(slice_of(text), &a)) {
		print_error("%s is no address\n", text);
		fail();
	}
	return a;
}

#endif
