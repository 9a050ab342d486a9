/* SPDX-License-Identifier: Apache-2.0 */
/* Random steps through a desk, held against a model after each one. The seed is printed; to repeat
 * one run: SALLYPORT_SEED=n. SALLYPORT_RUNS=n makes more of them. */
#include "tests/unit/drill.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 400, STEPS = 250 };

static uint64_t state;

static uint32_t random_number(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* Mostly what moves questions along; a restart now and then. */
static enum drill_action random_action(void)
{
	static const uint8_t weights[DRILL_ACTIONS] = {[DRILL_ASK] = 60,
		[DRILL_LEAVE] = 12,
		[DRILL_TOLD] = 8,
		[DRILL_ALLOW] = 14,
		[DRILL_DENY] = 8,
		[DRILL_GRANT] = 6,
		[DRILL_REVOKE] = 8,
		[DRILL_TICK] = 16,
		[DRILL_RULES] = 3,
		[DRILL_KEEP] = 6,
		[DRILL_JUSTIFY] = 2,
		[DRILL_TIMES] = 2,
		[DRILL_RESTART] = 2};
	unsigned sum = 0, drawn;

	for (int i = 0; i < DRILL_ACTIONS; i++)
		sum += weights[i];
	drawn = random_number() % sum;
	for (int i = 0;; i++) {
		if (drawn < weights[i])
			return (enum drill_action)i;
		drawn -= weights[i];
	}
}

static void run(uint64_t seed, unsigned *ret_ended, unsigned *ret_ruled)
{
	struct drill *d = drill_new();
	struct drill_step s = {0, 0, 0, 0};
	int n = 0;

	state = seed;
	do {
		uint32_t drawn = random_number();
		s = (struct drill_step){(uint8_t)random_action(), (uint8_t)drawn,
			(uint8_t)(drawn >> 8), (uint8_t)(drawn >> 16)};
		/* Failing keeps are rarer than a random mask has them. */
		if (s.action == DRILL_KEEP)
			s.a &= (uint8_t)random_number();
	} while (++n < STEPS && drill_do(d, s));
	const char *fault = d->fault;
	for (int i = 0; i < QUESTION_STATE_COUNT; i++)
		ret_ended[i] += d->ended[i];
	for (int i = 0; i <= RULING_WITHDRAWN; i++)
		ret_ruled[i] += d->ruled[i];
	drill_free(d);
	ROW_CHECK("random steps", !fault, "SALLYPORT_SEED=%llu, step %d (%u %u %u %u): %s",
		(unsigned long long)seed, n, s.action, s.a, s.b, s.c, fault);
}

static void random_steps_agree_with_a_model(void **unused)
{
	uint64_t seed = setting("SALLYPORT_SEED", (uint64_t)time(NULL) * 1000000);
	uint64_t runs = setting("SALLYPORT_RUNS", getenv("SALLYPORT_SEED") ? 1 : RUNS);
	unsigned ended[QUESTION_STATE_COUNT] = {0}, ruled[RULING_WITHDRAWN + 1] = {0};
	(void)unused;
	print_message("# seeds from %llu\n", (unsigned long long)seed);
	world_init();
	for (uint64_t i = 0; i < runs; i++)
		run(seed + i, ended, ruled);
	world_done();
	print_message("# ended: %u approved, %u denied, %u expired, %u withdrawn; "
		      "rulings: %u allowed, %u denied, %u expired, %u anew\n",
		ended[QUESTION_APPROVED], ended[QUESTION_DENIED], ended[QUESTION_EXPIRED],
		ended[QUESTION_WITHDRAWN], ruled[RULING_ALLOWED], ruled[RULING_DENIED],
		ruled[RULING_EXPIRED], ruled[RULING_WITHDRAWN]);
	/* Enough happened for the agreement to mean something. */
	if (runs >= RUNS)
		for (int i = QUESTION_APPROVED; i < QUESTION_STATE_COUNT; i++)
			assert_true(ended[i] > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
