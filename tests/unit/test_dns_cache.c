/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/dns_cache.h"

#include <stdio.h>

/* An answer that says which it is by its address. */
static struct answer *answer_number(uint8_t number, uint32_t ttl_s)
{
	struct address address = {4, {192, 0, 2, number}};
	struct answer *answer = answer_of_addresses(&address, 1);

	assert_non_null(answer);
	answer->ttl_s = ttl_s;
	return answer;
}

static void store(
	struct dns_cache *c, const char *host, uint8_t number, uint32_t ttl_s, uint64_t now_ms)
{
	struct answer *answer = answer_number(number, ttl_s);

	dns_cache_store(c, slice_of(host), answer, now_ms);
	answer_unref(answer);
}

/* The number of the answer that is kept, or -1. */
static int kept(struct dns_cache *c, const char *host, uint64_t now_ms)
{
	const struct answer *answer = dns_cache_find(c, slice_of(host), now_ms);

	return answer ? answer->addresses[0].bytes[3] : -1;
}

static void an_answer_lives_as_long_as_its_ttl(void **state)
{
	struct dns_cache c;
	(void)state;
	assert_true(dns_cache_init(&c));
	store(&c, "a.test", 1, 2, 5000);
	assert_int_equal(kept(&c, "a.test", 5000), 1);
	assert_int_equal(kept(&c, "a.test", 6999), 1);
	assert_int_equal(kept(&c, "a.test", 7000), -1);
	assert_int_equal(c.count, 0);
	assert_int_equal(kept(&c, "b.test", 5000), -1);
	dns_cache_done(&c);
}

static void the_later_answer_stands(void **state)
{
	struct dns_cache c;
	(void)state;
	assert_true(dns_cache_init(&c));
	store(&c, "a.test", 1, 60, 0);
	store(&c, "a.test", 2, 60, 0);
	assert_int_equal(kept(&c, "a.test", 0), 2);
	assert_int_equal(c.count, 1);
	/* Also when it may not be kept: the one before is known to be old. */
	store(&c, "a.test", 3, 0, 0);
	assert_int_equal(kept(&c, "a.test", 0), -1);
	assert_int_equal(c.count, 0);
	dns_cache_done(&c);
}

static void a_reference_outlives_the_entry(void **state)
{
	struct dns_cache c;
	(void)state;
	assert_true(dns_cache_init(&c));
	store(&c, "a.test", 1, 60, 0);
	const struct answer *answer = answer_ref(dns_cache_find(&c, SLICE("a.test"), 0));
	dns_cache_done(&c);
	assert_int_equal(answer->addresses[0].bytes[3], 1);
	answer_unref(answer);
}

static void the_one_used_longest_ago_goes(void **state)
{
	struct dns_cache c;
	char host[32];
	(void)state;
	assert_true(dns_cache_init(&c));
	for (int i = 0; i < LIMIT_DNS_CACHE; i++) {
		snprintf(host, sizeof(host), "h%d.test", i);
		store(&c, host, 1, 60, 0);
	}
	assert_int_equal(c.count, LIMIT_DNS_CACHE);
	assert_int_equal(kept(&c, "h0.test", 0), 1);
	store(&c, "one-more.test", 2, 60, 0);
	assert_int_equal(c.count, LIMIT_DNS_CACHE);
	assert_int_equal(kept(&c, "h0.test", 0), 1);
	assert_int_equal(kept(&c, "h1.test", 0), -1);
	assert_int_equal(kept(&c, "h2.test", 0), 1);
	assert_int_equal(kept(&c, "one-more.test", 0), 2);
	dns_cache_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_lives_as_long_as_its_ttl),
		cmocka_unit_test(the_later_answer_stands),
		cmocka_unit_test(a_reference_outlives_the_entry),
		cmocka_unit_test(the_one_used_longest_ago_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
