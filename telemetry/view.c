/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/view.h"

#include "base/escape.h"

#include <assert.h>

/* ---- names -------------------------------------------------------------------------------- */

enum key {
	KEY_PROTOCOL,
	KEY_SERVER_ADDRESS,
	KEY_SERVER_PORT,
	KEY_METHOD,
	KEY_CLIENT_ADDRESS,
	KEY_CLIENT_PORT,
	KEY_USER,
	KEY_SESSION,
	KEY_CONNECTION,
	KEY_POLICY_SCOPE,
	KEY_POLICY_DECISION,
	KEY_POLICY_SOURCE,
	KEY_POLICY_REASON,
	KEY_POLICY_OVERRIDE,
	KEY_POLICY_RULE,
	KEY_BYTES_SENT,
	KEY_BYTES_RECEIVED,
	KEY_DURATION,
	KEY_REASON,
	KEY_PEER_ADDRESS,
	KEY_PEER_PORT,
	KEY_SERVER_NAME,
	KEY_STATUS,
	KEY_CONFIG_OUTCOME,
	KEY_CONFIG_ACTOR,
	KEY_CONFIG_CHANGE,
	KEY_DROPPED_COUNT,
	KEY_DROPPED_CAUSE,
};

/* Field 1, bytes (protobuf encoding, tags). */
#define KEY(name)                                                                                  \
	{                                                                                          \
		1 << 3 | 2, sizeof(name) - 1, name                                                 \
	}

static const struct view_key keys[] = {
	[KEY_PROTOCOL] = KEY("network.transport.protocol"),
	[KEY_SERVER_ADDRESS] = KEY("server.address"),
	[KEY_SERVER_PORT] = KEY("server.port"),
	[KEY_METHOD] = KEY("http.request.method"),
	[KEY_CLIENT_ADDRESS] = KEY("client.address"),
	[KEY_CLIENT_PORT] = KEY("client.port"),
	[KEY_USER] = KEY("user.id"),
	[KEY_SESSION] = KEY("session.id"),
	[KEY_CONNECTION] = KEY("network_proxy.connection.id"),
	[KEY_POLICY_SCOPE] = KEY("network.policy.scope"),
	[KEY_POLICY_DECISION] = KEY("network.policy.decision"),
	[KEY_POLICY_SOURCE] = KEY("network.policy.source"),
	[KEY_POLICY_REASON] = KEY("network.policy.reason"),
	[KEY_POLICY_OVERRIDE] = KEY("network.policy.override"),
	[KEY_POLICY_RULE] = KEY("network.policy.rule"),
	[KEY_BYTES_SENT] = KEY("network_proxy.bytes_sent"),
	[KEY_BYTES_RECEIVED] = KEY("network_proxy.bytes_received"),
	[KEY_DURATION] = KEY("network_proxy.duration"),
	[KEY_REASON] = KEY("network_proxy.reason"),
	[KEY_PEER_ADDRESS] = KEY("network.peer.address"),
	[KEY_PEER_PORT] = KEY("network.peer.port"),
	[KEY_SERVER_NAME] = KEY("tls.client.server_name"),
	[KEY_STATUS] = KEY("http.response.status_code"),
	[KEY_CONFIG_OUTCOME] = KEY("network_proxy.config.outcome"),
	[KEY_CONFIG_ACTOR] = KEY("network_proxy.config.actor"),
	[KEY_CONFIG_CHANGE] = KEY("network_proxy.config.change"),
	[KEY_DROPPED_COUNT] = KEY("network_proxy.dropped.count"),
	[KEY_DROPPED_CAUSE] = KEY("network_proxy.dropped.cause"),
};

/* ---- text --------------------------------------------------------------------------------- */

/* Milliseconds are enough for a person. */
static void put_seconds(struct pen *p, uint64_t us)
{
	pen_number(p, us / 1000000);
	pen_put(p, SLICE("."));
	pen_digits(p, us / 1000 % 1000, 3);
	pen_put(p, SLICE(" s"));
}

/* The text itself when it is harmless, as nearly always, else escaped into the scratch. */
static struct slice escaped(struct view *v, struct slice s)
{
	const char *start = v->pen.at;

	if (escape_is_plain(s))
		return s;
	pen_escaped(&v->pen, s);
	return pen_since(&v->pen, start);
}

/* ---- attributes --------------------------------------------------------------------------- */

static struct view_attribute *add(struct view *v, enum key key, enum view_kind kind)
{
	assert(v->attribute_count < VIEW_ATTRIBUTES);
	struct view_attribute *a = &v->attributes[v->attribute_count++];
	a->key = &keys[key];
	a->kind = kind;
	return a;
}

/* Text of our own, or escaped already. Empty stands for "absent" in an event. */
static void add_plain(struct view *v, enum key key, struct slice text)
{
	if (text.len > 0)
		add(v, key, VIEW_TEXT)->value.text = text;
}

static void add_escaped(struct view *v, enum key key, struct slice text)
{
	if (text.len > 0)
		add(v, key, VIEW_TEXT)->value.text = escaped(v, text);
}

/* Zero is a value. */
static void add_count(struct view *v, enum key key, uint64_t number)
{
	add(v, key, VIEW_INTEGER)->value.integer = number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* Zero stands for "absent". */
static void add_number(struct view *v, enum key key, uint64_t number)
{
	if (number > 0)
		add_count(v, key, number);
}

static struct slice address_text(struct view *v, const struct address *a)
{
	const char *start = v->pen.at;

	pen_address(&v->pen, a);
	return pen_since(&v->pen, start);
}

/* Who wants to go where, for the line. */
struct ends {
	struct slice host, client;
};

static struct ends add_common(struct view *v, const struct event *e)
{
	struct ends ends = {escaped(v, e->host), address_text(v, &e->client)};

	add_plain(v, KEY_PROTOCOL,
		e->protocol == EVENT_PROTOCOL_CONNECT ? SLICE("https_connect") : SLICE("http"));
	add_plain(v, KEY_SERVER_ADDRESS, ends.host);
	add_number(v, KEY_SERVER_PORT, e->port);
	add_escaped(v, KEY_METHOD, e->method);
	add_plain(v, KEY_CLIENT_ADDRESS, ends.client);
	add_number(v, KEY_CLIENT_PORT, e->client_port);
	add_escaped(v, KEY_USER, e->user);
	add_escaped(v, KEY_SESSION, e->session_id);
	add_number(v, KEY_CONNECTION, e->connection);
	return ends;
}

/* "*.example.com (config.toml:12)" */
static void add_rule(struct view *v, const struct event *e)
{
	struct slice pattern = escaped(v, e->rule);
	struct slice file = escaped(v, e->rule_file);
	struct pen *p = &v->pen;
	const char *start = p->at;

	if (pattern.len == 0)
		return;
	pen_put(p, pattern);
	if (file.len > 0) {
		pen_put(p, SLICE(" ("));
		pen_put(p, file);
		if (e->rule_line > 0) {
			pen_put(p, SLICE(":"));
			pen_number(p, e->rule_line);
		}
		pen_put(p, SLICE(")"));
	}
	add_plain(v, KEY_POLICY_RULE, pen_since(p, start));
}

/* "a.example:443 for 127.0.0.1" */
static void put_ends(struct pen *p, const struct ends *ends, uint16_t port)
{
	bool brackets = slice_find(ends->host, ':') < ends->host.len;

	if (ends->host.len == 0) {
		pen_put(p, SLICE("a malformed target"));
	} else {
		if (brackets)
			pen_put(p, SLICE("["));
		pen_put(p, ends->host);
		if (brackets)
			pen_put(p, SLICE("]"));
		pen_put(p, SLICE(":"));
		pen_number(p, port);
	}
	if (ends->client.len > 0) {
		pen_put(p, SLICE(" for "));
		pen_put(p, ends->client);
	}
}

/* ---- events ------------------------------------------------------------------------------- */

static void view_policy_decision(struct view *v, const struct event *e)
{
	static const char *const sources[] = {
		[EVENT_BASELINE_POLICY] = "baseline_policy",
		[EVENT_MODE_GUARD] = "mode_guard",
		[EVENT_PROXY_STATE] = "proxy_state",
	};
	bool denied = e->decision == EVENT_DENY;
	struct slice reason = slice_of(reason_word(e->reason));
	struct ends ends = add_common(v, e);
	struct pen *p = &v->pen;

	add_plain(v, KEY_POLICY_SCOPE,
		e->scope == EVENT_SCOPE_DOMAIN ? SLICE("domain") : SLICE("non_domain"));
	add_plain(v, KEY_POLICY_DECISION, denied ? SLICE("deny") : SLICE("allow"));
	add_plain(v, KEY_POLICY_SOURCE, slice_of(sources[e->source]));
	add_plain(v, KEY_POLICY_REASON, reason);
	add(v, KEY_POLICY_OVERRIDE, VIEW_BOOLEAN)->value.boolean = false;
	add_rule(v, e);

	const char *start = p->at;
	pen_put(p, denied ? SLICE("denied ") : SLICE("allowed "));
	put_ends(p, &ends, e->port);
	if (denied) {
		pen_put(p, SLICE(": "));
		pen_put(p, reason);
	}
	v->body = pen_since(p, start);
}

static void view_connection_closed(struct view *v, const struct event *e)
{
	struct slice reason = slice_of(reason_word(e->reason));
	struct ends ends = add_common(v, e);
	struct pen *p = &v->pen;

	add_count(v, KEY_BYTES_SENT, e->bytes_up);
	add_count(v, KEY_BYTES_RECEIVED, e->bytes_down);
	add(v, KEY_DURATION, VIEW_REAL)->value.real = (double)e->duration_us / 1e6;
	add_plain(v, KEY_REASON, reason);
	add_plain(v, KEY_PEER_ADDRESS, address_text(v, &e->upstream));
	if (e->upstream.family != 0)
		add_number(v, KEY_PEER_PORT, e->port);
	add_escaped(v, KEY_SERVER_NAME, e->sni);
	add_number(v, KEY_STATUS, e->status);

	const char *start = p->at;
	pen_put(p, SLICE("closed "));
	put_ends(p, &ends, e->port);
	pen_put(p, SLICE(" after "));
	put_seconds(p, e->duration_us);
	pen_put(p, SLICE(", "));
	pen_number(p, e->bytes_up);
	pen_put(p, SLICE(" bytes sent, "));
	pen_number(p, e->bytes_down);
	pen_put(p, SLICE(" received: "));
	pen_put(p, reason);
	v->body = pen_since(p, start);
}

static void view_config_changed(struct view *v, const struct event *e)
{
	struct slice actor = escaped(v, e->actor);
	struct slice text = escaped(v, e->text);
	struct pen *p = &v->pen;

	add_plain(v, KEY_CONFIG_OUTCOME, e->refused ? SLICE("refused") : SLICE("applied"));
	add_plain(v, KEY_CONFIG_ACTOR, actor);
	add_plain(v, KEY_CONFIG_CHANGE, text);

	const char *start = p->at;
	pen_put(p, e->refused ? SLICE("configuration refused") : SLICE("configuration applied"));
	if (actor.len > 0) {
		pen_put(p, SLICE(", by "));
		pen_put(p, actor);
	}
	if (text.len > 0) {
		pen_put(p, SLICE(": "));
		pen_put(p, text);
	}
	v->body = pen_since(p, start);
}

static void view_records_dropped(struct view *v, const struct event *e)
{
	struct slice text = escaped(v, e->text);
	struct pen *p = &v->pen;

	add_count(v, KEY_DROPPED_COUNT, e->count);
	add_plain(v, KEY_DROPPED_CAUSE, text);

	const char *start = p->at;
	pen_number(p, e->count);
	pen_put(p, e->count == 1 ? SLICE(" event record lost: ") : SLICE(" event records lost: "));
	pen_put(p, text);
	v->body = pen_since(p, start);
}

static bool is_warning(const struct event *e)
{
	switch (e->name) {
	case EVENT_POLICY_DECISION:
		return e->decision == EVENT_DENY;
	case EVENT_CONFIG_CHANGED:
		return e->refused;
	case EVENT_RECORDS_DROPPED:
		return true;
	case EVENT_CONNECTION_CLOSED:
	case EVENT_NAME_COUNT:
		break;
	}
	return false;
}

void view_of(const struct event *e, struct view *ret_view)
{
	static void (*const views[EVENT_NAME_COUNT])(struct view *, const struct event *) = {
		[EVENT_POLICY_DECISION] = view_policy_decision,
		[EVENT_CONNECTION_CLOSED] = view_connection_closed,
		[EVENT_CONFIG_CHANGED] = view_config_changed,
		[EVENT_RECORDS_DROPPED] = view_records_dropped,
	};
	bool warning = is_warning(e);

	assert((unsigned)e->name < EVENT_NAME_COUNT);
	ret_view->name = slice_of(event_name_text(e->name));
	ret_view->severity = warning ? 13 : 9;
	ret_view->severity_text = warning ? SLICE("WARN") : SLICE("INFO");
	ret_view->attribute_count = 0;
	ret_view->pen =
		(struct pen){ret_view->scratch, ret_view->scratch + sizeof(ret_view->scratch)};
	views[e->name](ret_view, e);
}
