/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/patience.h"

static void so_many_at_once_and_one_more_in_a_while(void **state)
{
	struct patience p = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(patience_take(&p, 10, 5, 1000));
	assert_false(patience_take(&p, 10, 5, 1000));
	assert_false(patience_take(&p, 10, 5, 1004));
	assert_true(patience_take(&p, 10, 5, 1005));
	assert_false(patience_take(&p, 10, 5, 1005));
	for (int i = 0; i < 10; i++)
		assert_true(patience_take(&p, 10, 5, 2000));
	assert_false(patience_take(&p, 10, 5, 2000));
}

static void what_is_given_back_counts_no_more(void **state)
{
	struct patience p = {0};

	(void)state;
	patience_give(&p, 5);
	for (int i = 0; i < 10; i++)
		assert_true(patience_take(&p, 10, 5, 0));
	assert_false(patience_take(&p, 10, 5, 0));
	patience_give(&p, 5);
	assert_true(patience_take(&p, 10, 5, 0));
	assert_false(patience_take(&p, 10, 5, 0));
	/* More than was taken is no credit. */
	for (int i = 0; i < 100; i++)
		patience_give(&p, 5);
	for (int i = 0; i < 10; i++)
		assert_true(patience_take(&p, 10, 5, 0));
	assert_false(patience_take(&p, 10, 5, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_one_more_in_a_while),
		cmocka_unit_test(what_is_given_back_counts_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
