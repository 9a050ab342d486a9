/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the proxy itself: the agent's own page, http://sallyport.internal/. Its content is read,
 * the clerk is asked, the answer is written; nothing of it goes upstream, and no list is asked. */
#include "proxy/agent_call.h"
#include "proxy/audit.h"
#include "proxy/reply.h"
#include "proxy/session_steps.h"

#include <stdlib.h>

static void on_reply(void *owner, struct agent_reply *reply)
{
	struct session *s = owner;

	s->waiter = NULL;
	s->reply = reply;
	session_post(s, SESSION_RULED);
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* All of it is with the client: the connection goes on, or ends. */
static enum phase answered(struct session *s)
{
	if (!exchange_next(s->exchange) || worker_is_draining(s->worker)) {
		session_end_with(s, REASON_COMPLETED);
		return PHASE_LINGER;
	}
	session_post(s, SESSION_CLIENT);
	return PHASE_HEAD;
}

static enum phase write_answer(struct session *s)
{
	struct exchange *x = s->exchange;

	while (x->to_client.len > 0) {
		size_t put;
		enum wire_result result = wire_write(s->client, buffer_bytes(&x->to_client), &put);
		if (result == WIRE_AGAIN)
			return PHASE_AGENT;
		if (result != WIRE_OK)
			return session_finish(s, REASON_CLIENT_RESET);
		session_progress(s);
		x->bytes_down += put;
		buffer_take(&x->to_client, put);
	}
	return answered(s);
}

/* Takes the reply; NULL: there was no memory for it. */
static enum phase answer(struct session *s, struct agent_reply *reply)
{
	struct exchange *x = s->exchange;
	const struct reply_way way = {
		.head_only = strcmp(s->method, "HEAD") == 0,
		.close = x->client_close || !x->request_ended || worker_is_draining(s->worker),
	};

	if (!reply)
		return session_refuse(s, REASON_OUT_OF_MEMORY);
	x->client_close = way.close;
	bool whole = reply_agent(&x->to_client, reply, &way);
	s->status = reply->status;
	free(reply);
	if (!whole)
		return session_refuse(s, REASON_OUT_OF_MEMORY);
	x->response_begun = true;
	return write_answer(s);
}

/* ---- the question -------------------------------------------------------------------------- */

static enum phase ask_clerk(struct session *s)
{
	struct exchange *x = s->exchange;
	const struct head *h = message_head(x->request);
	char identity[LIMIT_IDENTITY_BYTES + 1];
	const struct claimant who = session_claimant(s, identity);

	struct agent_call *call =
		agent_call_new(h, session_path(s), &who, buffer_bytes(&x->to_upstream));
	buffer_done(&x->to_upstream);
	s->patient = call && call->wait_ms > 0;
	if (call)
		s->waiter = waiter_start_agent(&s->worker->hold, call, on_reply, s);
	if (!s->waiter)
		return session_refuse(s, REASON_OUT_OF_MEMORY);
	session_progress(s);
	return PHASE_AGENT;
}

static enum phase read_content(struct session *s)
{
	enum reason reason = REASON_NONE;

	switch (exchange_read_content(
		s->exchange, s->client, &s->worker->ground, LIMIT_AGENT_BODY_BYTES, &reason)) {
	case EXCHANGE_GOING:
		return PHASE_AGENT;
	case EXCHANGE_DONE:
		return ask_clerk(s);
	case EXCHANGE_BAD:
		break;
	case EXCHANGE_CLIENT_GONE:
	case EXCHANGE_UPSTREAM_GONE:
	case EXCHANGE_UPGRADED:
		return session_finish(s, REASON_CLIENT_CLOSED);
	}
	if (reason != REASON_NONE)
		return session_refuse(s, reason);
	return answer(s, agent_problem(413, "too_large", "The body has at most 4096 bytes."));
}

/* RFC 9110 §10.1.1: the content is wanted, and a client that waits to be told so is told. */
static bool invite_content(struct session *s)
{
	const struct slice invitation = SLICE("HTTP/1.1 100 Continue\r\n\r\n");
	struct exchange *x = s->exchange;
	size_t put;

	if (!message_head(x->request)->expect_continue || x->client_in.len > 0)
		return true;
	/* Nothing is queued for this client, so its socket takes the whole line or is gone. */
	return wire_write(s->client, invitation, &put) == WIRE_OK && put == invitation.len;
}

enum phase session_attend(struct session *s)
{
	struct exchange *x = s->exchange;

	audit_decision(s, &s->verdict);
	x->client_close = !message_head(x->request)->keep_alive;
	if (!invite_content(s))
		return session_finish(s, REASON_CLIENT_RESET);
	return read_content(s);
}

/* ---- the wait ------------------------------------------------------------------------------ */

static enum phase late(struct session *s)
{
	if (s->exchange->response_begun)
		return session_finish(s, REASON_IDLE);
	if (!s->waiter)
		return session_refuse(s, REASON_BODY_TIMEOUT);
	/* The clerk promises an answer within the time. */
	session_leave_desk(s, false);
	return session_refuse(s, REASON_OVERLOADED);
}

/* While the answer may take long, half an end is an end: nothing else tells of a client that left. */
static bool client_left(const struct session *s)
{
	bool waits = s->waiter && s->patient;

	return waits ? s->client->hung_up : session_client_left(s);
}

enum phase session_step_agent(struct session *s, unsigned events)
{
	struct agent_reply *reply = s->reply;

	s->reply = NULL;
	if (events & SESSION_RULED)
		return answer(s, reply);
	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (client_left(s))
		return session_finish(s, REASON_CLIENT_CLOSED);
	if (events & SESSION_DRAIN && s->waiter) {
		session_leave_desk(s, false);
		return session_refuse(s, REASON_DRAINING);
	}
	if (events & SESSION_DEADLINE)
		return late(s);
	if (s->exchange->response_begun)
		return write_answer(s);
	return s->waiter ? PHASE_AGENT : read_content(s);
}
