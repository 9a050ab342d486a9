/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/audit.h"

#include "policy/requests.h"
#include "proxy/session_consent.h"
#include "proxy/streams.h"

#include <time.h>

static uint64_t unix_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What every record of a session has in common. */
static struct event event_of(const struct session *s, enum event_name name)
{
	struct event e = {
		.name = name,
		.time_ns = unix_ns(),
		.protocol = s->connect ? EVENT_PROTOCOL_CONNECT : EVENT_PROTOCOL_HTTP,
		.method = slice_of(s->method),
		.client = s->peer.address,
		.client_port = s->peer.port,
		.trace_flags = s->trace_flags,
		.connection = s->id,
		.session_id = slice_of(s->claim),
		.host = target_host(&s->target),
		.port = s->target.port,
		.scope = s->target.kind == TARGET_NAME && s->target.host_len > 0
				 ? EVENT_SCOPE_DOMAIN
				 : EVENT_SCOPE_NON_DOMAIN,
	};

	memcpy(e.trace_id, s->trace_id, sizeof(e.trace_id));
	memcpy(e.span_id, s->span_id, sizeof(e.span_id));
	return e;
}

/* Of the request whose head was read; a CONNECT has none, and a head that was laid down. */
static struct slice path_of(const struct session *s)
{
	bool seen = s->exchange && (!s->connect || s->inside);

	return seen ? session_path(s) : slice_from(NULL, 0);
}

/* The path only where the rule wants it; NULL: of the request whose head was read. */
static void note_rule(
	struct event *e, const struct session *s, uint32_t entry, const struct slice *path)
{
	const struct policy *policy = s->worker->settings.policy;
	const struct rule rule = policy_rule(policy, entry);

	if (!rule.pattern)
		return;
	e->rule = slice_of(rule.pattern);
	e->rule_file = slice_of(rule.file);
	e->rule_line = rule.line;
	if (!policy_records_path(policy, entry))
		return;
	e->path = path ? *path : path_of(s);
	e->path = slice_first(e->path, slice_find(e->path, '?'));
}

/* By which the current request goes. */
static uint64_t grant_of(const struct session *s)
{
	uint64_t consent = session_consent_grant(s);

	return consent != 0 ? consent : s->grant.id;
}

static enum event_decision decision_of(enum decision decision)
{
	switch (decision) {
	case DECISION_ALLOW:
		return EVENT_ALLOW;
	case DECISION_DENY:
		return EVENT_DENY;
	case DECISION_ASK:
		break;
	}
	return EVENT_ASK;
}

static enum event_source source_of(enum decision_source source)
{
	switch (source) {
	case SOURCE_BASELINE_POLICY:
		return EVENT_BASELINE_POLICY;
	case SOURCE_MODE_GUARD:
		return EVENT_MODE_GUARD;
	case SOURCE_PROXY_STATE:
		return EVENT_PROXY_STATE;
	case SOURCE_DECIDER:
		return EVENT_DECIDER;
	}
	return EVENT_BASELINE_POLICY;
}

void audit_decision(struct session *s, const struct verdict *verdict)
{
	audit_decision_at(s, verdict, NULL);
}

void audit_decision_at(struct session *s, const struct verdict *verdict, const struct slice *path)
{
	bool allowed = verdict->decision == DECISION_ALLOW;

	if (s->decided)
		return;
	s->decided = true;
	s->allowed = allowed;
	s->proxied = s->proxied || allowed;
	if (verdict->decision != DECISION_ASK)
		metrics_count(&s->worker->metrics, allowed ? COUNTER_ALLOWED : COUNTER_DENIED, 1);

	struct event e = event_of(s, EVENT_POLICY_DECISION);
	e.decision = decision_of(verdict->decision);
	e.reason = verdict->reason;
	e.source = source_of(verdict->source);
	e.question = s->question;
	e.grant = grant_of(s);
	e.override = allowed && verdict->source == SOURCE_DECIDER;
	note_rule(&e, s, verdict->entry, path);
	ring_record(s->worker->ring, &e);
}

void audit_asked(struct session *s)
{
	struct event e = event_of(s, EVENT_POLICY_DECISION);

	e.decision = EVENT_ASK;
	e.reason = session_asks_request(s) ? REASON_RULE_HELD : REASON_NOT_ALLOWED;
	e.source = EVENT_BASELINE_POLICY;
	if (session_asks_request(s))
		note_rule(&e, s, s->held, NULL);
	e.question = s->question;
	ring_record(s->worker->ring, &e);
}

void audit_denied_tunnel(struct session *s, enum reason reason)
{
	const struct verdict verdict = {.decision = DECISION_DENY,
		.reason = reason,
		.source = SOURCE_BASELINE_POLICY,
		.entry = s->verdict.entry};

	s->decided = false;
	audit_decision(s, &verdict);
}

void audit_closed(struct session *s)
{
	if (!s->proxied)
		return;
	s->proxied = false;

	struct event e = event_of(s, EVENT_CONNECTION_CLOSED);
	uint64_t now = uv_hrtime();
	uint64_t up = s->exchange ? s->exchange->bytes_up : s->exchanged_up;
	uint64_t down = s->exchange ? s->exchange->bytes_down : s->exchanged_down;
	if (s->streams) {
		up = streams_bytes_up(s->streams);
		down = streams_bytes_down(s->streams);
	}
	if (s->relay) {
		up += s->relay->up.bytes;
		down += s->relay->down.bytes;
	}
	e.reason = s->reason == REASON_NONE ? REASON_COMPLETED : s->reason;
	e.bytes_up = up - s->counted_up;
	e.bytes_down = down - s->counted_down;
	e.duration_us = (now - s->since_ns) / 1000;
	e.upstream = s->upstream;
	e.status = s->status;
	e.grant = s->grant.id;
	if (s->sni)
		e.sni = slice_of(s->sni);
	else if (s->sni_seen)
		e.sni = target_host(&s->target);
	ring_record(s->worker->ring, &e);
	metrics_count(&s->worker->metrics, COUNTER_BYTES_UP, e.bytes_up);
	metrics_count(&s->worker->metrics, COUNTER_BYTES_DOWN, e.bytes_down);
	s->counted_up = up;
	s->counted_down = down;
	s->since_ns = now;
	s->upstream = (struct address){0};
}

void audit_turned_away(struct worker *w, const struct endpoint *client, enum reason reason)
{
	const struct event e = {
		.name = EVENT_POLICY_DECISION,
		.time_ns = unix_ns(),
		.reason = reason,
		.decision = EVENT_DENY,
		.source = EVENT_PROXY_STATE,
		.scope = EVENT_SCOPE_NON_DOMAIN,
		.client = client->address,
		.client_port = client->port,
	};

	metrics_count(&w->metrics, COUNTER_DENIED, 1);
	metrics_ended(&w->metrics, reason);
	ring_record(w->ring, &e);
}
