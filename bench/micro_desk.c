/* SPDX-License-Identifier: Apache-2.0 */
/* The approval desk without a disk: a client that asks and leaves while 50,000 wait, a decision that
 * releases 1,000 waiters, what a worker pays for a look at 10,000 grants, and what a new snapshot of
 * them costs. Ids are numbers in a row: a real generator costs some 100 ns more per question. */
#include "policy/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WAITING = 50000, RELEASED = 1000, ROUNDS = 200, GRANTS = 10000, LOOKS = 1000000 };

static uint64_t ids;
static uint64_t answered;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool keep(void *owner, const struct news *news)
{
	(void)owner;
	(void)news;
	return true;
}

static void answer(void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	(void)owner;
	(void)waiters;
	(void)ruling;
	answered += count;
}

static void tell(void *owner, const struct news *news)
{
	(void)owner;
	(void)news;
}

static void regrant(void *owner)
{
	(void)owner;
}

static uint64_t new_id(void *owner)
{
	(void)owner;
	return ++ids * UINT64_C(0x9e3779b97f4a7c15);
}

static struct desk *desk_of_any_size(void)
{
	const struct desk_options options = {.pending_ms = 900000,
		.deny_ms = 600000,
		.session_ms = 28800000,
		.waiters = LIMIT_WAITERS,
		.waiters_identity = LIMIT_WAITERS,
		.waiters_question = LIMIT_WAITERS,
		.questions = LIMIT_QUESTIONS,
		.questions_identity = LIMIT_QUESTIONS,
		.outlets = {NULL, keep, answer, tell, regrant, new_id}};
	struct desk *d = desk_new(&options);

	if (!d)
		abort();
	return d;
}

static struct target target_of(unsigned n)
{
	struct target t;
	char text[40];

	snprintf(text, sizeof(text), "host-%u.n%u.example:443", n, n % 97);
	if (target_parse_authority(slice_of(text), &t) != REASON_NONE)
		abort();
	return t;
}

static void ask(struct desk *d, uint64_t waiter, const struct target *t)
{
	const struct claimant who = {SLICE("10.20.30.40"), SLICE("session-1")};
	struct ruling ruling;

	if (desk_ask(d, waiter, &who, &(struct concern){t, QUESTION_CONNECT, {0}}, NULL, 1000000,
		    &ruling) != DESK_HELD)
		abort();
}

static void measure_asking(void)
{
	struct desk *d = desk_of_any_size();
	uint64_t start, new_ns = 0, known_ns;

	for (unsigned n = 0; n < WAITING; n++) {
		struct target t = target_of(n % 8192);
		start = now_ns();
		ask(d, n + 1, &t);
		new_ns += n < 8192 ? now_ns() - start : 0;
	}
	struct target t = target_of(4711);
	start = now_ns();
	for (unsigned n = 0; n < LOOKS; n++) {
		ask(d, WAITING + 1, &t);
		desk_leave(d, WAITING + 1, false, 1000000);
	}
	known_ns = (now_ns() - start) / LOOKS;
	printf("desk, ask a known question and leave, 50000 waiting: %llu ns\n",
		(unsigned long long)known_ns);
	printf("desk, ask a new question: %llu ns\n", (unsigned long long)(new_ns / 8192));
	desk_free(d);
}

static void measure_releasing(const struct policy *policy)
{
	const struct decision_ask allow = {
		.allow = true, .scope = GRANT_ONCE, .decider = SLICE("bench")};
	struct desk *d = desk_of_any_size();
	struct target t = target_of(1);
	const struct grant *g;
	char sentence[256];
	uint64_t ns = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned n = 0; n < RELEASED; n++)
			ask(d, n + 1, &t);
		/* The newest id is the question's. */
		uint64_t question = ids * UINT64_C(0x9e3779b97f4a7c15);
		uint64_t start = now_ns();
		if (desk_decide(d, question, &allow, policy, 1000000, &g, sentence,
			    sizeof(sentence)) != DESK_OK)
			abort();
		ns += now_ns() - start;
	}
	if (answered != (uint64_t)ROUNDS * RELEASED)
		abort();
	printf("desk, decide and release 1000 waiters: %llu us\n",
		(unsigned long long)(ns / ROUNDS / 1000));
	desk_free(d);
}

static struct grant grant_of(unsigned n)
{
	struct grant g = {.id = n + 1, .allow = true, .scope = GRANT_ALWAYS, .made_ms = n + 1};
	struct target t = target_of(n);
	char text[64], sentence[256];

	snprintf(text, sizeof(text), n % 4 ? "%s:443" : "*.%s:443", t.host);
	if (!pattern_parse(slice_of(text), &g.pattern, sentence, sizeof(sentence)))
		abort();
	if (n % 2)
		snprintf(g.identity, sizeof(g.identity), "10.20.30.40");
	return g;
}

static void measure_looking(void)
{
	static struct grant grants[GRANTS];
	static const struct grant *list[GRANTS];
	static struct target targets[4096];
	const struct claimant who = {SLICE("10.20.30.40"), SLICE("session-1")};
	unsigned found = 0;

	for (unsigned n = 0; n < GRANTS; n++) {
		grants[n] = grant_of(n);
		list[n] = &grants[n];
	}
	/* Half of them are granted. */
	for (unsigned n = 0; n < 4096; n++)
		targets[n] = target_of(n % 2 ? (n * 7919u % GRANTS) | 1u : n + GRANTS);
	uint64_t start = now_ns();
	struct grants *snapshot = grants_new(list, GRANTS, NULL, 0, 0);
	uint64_t build_ns = now_ns() - start;
	start = now_ns();
	for (unsigned n = 0; n < LOOKS; n++)
		found += grants_find(
			snapshot, &who, &(struct concern){.target = &targets[n % 4096]}, 1000000)
				 .found;
	uint64_t find_ns = (now_ns() - start) / LOOKS;
	if (found != LOOKS / 2)
		abort();
	printf("grants, find among 10000: %llu ns\n", (unsigned long long)find_ns);
	printf("grants, snapshot of 10000: %llu us\n", (unsigned long long)(build_ns / 1000));
	grants_unref(snapshot);
}

int main(void)
{
	const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};
	struct policy_builder *b = policy_builder_new();
	struct policy *policy = b ? policy_builder_finish(b, &settings) : NULL;

	if (!policy)
		abort();
	measure_asking();
	measure_releasing(policy);
	measure_looking();
	policy_unref(policy);
	return 0;
}
