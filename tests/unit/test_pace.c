/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/pace.h"

enum { START_MS = 1000000 };

/* How many of `count` calls are taken. */
static unsigned taken(struct pace *p, const char *identity, unsigned count, uint64_t now_ms)
{
	unsigned good = 0;

	for (unsigned i = 0; i < count; i++)
		good += pace_take(p, slice_of(identity), now_ms);
	return good;
}

static void so_many_at_once_and_then_one_by_one(void **state)
{
	static const struct {
		const char *name;
		uint64_t after_ms; /* since the row before */
		unsigned taken; /* of many */
	} rows[] = {
		{"a burst", 0, LIMIT_AGENT_BURST},
		{"nothing at once behind it", 0, 0},
		{"just too early", LIMIT_AGENT_STEP_MS - 1, 0},
		{"one more", 1, 1},
		{"three steps", 3 * LIMIT_AGENT_STEP_MS, 3},
		{"nearly all of it is back", (LIMIT_AGENT_BURST - 1) * LIMIT_AGENT_STEP_MS,
			LIMIT_AGENT_BURST - 1},
		{"all of it is", LIMIT_AGENT_BURST * LIMIT_AGENT_STEP_MS, LIMIT_AGENT_BURST},
		{"and never more", 100 * LIMIT_AGENT_BURST * LIMIT_AGENT_STEP_MS,
			LIMIT_AGENT_BURST},
	};
	static struct pace p = {.key = {{1, 2}}};
	uint64_t now_ms = START_MS;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		now_ms += rows[i].after_ms;
		unsigned got = taken(&p, "local", 2 * LIMIT_AGENT_BURST, now_ms);
		ROW_CHECK(rows[i].name, got == rows[i].taken, "%u", got);
	}
}

static void identities_have_their_own(void **state)
{
	static struct pace p = {.key = {{1, 2}}};

	(void)state;
	assert_int_equal(taken(&p, "local", 2 * LIMIT_AGENT_BURST, START_MS), LIMIT_AGENT_BURST);
	assert_int_equal(
		taken(&p, "192.0.2.1", 2 * LIMIT_AGENT_BURST, START_MS), LIMIT_AGENT_BURST);
}

static void a_clock_set_back_shuts_nobody_out(void **state)
{
	static struct pace p = {.key = {{1, 2}}};

	(void)state;
	assert_int_equal(taken(&p, "local", 2 * LIMIT_AGENT_BURST, START_MS), LIMIT_AGENT_BURST);
	assert_true(pace_take(&p, SLICE("local"), START_MS - 1));
	assert_int_equal(taken(&p, "local", 2 * LIMIT_AGENT_BURST, 1000), LIMIT_AGENT_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_then_one_by_one),
		cmocka_unit_test(identities_have_their_own),
		cmocka_unit_test(a_clock_set_back_shuts_nobody_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
