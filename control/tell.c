/* SPDX-License-Identifier: Apache-2.0 */
#include "control/tell.h"

#include "base/log.h"
#include "control/caller.h"
#include "control/show.h"
#include "control/stream.h"

#include <assert.h>

enum { ROWS_AT_ONCE = 16, ERROR_SIZE = 512 };

/* ---- questions and grants ----------------------------------------------------------------- */

static void publish_question(
	struct control *c, const struct question *q, const struct grant *decision)
{
	bool wanted = stream_wanted(c, STREAM_APPROVAL);

	stream_publish(c, STREAM_APPROVAL, wanted ? show_question(q, decision) : NULL);
}

static void publish_grant(struct control *c, const char *change, const struct grant *g)
{
	bool wanted = stream_wanted(c, STREAM_GRANT);

	stream_publish(c, STREAM_GRANT,
		wanted ? json_pack("{s:s, s:o}", "change", change, "grant", show_grant(g)) : NULL);
}

/* Waiters come and go by the thousand: a question is told of once a turn. */
static void publish_changed(struct control *c)
{
	struct audience *a = &c->audience;
	size_t count = a->changed_count;

	a->changed_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct question *q = desk_question(c->host.desk, a->changed[i]);
		/* A decided one was told of when it was. */
		if (q && q->state == QUESTION_PENDING)
			publish_question(c, q, NULL);
	}
}

static void note_changed(struct control *c, uint64_t id)
{
	struct audience *a = &c->audience;

	if (!stream_wanted(c, STREAM_APPROVAL))
		return;
	for (size_t i = 0; i < a->changed_count; i++)
		if (a->changed[i] == id)
			return;
	if (a->changed_count == LIMIT_FEED_CHANGED)
		publish_changed(c);
	a->changed[a->changed_count++] = id;
}

/* ---- long polls --------------------------------------------------------------------------- */

static void on_wake(uv_timer_t *timer)
{
	tell_wake(CONTAINER(timer, struct control, wake));
}

/* The desk is in the middle of a call: those that wait look at it from the loop. */
static void mark_watchers(struct control *c, uint64_t question)
{
	bool any = false;

	for (struct caller *caller = c->callers; caller; caller = caller->next) {
		if (caller->phase != CALLER_DEFERS || caller->watched != question)
			continue;
		caller->woken = true;
		any = true;
	}
	if (any && !c->closing)
		uv_timer_start(&c->wake, on_wake, 0, 0);
}

void tell_wake(struct control *c)
{
	struct caller *next;

	for (struct caller *caller = c->callers; caller; caller = next) {
		next = caller->next;
		if (caller->phase != CALLER_DEFERS || !caller->woken)
			continue;
		caller->woken = false;
		caller->on_event(&caller->call, CALL_NEWS, caller->event_owner);
	}
}

void control_tell(struct control *c, const struct news *news)
{
	const struct question *q = news->question;
	const struct grant *g = news->grant;

	/* Each kind of news is of one or the other. */
	assert(news->kind == NEWS_GRANTED || news->kind == NEWS_REVOKED ||
				news->kind == NEWS_GRANT_ENDED
			? g != NULL
			: q != NULL);
	if (q)
		mark_watchers(c, q->id);
	switch (news->kind) {
	case NEWS_WAITERS:
		note_changed(c, q->id);
		break;
	case NEWS_DECIDED:
		publish_question(c, q, g);
		/* One grant may decide several questions; it comes with its own. */
		if (g && g->question == q->id)
			publish_grant(c, "added", g);
		break;
	case NEWS_ASKED:
	case NEWS_EXPIRED:
	case NEWS_WITHDRAWN:
	case NEWS_CONTEXT:
		publish_question(c, q, NULL);
		break;
	case NEWS_GRANTED:
		publish_grant(c, "added", g);
		break;
	case NEWS_REVOKED:
		publish_grant(c, "revoked", g);
		break;
	case NEWS_GRANT_ENDED:
		publish_grant(c, "expired", g);
		break;
	}
}

/* ---- traffic ------------------------------------------------------------------------------ */

static void publish_row(struct control *c, const struct digest_row *row)
{
	if (row->name == EVENT_POLICY_DECISION && stream_wanted(c, STREAM_DECISION))
		stream_publish(c, STREAM_DECISION, show_decision(row));
	else if (row->name == EVENT_CONNECTION_CLOSED && stream_wanted(c, STREAM_CLOSED))
		stream_publish(c, STREAM_CLOSED, show_closed(row));
}

/* Reads what is new of the digest, and tells of it or not. */
static void read_rows(struct control *c, bool tell)
{
	struct digest_row rows[ROWS_AT_ONCE];
	uint64_t missed;
	size_t count, left = LIMIT_DIGEST_RECENT;

	do {
		count = digest_rows(
			c->host.digest, c->audience.seen_row, rows, ROWS_AT_ONCE, &missed);
		if (tell && missed > 0)
			stream_publish(
				c, STREAM_GAP, json_pack("{s:I}", "skipped", (json_int_t)missed));
		for (size_t i = 0; tell && i < count; i++)
			publish_row(c, &rows[i]);
		if (count > 0)
			c->audience.seen_row = rows[count - 1].sequence;
		left -= count < left ? count : left;
	} while (count == ROWS_AT_ONCE && left > 0);
}

void tell_skip_rows(struct control *c)
{
	read_rows(c, false);
}

void control_turn(struct control *c)
{
	for (size_t i = 0; i < c->entrance_count; i++)
		entrance_retry(c->entrances[i]);
	publish_changed(c);
	if (stream_wanted(c, STREAM_GAP))
		read_rows(c, true);
}

/* ---- configuration ------------------------------------------------------------------------ */

/* A file at fault changes nothing. */
static void reload_tokens(struct control *c)
{
	static struct tokens tokens;
	char error[ERROR_SIZE];

	if (tokens_load(c->directory, &tokens, error, sizeof(error)))
		c->tokens = tokens;
	else
		log_error("tokens not reloaded: %s", error);
	seal_wipe(&tokens, sizeof(tokens));
}

/* Streams of tokens that are gone end now. */
static void end_streams(struct control *c)
{
	struct caller *next;

	for (struct caller *caller = c->callers; caller; caller = next) {
		next = caller->next;
		if (caller->kinds && !tokens_named(&c->tokens, slice_of(caller->call.name)))
			caller_close(caller);
	}
}

void control_reloaded(struct control *c, const char *actor, const char *text, bool refused)
{
	json_t *sentence = json_string(text);

	if (!refused) {
		reload_tokens(c);
		end_streams(c);
	}
	stream_publish(c, STREAM_CONFIG,
		json_pack("{s:o, s:o, s:b}", "actor", show_text(actor), "text",
			sentence ? sentence : show_text(text), "refused", refused));
}
