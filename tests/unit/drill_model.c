/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drill.h"

#include <stdio.h>
#include <stdlib.h>

struct drill_question *drill_question(struct drill *d, uint64_t id)
{
	for (unsigned i = d->question_count; i-- > 0;)
		if (d->questions[i].id == id)
			return &d->questions[i];
	return NULL;
}

struct drill_grant *drill_grant(struct drill *d, uint64_t id)
{
	for (unsigned i = d->grant_count; i-- > 0;)
		if (d->grants[i].id == id)
			return &d->grants[i];
	return NULL;
}

static bool is_for(const struct drill_grant *g, const struct world_ask *ask)
{
	const struct claimant who = world_claimant(ask);

	if (g->subject != ask->subject)
		return false;
	if (g->identity[0] && !slice_equal(slice_of(g->identity), who.identity))
		return false;
	if (g->scope == GRANT_SESSION && !slice_equal(slice_of(g->session), who.session))
		return false;
	return world_covers(g->pattern, g->allow, world_target(ask));
}

static bool covers(const struct drill *d, const struct drill_grant *g, const struct world_ask *ask)
{
	if (!g->live || g->scope == GRANT_ONCE || (g->expires_ms && g->expires_ms <= d->now_ms))
		return false;
	return is_for(g, ask);
}

struct drill_grant *drill_find(struct drill *d, const struct world_ask *ask)
{
	struct drill_grant *found = NULL;

	for (unsigned i = 0; i < d->grant_count; i++)
		if (covers(d, &d->grants[i], ask) && (!found || found->allow))
			found = &d->grants[i];
	return found;
}

/* ---- keep: the ledger -------------------------------------------------------------------- */

static void *copy_of(const void *value, size_t size)
{
	void *copy = malloc(size);

	if (!copy)
		abort();
	return memcpy(copy, value, size);
}

/* The texts are the desk's, which may end before the copy; only this one is ever said. */
static struct question *copy_of_question(const struct question *question)
{
	struct question *copy = copy_of(question, sizeof(*question));
	bool said = question->context.justification != NULL;

	memset(&copy->context, 0, sizeof(copy->context));
	copy->subject = world_subject(world_subject_of(question_subject(question))).text.ptr;
	copy->context.justification = said ? "for the build" : NULL;
	return copy;
}

void drill_forget_question(struct drill_question *q)
{
	free(q->stored);
	q->stored = NULL;
}

void drill_forget_grant(struct drill_grant *g)
{
	free(g->stored);
	g->stored = NULL;
}

static struct drill_question *learn_question(struct drill *d, const struct question *q)
{
	WANT(d, !drill_question(d, q->id));
	if (d->question_count == DRILL_QUESTIONS) {
		d->full = true;
		return NULL;
	}
	struct drill_question *known = &d->questions[d->question_count++];
	*known = (struct drill_question){
		.id = q->id, .expires_ms = q->expires_ms, .ask = world_ask_of(q)};
	WANT(d, q->asked_ms == d->now_ms && q->expires_ms == d->now_ms + d->options.pending_ms);
	return known;
}

static struct drill_grant *learn_grant(struct drill *d, const struct grant *g)
{
	char text[GRANT_PATTERN_SIZE];

	if (d->grant_count == DRILL_QUESTIONS) {
		d->full = true;
		return NULL;
	}
	struct drill_grant *known = &d->grants[d->grant_count++];
	*known = (struct drill_grant){.id = g->id,
		.made_ms = g->made_ms,
		.expires_ms = g->expires_ms,
		.question = g->question,
		.allow = g->allow,
		.scope = g->scope,
		.subject = world_subject_of(grant_subject(g))};
	grant_pattern_format(g, text);
	snprintf(known->pattern, sizeof(known->pattern), "%.47s", text);
	snprintf(known->identity, sizeof(known->identity), "%.15s", g->identity);
	snprintf(known->session, sizeof(known->session), "%.3s", g->session);
	return known;
}

/* A newer grant takes the place of one for the same. */
static bool takes_place(const struct drill_grant *newer, const struct drill_grant *older)
{
	return newer != older && strcmp(newer->pattern, older->pattern) == 0 &&
	       strcmp(newer->identity, older->identity) == 0 &&
	       strcmp(newer->session, older->session) == 0 && newer->subject == older->subject &&
	       (newer->scope == GRANT_SESSION) == (older->scope == GRANT_SESSION);
}

static void store_grant(struct drill *d, const struct grant *g)
{
	struct drill_grant *known = drill_grant(d, g->id);

	/* One grant may come with many questions. */
	if (known && known->stored)
		return;
	known = learn_grant(d, g);
	if (!known)
		return;
	known->stored = copy_of(g, sizeof(*g));
	known->stored->subject = world_subject(known->subject).text.ptr;
	for (unsigned i = 0; i < d->grant_count; i++)
		if (takes_place(known, &d->grants[i]))
			drill_forget_grant(&d->grants[i]);
}

static void store(struct drill *d, const struct news *n, struct drill_question *q)
{
	struct drill_grant *g = n->grant ? drill_grant(d, n->grant->id) : NULL;

	if (q)
		drill_forget_question(q);
	if (n->kind == NEWS_ASKED || n->kind == NEWS_CONTEXT) {
		WANT(d, n->question->state == QUESTION_PENDING && !n->grant);
		if (q)
			q->stored = copy_of_question(n->question);
	} else if (n->kind == NEWS_DECIDED || n->kind == NEWS_GRANTED) {
		WANT(d, n->grant && n->actor);
		store_grant(d, n->grant);
		/* What an unused once-grant is for. */
		if (q && n->grant->scope == GRANT_ONCE)
			q->stored = copy_of_question(n->question);
	} else if (g) {
		drill_forget_grant(g);
	}
}

static bool on_keep(void *owner, const struct news *n)
{
	struct drill *d = owner;
	struct drill_question *q = n->question ? drill_question(d, n->question->id) : NULL;
	bool fails = d->keep_mask & 1;

	d->keep_mask >>= 1;
	WANT(d, n->kind != NEWS_WAITERS && n->now_ms == d->now_ms);
	if (n->kind == NEWS_ASKED)
		q = learn_question(d, n->question);
	WANT(d, d->full || (q != NULL) == (n->question != NULL));
	WANT(d, !q || q->state == QUESTION_PENDING);
	if (n->kind == NEWS_DECIDED)
		WANT(d, n->question->grant == n->grant->id && n->question->decided_ms == d->now_ms);
	/* A decision on another question that covers this one, too. */
	if (fails && n->kind == NEWS_DECIDED && q && n->grant->question != q->id)
		q->stuck = true;
	if (!fails)
		store(d, n, q);
	return !fails;
}

/* ---- tell: what is so now ---------------------------------------------------------------- */

/* pending -> state, and no other way. */
static void end_question(struct drill *d, const struct news *n, enum question_state state)
{
	struct drill_question *q = drill_question(d, n->question->id);

	WANT(d, n->question->state == state && n->question->decided_ms == d->now_ms);
	WANT(d, d->full || (q && q->state == QUESTION_PENDING));
	if (!q)
		return;
	q->state = state;
	d->ended[state]++;
	if (n->kind == NEWS_DECIDED)
		return;
	bool by_time = d->now_ms >= q->expires_ms;
	WANT(d, by_time || (d->doing == DRILL_RULES &&
				   world_rules(d->policy, &q->ask) != DECISION_ASK));
	WANT(d, !by_time || (state == QUESTION_EXPIRED) == (q->told || n->question->waiters > 0));
}

static void put_in_force(struct drill *d, const struct news *n)
{
	struct drill_grant *g = drill_grant(d, n->grant->id);
	struct drill_question *q = n->question ? drill_question(d, n->question->id) : NULL;

	/* Kept before anything is said of it. */
	WANT(d, d->full || (g && g->stored));
	if (!g)
		return;
	g->live = true;
	if (g->scope != GRANT_ONCE || !q)
		return;
	g->ask = q->ask;
	g->used = g->expires_ms == 0;
	g->ends_ms = d->now_ms + d->options.session_ms;
	WANT(d, g->question == q->id && g->used == (n->question->waiters > 0));
}

static void take_out_of_force(struct drill *d, const struct news *n)
{
	struct drill_grant *g = drill_grant(d, n->grant->id);
	uint64_t ends_ms = g ? g->expires_ms : 0;

	WANT(d, d->full || (g && g->live));
	if (!g)
		return;
	g->live = false;
	if (g->used)
		ends_ms = g->ends_ms;
	if (n->kind == NEWS_REVOKED)
		g->revoked = true;
	else
		WANT(d, ends_ms != 0 && d->now_ms >= ends_ms);
}

static void on_tell(void *owner, const struct news *n)
{
	struct drill *d = owner;

	d->said++;
	switch (n->kind) {
	case NEWS_ASKED:
		WANT(d, d->full || drill_question(d, n->question->id));
		break;
	case NEWS_DECIDED:
		end_question(d, n, n->grant->allow ? QUESTION_APPROVED : QUESTION_DENIED);
		put_in_force(d, n);
		break;
	case NEWS_EXPIRED:
		end_question(d, n, QUESTION_EXPIRED);
		break;
	case NEWS_WITHDRAWN:
		end_question(d, n, QUESTION_WITHDRAWN);
		break;
	case NEWS_GRANTED:
		put_in_force(d, n);
		break;
	case NEWS_REVOKED:
	case NEWS_GRANT_ENDED:
		take_out_of_force(d, n);
		break;
	case NEWS_WAITERS:
	case NEWS_CONTEXT:
		WANT(d, n->question->state == QUESTION_PENDING);
		break;
	}
}

/* ---- answer: what waiters are told ------------------------------------------------------- */

static void let_through(struct drill *d, const struct drill_waiter *w, const struct ruling *ruling)
{
	const struct drill_grant *g = drill_grant(d, ruling->grant.id);
	struct drill_grant *covering = drill_find(d, &w->ask);

	/* By a decision to allow that was kept, is in force, and covers him; and by no denial. */
	WANT(d, d->full || (g && g->allow && (g->stored || g->used)));
	WANT(d, d->full || (ruling->grant.once ? g && g->live && g->used : covering != NULL));
	WANT(d, d->full || !covering || covering->allow);
	if (g && ruling->grant.once)
		WANT(d, g->scope == GRANT_ONCE && g->ask.identity == w->ask.identity &&
				g->ask.target == w->ask.target &&
				g->ask.protocol == w->ask.protocol &&
				g->ask.subject == w->ask.subject);
	else if (g)
		WANT(d, covers(d, g, &w->ask));
	d->connections[d->connection_count++ % DRILL_CONNECTIONS] =
		(struct drill_connection){ruling->grant, w->ask};
}

void drill_ruled(struct drill *d, struct drill_waiter *w, const struct ruling *ruling)
{
	const struct drill_question *q = drill_question(d, ruling->question);
	const struct drill_grant *g = drill_grant(d, ruling->grant.id);

	d->ruled[ruling->kind]++;
	switch (ruling->kind) {
	case RULING_ALLOWED:
		let_through(d, w, ruling);
		break;
	case RULING_DENIED:
		/* A denial may last no time at all, when deny_ttl is 0. */
		WANT(d, d->full || (g && !g->allow && g->stored && is_for(g, &w->ask)));
		WANT(d, d->full || covers(d, g, &w->ask) || g->made_ms == d->now_ms);
		break;
	case RULING_EXPIRED:
		WANT(d, d->full || (q && q->state == QUESTION_EXPIRED));
		break;
	case RULING_WITHDRAWN:
		/* By the rules, or because the decision was for another session. */
		WANT(d, d->full || (q && q->state != QUESTION_PENDING &&
					   q->state != QUESTION_EXPIRED));
		WANT(d, d->full || d->doing == DRILL_RULES || q->stuck || !drill_find(d, &w->ask));
		break;
	}
	w->waiting = false;
}

static void on_answer(
	void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	struct drill *d = owner;

	d->said++;
	WANT(d, count > 0);
	for (size_t i = 0; i < count; i++) {
		WANT(d, waiters[i] > 0 && waiters[i] <= DRILL_WAITERS);
		struct drill_waiter *w = &d->waiters[waiters[i] - 1];
		WANT(d, w->waiting && w->question == ruling->question);
		drill_ruled(d, w, ruling);
	}
}

static void on_regrant(void *owner)
{
	struct drill *d = owner;

	d->said++;
}

static uint64_t on_new_id(void *owner)
{
	struct drill *d = owner;

	/* Spread out, so that the tables are used as they will be. */
	return ++d->ids * UINT64_C(0x9e3779b97f4a7c15);
}

void drill_connect(struct drill *d)
{
	d->options.outlets =
		(struct desk_outlets){d, on_keep, on_answer, on_tell, on_regrant, on_new_id};
}
