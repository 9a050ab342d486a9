/* SPDX-License-Identifier: Apache-2.0 */
#include "control/stream.h"

#include "control/caller.h"
#include "control/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALL_KINDS = (1 << STREAM_GAP) - 1, RETRY_MS = 1000 };

/* ---- telling ------------------------------------------------------------------------------ */

bool stream_wanted(const struct control *control, enum stream_kind kind)
{
	const struct audience *a = &control->audience;

	if (kind == STREAM_GAP)
		return a->wanting[STREAM_DECISION] + a->wanting[STREAM_CLOSED] > 0;
	/* Traffic stays in the digest; the rest is kept for whoever comes back. */
	return a->wanting[kind] > 0 || (kind != STREAM_DECISION && kind != STREAM_CLOSED &&
					       uv_now(control->host.loop) < a->kept_until_ms);
}

/* `event` NULL: it was lost, so that whoever wanted it begins anew. */
static void send_all(struct control *control, enum stream_kind kind, const struct feed_event *event)
{
	struct caller *next;

	for (struct caller *c = control->callers; c; c = next) {
		next = c->next;
		if (!feed_wants(c->kinds, kind))
			continue;
		if (event)
			caller_send(c, slice_from(event->text, event->len), SLICE(""));
		else
			caller_close(c);
	}
}

void stream_publish(struct control *control, enum stream_kind kind, json_t *data)
{
	struct feed *feed = &control->audience.feed;
	bool wanted = stream_wanted(control, kind);
	char *text = wanted && data ? json_dumps(data, JSON_COMPACT) : NULL;
	const struct feed_event *event = NULL;

	json_decref(data);
	if (text)
		event = feed_add(feed, kind, slice_of(text));
	else
		feed_skip(feed, kind);
	free(text);
	if (wanted)
		send_all(control, kind, event);
}

/* ---- listening ---------------------------------------------------------------------------- */

/* The parameter `kinds`, words with commas between; all when there is none. 0: a word is none. */
static unsigned parse_kinds(struct slice words)
{
	unsigned kinds = 0;

	if (words.len == 0)
		return ALL_KINDS;
	while (words.len > 0) {
		struct slice word = slice_first(words, slice_find(words, ','));
		enum stream_kind kind = STREAM_APPROVAL;
		words = slice_after(words, word.len + 1);
		while (kind < STREAM_GAP && !slice_equal(word, slice_of(stream_kind_word(kind))))
			kind++;
		if (kind == STREAM_GAP)
			return 0;
		kinds |= feed_bit(kind);
	}
	return kinds;
}

/* Traffic is looked for often only while somebody wants to see it. */
static void tell_watched(const struct control *control, bool before)
{
	const struct control_host *host = &control->host;
	bool now = stream_wanted(control, STREAM_GAP);

	if (now != before)
		host->watch(host->owner, now);
}

static void join(struct caller *c, unsigned kinds, bool resumed)
{
	struct audience *a = &c->control->audience;
	bool watched = stream_wanted(c->control, STREAM_GAP);

	/* What nobody listened to is told only to somebody who was here before. */
	if (!resumed && !watched && feed_wants(kinds, STREAM_GAP))
		tell_skip_rows(c->control);
	c->kinds = kinds;
	a->count++;
	for (enum stream_kind kind = STREAM_APPROVAL; kind < STREAM_KIND_COUNT; kind++)
		a->wanting[kind] += (kinds & feed_bit(kind)) != 0;
	tell_watched(c->control, watched);
}

void stream_leave(struct caller *c)
{
	struct audience *a = &c->control->audience;
	bool watched = stream_wanted(c->control, STREAM_GAP);

	for (enum stream_kind kind = STREAM_APPROVAL; kind < STREAM_KIND_COUNT; kind++)
		a->wanting[kind] -= (c->kinds & feed_bit(kind)) != 0;
	a->count--;
	a->kept_until_ms = uv_now(c->control->host.loop) + LIMIT_FEED_KEPT_MS;
	c->kinds = 0;
	tell_watched(c->control, watched);
}

/* Says hello with the id to come back with, then what was missed. */
static void greet(struct caller *c, bool resumed, uint64_t number)
{
	const struct feed *feed = &c->control->audience.feed;
	const struct feed_event *event = resumed ? feed_after(feed, number, c->kinds) : NULL;
	char text[160];
	int len = snprintf(text, sizeof(text),
		"retry: %d\nid: %s-%" PRIu64 "\nevent: hello\ndata: {\"resumed\":%s}\n\n", RETRY_MS,
		feed->boot, resumed ? number : feed->last, resumed ? "true" : "false");

	if (!caller_send(c, slice_from(text, (size_t)len), SLICE("")))
		return;
	for (; event; event = feed_after(feed, event->number, c->kinds))
		if (!caller_send(c, slice_from(event->text, event->len), SLICE("")))
			return;
}

static void open_stream(struct call *call)
{
	struct caller *c = caller_of(call);
	unsigned kinds = parse_kinds(call_parameter(call, "kinds"));
	uint64_t number = 0;

	if (kinds == 0) {
		call_problem(call, 400, "bad_request",
			"The parameter kinds lists approval, grant, config, decision, closed.");
		return;
	}
	if (c->control->audience.count >= LIMIT_STREAMS) {
		call_problem(call, 503, "unavailable", "There are too many event streams.");
		return;
	}
	bool resumed =
		feed_resumes(&c->control->audience.feed, call->last_event_id, kinds, &number);
	call_reply_stream(call, "text/event-stream");
	if (c->phase != CALLER_STREAMS)
		return;
	join(c, kinds, resumed);
	greet(c, resumed, number);
}

void stream_ping(struct caller *c)
{
	bool allowed = tokens_named(&c->control->tokens, slice_of(c->call.name)) != NULL;

	if (!allowed || (c->stuck && c->writes > 0)) {
		caller_close(c);
		return;
	}
	c->stuck = true;
	caller_send(c, SLICE(": ping\n\n"), SLICE(""));
}

const struct route stream_routes[] = {
	{"GET", "/v1/events", ROLE_VIEWER, open_stream, "kinds"},
	{0},
};
