/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/agents.h"

#include <stdlib.h>
#include <string.h>

/* One that waits. */
struct agents_call {
	struct agents_call *next;
	struct agent_call *call;
	uint64_t waiter;
	uint64_t question;
	uint64_t until_ms; /* Unix time */
	bool heard; /* the question has ended */
};

static void drop(struct agents *a, struct agents_call **link)
{
	struct agents_call *one = *link;

	*link = one->next;
	a->count--;
	free(one->call);
	free(one);
}

void agents_done(struct agents *a)
{
	while (a->calls)
		drop(a, &a->calls);
}

static bool has_room(const struct agents *a, const char *identity)
{
	size_t own = 0;

	for (const struct agents_call *one = a->calls; one; one = one->next)
		own += strcmp(one->call->identity, identity) == 0;
	return a->count < LIMIT_AGENT_CALLS && own < LIMIT_AGENT_CALLS_IDENTITY;
}

/* True when it waits now. */
static bool keep(struct agents *a, const struct agents_call *made)
{
	struct agents_call *one = NULL;

	if (has_room(a, made->call->identity))
		one = malloc(sizeof(*one));
	if (!one)
		return false;
	*one = *made;
	one->next = a->calls;
	a->calls = one;
	a->count++;
	return true;
}

/* One identity's calls are not to keep everybody else's decisions waiting. */
static struct agent_reply *too_many(void)
{
	struct agent_reply *r = agent_problem(429, "too_many",
		"You ask too often. Wait a second; ?wait=25 waits for a decision.");

	if (r)
		r->retry_after_s = 1;
	return r;
}

void agents_take(struct agents *a, uint64_t waiter, struct agent_call *call, uint64_t now_ms)
{
	struct agents_call made = {
		.call = call, .waiter = waiter, .until_ms = now_ms + call->wait_ms};

	if (!pace_take(&a->pace, slice_of(call->identity), now_ms)) {
		free(call);
		a->reply(a->owner, waiter, too_many());
		return;
	}
	struct agent_reply *reply = agent_answer(a->desk, a->config, call, now_ms, &made.question);

	if (made.question != 0) {
		if (keep(a, &made))
			return;
		/* As things stand now, then. */
		call->wait_ms = 0;
		reply = agent_answer(a->desk, a->config, call, now_ms, &made.question);
	}
	free(call);
	a->reply(a->owner, waiter, reply);
}

void agents_leave(struct agents *a, uint64_t waiter)
{
	for (struct agents_call **link = &a->calls; *link; link = &(*link)->next) {
		if ((*link)->waiter != waiter)
			continue;
		drop(a, link);
		return;
	}
}

bool agents_hear(struct agents *a, const struct news *news)
{
	bool any = false;

	if (!news->question || news->question->state == QUESTION_PENDING)
		return false;
	for (struct agents_call *one = a->calls; one; one = one->next) {
		one->heard = one->heard || one->question == news->question->id;
		any = any || one->heard;
	}
	return any;
}

uint64_t agents_turn(struct agents *a, uint64_t now_ms)
{
	struct agents_call **link = &a->calls;
	uint64_t next_ms = 0, ignored;

	while (*link) {
		struct agents_call *one = *link;
		if (!one->heard && one->until_ms > now_ms) {
			next_ms = next_ms && next_ms < one->until_ms ? next_ms : one->until_ms;
			link = &one->next;
			continue;
		}
		one->call->wait_ms = 0;
		a->reply(a->owner, one->waiter,
			agent_answer(a->desk, a->config, one->call, now_ms, &ignored));
		drop(a, link);
	}
	return next_ms;
}
