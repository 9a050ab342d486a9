/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/allowance.h"

enum { MS = 1000000 };
#define START_NS UINT64_C(3600000000000)

static void a_burst_is_saved_up_and_no_more(void **state)
{
	struct allowance a = {.part = 10, .burst_ms = 200};
	(void)state;
	assert_true(allowance_left(&a, START_NS));
	allowance_take(&a, 200 * MS, START_NS);
	assert_true(allowance_left(&a, START_NS));
	allowance_take(&a, 1, START_NS);
	assert_false(allowance_left(&a, START_NS));
}

static void its_part_comes_back_with_time(void **state)
{
	struct allowance a = {.part = 10, .burst_ms = 200};
	(void)state;
	allowance_take(&a, 250 * MS, START_NS);
	assert_false(allowance_left(&a, START_NS + 499 * MS));
	assert_true(allowance_left(&a, START_NS + 500 * MS));
	allowance_take(&a, 1 * MS, START_NS + 500 * MS);
	assert_false(allowance_left(&a, START_NS + 509 * MS));
	assert_true(allowance_left(&a, START_NS + 510 * MS));
}

/* The machine has just started: there is less time behind it than could be saved. */
static void a_young_clock_saves_what_there_is(void **state)
{
	struct allowance a = {.part = 10, .burst_ms = 200};
	(void)state;
	allowance_take(&a, 1 * MS, 5 * MS);
	assert_false(allowance_left(&a, 9 * MS));
	assert_true(allowance_left(&a, 10 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_saved_up_and_no_more),
		cmocka_unit_test(its_part_comes_back_with_time),
		cmocka_unit_test(a_young_clock_saves_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
