/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/event.h: what is recorded of one thing that happened, as a plain value. A worker fills
 * one on its stack and hands it to ring_record, which copies; no lock, no allocation, no system
 * call. Source: shared design §7; OpenTelemetry logs data model. */
#ifndef SALLYPORT_TELEMETRY_EVENT_H
#define SALLYPORT_TELEMETRY_EVENT_H

#include "base/address.h"
#include "base/reason.h"
#include "base/slice.h"

enum event_name {
	EVENT_POLICY_DECISION, /* network_proxy.policy_decision */
	EVENT_CONNECTION_CLOSED, /* network_proxy.connection_closed */
	EVENT_CONFIG_CHANGED, /* network_proxy.config_changed */
	EVENT_APPROVAL, /* network_proxy.approval: a question or grant changed */
	EVENT_RECORDS_DROPPED, /* network_proxy.records_dropped: exact count of lost records */
	EVENT_NAME_COUNT
};

/* Values of network.policy.decision and .source; the same words as policy/, without including it. */
enum event_decision { EVENT_ALLOW, EVENT_DENY, EVENT_ASK };
enum event_source { EVENT_BASELINE_POLICY, EVENT_MODE_GUARD, EVENT_PROXY_STATE, EVENT_DECIDER };

/* network.transport.protocol */
enum event_protocol { EVENT_PROTOCOL_HTTP, EVENT_PROTOCOL_CONNECT };

/* approval.state of network_proxy.approval: what happened. */
enum event_approval {
	EVENT_ASKED,
	EVENT_APPROVED,
	EVENT_DENIED,
	EVENT_EXPIRED,
	EVENT_WITHDRAWN,
	EVENT_REVOKED
};

/* What a question is about beside its host; the same as policy/subject.h. */
enum event_subject { EVENT_SUBJECT_NONE, EVENT_SUBJECT_REQUEST, EVENT_SUBJECT_SEARCH };

enum event_scope { EVENT_SCOPE_DOMAIN, EVENT_SCOPE_NON_DOMAIN };

/* Zeroed fields are absent from the record. Slices are borrowed until ring_record returns; peer
 * bytes may stand in them raw, the encoders escape. Never a query, header or body, and a path only
 * where a rule wants it recorded. */
struct event {
	enum event_name name;
	uint64_t time_ns; /* Unix time */
	enum reason reason;
	enum event_decision decision;
	enum event_source source;
	enum event_protocol protocol;
	enum event_scope scope;
	struct slice host; /* canonical; empty when malformed */
	uint16_t port;
	struct slice method; /* http.request.method */
	struct address client;
	uint16_t client_port;
	struct slice user; /* identity */
	struct slice session_id;
	uint8_t trace_id[16]; /* all zero: none */
	uint8_t span_id[8];
	uint8_t trace_flags;
	uint64_t connection; /* id of the proxied connection, ties decision and end together */

	/* policy_decision */
	struct slice rule; /* pattern that decided */
	struct slice rule_file;
	uint32_t rule_line;
	struct slice path; /* url.path, of a rule with record_path */

	/* connection_closed */
	uint64_t bytes_up; /* client to upstream */
	uint64_t bytes_down;
	uint64_t duration_us;
	struct address upstream;
	struct slice sni;
	uint16_t status; /* of the reply to the client, 0 for none */

	/* approval; `grant` of a decision and an end too, `user` and `session_id` as everywhere */
	enum event_approval approval;
	uint64_t question; /* id, 0: none */
	uint64_t grant; /* id, 0: none */
	struct slice approval_scope; /* "once", "session", "ttl", "always"; empty: none */
	struct slice approval_pattern;
	enum event_subject subject;
	struct slice subject_text; /* never of a search: it is what has not left yet */
	struct slice decider;
	struct slice note;
	uint64_t waited_us; /* the longest that somebody waited */
	uint32_t waiters;
	bool override; /* policy_decision: a decider allowed what no list does */

	/* config_changed: who and what; records_dropped: what */
	struct slice text;
	struct slice actor;
	bool refused; /* config_changed: the new configuration was refused */
	uint64_t count; /* records_dropped */
};

/* The event_name of the record, "network_proxy.…". Static. */
const char *event_name_text(enum event_name name);

/* Parses a W3C traceparent field value into trace_id, span_id and flags; false leaves the event
 * untouched. Source: W3C Trace Context §3.2. */
bool event_traceparent(struct event *e, struct slice value);

#endif
