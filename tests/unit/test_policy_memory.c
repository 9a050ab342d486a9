/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of building a policy fails once, in turn: an entry is refused with a sentence or
 * is there, the policy is whole or not made, and nothing is left behind (the sanitized run watches
 * that). The linker puts these functions before the C library's. */
#include "tests/unit/rules.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 300 };

static long left = -1; /* allocations that still succeed; -1: all */
static bool was_starved;

static bool starved(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	/* Only this one fails: what comes next must cope. */
	left = -1;
	was_starved = true;
	return true;
}

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_getifaddrs(struct ifaddrs **ret_list);

void *__wrap_malloc(size_t size)
{
	return starved() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return starved() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return starved() ? NULL : __real_realloc(at, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return starved() ? NULL : __real_aligned_alloc(align, size);
}

int __wrap_getifaddrs(struct ifaddrs **ret_list)
{
	if (!starved())
		return __real_getifaddrs(ret_list);
	errno = ENOMEM;
	return -1;
}
/* NOLINTEND(bugprone-reserved-identifier) */

struct built {
	struct policy *policy; /* NULL when it could not be made */
	bool added[NAMES];
};

static void name_text(char *ret_text, size_t size, int i)
{
	static const char *const before[] = {"", "*.", "**.", "h*."};

	snprintf(ret_text, size, "%sname-%d.test", before[i % 4], i / 4);
}

/* Names enough for several growths, then the odd ones: a range, "*", exceptions, ranges. */
static void add_all(struct policy_builder *b, struct built *ret)
{
	static const struct slice except[] = {{"a.bad.test", 10}}, ranges[] = {{"10.0.0.0/8", 10}};
	static const struct entry odd[] = {
		{.pattern = {"192.0.2.0/24", 12}},
		{.pattern = {"*", 1}},
		{.list = LIST_DENY,
			.pattern = {"**.bad.test", 11},
			.except = except,
			.except_count = 1},
		{.pattern = {"in.test", 7},
			.addresses = ranges,
			.address_count = 1,
			.file = {"f", 1}},
	};
	struct fault fault;

	for (int i = 0; i < NAMES; i++) {
		char text[40];
		name_text(text, sizeof(text), i);
		struct entry e = {.list = LIST_DENY, .pattern = slice_of(text)};
		fault.text[0] = '\0';
		ret->added[i] = policy_builder_add(b, &e, &fault);
		assert_true(ret->added[i] || strstr(fault.text, "does not fit into memory"));
	}
	for (size_t i = 0; i < COUNT(odd); i++)
		if (!policy_builder_add(b, &odd[i], &fault))
			assert_non_null(strstr(fault.text, "does not fit into memory"));
}

static struct built build(void)
{
	static const struct endpoint own[] = {{{4, {0}}, 3128}};
	static const struct policy_settings settings = {.own = own, .own_count = COUNT(own)};
	struct built built = {0};
	struct policy_builder *b = policy_builder_new();

	if (!b)
		return built;
	add_all(b, &built);
	built.policy = policy_builder_finish(b, &settings);
	return built;
}

static void check(const struct built *built)
{
	for (int i = 0; i < NAMES; i++) {
		char ask[48];
		snprintf(ask, sizeof(ask), "%sname-%d.test:443", i % 4 ? "h." : "", i / 4);
		struct target t = rules_target(ask);
		/* The other wildcards of the same base may stand in for one that is missing. */
		if (built->added[i])
			ROW_CHECK(ask, policy_judge(built->policy, &t).reason == REASON_DENIED,
				"%d", i);
	}
}

static void every_allocation_may_fail(void **state)
{
	long failures = 0;
	(void)state;
	for (long n = 0;; n++) {
		was_starved = false;
		left = n;
		struct built built = build();
		left = -1;
		if (built.policy)
			check(&built);
		policy_unref(built.policy);
		if (!was_starved)
			break;
		failures++;
	}
	assert_true(failures > 20);
}

static void late_endpoints_may_not_fit(void **state)
{
	static const struct endpoint own = {{4, {127, 0, 0, 1}}, 3128};
	struct policy *p = rules_policy("", "", NULL);
	struct target t = rules_target("127.0.0.1:3128");
	(void)state;
	left = 0;
	assert_false(policy_add_own(p, &own, 1));
	assert_int_equal(policy_judge(p, &t).reason, REASON_LOCAL_ADDRESS);
	assert_true(policy_add_own(p, &own, 1));
	assert_int_equal(policy_judge(p, &t).reason, REASON_OWN_ENDPOINT);
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(late_endpoints_may_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
