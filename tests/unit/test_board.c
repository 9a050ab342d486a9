/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "control/board.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *question(const char *id, const char *state, unsigned second)
{
	char asked[40];

	snprintf(asked, sizeof(asked), "2026-11-21T10:55:%02u.000Z", second);
	return json_pack("{s:s, s:s, s:s}", "id", id, "state", state, "asked_at", asked);
}

static enum board_change update(
	struct board *b, const char *id, const char *state, unsigned second, uint64_t now_ms)
{
	json_t *q = question(id, state, second);
	enum board_change change = board_update(b, q, now_ms);

	json_decref(q);
	return change;
}

static const char *chosen(const struct board *b)
{
	const char *id = json_string_value(json_object_get(board_chosen(b), "id"));

	return id ? id : "none";
}

/* The ids in order, as one word. */
static const char *order(const struct board *b)
{
	static char text[64];

	text[0] = '\0';
	for (size_t i = 0; i < board_count(b); i++)
		strcat(text, json_string_value(json_object_get(board_at(b, i), "id")));
	return text;
}

static void questions_are_in_order_of_asking(void **state)
{
	struct board b;

	(void)state;
	assert_true(board_init(&b));
	assert_string_equal(chosen(&b), "none");
	assert_int_equal(update(&b, "b", "pending", 2, 0), BOARD_CAME);
	assert_int_equal(update(&b, "c", "pending", 3, 0), BOARD_CAME);
	assert_int_equal(update(&b, "a", "pending", 1, 0), BOARD_CAME);
	assert_int_equal(update(&b, "d", "pending", 3, 0), BOARD_CAME);
	assert_string_equal(order(&b), "abcd");
	assert_int_equal(update(&b, "a", "pending", 1, 0), BOARD_SAME);
	assert_int_equal(update(&b, "a", "pending", 4, 0), BOARD_CHANGED);
	assert_int_equal(update(&b, "z", "denied", 4, 0), BOARD_SAME);
	assert_int_equal(update(&b, "c", "denied", 4, 0), BOARD_WENT);
	assert_string_equal(order(&b), "abd");
	board_done(&b);
}

static void the_choice_stays_with_its_question(void **state)
{
	struct board b;

	(void)state;
	assert_true(board_init(&b));
	update(&b, "b", "pending", 2, 0);
	update(&b, "c", "pending", 3, 0);
	assert_string_equal(chosen(&b), "b");
	update(&b, "a", "pending", 1, 0);
	assert_string_equal(chosen(&b), "b");
	update(&b, "a", "expired", 1, 0);
	assert_string_equal(chosen(&b), "b");
	board_move(&b, 1);
	assert_string_equal(chosen(&b), "c");
	board_move(&b, 1);
	assert_string_equal(chosen(&b), "c");
	board_move(&b, -9);
	assert_string_equal(chosen(&b), "b");
	board_done(&b);
}

static void a_choice_that_moved_by_itself_has_to_settle(void **state)
{
	struct board b;

	(void)state;
	assert_true(board_init(&b));
	update(&b, "a", "pending", 1, 10000);
	assert_false(board_settled(&b, 10000 + LIMIT_SETTLE_MS - 1));
	assert_true(board_settled(&b, 10000 + LIMIT_SETTLE_MS));
	update(&b, "b", "pending", 2, 20000);
	update(&b, "c", "pending", 3, 20000);
	assert_true(board_settled(&b, 20000));
	/* Another one goes. */
	update(&b, "c", "approved", 3, 20000);
	assert_true(board_settled(&b, 20000));
	/* The chosen one does; the next is chosen. */
	update(&b, "a", "approved", 1, 30000);
	assert_string_equal(chosen(&b), "b");
	assert_false(board_settled(&b, 30000));
	assert_true(board_settled(&b, 30000 + LIMIT_SETTLE_MS));
	/* The last one goes: there is none. */
	update(&b, "b", "approved", 2, 40000);
	assert_string_equal(chosen(&b), "none");
	/* A clock that was set back does not lock anybody out. */
	assert_true(board_settled(&b, 39999));
	board_done(&b);
}

static void the_last_of_the_list_goes(void **state)
{
	struct board b;

	(void)state;
	assert_true(board_init(&b));
	update(&b, "a", "pending", 1, 0);
	update(&b, "b", "pending", 2, 0);
	board_move(&b, 1);
	update(&b, "b", "denied", 2, 0);
	assert_string_equal(chosen(&b), "a");
	board_done(&b);
}

static void loading_keeps_the_choice_or_says_that_it_moved(void **state)
{
	json_t *list = json_array();
	struct board b;

	(void)state;
	assert_true(board_init(&b));
	json_array_append_new(list, question("a", "pending", 1));
	json_array_append_new(list, question("b", "pending", 2));
	json_array_append_new(list, question("c", "denied", 3));
	json_array_append_new(list, json_integer(7));
	board_load(&b, list, 10000);
	assert_string_equal(order(&b), "ab");
	assert_string_equal(chosen(&b), "a");
	board_move(&b, 1);
	json_array_insert_new(list, 0, question("0", "pending", 0));
	board_load(&b, list, 20000);
	assert_string_equal(order(&b), "0ab");
	assert_string_equal(chosen(&b), "b");
	assert_true(board_settled(&b, 20000));
	json_array_remove(list, 2);
	board_load(&b, list, 30000);
	assert_string_equal(chosen(&b), "0");
	assert_false(board_settled(&b, 30000));
	board_load(&b, NULL, 30000);
	assert_int_equal(board_count(&b), 0);
	json_decref(list);
	board_done(&b);
}

static void the_list_is_bounded(void **state)
{
	struct board b;
	char id[16];

	(void)state;
	assert_true(board_init(&b));
	for (int i = 0; i < LIMIT_ROWS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_int_equal(update(&b, id, "pending", 1, 0), BOARD_CAME);
	}
	assert_int_equal(update(&b, "more", "pending", 1, 0), BOARD_FULL);
	assert_int_equal(update(&b, "7", "denied", 1, 0), BOARD_WENT);
	assert_int_equal(update(&b, "more", "pending", 1, 0), BOARD_CAME);
	board_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_in_order_of_asking),
		cmocka_unit_test(the_choice_stays_with_its_question),
		cmocka_unit_test(a_choice_that_moved_by_itself_has_to_settle),
		cmocka_unit_test(the_last_of_the_list_goes),
		cmocka_unit_test(loading_keeps_the_choice_or_says_that_it_moved),
		cmocka_unit_test(the_list_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
