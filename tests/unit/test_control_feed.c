/* SPDX-License-Identifier: Apache-2.0 */
/* The latest events, and who may come back to them. */
#include "control/feed.h"
#include "tests/unit/rows.h"

#include <stdio.h>

enum {
	PEOPLE = 1 << STREAM_APPROVAL | 1 << STREAM_GRANT | 1 << STREAM_CONFIG,
	TRAFFIC = 1 << STREAM_DECISION | 1 << STREAM_CLOSED,
};

static struct feed feed;

static int start(void **state)
{
	(void)state;
	feed_init(&feed, "b00t");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	feed_done(&feed);
	return 0;
}

static void add(enum stream_kind kind, size_t count)
{
	while (count-- > 0)
		assert_non_null(feed_add(&feed, kind, SLICE("{}")));
}

/* What comes behind a number, as "3approval 4closed ". */
static const char *behind(uint64_t number, unsigned kinds)
{
	static char text[4096];
	int len = 0;

	text[0] = '\0';
	for (const struct feed_event *e = feed_after(&feed, number, kinds); e;
		e = feed_after(&feed, e->number, kinds))
		len += sprintf(text + len, "%d%s ", (int)e->number, stream_kind_word(e->kind));
	return text;
}

static void events_are_numbered(void **state)
{
	char id[FEED_ID_SIZE];

	(void)state;
	feed_id(&feed, id);
	assert_string_equal(id, "b00t-0");
	const struct feed_event *e = feed_add(&feed, STREAM_GRANT, SLICE("{\"a\":1}"));
	assert_string_equal(e->text, "id: b00t-1\nevent: grant\ndata: {\"a\":1}\n\n");
	assert_int_equal(e->len, strlen(e->text));
	e = feed_add(&feed, STREAM_CLOSED, SLICE("{}"));
	assert_string_equal(e->text, "id: b00t-2\nevent: closed\ndata: {}\n\n");
	feed_id(&feed, id);
	assert_string_equal(id, "b00t-2");
}

static void kinds_are_picked_in_order(void **state)
{
	(void)state;
	add(STREAM_APPROVAL, 1);
	add(STREAM_DECISION, 1);
	add(STREAM_GAP, 1);
	add(STREAM_GRANT, 1);
	add(STREAM_CLOSED, 1);
	add(STREAM_CONFIG, 1);
	assert_string_equal(
		behind(0, PEOPLE | TRAFFIC), "1approval 2decision 3gap 4grant 5closed 6config ");
	assert_string_equal(behind(0, PEOPLE), "1approval 4grant 6config ");
	assert_string_equal(behind(0, 1 << STREAM_CLOSED), "3gap 5closed ");
	assert_string_equal(behind(0, 1 << STREAM_CONFIG), "6config ");
	assert_string_equal(behind(4, PEOPLE | TRAFFIC), "5closed 6config ");
	assert_string_equal(behind(5, TRAFFIC), "");
	assert_string_equal(behind(6, PEOPLE | TRAFFIC), "");
}

static void only_an_id_of_ours_resumes(void **state)
{
	static const struct row {
		const char *name, *id;
		bool resumes;
		uint64_t number;
	} rows[] = {
		{"the newest", "b00t-3", true, 3},
		{"one before", "b00t-2", true, 2},
		{"before the first", "b00t-0", true, 0},
		{"not yet", "b00t-4", false, 0},
		{"another boot", "b00u-3", false, 0},
		{"boot alone", "b00t", false, 0},
		{"no number", "b00t-", false, 0},
		{"sign", "b00t-+3", false, 0},
		{"two numbers", "b00t-3-3", false, 0},
		{"letters", "b00t-3a", false, 0},
		{"twenty digits", "b00t-00000000000000000003", false, 0},
		{"nineteen digits", "b00t-0000000000000000003", true, 3},
		{"empty", "", false, 0},
	};

	(void)state;
	add(STREAM_APPROVAL, 3);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number = 0;
		bool resumes = feed_resumes(&feed, slice_of(rows[i].id), PEOPLE, &number);
		ROW_CHECK(rows[i].name, resumes == rows[i].resumes, "%d", resumes);
		ROW_CHECK(rows[i].name, number == rows[i].number, "%d", (int)number);
	}
}

static bool resumes(uint64_t from, unsigned kinds)
{
	char id[FEED_ID_SIZE];
	uint64_t number;

	snprintf(id, sizeof(id), "b00t-%llu", (unsigned long long)from);
	return feed_resumes(&feed, slice_of(id), kinds, &number);
}

static void what_is_gone_does_not_resume(void **state)
{
	(void)state;
	add(STREAM_APPROVAL, LIMIT_FEED_EVENTS);
	assert_true(resumes(0, PEOPLE));
	add(STREAM_APPROVAL, 1);
	assert_false(resumes(0, PEOPLE));
	assert_true(resumes(1, PEOPLE));
	assert_int_equal(feed_after(&feed, 1, PEOPLE)->number, 2);
	assert_true(resumes(0, TRAFFIC));
	assert_false(resumes(0, PEOPLE | TRAFFIC));
}

static void traffic_does_not_push_people_out(void **state)
{
	(void)state;
	add(STREAM_APPROVAL, 1);
	add(STREAM_DECISION, 3 * LIMIT_FEED_EVENTS);
	assert_true(resumes(0, PEOPLE));
	assert_string_equal(behind(0, PEOPLE), "1approval ");
	assert_false(resumes(2 * LIMIT_FEED_EVENTS, TRAFFIC));
	assert_true(resumes(2 * LIMIT_FEED_EVENTS + 1, TRAFFIC));
	assert_int_equal(feed_after(&feed, 0, TRAFFIC)->number, 2 * LIMIT_FEED_EVENTS + 2);
}

static void what_nobody_wanted_is_missing(void **state)
{
	(void)state;
	add(STREAM_APPROVAL, 2);
	feed_skip(&feed, STREAM_APPROVAL);
	assert_false(resumes(2, PEOPLE));
	assert_true(resumes(3, PEOPLE));
	assert_true(resumes(2, TRAFFIC));
	/* An older one that falls out later does not make it forgotten. */
	add(STREAM_APPROVAL, LIMIT_FEED_EVENTS - 1);
	assert_false(resumes(2, PEOPLE));
	assert_true(resumes(3, PEOPLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_numbered, start, stop),
		cmocka_unit_test_setup_teardown(kinds_are_picked_in_order, start, stop),
		cmocka_unit_test_setup_teardown(only_an_id_of_ours_resumes, start, stop),
		cmocka_unit_test_setup_teardown(what_is_gone_does_not_resume, start, stop),
		cmocka_unit_test_setup_teardown(traffic_does_not_push_people_out, start, stop),
		cmocka_unit_test_setup_teardown(what_nobody_wanted_is_missing, start, stop),
	};

	return cmocka_run_group_tests_name("control_feed", tests, NULL, NULL);
}
