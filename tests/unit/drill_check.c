/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drill.h"

static unsigned waiting_for(const struct drill *d, uint64_t question)
{
	unsigned count = 0;

	for (int i = 0; i < DRILL_WAITERS; i++)
		count += d->waiters[i].waiting && d->waiters[i].question == question;
	return count;
}

static bool check_question(void *owner, const struct question *q)
{
	struct drill *d = owner;
	const struct drill_question *known = drill_question(d, q->id);

	WANT(d, known && known->state == q->state);
	if (!known)
		return false;
	WANT(d, q->waiters == waiting_for(d, q->id));
	WANT(d, q->state == QUESTION_PENDING || q->waiters == 0);
	WANT(d, q->state == QUESTION_PENDING || q->decided_ms != 0);
	WANT(d, desk_question(d->desk, q->id) == q);
	return true;
}

/* Whoever waits is decided by no grant: he would have been answered. */
static void check_waiters(struct drill *d)
{
	for (int i = 0; i < DRILL_WAITERS; i++) {
		const struct drill_waiter *w = &d->waiters[i];
		if (!w->waiting)
			continue;
		const struct drill_question *q = drill_question(d, w->question);
		WANT(d, q && q->state == QUESTION_PENDING);
		WANT(d, q && (q->stuck || !drill_find(d, &w->ask)));
	}
}

static void check_counts(struct drill *d)
{
	struct desk_counts counts = desk_counts(d->desk);
	unsigned pending = 0, waiters = 0, grants = 0;

	for (unsigned i = 0; i < d->question_count; i++)
		pending += d->questions[i].state == QUESTION_PENDING;
	for (int i = 0; i < DRILL_WAITERS; i++)
		waiters += d->waiters[i].waiting;
	for (unsigned i = 0; i < d->grant_count; i++)
		grants += d->grants[i].live;
	WANT(d, counts.pending == pending);
	WANT(d, counts.waiters == waiters);
	WANT(d, counts.grants == grants);
}

/* What a worker finds in its snapshot is what the model finds. */
static void check_snapshot(struct drill *d, const struct grants *snapshot)
{
	const unsigned all = WORLD_IDENTITIES * WORLD_SESSIONS * WORLD_TARGETS * WORLD_SUBJECTS;

	for (unsigned n = 0; n < all; n++) {
		unsigned whom = n / WORLD_TARGETS;
		struct world_ask ask = world_ask((uint8_t)whom, (uint8_t)(n % WORLD_TARGETS));
		ask.subject = (uint8_t)(n % WORLD_SUBJECTS);
		const struct claimant who = world_claimant(&ask);
		const struct drill_grant *g = drill_find(d, &ask);
		const struct concern about = world_concern(&ask);
		struct grants_found found = grants_find(snapshot, &who, &about, d->now_ms);
		WANT(d, found.found == (g != NULL));
		WANT(d, !g || found.allow == g->allow);
		const struct drill_grant *by = drill_grant(d, found.id);
		WANT(d, !g || (by && by->live && by->allow == found.allow));
	}
}

/* Connections stand while a grant lets them, or their once-grant was not taken back. */
static void check_connections(struct drill *d, const struct grants *snapshot)
{
	for (unsigned i = 0; i < d->connection_count && i < DRILL_CONNECTIONS; i++) {
		const struct drill_connection *c = &d->connections[i];
		const struct claimant who = world_claimant(&c->ask);
		const struct drill_grant *covering = drill_find(d, &c->ask);
		const struct drill_grant *own = drill_grant(d, c->mark.id);
		bool stands = c->mark.once && own && !own->revoked;
		if (covering)
			stands = covering->allow;
		const struct concern about = world_concern(&c->ask);
		WANT(d, grants_stands(snapshot, &c->mark, &who, &about, d->now_ms) == stands);
	}
}

static bool check_grant(void *owner, const struct grant *g)
{
	struct drill *d = owner;
	const struct drill_grant *known = drill_grant(d, g->id);

	WANT(d, known && known->live);
	WANT(d, desk_find_grant(d->desk, g->id) == g);
	return known != NULL;
}

void drill_check(struct drill *d)
{
	struct grants *snapshot = desk_snapshot(d->desk);

	desk_each_question(d->desk, QUESTION_STATE_COUNT, check_question, d);
	desk_each_grant(d->desk, check_grant, d);
	check_counts(d);
	check_waiters(d);
	check_snapshot(d, snapshot);
	check_connections(d, snapshot);
	grants_unref(snapshot);
}
