/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/request.h"

#include "policy/requests.h"
#include "proxy/forward.h"

/* Inside a tunnel every request is for the tunnel's own target, however it is spelled. */
static enum reason read_inside(
	const struct head *h, const struct request_place *place, struct request *r)
{
	const struct target *tunnel = place->tunnel;
	struct target host;

	if (slice_equal(h->target, SLICE("*")) && slice_equal(h->method, SLICE("OPTIONS"))) {
		r->path = SLICE("");
	} else if (h->target.len > 0 && h->target.ptr[0] != '/') {
		/* An http URI is for somewhere else than the TLS around it. */
		if (place->secure)
			return REASON_MISDIRECTED;
		struct target uri;
		enum reason reason = target_parse_uri(h->target, &uri, &r->path);
		if (reason != REASON_NONE)
			return reason;
		if (!target_equal(&uri, tunnel))
			return REASON_MISDIRECTED;
	} else {
		r->path = h->target;
	}
	r->target = *tunnel;
	r->has_target = true;
	if (!h->has_host)
		return REASON_NONE;
	if (target_parse_host(h->host, 80, &host) != REASON_NONE)
		return REASON_BAD_TARGET;
	/* A client in a tunnel may leave the port out of Host, for it is the tunnel's. */
	bool without_port = host.port == 80 && tunnel->port != 80;
	if (without_port)
		host.port = tunnel->port;
	return target_equal(&host, tunnel) ? REASON_NONE : REASON_MISDIRECTED;
}

static enum reason read_absolute(const struct head *h, struct request *r)
{
	struct target host;
	enum reason reason = target_parse_uri(h->target, &r->target, &r->path);

	if (reason != REASON_NONE)
		return reason;
	r->has_target = true;
	if (!h->has_host)
		return REASON_NONE;
	if (target_parse_host(h->host, 80, &host) != REASON_NONE) {
		r->has_target = false;
		return REASON_BAD_TARGET;
	}
	return target_equal(&host, &r->target) ? REASON_NONE : REASON_HOST_MISMATCH;
}

static enum reason read_target(
	const struct head *h, const struct request_place *place, struct request *r)
{
	r->connect = slice_equal(h->method, SLICE("CONNECT"));
	if (r->connect) {
		if (place->tunnel)
			return REASON_METHOD_REFUSED;
		enum reason reason = target_parse_authority(h->target, &r->target);
		r->has_target = reason == REASON_NONE;
		return reason;
	}
	return place->tunnel ? read_inside(h, place, r) : read_absolute(h, r);
}

/* What no origin may be asked through a proxy: TRACE shows a client's secrets to its scripts, and
 * Max-Forwards: 0 asks for the proxy itself (RFC 9110 §7.6.2, §9.3.8). */
static bool is_for_the_proxy(const struct head *h)
{
	return slice_equal(h->method, SLICE("TRACE")) ||
	       slice_equal(head_field(h, SLICE("Max-Forwards")), SLICE("0"));
}

/* For the rules about requests. */
static struct slice field_of(const void *owner, struct slice name, size_t nth)
{
	const struct head *h = owner;

	for (size_t i = 0; i < h->field_count; i++)
		if (slice_equal_nocase(h->fields[i].name, name) && nth-- == 0)
			return h->fields[i].value.ptr ? h->fields[i].value : SLICE("");
	return slice_from(NULL, 0);
}

static bool field_at(const void *owner, size_t nth, struct slice *ret_name, struct slice *ret_value)
{
	const struct head *h = owner;

	if (nth >= h->field_count)
		return false;
	*ret_name = h->fields[nth].name;
	*ret_value = h->fields[nth].value;
	return true;
}

struct request_view request_view_of(const struct head *h, struct slice path)
{
	return (struct request_view){
		.method = h->method, .path = path, .field = field_of, .owner = h, .at = field_at};
}

static struct verdict refused(enum reason reason)
{
	return (struct verdict){.decision = DECISION_DENY,
		.reason = reason,
		.source = SOURCE_BASELINE_POLICY,
		.entry = ENTRY_NONE};
}

static struct edit_place edit_place(const struct request_place *place, const struct target *target)
{
	return (struct edit_place){.policy = place->policy,
		.secrets = place->secrets,
		.target = target,
		.verified = place->secure};
}

/* Denied by the mode, a rule, or for the sake of a credential; or as the name was judged, or held. */
static struct verdict judge_beyond_name(const struct request_place *place,
	const struct target *target, const struct request_view *view, const struct verdict *named)
{
	const struct edit_place edited = edit_place(place, target);
	struct verdict v = policy_judge_method(place->policy, view->method, named);
	uint32_t entry;

	if (v.decision != DECISION_DENY)
		v = policy_judge_request(place->policy, target, view, named);
	if (v.decision == DECISION_DENY)
		return v;
	enum reason reason = edit_judge(&edited, view, &entry);
	if (reason == REASON_NONE)
		return v;
	v = refused(reason);
	v.entry = entry;
	return v;
}

struct verdict request_judge(const struct request_place *place, const struct target *target,
	const struct request_view *view, uint32_t *ret_held)
{
	const struct verdict named = policy_judge(place->policy, target);
	struct verdict v = named;

	*ret_held = ENTRY_NONE;
	if (v.decision != DECISION_DENY)
		v = judge_beyond_name(place, target, view, &named);
	if (!policy_is_held(&v))
		return v;
	/* The name is asked about first. */
	*ret_held = v.entry;
	return named.decision == DECISION_ASK ? named : v;
}

enum reason request_edit(const struct head *h, const struct request_place *place,
	const struct target *target, struct slice path, struct edit **ret_edit)
{
	const struct request_view view = request_view_of(h, path);
	const struct edit_place edited = edit_place(place, target);

	return edit_new(&edited, &view, ret_edit);
}

void request_read(
	const struct head *h, const struct request_place *place, struct request *ret_request)
{
	struct request *r = ret_request;

	*r = (struct request){.held = ENTRY_NONE};
	r->reason = read_target(h, place, r);
	if (r->reason == REASON_NONE && is_for_the_proxy(h))
		r->reason = REASON_METHOD_REFUSED;
	if (r->reason == REASON_NONE && forward_is_loop(h, place->via))
		r->reason = REASON_LOOP;
	if (r->reason != REASON_NONE) {
		r->verdict = refused(r->reason);
		return;
	}
	r->for_agent = !r->connect && !place->tunnel && target_is_agent_page(&r->target);
	if (r->for_agent) {
		r->verdict = (struct verdict){.decision = DECISION_ALLOW,
			.source = SOURCE_PROXY_STATE,
			.entry = ENTRY_NONE};
		return;
	}
	const struct request_view view = request_view_of(h, r->path);
	r->verdict = request_judge(place, &r->target, &view, &r->held);
	/* Who is on no list may still be let in: that is not for this file. */
	r->reason = r->verdict.decision == DECISION_ASK ? REASON_NONE : r->verdict.reason;
}

bool request_is_repeatable(const struct head *h)
{
	static const struct slice idempotent[] = {
		{"GET", 3},
		{"HEAD", 4},
		{"OPTIONS", 7},
	};
	if (h->framing != FRAMING_NONE || h->upgrade)
		return false;
	for (size_t i = 0; i < sizeof(idempotent) / sizeof(idempotent[0]); i++)
		if (slice_equal(h->method, idempotent[i]))
			return true;
	return false;
}
