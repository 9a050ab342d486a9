/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/approval_event.h"

#include <time.h>

static enum event_approval approval_of(const struct news *news)
{
	switch (news->kind) {
	case NEWS_ASKED:
		return EVENT_ASKED;
	case NEWS_DECIDED:
	case NEWS_GRANTED:
		return news->grant->allow ? EVENT_APPROVED : EVENT_DENIED;
	case NEWS_WITHDRAWN:
		return EVENT_WITHDRAWN;
	case NEWS_REVOKED:
		return EVENT_REVOKED;
	case NEWS_EXPIRED:
	case NEWS_GRANT_ENDED:
	case NEWS_WAITERS:
	case NEWS_CONTEXT:
		break;
	}
	return EVENT_EXPIRED;
}

/* The words of a search are what nobody has let out yet. */
static void note_subject(struct event *e, enum subject_kind kind, const char *subject)
{
	e->subject = kind == SUBJECT_REQUEST  ? EVENT_SUBJECT_REQUEST
		     : kind == SUBJECT_SEARCH ? EVENT_SUBJECT_SEARCH
					      : EVENT_SUBJECT_NONE;
	if (kind == SUBJECT_REQUEST)
		e->subject_text = slice_of(subject);
}

static void note_question(struct event *e, const struct question *q)
{
	e->protocol =
		q->protocol == QUESTION_CONNECT ? EVENT_PROTOCOL_CONNECT : EVENT_PROTOCOL_HTTP;
	e->scope = q->target.kind == TARGET_NAME ? EVENT_SCOPE_DOMAIN : EVENT_SCOPE_NON_DOMAIN;
	e->host = target_host(&q->target);
	e->port = q->target.port;
	e->user = slice_of(q->identity);
	e->session_id = slice_of(q->session);
	e->method = slice_of(q->context.method);
	e->question = q->id;
	e->waiters = q->waiters;
	note_subject(e, q->subject_kind, q->subject);
	event_traceparent(e, slice_of(q->context.traceparent));
}

static void note_grant(struct event *e, const struct grant *g, char pattern[GRANT_PATTERN_SIZE])
{
	e->grant = g->id;
	e->approval_scope = slice_of(grant_scope_word(g->scope));
	e->approval_pattern = slice_from(pattern, grant_pattern_format(g, pattern));
	e->note = slice_of(g->note);
	note_subject(e, g->subject_kind, g->subject);
	if (e->user.len == 0)
		e->user = slice_of(g->identity);
	if (e->question == 0)
		e->question = g->question;
}

void approval_event(
	const struct news *news, struct event *ret_event, char ret_pattern[GRANT_PATTERN_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	*ret_event = (struct event){
		.name = EVENT_APPROVAL,
		.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
		.approval = approval_of(news),
		.decider = slice_of(news->actor),
		.waited_us = news->waited_ms * 1000,
	};
	if (news->question)
		note_question(ret_event, news->question);
	if (news->grant)
		note_grant(ret_event, news->grant, ret_pattern);
}
