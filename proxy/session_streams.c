/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 inside of a tunnel that is looked into: each of its requests is judged and recorded as one of
 * HTTP/1.1 would be; a refused one leaves the others alone. */
#include "policy/requests.h"
#include "proxy/audit.h"
#include "proxy/session_steps.h"
#include "proxy/streams.h"

#include <string.h>

/* ---- judgement ---------------------------------------------------------------------------- */

static struct verdict denied(enum reason reason, enum decision_source source)
{
	return (struct verdict){
		.decision = DECISION_DENY, .reason = reason, .source = source, .entry = ENTRY_NONE};
}

/* On no list: the tunnel's grant, or another. Nobody is asked here: whoever decided about the tunnel
 * decided about its requests. */
static struct verdict judge_by_grant(struct session *s)
{
	return session_find_grant(s) ? s->verdict
				     : denied(REASON_NOT_ALLOWED, SOURCE_BASELINE_POLICY);
}

static struct verdict judge_request(
	struct session *s, const struct streams_asked *asked, struct streams_allowed *ret_allowed)
{
	const struct request_place place = session_place(s);
	struct request r;

	if (asked->bad != REASON_NONE)
		return denied(asked->bad, SOURCE_BASELINE_POLICY);
	request_read(asked->head, &place, &r);
	ret_allowed->path = r.path;
	if (r.verdict.decision == DECISION_DENY)
		return r.verdict;
	if (!asked->again && worker_is_draining(s->worker))
		return denied(REASON_DRAINING, SOURCE_PROXY_STATE);
	if (r.verdict.decision == DECISION_ASK && !policy_is_held(&r.verdict))
		r.verdict = judge_by_grant(s);
	/* Tunnels to where rules hold requests speak HTTP/1.1; this one is older than its rule. */
	if (r.held != ENTRY_NONE && r.verdict.decision != DECISION_DENY) {
		r.verdict = denied(REASON_RULE_HELD, SOURCE_BASELINE_POLICY);
		r.verdict.entry = r.held;
	}
	if (r.verdict.decision == DECISION_DENY || asked->again ||
		session_inspected_fault(s) != REASON_NONE)
		return r.verdict;
	enum reason reason =
		request_edit(asked->head, &place, &s->target, r.path, &ret_allowed->edit);
	return reason == REASON_NONE ? r.verdict : denied(reason, SOURCE_PROXY_STATE);
}

static bool on_asked(void *owner, const struct streams_asked *asked,
	struct streams_allowed *ret_allowed, struct refusal *ret_refusal)
{
	struct session *s = owner;

	*ret_allowed = (struct streams_allowed){.edit = NULL};
	const struct verdict verdict = judge_request(s, asked, ret_allowed);
	bool allowed = verdict.decision == DECISION_ALLOW;
	enum reason fault = session_inspected_fault(s);

	/* That a request under way may go on is no news. */
	if (asked->again && allowed)
		return true;
	s->decided = s->allowed = false;
	s->trace_flags = 0;
	memset(s->trace_id, 0, sizeof(s->trace_id));
	memset(s->span_id, 0, sizeof(s->span_id));
	session_note_head(s, asked->head);
	if (!asked->again)
		metrics_count(&s->worker->metrics, COUNTER_REQUESTS, 1);
	audit_decision_at(s, &verdict, &ret_allowed->path);
	*ret_refusal = (struct refusal){
		.reason = allowed ? fault : verdict.reason,
		.source = verdict.source,
		.target = &s->target,
		.protocol = "https_connect",
		.allowed = allowed,
		.head_only = slice_equal(asked->head->method, SLICE("HEAD")),
	};
	return allowed && fault == REASON_NONE;
}

static void judge_anew(struct session *s)
{
	if (!session_lost_permission(s)) {
		streams_judge_anew(s->streams);
		return;
	}
	const struct refusal refusal = {
		.reason = session_lost_reason(s),
		.source = s->verdict.source,
		.target = &s->target,
		.protocol = "https_connect",
	};
	streams_refuse_all(s->streams, &refusal);
}

/* ---- the phase ---------------------------------------------------------------------------- */

/* From here on the session owns no parser and no buffer of HTTP/1.1. */
enum phase session_start_streams(struct session *s)
{
	const struct settings *settings = &s->worker->settings;
	const struct streams_options options = {
		.client = s->client,
		.upstream = s->link,
		.target = &s->target,
		.via = s->worker->via,
		.scratch = s->worker->ground.scratch,
		.head_ms = settings->head_ms,
		.response_ms = settings->response_ms,
		.idle_ms = settings->idle_ms,
		.judge = on_asked,
		.owner = s,
	};

	s->streams = streams_new(&options);
	if (!s->streams)
		return session_finish(s, REASON_OUT_OF_MEMORY);
	exchange_free(s->exchange);
	s->exchange = NULL;
	if (worker_is_draining(s->worker))
		streams_leave(s->streams, REASON_DRAINED);
	session_post(s, SESSION_CLIENT | SESSION_UPSTREAM);
	return PHASE_STREAMS;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Between requests as between those of HTTP/1.1; else the time until the next look at what is late. */
uint32_t session_streams_budget(const struct session *s)
{
	enum { LOOKS = 4, LEAST_MS = 10 };
	const struct settings *settings = &s->worker->settings;
	uint32_t budget = least(settings->head_ms, least(settings->response_ms, settings->idle_ms));

	if (streams_count(s->streams) == 0)
		return settings->keepalive_ms;
	return budget / LOOKS > LEAST_MS ? budget / LOOKS : LEAST_MS;
}

enum phase session_step_streams(struct session *s, unsigned events)
{
	struct streams *all = s->streams;
	uint64_t now_ms = uv_now(&s->worker->loop);
	bool idle = streams_count(all) == 0;
	enum reason reason = REASON_NONE;

	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (events & SESSION_DRAIN)
		streams_leave(all, REASON_DRAINED);
	if (events & SESSION_RULES)
		judge_anew(s);
	if (events & SESSION_POLICY && policy_holds(s->worker->settings.policy, &s->target))
		streams_leave(all, REASON_COMPLETED);
	if (events & SESSION_DEADLINE && idle)
		streams_leave(all, REASON_IDLE);
	if (events & SESSION_DEADLINE)
		streams_expire(all, now_ms);
	enum streams_result result = streams_turn(all, now_ms, &reason);
	s->status = streams_status(all);
	if (result == STREAMS_GONE)
		return session_finish(s, reason);
	if (result == STREAMS_DONE) {
		/* The last words are to be read before the connection goes. */
		session_end_with(s, reason);
		return PHASE_LINGER;
	}
	if (events & SESSION_DEADLINE || idle != (streams_count(all) == 0))
		session_progress(s);
	return PHASE_STREAMS;
}
