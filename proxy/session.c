/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a request, top to bottom: head, judgement, lookup, judgement of addresses, dial,
 * first bytes, exchange or relay, end. Reading this file is reading the product. */
#include "proxy/session.h"

#include "policy/name.h"
#include "proxy/audit.h"
#include "proxy/claim.h"
#include "proxy/reply.h"
#include "proxy/session_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- ends --------------------------------------------------------------------------------- */

enum phase session_finish(struct session *s, enum reason reason)
{
	session_end_with(s, reason);
	return PHASE_CLOSE;
}

/* Answers with the reason's status and waits for the client to have read it. Where something of a
 * response has gone out already, or the reason has no status, the connection just ends. */
enum phase session_refuse(struct session *s, enum reason reason)
{
	struct exchange *x = s->exchange;
	bool malformed = s->target.host_len == 0;
	const struct refusal refusal = {
		.reason = reason,
		.source = s->verdict.source,
		.target = malformed ? NULL : &s->target,
		.protocol = s->connect ? "https_connect" : "http",
		.allowed = s->decided && s->allowed && s->verdict.decision == DECISION_ALLOW,
		.head_only = strcmp(s->method, "HEAD") == 0,
		.question = s->question,
	};

	session_end_with(s, reason);
	session_unlink(s, false);
	if (reason_row(reason)->status == 0 || (x->response && x->response_sent))
		return PHASE_CLOSE;
	buffer_done(&x->to_client);
	if (!reply_refuse(&x->to_client, &refusal))
		return PHASE_CLOSE;
	s->status = reason_row(reason)->status;
	return PHASE_LINGER;
}

/* Refused before anything was asked of anyone. */
enum phase session_deny(struct session *s, const struct verdict *verdict)
{
	s->verdict = *verdict;
	audit_decision(s, verdict);
	return session_refuse(s, verdict->reason);
}

enum phase session_deny_by_state(struct session *s, enum reason reason)
{
	const struct verdict verdict = {.decision = DECISION_DENY,
		.reason = reason,
		.source = SOURCE_PROXY_STATE,
		.entry = ENTRY_NONE};

	return session_deny(s, &verdict);
}

static enum phase deny_malformed(struct session *s, enum reason reason)
{
	const struct verdict verdict = {.decision = DECISION_DENY,
		.reason = reason == REASON_NONE ? REASON_OUT_OF_MEMORY : reason,
		.source = SOURCE_BASELINE_POLICY,
		.entry = ENTRY_NONE};

	if (!s->inside)
		s->target.host_len = 0;
	return session_deny(s, &verdict);
}

/* ---- dial --------------------------------------------------------------------------------- */

static void on_dialed(void *owner, const struct dialed *result)
{
	struct session *s = owner;

	s->dial = NULL;
	s->dialed = result;
	session_post(s, SESSION_DIALED);
}

static enum phase dial(struct session *s, const struct address *addresses, size_t count)
{
	struct worker *w = s->worker;

	audit_decision(s, &s->verdict);
	s->rules_changed = false;
	s->dial = dial_start(
		w->poller, addresses, count, s->target.port, w->settings.connect_ms, on_dialed, s);
	if (!s->dial)
		return session_refuse(s, REASON_OUT_OF_MEMORY);
	metrics_count(&w->metrics, COUNTER_DIALS, 1);
	return PHASE_DIAL;
}

/* A client that left while we were busy for it. Early bytes stay in its socket; the end behind them
 * shows later. After a whole request a half-close is no leaving. */
bool session_client_left(const struct session *s)
{
	char byte;

	if (!s->client->hung_up)
		return false;
	ssize_t got = recv(s->client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (got == 0)
		return s->connect;
	return got < 0 && errno != EAGAIN && errno != EWOULDBLOCK;
}

enum phase session_step_dial(struct session *s, unsigned events)
{
	struct address permitted;
	struct verdict refusal;

	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (session_client_left(s))
		return session_finish(s, REASON_CLIENT_CLOSED);
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_refuse(s, s->verdict.reason);
	if (!(events & SESSION_DIALED))
		return PHASE_DIAL;
	const struct dialed *dialed = s->dialed;
	s->upstream = dialed->address;
	if (dialed->reason != REASON_NONE)
		return session_refuse(s, dialed->reason);
	/* Judged when it was chosen; the rules may have changed since. */
	if (s->rules_changed &&
		session_judge_addresses(s, &dialed->address, 1, &permitted, &refusal) == 0)
		return session_refuse(s, refusal.reason);
	session_take_dialed(s, dialed);
	return session_established(s);
}

/* ---- lookup ------------------------------------------------------------------------------- */

/* Keeps the addresses that may be dialled. The verdict is the first refusal when there is none. */
size_t session_judge_addresses(struct session *s, const struct address *addresses, size_t count,
	struct address *ret_permitted, struct verdict *ret_refusal)
{
	size_t permitted = 0;
	bool refused = false;

	for (size_t i = 0; i < count; i++) {
		struct verdict verdict = policy_judge_address(
			s->worker->settings.policy, &s->target, &s->verdict, &addresses[i]);
		if (verdict.decision == DECISION_ALLOW) {
			ret_permitted[permitted++] = addresses[i];
		} else if (!refused) {
			refused = true;
			*ret_refusal = verdict;
		}
	}
	return permitted;
}

static enum phase dial_judged(struct session *s, const struct address *addresses, size_t count)
{
	struct address permitted[LIMIT_ADDRESSES];
	struct verdict refusal;
	size_t permitted_count = session_judge_addresses(s, addresses, count, permitted, &refusal);

	return permitted_count > 0 ? dial(s, permitted, permitted_count)
				   : session_deny(s, &refusal);
}

static enum phase take_answer(struct session *s, const struct answer *answer)
{
	for (size_t i = 0; i < answer->alias_count; i++) {
		struct verdict verdict = policy_judge_alias(
			s->worker->settings.policy, &s->target, slice_of(answer->aliases[i]));
		if (verdict.decision == DECISION_DENY)
			return session_deny(s, &verdict);
	}
	if (answer->reason == REASON_NONE && answer->address_count > 0)
		return dial_judged(s, answer->addresses, answer->address_count);
	audit_decision(s, &s->verdict);
	return session_refuse(
		s, answer->reason == REASON_NONE ? REASON_DNS_NOT_FOUND : answer->reason);
}

static void on_found(void *owner, const struct answer *answer)
{
	struct session *s = owner;

	s->lookup = NULL;
	s->found = answer;
	session_post(s, SESSION_FOUND);
}

enum phase session_step_lookup(struct session *s, unsigned events)
{
	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (session_client_left(s))
		return session_finish(s, REASON_CLIENT_CLOSED);
	/* A verdict belongs to the rules that gave it. */
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_deny(s, &s->verdict);
	return events & SESSION_FOUND ? take_answer(s, s->found) : PHASE_LOOKUP;
}

/* From an allowed name to addresses: its own, known ones, or a question. */
enum phase session_find(struct session *s)
{
	static const struct address loopback[] = {
		{.family = 4, .bytes = {127, 0, 0, 1}},
		{.family = 6, .bytes = {[15] = 1}},
	};
	const struct answer *known;

	if (s->target.kind == TARGET_ADDRESS)
		return dial_judged(s, &s->target.address, 1);
	/* RFC 6761 §6.3: never a question to DNS. */
	if (name_is_localhost(target_host(&s->target)))
		return dial_judged(s, loopback, 2);
	if (resolver_cached(s->worker->resolver, target_host(&s->target), &known))
		return take_answer(s, known);
	s->lookup = lookup_start(s->worker->resolver, target_host(&s->target), on_found, s);
	poller_nudge(s->worker->poller);
	if (s->lookup)
		return PHASE_LOOKUP;
	audit_decision(s, &s->verdict);
	return session_refuse(s, REASON_DNS_FAILED);
}

/* ---- head --------------------------------------------------------------------------------- */

/* From an allowed name to the upstream; a CONNECT has one of its own. */
enum phase session_admit(struct session *s)
{
	if (!session_has_consent(s))
		return session_consult_request(s);
	if (s->held != ENTRY_NONE) {
		s->verdict.source = SOURCE_DECIDER;
		s->verdict.entry = s->held;
	}
	if (s->connect && !s->inside) {
		session_unlink(s, true);
		return session_find(s);
	}
	if (!session_reuse_link(s)) {
		session_unlink(s, false);
		return session_find(s);
	}
	audit_decision(s, &s->verdict);
	return session_send_request(s);
}

/* Without memory the client has no name of its own, and grants for one do not cover it. */
static void note_claim(struct session *s, const struct head *h)
{
	char claim[LIMIT_SESSION_BYTES + 1];

	/* Requests inside a tunnel are the tunnel's. */
	if (s->inside)
		return;
	free(s->claim);
	s->claim = claim_session(h, claim) > 0 ? strdup(claim) : NULL;
}

void session_note_head(struct session *s, const struct head *h)
{
	struct event e = {0};
	size_t len = h->method.len < sizeof(s->method) ? h->method.len : sizeof(s->method) - 1;

	memcpy(s->method, h->method.ptr, len);
	s->method[len] = '\0';
	note_claim(s, h);
	s->head_ns = uv_hrtime();
	if (!event_traceparent(&e, head_field(h, SLICE("traceparent"))))
		return;
	memcpy(s->trace_id, e.trace_id, sizeof(s->trace_id));
	memcpy(s->span_id, e.span_id, sizeof(s->span_id));
	s->trace_flags = e.trace_flags;
}

/* Another target than before ends the story of the one before. */
static void change_target(struct session *s, const struct target *target)
{
	if (target_equal(&s->target, target))
		return;
	audit_closed(s);
	session_unlink(s, true);
	session_go_by(s, NULL);
	s->target = *target;
}

void session_judge_request(struct session *s)
{
	struct request_view view = {.method = SLICE("CONNECT")};

	/* The head of a CONNECT may have been laid down. */
	if (!s->connect || s->inside)
		view = request_view_of(message_head(s->exchange->request), session_path(s));
	const struct request_place place = session_place(s);
	s->verdict = request_judge(&place, &s->target, &view, &s->held);
}

struct request_place session_place(const struct session *s)
{
	return (struct request_place){
		.policy = s->worker->settings.policy,
		.secrets = s->worker->settings.secrets,
		.tunnel = s->inside ? &s->target : NULL,
		.secure = s->inspected != NULL,
		.via = s->worker->via,
	};
}

static enum phase take_request(struct session *s)
{
	const struct head *h = message_head(s->exchange->request);
	const struct request_place place = session_place(s);
	struct request r;

	s->decided = s->allowed = s->head_begun = false;
	s->question = 0;
	session_note_head(s, h);
	session_forget_consent(s);
	metrics_count(&s->worker->metrics, COUNTER_REQUESTS, 1);
	request_read(h, &place, &r);
	s->connect = r.connect || s->inside;
	if (!r.has_target)
		return deny_malformed(s, r.reason);
	change_target(s, &r.target);
	s->verdict = r.verdict;
	s->held = r.held;
	s->for_agent = r.for_agent;
	if (r.for_agent)
		return session_attend(s);
	if (r.verdict.decision == DECISION_DENY)
		return session_deny(s, &r.verdict);
	if (session_inspected_fault(s) != REASON_NONE) {
		audit_decision(s, &s->verdict);
		return session_refuse(s, session_inspected_fault(s));
	}
	if (worker_is_draining(s->worker))
		return session_deny_by_state(s, REASON_DRAINING);
	return session_go_on(s);
}

bool session_is_idle(const struct session *s)
{
	return message_idle(s->exchange->request) && s->exchange->client_in.len == 0;
}

/* Nothing is under way on the upstream connection: it may serve another client. */
static enum phase leave(struct session *s, enum reason reason)
{
	session_unlink(s, true);
	return session_finish(s, reason);
}

enum phase session_step_head(struct session *s, unsigned events)
{
	struct worker *w = s->worker;

	if (events & SESSION_END || (events & SESSION_DRAIN && session_is_idle(s)))
		return session_finish(s, REASON_DRAINED);
	if (s->link && s->link->hung_up)
		session_unlink(s, false);
	switch (exchange_read_head(s->exchange, s->client, &w->ground)) {
	case MESSAGE_HEAD:
		return take_request(s);
	case MESSAGE_BAD:
		s->decided = false;
		return deny_malformed(s, message_fault(s->exchange->request));
	case MESSAGE_END:
		return leave(s, REASON_CLIENT_CLOSED);
	case MESSAGE_MORE:
	case MESSAGE_DATA:
		break;
	}
	/* From its first byte on a head has its own time, whatever the wait before was. */
	if (!s->head_begun && !session_is_idle(s)) {
		s->head_begun = true;
		session_progress(s);
	}
	if (!(events & SESSION_DEADLINE))
		return PHASE_HEAD;
	if (session_is_idle(s) && s->method[0] != '\0')
		return leave(s, REASON_IDLE);
	s->decided = false;
	return deny_malformed(s, REASON_HEAD_TIMEOUT);
}
