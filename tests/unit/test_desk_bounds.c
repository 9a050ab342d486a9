/* SPDX-License-Identifier: Apache-2.0 */
/* What a desk does at its bounds, and after a restart. */
#include "tests/unit/desks.h"

#include <stdio.h>

static const struct decision_ask once = {.allow = true, .scope = GRANT_ONCE};
static const struct decision_ask always = {.allow = true, .scope = GRANT_ALWAYS};

/* A desk as large as they get, silent but for its counters. */
struct big {
	struct desk_log log;
	size_t answers, answered, largest;
};

static struct big *big_of(void *owner)
{
	return owner;
}

static bool keep(void *owner, const struct news *news)
{
	(void)owner;
	(void)news;
	return true;
}

static void tell(void *owner, const struct news *news)
{
	(void)owner;
	(void)news;
}

static void answer(void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	struct big *b = big_of(owner);

	(void)waiters;
	assert_int_equal(ruling->kind, RULING_ALLOWED);
	b->answers++;
	b->answered += count;
	if (count > b->largest)
		b->largest = count;
}

static void regrant(void *owner)
{
	(void)owner;
}

static uint64_t new_id(void *owner)
{
	return ++big_of(owner)->log.last_id;
}

static void big_init(struct big *b)
{
	const struct desk_options options = {.pending_ms = 900000,
		.deny_ms = 600000,
		.session_ms = 28800000,
		.waiters = LIMIT_WAITERS,
		.waiters_identity = LIMIT_WAITERS,
		.waiters_question = LIMIT_WAITERS,
		.questions = LIMIT_QUESTIONS,
		.questions_identity = LIMIT_QUESTIONS,
		.outlets = {b, keep, answer, tell, regrant, new_id}};

	*b = (struct big){.answers = 0};
	desks_init(&b->log, "", "");
	desk_free(b->log.desk);
	b->log.desk = desk_new(&options);
	assert_non_null(b->log.desk);
}

static void many_waiters_are_answered_in_notices(void **state)
{
	static struct big b;
	enum { WAITERS = 2 * LIMIT_NOTICE + 1 };
	(void)state;
	big_init(&b);
	for (uint64_t n = 1; n <= WAITERS; n++)
		assert_int_equal(desks_ask(&b.log, n, "local", "a.example:443", 0), DESK_HELD);
	assert_int_equal(desk_counts(b.log.desk).waiters, WAITERS);
	assert_int_equal(desks_decide(&b.log, b.log.last_id, once, 1), DESK_OK);
	assert_int_equal(b.answers, 3);
	assert_int_equal(b.answered, WAITERS);
	assert_int_equal(b.largest, LIMIT_NOTICE);
	assert_int_equal(desk_counts(b.log.desk).waiters, 0);
	desks_done(&b.log);
}

static bool count_one(void *owner, const struct question *q)
{
	(void)q;
	++*(size_t *)owner;
	return true;
}

static bool stop_at_two(void *owner, const struct question *q)
{
	(void)q;
	return ++*(size_t *)owner < 2;
}

static bool is_sorted(void *owner, const struct question *q)
{
	uint64_t *last_ms = owner;

	assert_true(q->asked_ms >= *last_ms);
	*last_ms = q->asked_ms;
	return true;
}

static void only_the_newest_ended_questions_stay(void **state)
{
	static struct big b;
	uint64_t first = 0, last_ms = 0;
	size_t count = 0;
	char target[40];
	(void)state;
	big_init(&b);
	for (unsigned n = 0; n < LIMIT_DECIDED + 5; n++) {
		snprintf(target, sizeof(target), "a%u.example:443", n);
		desks_ask(&b.log, 1, "local", target, n);
		first = first ? first : b.log.last_id;
		assert_int_equal(desks_decide(&b.log, b.log.last_id, always, n), DESK_OK);
	}
	desks_ask(&b.log, 2, "local", "pending.example:443", LIMIT_DECIDED + 5);
	assert_null(desk_question(b.log.desk, first));
	desk_each_question(b.log.desk, QUESTION_APPROVED, count_one, &count);
	assert_int_equal(count, LIMIT_DECIDED);
	count = 0;
	desk_each_question(b.log.desk, QUESTION_STATE_COUNT, count_one, &count);
	assert_int_equal(count, LIMIT_DECIDED + 1);
	desk_each_question(b.log.desk, QUESTION_STATE_COUNT, is_sorted, &last_ms);
	count = 0;
	desk_each_question(b.log.desk, QUESTION_STATE_COUNT, stop_at_two, &count);
	assert_int_equal(count, 2);
	desks_done(&b.log);
}

/* Restored, because making each with a snapshot of all the others takes long. */
static void fill_with_grants(struct big *b, uint32_t count)
{
	struct grant g = {.allow = true, .scope = GRANT_ALWAYS, .made_ms = 5};
	char text[40], sentence[200];

	for (uint32_t n = 0; n < count; n++) {
		g.id = UINT64_C(0x100000000) + n;
		snprintf(text, sizeof(text), "full%u.example:443", n);
		assert_true(pattern_parse(slice_of(text), &g.pattern, sentence, sizeof(sentence)));
		assert_true(desk_restore_grant(b->log.desk, &g));
	}
}

static void a_full_shelf_refuses_and_makes_room_of_what_was_used(void **state)
{
	struct decision_ask known = {
		.allow = true, .scope = GRANT_ALWAYS, .pattern = SLICE("full7.example:443")};
	static struct big b;
	(void)state;
	big_init(&b);
	fill_with_grants(&b, LIMIT_GRANTS - 1);
	desks_ask(&b.log, 1, "local", "a.example:443", 0);
	assert_int_equal(desks_decide(&b.log, b.log.last_id, once, 1), DESK_OK);
	uint64_t used = b.log.grant->id;
	assert_int_equal(desk_counts(b.log.desk).grants, LIMIT_GRANTS);
	/* In place of the once-grant, which let its connections through. */
	desks_ask(&b.log, 1, "local", "b.example:443", 2);
	uint64_t question = b.log.last_id;
	assert_int_equal(desks_decide(&b.log, question, always, 3), DESK_OK);
	assert_null(desk_find_grant(b.log.desk, used));
	assert_int_equal(desk_counts(b.log.desk).grants, LIMIT_GRANTS);
	desks_ask(&b.log, 1, "local", "c.example:443", 4);
	question = b.log.last_id;
	assert_int_equal(desks_decide(&b.log, question, always, 5), DESK_FULL);
	assert_int_equal(desk_question(b.log.desk, question)->state, QUESTION_PENDING);
	assert_int_equal(desks_grant(&b.log, "", known, 6), DESK_OK);
	assert_int_equal(desk_counts(b.log.desk).grants, LIMIT_GRANTS);
	assert_int_equal(desks_revoke(&b.log, b.log.grant->id, 7), DESK_OK);
	assert_int_equal(desks_decide(&b.log, question, always, 8), DESK_OK);
	struct grant one_more = {.id = 3, .scope = GRANT_ALWAYS};
	assert_false(desk_restore_grant(b.log.desk, &one_more));
	desks_done(&b.log);
}

static bool stands(const struct big *b, const struct grant_mark *mark)
{
	const struct claimant who = {SLICE("local"), SLICE("")};
	struct target t = rules_target("a.example:443");
	struct grants *snapshot = desk_snapshot(b->log.desk);
	bool result =
		grants_stands(snapshot, mark, &who, &(struct concern){.target = &t}, DESK_START_MS);

	grants_unref(snapshot);
	return result;
}

/* Workers are told of the newest by id, and of all older ones by their age. */
static void once_grants_taken_back_are_never_forgotten(void **state)
{
	enum { REVOKED = LIMIT_REVOKED + 10 };
	static struct grant_mark marks[REVOKED + 1];
	static struct big b;
	(void)state;
	big_init(&b);
	for (unsigned n = 0; n <= REVOKED; n++) {
		desks_ask(&b.log, 1, "local", "a.example:443", n);
		assert_int_equal(desks_decide(&b.log, b.log.last_id, once, n), DESK_OK);
		marks[n] = (struct grant_mark){b.log.grant->id, b.log.grant->made_ms, true};
		assert_true(stands(&b, &marks[n]));
		if (n < REVOKED)
			assert_int_equal(desks_revoke(&b.log, b.log.grant->id, n), DESK_OK);
	}
	for (unsigned n = 0; n < REVOKED; n++)
		assert_false(stands(&b, &marks[n]));
	assert_true(stands(&b, &marks[REVOKED]));
	desks_done(&b.log);
}

static void used_once_grants_are_listed_for_a_session(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	assert_int_equal(desks_decide(&l, l.last_id, once, 10), DESK_OK);
	uint64_t grant = l.grant->id;
	assert_int_equal(l.grant->expires_ms, 0);
	assert_int_equal(desk_tick(l.desk, DESK_START_MS + 28800009), DESK_START_MS + 28800010);
	assert_non_null(desk_find_grant(l.desk, grant));
	l.text[0] = '\0';
	assert_int_equal(desk_tick(l.desk, DESK_START_MS + 28800010), 0);
	desks_expect(&l, "keep ended\nended by a.example:443\nregrant\n");
	assert_null(desk_find_grant(l.desk, grant));
	desks_done(&l);
}

static void a_restart_finds_what_was_kept(void **state)
{
	struct question q = {.id = 7,
		.protocol = QUESTION_HTTP,
		.target = rules_target("a.example:80"),
		.identity = "local",
		.asked_ms = DESK_START_MS,
		.expires_ms = DESK_START_MS + 900000};
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	assert_true(desk_restore_question(l.desk, &q));
	assert_false(desk_restore_question(l.desk, &q));
	desks_expect(&l, "");
	assert_int_equal(desk_counts(l.desk).pending, 1);
	assert_int_equal(desks_decide(&l, 7, once, 1), DESK_OK);
	struct grant unused = *l.grant;
	q = *desk_question(l.desk, 7);
	desks_done(&l);

	/* The next process: the once-grant is for a plain request, as its question was. */
	desks_init(&l, "", "");
	assert_true(desk_restore_question(l.desk, &q));
	assert_true(desk_restore_grant(l.desk, &unused));
	assert_false(desk_restore_grant(l.desk, &unused));
	assert_int_equal(desk_counts(l.desk).pending, 0);
	assert_int_equal(desks_ask(&l, 1, "local", "a.example:80", 2), DESK_HELD);
	const struct claimant who = {SLICE("local"), SLICE("")};
	struct ruling ruling;
	assert_int_equal(desk_ask(l.desk, 2, &who, &(struct concern){&q.target, QUESTION_HTTP, {0}},
				 NULL, DESK_START_MS + 3, &ruling),
		DESK_ANSWERED);
	assert_true(ruling.grant.id == unused.id && ruling.grant.once);
	unused = *desk_find_grant(l.desk, unused.id);
	desks_done(&l);

	/* The one after that: it was used, and its connections ended with the process. */
	desks_init(&l, "", "");
	assert_true(desk_restore_grant(l.desk, &unused));
	desk_tick(l.desk, DESK_START_MS + 4);
	desks_expect(&l, "keep ended\nended by a.example:80\nregrant\n");
	desks_done(&l);
}

/* Without its question, a once-grant is for what its port usually carries. */
static void an_orphaned_once_grant_goes_by_its_port(void **state)
{
	static const struct {
		const char *pattern;
		enum question_protocol protocol;
	} rows[] = {{"a.example:80", QUESTION_HTTP}, {"a.example:443", QUESTION_CONNECT},
		{"8.8.8.8:443", QUESTION_CONNECT}, {"[2001:4860::1]:80", QUESTION_HTTP}};
	const struct claimant who = {SLICE("local"), SLICE("")};
	char sentence[200];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct grant g = {.id = 5,
			.allow = true,
			.identity = "local",
			.question = 99,
			.expires_ms = DESK_START_MS + 1000};
		struct target t = rules_target(rows[i].pattern);
		struct ruling ruling;
		struct desk_log l;
		desks_init(&l, "", "");
		assert_true(pattern_parse(
			slice_of(rows[i].pattern), &g.pattern, sentence, sizeof(sentence)));
		assert_true(desk_restore_grant(l.desk, &g));
		enum question_protocol other =
			rows[i].protocol == QUESTION_HTTP ? QUESTION_CONNECT : QUESTION_HTTP;
		ROW_CHECK(rows[i].pattern,
			desk_ask(l.desk, 1, &who, &(struct concern){&t, other, {0}}, NULL,
				DESK_START_MS, &ruling) == DESK_HELD,
			"held");
		ROW_CHECK(rows[i].pattern,
			desk_ask(l.desk, 2, &who, &(struct concern){&t, rows[i].protocol, {0}},
				NULL, DESK_START_MS, &ruling) == DESK_ANSWERED,
			"answered");
		desks_done(&l);
	}
}

static void what_is_said_of_a_question_is_kept(void **state)
{
	struct question_context context = {.method = "GET", .user_agent = "curl/8"};
	const struct claimant who = {SLICE("local"), SLICE("s")};
	struct target t = rules_target("a.example:80");
	char words[1100];
	struct ruling ruling;
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	memset(words, 'w', sizeof(words));
	desk_ask(l.desk, 1, &who, &(struct concern){&t, QUESTION_HTTP, {0}}, &context,
		DESK_START_MS, &ruling);
	const struct question *q = desk_question(l.desk, ruling.question);
	assert_string_equal(q->context.user_agent, "curl/8");
	assert_string_equal(q->session, "s");
	l.text[0] = '\0';
	assert_int_equal(desk_justify(l.desk, q->id, SLICE("local"),
				 slice_from(words, sizeof(words)), DESK_START_MS),
		DESK_OK);
	desks_expect(&l, "keep context\ncontext local a.example:80\n");
	assert_int_equal(strlen(q->context.justification), sizeof(context.justification) - 1);
	assert_int_equal(desk_justify(l.desk, q->id, SLICE("10.0.0.1"), SLICE("x"), DESK_START_MS),
		DESK_NOT_FOUND);
	desk_set_process(l.desk, q->id, "curl", "curl -v", 42, DESK_START_MS);
	desks_expect(&l, "keep context\ncontext local a.example:80\n");
	assert_string_equal(q->context.process, "curl");
	assert_int_equal(q->context.process_id, 42);
	desk_set_process(l.desk, q->id + 50, "curl", "curl -v", 42, DESK_START_MS);
	assert_int_equal(desks_decide(&l, q->id, once, 1), DESK_OK);
	assert_int_equal(desk_justify(l.desk, q->id, SLICE("local"), SLICE("x"), DESK_START_MS + 2),
		DESK_GONE);
	l.text[0] = '\0';
	desk_set_process(l.desk, q->id, "late", "late", 1, DESK_START_MS + 2);
	desks_expect(&l, "");
	desks_done(&l);
}

static void a_number_in_use_anew_has_left(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	desks_ask(&l, 1, "local", "b.example:443", 1);
	desks_expect(&l, "keep asked\nasked local a.example:443\nwaiters local a.example:443 0\n"
			 "keep asked\nasked local b.example:443\n");
	assert_int_equal(desk_counts(l.desk).waiters, 1);
	desk_leave(l.desk, 2, false, DESK_START_MS + 2);
	desks_expect(&l, "");
	desks_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_waiters_are_answered_in_notices),
		cmocka_unit_test(only_the_newest_ended_questions_stay),
		cmocka_unit_test(a_full_shelf_refuses_and_makes_room_of_what_was_used),
		cmocka_unit_test(once_grants_taken_back_are_never_forgotten),
		cmocka_unit_test(used_once_grants_are_listed_for_a_session),
		cmocka_unit_test(a_restart_finds_what_was_kept),
		cmocka_unit_test(an_orphaned_once_grant_goes_by_its_port),
		cmocka_unit_test(what_is_said_of_a_question_is_kept),
		cmocka_unit_test(a_number_in_use_anew_has_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
