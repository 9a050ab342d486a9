/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/view.h"

#include "base/escape.h"
#include "telemetry/view_key.h"

#include <assert.h>

/* ---- text --------------------------------------------------------------------------------- */

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

static struct view_attribute *add(struct view *v, enum view_key_id key, enum view_kind kind)
{
	assert(v->attribute_count < VIEW_ATTRIBUTES);
	struct view_attribute *a = &v->attributes[v->attribute_count++];
	a->key = &view_keys[key];
	a->kind = kind;
	return a;
}

/* Text of our own, or escaped already. Empty stands for "absent" in an event. */
static void add_plain(struct view *v, enum view_key_id key, struct slice text)
{
	if (text.len > 0)
		add(v, key, VIEW_TEXT)->value.text = text;
}

static void add_escaped(struct view *v, enum view_key_id key, struct slice text)
{
	if (text.len > 0)
		add(v, key, VIEW_TEXT)->value.text = escaped(v, text);
}

/* Zero is a value. */
static void add_count(struct view *v, enum view_key_id key, uint64_t number)
{
	add(v, key, VIEW_INTEGER)->value.integer = number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* Zero stands for "absent". */
static void add_number(struct view *v, enum view_key_id key, uint64_t number)
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

	/* A grant made ahead of time is for any. */
	if (e->name != EVENT_APPROVAL || e->question != 0)
		add_plain(v, KEY_PROTOCOL,
			e->protocol == EVENT_PROTOCOL_CONNECT ? SLICE("https_connect")
							      : SLICE("http"));
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

/* "q-0123456789abcdef", or nothing for 0: the ids of policy/question.h, which telemetry does not
 * include. */
static struct slice ident(struct pen *p, struct slice prefix, uint64_t id)
{
	static const char digits[] = "0123456789abcdef";
	const char *start = p->at;

	if (id == 0)
		return SLICE("");
	pen_put(p, prefix);
	pen_room(p, 16);
	for (int shift = 60; shift >= 0; shift -= 4)
		*p->at++ = digits[id >> shift & 15];
	return pen_since(p, start);
}

static void add_idents(struct view *v, const struct event *e)
{
	if ((e->question | e->grant) == 0)
		return;
	add_plain(v, KEY_APPROVAL_ID, ident(&v->pen, SLICE("q-"), e->question));
	add_plain(v, KEY_GRANT_ID, ident(&v->pen, SLICE("g-"), e->grant));
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
		[EVENT_DECIDER] = "decider",
	};
	static const struct {
		const char *word, *verb;
	} decisions[] = {
		[EVENT_ALLOW] = {"allow", "allowed "},
		[EVENT_DENY] = {"deny", "denied "},
		[EVENT_ASK] = {"ask", "held "},
	};
	struct slice reason = slice_of(reason_word(e->reason));
	struct ends ends = add_common(v, e);
	struct pen *p = &v->pen;

	add_plain(v, KEY_POLICY_SCOPE,
		e->scope == EVENT_SCOPE_DOMAIN ? SLICE("domain") : SLICE("non_domain"));
	add_plain(v, KEY_POLICY_DECISION, slice_of(decisions[e->decision].word));
	add_plain(v, KEY_POLICY_SOURCE, slice_of(sources[e->source]));
	add_plain(v, KEY_POLICY_REASON, reason);
	add(v, KEY_POLICY_OVERRIDE, VIEW_BOOLEAN)->value.boolean = e->override;
	add_rule(v, e);
	add_escaped(v, KEY_PATH, e->path);
	add_idents(v, e);

	const char *start = p->at;
	pen_put(p, slice_of(decisions[e->decision].verb));
	put_ends(p, &ends, e->port);
	if (e->decision != EVENT_ALLOW) {
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
	add_idents(v, e);

	const char *start = p->at;
	pen_put(p, SLICE("closed "));
	put_ends(p, &ends, e->port);
	pen_put(p, SLICE(" after "));
	pen_seconds(p, e->duration_us);
	pen_put(p, SLICE(", "));
	pen_number(p, e->bytes_up);
	pen_put(p, SLICE(" bytes sent, "));
	pen_number(p, e->bytes_down);
	pen_put(p, SLICE(" received: "));
	pen_put(p, reason);
	v->body = pen_since(p, start);
}

/* What the line of an approval tells behind its verb. */
struct approval {
	struct slice scope, pattern, subject, decider, note;
};

/* "POST /x at cdn.example:443 for local by admin, ttl *.example:443: a note"; without a question the
 * pattern stands first. */
static void put_approval(
	struct pen *p, const struct event *e, const struct ends *ends, const struct approval *a)
{
	bool asked = ends->host.len > 0;

	if (a->subject.len > 0) {
		pen_put(p, a->subject);
		pen_put(p, SLICE(" at "));
	}
	if (asked)
		put_ends(p, ends, e->port);
	else
		pen_put(p, a->pattern);
	if (!asked && ends->client.len > 0) {
		pen_put(p, SLICE(" for "));
		pen_put(p, ends->client);
	}
	if (a->decider.len > 0) {
		pen_put(p, SLICE(" by "));
		pen_put(p, a->decider);
	}
	if (a->scope.len > 0) {
		pen_put(p, SLICE(", "));
		pen_put(p, a->scope);
	}
	if (asked && a->pattern.len > 0) {
		pen_put(p, SLICE(" "));
		pen_put(p, a->pattern);
	}
	if (a->note.len > 0) {
		pen_put(p, SLICE(": "));
		pen_put(p, a->note);
	}
}

/* Not a question that nobody answered: a decision whose time is over. */
static bool is_over(const struct event *e)
{
	return e->approval == EVENT_EXPIRED && e->grant != 0;
}

static void view_approval(struct view *v, const struct event *e)
{
	static const struct {
		const char *word, *verb;
	} states[] = {
		[EVENT_ASKED] = {"asked", "asked about "},
		[EVENT_APPROVED] = {"approved", "approved "},
		[EVENT_DENIED] = {"denied", "denied "},
		[EVENT_EXPIRED] = {"expired", "nobody decided about "},
		[EVENT_WITHDRAWN] = {"withdrawn", "no longer asked about "},
		[EVENT_REVOKED] = {"revoked", "revoked "},
	};
	static const char *const subjects[] = {"", "request", "search"};
	const struct approval a = {escaped(v, e->approval_scope), escaped(v, e->approval_pattern),
		escaped(v, e->subject_text), escaped(v, e->decider), escaped(v, e->note)};
	struct ends ends = add_common(v, e);
	struct pen *p = &v->pen;

	add_idents(v, e);
	add_plain(v, KEY_APPROVAL_STATE, slice_of(states[e->approval].word));
	add_plain(v, KEY_APPROVAL_SCOPE, a.scope);
	add_plain(v, KEY_APPROVAL_PATTERN, a.pattern);
	add_plain(v, KEY_APPROVAL_KIND, slice_of(subjects[e->subject]));
	add_plain(v, KEY_APPROVAL_SUBJECT, a.subject);
	add_plain(v, KEY_APPROVAL_DECIDER, a.decider);
	add_plain(v, KEY_APPROVAL_NOTE, a.note);
	if (e->question != 0 && e->approval != EVENT_REVOKED) {
		if (e->approval != EVENT_ASKED)
			add(v, KEY_APPROVAL_WAITED, VIEW_REAL)->value.real =
				(double)e->waited_us / 1e6;
		add_count(v, KEY_APPROVAL_WAITERS, e->waiters);
	}

	/* It is the identity that asked; the client's address is one waiter's. */
	ends.client = escaped(v, e->user);
	const char *start = p->at;
	pen_put(p, slice_of(is_over(e) ? "no longer decided about " : states[e->approval].verb));
	put_approval(p, e, &ends, &a);
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
	case EVENT_APPROVAL:
		return e->approval == EVENT_DENIED || e->approval == EVENT_REVOKED ||
		       (e->approval == EVENT_EXPIRED && !is_over(e));
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
		[EVENT_APPROVAL] = view_approval,
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
