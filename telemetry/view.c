/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/view.h"

#include "base/escape.h"

#include <assert.h>

/* ---- text --------------------------------------------------------------------------------- */

static struct slice view_since(const struct view *v, size_t start)
{
	return slice_from(v->scratch + start, v->scratch_len - start);
}

static void put(struct view *v, struct slice s)
{
	assert(s.len <= sizeof(v->scratch) - v->scratch_len);
	if (s.len > 0)
		memcpy(v->scratch + v->scratch_len, s.ptr, s.len);
	v->scratch_len += s.len;
}

static void put_number(struct view *v, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put(v, slice_from(digits + at, sizeof(digits) - at));
}

static void put_address(struct view *v, const struct address *a)
{
	char text[ADDRESS_TEXT_SIZE];

	if (a->family != 4) {
		put(v, slice_from(text, address_format(a, text)));
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		put(v, i > 0 ? SLICE(".") : SLICE(""));
		put_number(v, a->bytes[i]);
	}
}

/* Milliseconds are enough for a person. */
static void put_seconds(struct view *v, uint64_t us)
{
	const char millis[3] = {(char)('0' + us / 100000 % 10), (char)('0' + us / 10000 % 10),
		(char)('0' + us / 1000 % 10)};

	put_number(v, us / 1000000);
	put(v, SLICE("."));
	put(v, slice_from(millis, sizeof(millis)));
	put(v, SLICE(" s"));
}

static bool is_plain(struct slice s)
{
	bool plain = true;

	for (size_t i = 0; i < s.len; i++)
		plain &= s.ptr[i] >= 0x20 && s.ptr[i] <= 0x7e && s.ptr[i] != '\\';
	return plain;
}

/* The text itself when it is harmless, as nearly always, else escaped into the scratch. */
static struct slice escaped(struct view *v, struct slice s)
{
	size_t start = v->scratch_len;

	if (is_plain(s))
		return s;
	v->scratch_len += escape_text(s, v->scratch + start, sizeof(v->scratch) - start);
	return view_since(v, start);
}

/* ---- attributes --------------------------------------------------------------------------- */

static struct view_attribute *add(struct view *v, struct slice key, enum view_kind kind)
{
	assert(v->attribute_count < VIEW_ATTRIBUTES);
	struct view_attribute *a = &v->attributes[v->attribute_count++];
	a->key = key;
	a->kind = kind;
	return a;
}

/* Empty text and the number zero stand for "absent" in an event. */
static void add_text(struct view *v, struct slice key, struct slice text)
{
	if (text.len > 0)
		add(v, key, VIEW_TEXT)->value.text = escaped(v, text);
}

static void add_number(struct view *v, struct slice key, uint64_t number)
{
	if (number > 0)
		add(v, key, VIEW_INTEGER)->value.integer =
			number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* Zero is a value. */
static void add_count(struct view *v, struct slice key, uint64_t number)
{
	add(v, key, VIEW_INTEGER)->value.integer = number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static void add_address(struct view *v, struct slice key, const struct address *a)
{
	size_t start = v->scratch_len;

	if (a->family == 0)
		return;
	put_address(v, a);
	add(v, key, VIEW_TEXT)->value.text = view_since(v, start);
}

static void add_common(struct view *v, const struct event *e)
{
	add_text(v, SLICE("network.transport.protocol"),
		e->protocol == EVENT_PROTOCOL_CONNECT ? SLICE("https_connect") : SLICE("http"));
	add_text(v, SLICE("server.address"), e->host);
	add_number(v, SLICE("server.port"), e->port);
	add_text(v, SLICE("http.request.method"), e->method);
	add_address(v, SLICE("client.address"), &e->client);
	add_number(v, SLICE("client.port"), e->client_port);
	add_text(v, SLICE("user.id"), e->user);
	add_text(v, SLICE("session.id"), e->session_id);
	add_number(v, SLICE("network_proxy.connection.id"), e->connection);
}

/* "*.example.com (config.toml:12)" */
static void add_rule(struct view *v, const struct event *e)
{
	struct slice pattern = escaped(v, e->rule);
	struct slice file = escaped(v, e->rule_file);
	size_t start = v->scratch_len;

	if (pattern.len == 0)
		return;
	put(v, pattern);
	if (file.len > 0) {
		put(v, SLICE(" ("));
		put(v, file);
		if (e->rule_line > 0) {
			put(v, SLICE(":"));
			put_number(v, e->rule_line);
		}
		put(v, SLICE(")"));
	}
	add(v, SLICE("network.policy.rule"), VIEW_TEXT)->value.text = view_since(v, start);
}

static void put_target(struct view *v, const struct event *e)
{
	struct slice host = escaped(v, e->host);
	bool brackets = memchr(host.ptr ? host.ptr : "", ':', host.len) != NULL;

	if (host.len == 0) {
		put(v, SLICE("a malformed target"));
		return;
	}
	put(v, brackets ? SLICE("[") : SLICE(""));
	put(v, host);
	put(v, brackets ? SLICE("]:") : SLICE(":"));
	put_number(v, e->port);
}

static void put_client(struct view *v, const struct event *e)
{
	if (e->client.family == 0)
		return;
	put(v, SLICE(" for "));
	put_address(v, &e->client);
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

	add_common(v, e);
	add_text(v, SLICE("network.policy.scope"),
		e->scope == EVENT_SCOPE_DOMAIN ? SLICE("domain") : SLICE("non_domain"));
	add_text(v, SLICE("network.policy.decision"), denied ? SLICE("deny") : SLICE("allow"));
	add_text(v, SLICE("network.policy.source"), slice_of(sources[e->source]));
	add_text(v, SLICE("network.policy.reason"), reason);
	add(v, SLICE("network.policy.override"), VIEW_BOOLEAN)->value.boolean = false;
	add_rule(v, e);

	size_t start = v->scratch_len;
	put(v, denied ? SLICE("denied ") : SLICE("allowed "));
	put_target(v, e);
	put_client(v, e);
	if (denied) {
		put(v, SLICE(": "));
		put(v, reason);
	}
	v->body = view_since(v, start);
}

static void view_connection_closed(struct view *v, const struct event *e)
{
	struct slice reason = slice_of(reason_word(e->reason));

	add_common(v, e);
	add_count(v, SLICE("network_proxy.bytes_sent"), e->bytes_up);
	add_count(v, SLICE("network_proxy.bytes_received"), e->bytes_down);
	add(v, SLICE("network_proxy.duration"), VIEW_REAL)->value.real =
		(double)e->duration_us / 1e6;
	add_text(v, SLICE("network_proxy.reason"), reason);
	add_address(v, SLICE("network.peer.address"), &e->upstream);
	if (e->upstream.family != 0)
		add_number(v, SLICE("network.peer.port"), e->port);
	add_text(v, SLICE("tls.client.server_name"), e->sni);
	add_number(v, SLICE("http.response.status_code"), e->status);

	size_t start = v->scratch_len;
	put(v, SLICE("closed "));
	put_target(v, e);
	put_client(v, e);
	put(v, SLICE(" after "));
	put_seconds(v, e->duration_us);
	put(v, SLICE(", "));
	put_number(v, e->bytes_up);
	put(v, SLICE(" bytes sent, "));
	put_number(v, e->bytes_down);
	put(v, SLICE(" received: "));
	put(v, reason);
	v->body = view_since(v, start);
}

static void view_config_changed(struct view *v, const struct event *e)
{
	struct slice actor = escaped(v, e->actor);
	struct slice text = escaped(v, e->text);

	add_text(v, SLICE("network_proxy.config.outcome"),
		e->refused ? SLICE("refused") : SLICE("applied"));
	add_text(v, SLICE("network_proxy.config.actor"), actor);
	add_text(v, SLICE("network_proxy.config.change"), text);

	size_t start = v->scratch_len;
	put(v, e->refused ? SLICE("configuration refused") : SLICE("configuration applied"));
	if (actor.len > 0) {
		put(v, SLICE(", by "));
		put(v, actor);
	}
	if (text.len > 0) {
		put(v, SLICE(": "));
		put(v, text);
	}
	v->body = view_since(v, start);
}

static void view_records_dropped(struct view *v, const struct event *e)
{
	struct slice text = escaped(v, e->text);

	add_count(v, SLICE("network_proxy.dropped.count"), e->count);
	add_text(v, SLICE("network_proxy.dropped.cause"), text);

	size_t start = v->scratch_len;
	put_number(v, e->count);
	put(v, e->count == 1 ? SLICE(" event record lost: ") : SLICE(" event records lost: "));
	put(v, text);
	v->body = view_since(v, start);
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
	ret_view->scratch_len = 0;
	views[e->name](ret_view, e);
}
