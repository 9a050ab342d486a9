/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/tally.h"

#include <stdio.h>

static struct tally tally;

static int empty(void **state)
{
	(void)state;
	memset(&tally, 0, sizeof(tally));
	return 0;
}

static void count(const char *host, uint16_t port, enum event_decision decision)
{
	const struct event e = {.name = EVENT_POLICY_DECISION,
		.decision = decision,
		.reason = REASON_DENIED,
		.host = slice_of(host),
		.port = port,
		.time_ns = 7000000};
	tally_add(&tally, &e);
}

static const struct digest_name *find(const char *host, uint16_t port)
{
	for (size_t i = 0; i < tally.count; i++)
		if (tally.names[i].port == port && strcmp(tally.names[i].host, host) == 0)
			return &tally.names[i];
	return NULL;
}

/* The heap is one, knows its names, and each name is in the slot where a search ends. */
static void check_tables(void)
{
	size_t used = 0;
	for (size_t i = 0; i < tally.count; i++) {
		const struct tally_weight *w = &tally.heap[i];
		const struct digest_name *n = &tally.names[w->name];
		assert_true(i == 0 || tally.heap[(i - 1) / 2].count <= w->count);
		assert_int_equal(tally.heap_at[w->name], i);
		assert_int_equal(w->count, n->denied + n->held + n->error);
		size_t slot = tally.hashes[w->name] % TALLY_SLOTS;
		while (tally.slots[slot] != 0 && tally.slots[slot] != w->name + 1)
			slot = (slot + 1) % TALLY_SLOTS;
		assert_int_equal(tally.slots[slot], w->name + 1);
	}
	for (size_t i = 0; i < TALLY_SLOTS; i++)
		used += tally.slots[i] != 0;
	assert_int_equal(used, tally.count);
}

static void while_there_is_room_counts_are_exact(void **state)
{
	char host[32];
	(void)state;
	for (int i = 0; i < TALLY_NAMES; i++) {
		snprintf(host, sizeof(host), "%d.test", i);
		for (int n = 0; n <= i % 7; n++)
			count(host, 443, n % 2 ? EVENT_ASK : EVENT_DENY);
	}
	check_tables();
	for (int i = 0; i < TALLY_NAMES; i++) {
		snprintf(host, sizeof(host), "%d.test", i);
		const struct digest_name *n = find(host, 443);
		assert_non_null(n);
		assert_int_equal(n->denied, (unsigned)(i % 7) / 2 + 1);
		assert_int_equal(n->held, (unsigned)(i % 7 + 1) / 2);
		assert_int_equal(n->error, 0);
		assert_int_equal(n->last_ms, 7);
		assert_int_equal(n->reason, REASON_DENIED);
	}
}

static void ports_are_told_apart(void **state)
{
	(void)state;
	count("a.test", 80, EVENT_DENY);
	count("a.test", 443, EVENT_DENY);
	count("a.test", 443, EVENT_DENY);
	count("a.tes", 443, EVENT_DENY);
	assert_int_equal(tally.count, 3);
	assert_int_equal(find("a.test", 80)->denied, 1);
	assert_int_equal(find("a.test", 443)->denied, 2);
}

static void a_long_host_is_cut(void **state)
{
	char host[400];
	(void)state;
	memset(host, 'h', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	count(host, 443, EVENT_DENY);
	count(host, 443, EVENT_DENY);
	assert_int_equal(tally.count, 1);
	assert_int_equal(strlen(tally.names[0].host), sizeof(tally.names[0].host) - 1);
}

/* Sixteen names among a hundred thousand others: none of them is pushed out for good. */
static void the_frequent_stay_in_a_flood(void **state)
{
	enum { FREQUENT = 16, ROUNDS = 6000 };
	char host[32];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < FREQUENT; i++) {
			snprintf(host, sizeof(host), "frequent-%d.test", i);
			count(host, 443, EVENT_DENY);
			snprintf(host, sizeof(host), "%d-%d.flood.test", round, i);
			count(host, 443, EVENT_ASK);
		}
		if (round % 500 == 0)
			check_tables();
	}
	check_tables();
	assert_int_equal(tally.count, TALLY_NAMES);
	for (int i = 0; i < FREQUENT; i++) {
		snprintf(host, sizeof(host), "frequent-%d.test", i);
		const struct digest_name *n = find(host, 443);
		assert_non_null(n);
		assert_true(n->denied <= ROUNDS && n->denied + n->error >= ROUNDS);
		assert_true(n->denied > ROUNDS / 2);
	}
	for (size_t i = 0; i < tally.count; i++)
		assert_true(tally.names[i].held <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(while_there_is_room_counts_are_exact, empty),
		cmocka_unit_test_setup(ports_are_told_apart, empty),
		cmocka_unit_test_setup(a_long_host_is_cut, empty),
		cmocka_unit_test_setup(the_frequent_stay_in_a_flood, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
