/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/desk_inside.h"

#include <assert.h>
#include <stdlib.h>

bool desk_keep(struct desk *d, const struct news *news)
{
	return d->options.outlets.keep(d->options.outlets.owner, news);
}

void desk_tell(struct desk *d, const struct news *news)
{
	d->options.outlets.tell(d->options.outlets.owner, news);
}

uint64_t desk_session_hash(const struct desk *d, struct slice session)
{
	return keyed_hash(&d->key, session.ptr, session.len);
}

/* ---- grants ------------------------------------------------------------------------------ */

struct grants *desk_grants(struct desk *d)
{
	if (!d->grants)
		d->grants = shelf_snapshot(&d->shelf);
	return d->grants;
}

void desk_regrant(struct desk *d)
{
	grants_unref(d->grants);
	d->grants = NULL;
	desk_grants(d);
	d->options.outlets.regrant(d->options.outlets.owner);
}

void desk_end_grant(struct desk *d, struct shelved *g, uint64_t now_ms)
{
	const struct news news = {.kind = NEWS_GRANT_ENDED, .grant = &g->grant, .now_ms = now_ms};

	/* What is not kept ends by the clock after a restart too. */
	desk_keep(d, &news);
	shelf_take(&d->shelf, g);
	desk_tell(d, &news);
	free(g);
}

static void end_grants(struct desk *d, uint64_t now_ms)
{
	bool changed = false;
	struct agenda_item *item;

	while ((item = agenda_first(&d->shelf.due)) && item->at_ms <= now_ms) {
		desk_end_grant(d, CONTAINER(item, struct shelved, due), now_ms);
		changed = true;
	}
	if (changed)
		desk_regrant(d);
}

/* ---- waiters ----------------------------------------------------------------------------- */

/* The numbers of those who go at once. */
struct notice_list {
	size_t count;
	uint64_t numbers[LIMIT_NOTICE];
};

/* Lets those from `index` on leave until the list is full; returns where to go on. */
static uint32_t dismiss(struct desk *d, struct matter *m, uint32_t index, const uint64_t *session,
	struct notice_list *list)
{
	list->count = 0;
	while (index != GUEST_NONE && list->count < LIMIT_NOTICE) {
		const struct guest *g = lobby_guest(&d->lobby, index);
		index = g->after;
		if (session && g->session != *session)
			continue;
		list->numbers[list->count++] = g->number;
		m->asker->waiters--;
		lobby_leave(&d->lobby, &m->party, g->number);
	}
	m->question.waiters = m->party.count;
	return index;
}

void desk_answer(
	struct desk *d, struct matter *m, const struct ruling *ruling, const struct slice *session)
{
	uint64_t hash = session ? desk_session_hash(d, *session) : 0;
	uint32_t index = m->party.first;
	struct notice_list list;

	while (index != GUEST_NONE) {
		index = dismiss(d, m, index, session ? &hash : NULL, &list);
		if (list.count > 0)
			d->options.outlets.answer(
				d->options.outlets.owner, list.numbers, list.count, ruling);
	}
}

uint64_t desk_waited(const struct desk *d, const struct matter *m, uint64_t now_ms)
{
	uint64_t since_ms = now_ms;

	/* The first to come has waited longest. */
	if (m->party.first != GUEST_NONE)
		since_ms = lobby_guest(&d->lobby, m->party.first)->since_ms;
	uint64_t waited_ms = now_ms > since_ms ? now_ms - since_ms : 0;
	return waited_ms > m->longest_ms ? waited_ms : m->longest_ms;
}

/* ---- the end of a question --------------------------------------------------------------- */

/* Nobody decided: keeping it is not what lets anybody through, so it need not succeed. */
static void lapse(struct desk *d, struct matter *m, enum question_state state, uint64_t now_ms)
{
	bool expired = state == QUESTION_EXPIRED;
	const struct news news = {.kind = expired ? NEWS_EXPIRED : NEWS_WITHDRAWN,
		.question = &m->question,
		.now_ms = now_ms,
		.waited_ms = desk_waited(d, m, now_ms)};
	const struct ruling ruling = {
		.kind = expired ? RULING_EXPIRED : RULING_WITHDRAWN, .question = m->question.id};

	m->question.state = state;
	m->question.decided_ms = now_ms;
	desk_keep(d, &news);
	if (expired)
		d->counts.expired++;
	else
		d->counts.withdrawn++;
	desk_tell(d, &news);
	desk_answer(d, m, &ruling, NULL);
	docket_end(&d->docket, m);
}

static void end_questions(struct desk *d, uint64_t now_ms)
{
	struct agenda_item *item;

	while ((item = agenda_first(&d->docket.due)) && item->at_ms <= now_ms) {
		struct matter *m = CONTAINER(item, struct matter, due);
		bool heard = m->party.count > 0 || m->question.told_pending;
		lapse(d, m, heard ? QUESTION_EXPIRED : QUESTION_WITHDRAWN, now_ms);
	}
}

void desk_pass_time(struct desk *d, uint64_t now_ms)
{
	docket_trim(&d->docket);
	end_grants(d, now_ms);
	end_questions(d, now_ms);
}

uint64_t desk_tick(struct desk *d, uint64_t now_ms)
{
	uint64_t next_ms = 0;
	const struct agenda_item *due[2];

	desk_pass_time(d, now_ms);
	docket_trim(&d->docket);
	due[0] = agenda_first(&d->docket.due);
	due[1] = agenda_first(&d->shelf.due);
	for (int i = 0; i < 2; i++)
		if (due[i] && (next_ms == 0 || due[i]->at_ms < next_ms))
			next_ms = due[i]->at_ms;
	return next_ms;
}

void desk_rules_changed(struct desk *d, const struct policy *policy, uint64_t now_ms)
{
	struct matter *after;

	desk_pass_time(d, now_ms);
	for (struct matter *m = d->docket.first; m; m = after) {
		const struct subject subject = question_subject(&m->question);
		after = m->after;
		if (m->question.state == QUESTION_PENDING &&
			!decision_is_open(policy, &m->question.target, &subject))
			lapse(d, m, QUESTION_WITHDRAWN, now_ms);
	}
}
