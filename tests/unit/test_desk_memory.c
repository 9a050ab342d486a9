/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a desk fails once, in turn: the call says so and nothing has happened, or it
 * succeeds all the same; and then the next call finds all in order (the sanitized run watches that
 * nothing is left behind). The linker puts these functions before the C library's. */
#include "tests/unit/desks.h"

#include <stdio.h>

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
/* NOLINTEND(bugprone-reserved-identifier) */

enum { QUESTIONS = 40, WAITERS_EACH = 3 };

static struct decision_ask decision(unsigned n)
{
	return (struct decision_ask){.allow = n % 2,
		.scope = (enum grant_scope)(n % GRANT_SCOPE_COUNT),
		.ttl_ms = 60000};
}

/* Field by field: what lies between them is nobody's. */
static void check_counts(const struct desk_counts *a, const struct desk_counts *b)
{
	assert_int_equal(a->pending, b->pending);
	assert_int_equal(a->waiters, b->waiters);
	assert_int_equal(a->grants, b->grants);
	assert_int_equal(a->asked, b->asked);
	assert_int_equal(a->approved, b->approved);
	assert_int_equal(a->denied, b->denied);
	assert_int_equal(a->expired, b->expired);
	assert_int_equal(a->withdrawn, b->withdrawn);
	assert_int_equal(a->revoked, b->revoked);
	assert_int_equal(a->refused, b->refused);
}

/* Asks until it is held; what a failure left must be what was there before. */
static void ask(struct desk_log *l, uint64_t waiter, const char *target)
{
	const struct desk_counts before = desk_counts(l->desk);

	l->text[0] = '\0';
	enum desk_asked asked = desks_ask(l, waiter, "local", target, 0);
	if (asked == DESK_NO_MEMORY) {
		const struct desk_counts after = desk_counts(l->desk);
		assert_true(was_starved);
		check_counts(&before, &after);
		assert_string_equal(l->text, "");
		asked = desks_ask(l, waiter, "local", target, 0);
	}
	assert_int_equal(asked, DESK_HELD);
}

static void decide(struct desk_log *l, uint64_t question, unsigned n)
{
	const struct desk_counts before = desk_counts(l->desk);

	l->text[0] = '\0';
	enum desk_result result = desks_decide(l, question, decision(n), 1);
	if (result != DESK_OK) {
		const struct desk_counts after = desk_counts(l->desk);
		assert_true(was_starved);
		assert_int_equal(result, DESK_NOT_KEPT);
		check_counts(&before, &after);
		assert_string_equal(l->text, "");
		result = desks_decide(l, question, decision(n), 1);
	}
	assert_int_equal(result, DESK_OK);
	assert_int_equal(desk_question(l->desk, question)->waiters, 0);
}

static bool restore(struct desk_log *l)
{
	struct question q = {.id = 7, .expires_ms = DESK_START_MS + 5, .identity = "local"};
	struct grant g = {.id = 9, .allow = true, .scope = GRANT_ALWAYS};
	bool all = true;

	q.target = rules_target("restored.example:443");
	if (!desk_restore_question(l->desk, &q)) {
		assert_true(was_starved);
		assert_null(desk_question(l->desk, q.id));
		all = desk_restore_question(l->desk, &q);
	}
	if (!desk_restore_grant(l->desk, &g)) {
		assert_true(was_starved);
		assert_null(desk_find_grant(l->desk, g.id));
		all = desk_restore_grant(l->desk, &g) && all;
	}
	return all;
}

static void live(struct desk_log *l)
{
	uint64_t questions[QUESTIONS], waiter = 0;
	char target[40];

	assert_true(restore(l));
	for (unsigned n = 0; n < QUESTIONS; n++) {
		snprintf(target, sizeof(target), "a%u.example:443", n);
		for (int w = 0; w < WAITERS_EACH; w++)
			ask(l, ++waiter, target);
		questions[n] = l->last_id;
	}
	for (unsigned n = 0; n < QUESTIONS; n++)
		decide(l, questions[n], n);
	assert_int_equal(desk_counts(l->desk).waiters, 0);
	/* A snapshot that could not be made is made when it is needed. */
	struct grants *snapshot = desk_snapshot(l->desk);
	if (!snapshot) {
		assert_true(was_starved);
		snapshot = desk_snapshot(l->desk);
	}
	assert_non_null(snapshot);
	grants_unref(snapshot);
	enum desk_asked asked = desks_ask(l, 1, "local", "a2.example:443", 2);
	if (asked == DESK_NO_MEMORY)
		asked = desks_ask(l, 1, "local", "a2.example:443", 2);
	assert_int_equal(asked, DESK_ANSWERED);
}

static void every_allocation_may_fail(void **state)
{
	struct desk_options options = {.pending_ms = 900000,
		.deny_ms = 600000,
		.session_ms = 28800000,
		.waiters = 1000,
		.waiters_identity = 1000,
		.waiters_question = 1000,
		.questions = 1000,
		.questions_identity = 1000};
	static struct desk_log l;
	long failures = 0;
	(void)state;
	for (long n = 0;; n++) {
		was_starved = false;
		desks_init(&l, "", "");
		desk_configure(l.desk, &options);
		left = n;
		live(&l);
		left = -1;
		desks_done(&l);
		if (!was_starved)
			break;
		failures++;
	}
	assert_true(failures > 100);
}

static void a_desk_may_not_fit(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	struct desk *first = l.desk;
	const struct desk_options options = {.outlets = {&l, NULL, NULL, NULL, NULL, NULL}};
	left = 0;
	assert_null(desk_new(&options));
	left = -1;
	l.desk = first;
	desks_done(&l);
	desk_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(a_desk_may_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
