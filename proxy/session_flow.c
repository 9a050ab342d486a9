/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of the way of a request: an upstream connection is there, and bytes flow over it,
 * as an exchange or as a tunnel, until the end. */
#include "policy/requests.h"
#include "proxy/audit.h"
#include "proxy/reply.h"
#include "proxy/session_steps.h"
#include "tls/hello.h"

#include <stdlib.h>

enum reason session_lost_reason(const struct session *s)
{
	return s->verdict.reason == REASON_APPROVAL_REVOKED ? REASON_APPROVAL_REVOKED
							    : REASON_PERMISSION_LOST;
}

/* ---- relay -------------------------------------------------------------------------------- */

/* From here on the session owns no parser and no buffer: what was read early goes first. */
static enum phase start_relay(struct session *s)
{
	struct exchange *x = s->exchange;
	struct slice to_upstream[] = {buffer_bytes(&x->to_upstream), buffer_bytes(&x->client_in)};
	struct slice to_client[] = {buffer_bytes(&x->to_client), buffer_bytes(&x->upstream_in)};

	s->relay = malloc(sizeof(*s->relay));
	if (!s->relay)
		return session_finish(s, REASON_OUT_OF_MEMORY);
	relay_init(s->relay, s->client, s->link, &s->worker->ground);
	bool whole = relay_begin(s->relay, to_upstream[0], to_client[0]) &&
		     relay_begin(s->relay, to_upstream[1], to_client[1]);
	s->exchanged_up = x->bytes_up;
	s->exchanged_down = x->bytes_down;
	exchange_free(x);
	s->exchange = NULL;
	if (!whole)
		return session_finish(s, REASON_OUT_OF_MEMORY);
	session_post(s, SESSION_CLIENT | SESSION_UPSTREAM);
	return PHASE_RELAY;
}

enum phase session_step_relay(struct session *s, unsigned events)
{
	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_finish(s, session_lost_reason(s));
	if (events & SESSION_DEADLINE)
		return session_finish(s, REASON_IDLE);
	if (!(events & (SESSION_CLIENT | SESSION_UPSTREAM)))
		return PHASE_RELAY;
	session_progress(s);
	switch (relay_turn(s->relay)) {
	case RELAY_GOING:
		return PHASE_RELAY;
	case RELAY_DONE:
		return session_finish(s, REASON_COMPLETED);
	case RELAY_CLIENT_RESET:
		return session_finish(s, REASON_CLIENT_RESET);
	case RELAY_UPSTREAM_RESET:
		return session_finish(s, REASON_UPSTREAM_RESET_IN_TUNNEL);
	}
	return session_finish(s, REASON_INTERNAL);
}

/* ---- tunnel ------------------------------------------------------------------------------- */

enum phase session_deny_tunnel(struct session *s, enum reason reason)
{
	audit_denied_tunnel(s, reason);
	return session_finish(s, reason);
}

/* SNI must name what CONNECT named, in canonical form. A literal has no name to send
 * (RFC 6066 §3), so whatever a client sends for one is another host. */
static enum reason judge_sni(struct session *s, const struct hello *hello)
{
	struct target named;

	if (!hello->has_sni)
		return s->target.kind == TARGET_ADDRESS ? REASON_NONE : REASON_SNI_MISSING;
	if (target_parse_name(hello->sni, &named) == REASON_NONE &&
		slice_equal(target_host(&named), target_host(&s->target))) {
		s->sni_seen = true;
		return REASON_NONE;
	}
	s->sni = strndup(hello->sni.ptr, hello->sni.len);
	return REASON_SNI_MISMATCH;
}

/* Judges all that the client has sent in the tunnel; nothing of it is upstream yet. */
static enum phase take_hello(struct session *s, struct slice bytes)
{
	struct hello hello;
	enum reason bad = REASON_NONE;

	switch (hello_parse(bytes, s->worker->hello_scratch, &hello, &bad)) {
	case HELLO_MORE:
		s->hello_needs = (uint32_t)hello_needs(bytes);
		return PHASE_HELLO;
	case HELLO_BAD:
		return session_deny_tunnel(s, bad);
	case HELLO_OK:
		break;
	}
	bad = judge_sni(s, &hello);
	if (bad != REASON_NONE)
		return session_deny_tunnel(s, bad);
	return policy_inspects(s->worker->settings.policy, &s->target) ? session_inspect(s, &hello)
								       : start_relay(s);
}

/* Keeps what the client sends until it can be judged. */
static enum phase read_hello(struct session *s)
{
	struct buffer *in = &s->exchange->client_in;
	struct relay_ground *ground = &s->worker->ground;

	while (s->client->readable) {
		size_t got;
		enum wire_result result =
			wire_read(s->client, ground->scratch, LIMIT_EARLY_BYTES, &got);
		if (result == WIRE_AGAIN)
			return PHASE_HELLO;
		if (result != WIRE_OK)
			return session_finish(s, REASON_CLIENT_CLOSED);
		if (!buffer_append(in, slice_from(ground->scratch, got)))
			return session_deny_tunnel(s, REASON_HELLO_TOO_LARGE);
		if (in->len < s->hello_needs)
			continue;
		enum phase next = take_hello(s, buffer_bytes(in));
		if (next != PHASE_HELLO)
			return next;
	}
	return PHASE_HELLO;
}

enum phase session_step_hello(struct session *s, unsigned events)
{
	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_finish(s, session_lost_reason(s));
	if (events & SESSION_DEADLINE)
		return session_deny_tunnel(s, REASON_HELLO_TIMEOUT);
	return read_hello(s);
}

/* Early bytes came with the CONNECT; they are judged like all others. */
static enum phase await_hello(struct session *s)
{
	struct slice early = buffer_bytes(&s->exchange->client_in);

	session_post(s, SESSION_CLIENT);
	return early.len > 0 ? take_hello(s, early) : PHASE_HELLO;
}

/* The upstream is connected: 200 for a CONNECT, and then what the port's protocol asks for. */
enum phase session_established(struct session *s)
{
	struct slice reply = reply_established();
	size_t put;

	metrics_observe(&s->worker->metrics, HISTOGRAM_SETUP_US, (uv_hrtime() - s->head_ns) / 1000);
	if (s->inspected)
		return session_secure_upstream(s);
	if (!s->connect || s->inside)
		return session_send_request(s);
	/* Nothing is queued for this client, so its socket takes the whole line or is gone. */
	if (wire_write(s->client, reply, &put) != WIRE_OK || put != reply.len)
		return session_finish(s, REASON_CLIENT_RESET);
	s->status = 200;
	switch (s->verdict.protocol) {
	case PORT_TLS:
		return await_hello(s);
	case PORT_RAW:
		return start_relay(s);
	case PORT_HTTP:
		break;
	}
	exchange_next(s->exchange);
	s->inside = true;
	session_post(s, SESSION_CLIENT);
	return PHASE_HEAD;
}

/* ---- linger ------------------------------------------------------------------------------- */

/* RFC 9112 §9.6: a reply stays readable when the client is still sending: say the end, read on
 * without looking, within bounds, and close then. */
enum phase session_step_linger(struct session *s, unsigned events)
{
	struct buffer *reply = s->exchange ? &s->exchange->to_client : NULL;
	char *scratch = s->worker->ground.scratch;
	size_t moved;

	if (events & (SESSION_END | SESSION_DEADLINE))
		return PHASE_CLOSE;
	while (reply && reply->len > 0) {
		enum wire_result result = wire_write(s->client, buffer_bytes(reply), &moved);
		if (result != WIRE_OK)
			return result == WIRE_AGAIN ? PHASE_LINGER : PHASE_CLOSE;
		buffer_take(reply, moved);
	}
	if (!s->shut) {
		s->shut = true;
		wire_shutdown(s->client);
	}
	while (s->client->readable && s->lingered < LIMIT_LINGER_BYTES) {
		enum wire_result result = wire_read(s->client, scratch, LIMIT_READ_BYTES, &moved);
		if (result == WIRE_AGAIN)
			return PHASE_LINGER;
		if (result != WIRE_OK)
			return PHASE_CLOSE;
		s->lingered += (uint32_t)moved;
	}
	return s->lingered < LIMIT_LINGER_BYTES ? PHASE_LINGER : PHASE_CLOSE;
}

/* ---- exchange ----------------------------------------------------------------------------- */

struct slice session_path(const struct session *s)
{
	const struct head *h = message_head(s->exchange->request);
	struct slice path = h->target;
	struct target ignored;

	if (slice_equal(path, SLICE("*")))
		return SLICE("");
	if (path.len > 0 && path.ptr[0] != '/')
		target_parse_uri(h->target, &ignored, &path);
	return path;
}

enum phase session_send_request(struct session *s)
{
	const struct forward_place place = {
		.target = &s->target,
		.path = session_path(s),
		.via = s->worker->via,
		.secure = s->inspected != NULL,
	};
	const struct request_place from = session_place(s);
	struct edit *edit;
	enum reason reason = request_edit(
		message_head(s->exchange->request), &from, &s->target, place.path, &edit);

	if (reason != REASON_NONE)
		return session_refuse(s, reason);
	if (!exchange_start(s->exchange, &place, edit))
		return session_refuse(s, REASON_OUT_OF_MEMORY);
	/* The request is to go out now, not with the next readiness. */
	session_post(s, SESSION_CLIENT | SESSION_UPSTREAM);
	return PHASE_EXCHANGE;
}

/* A kept connection died under the request: the same request on a new one, once. */
static enum phase upstream_gone(struct session *s)
{
	bool again = s->pooled && !s->exchange->response_begun &&
		     request_is_repeatable(message_head(s->exchange->request));

	if (!again)
		return session_refuse(s, REASON_UPSTREAM_CLOSED);
	session_unlink(s, false);
	return session_find(s);
}

static enum phase exchange_done(struct session *s)
{
	struct exchange *x = s->exchange;
	bool keeps_upstream = exchange_keeps_upstream(x);

	s->status = x->status;
	if (!keeps_upstream)
		session_unlink(s, false);
	if (!exchange_next(x) || worker_is_draining(s->worker)) {
		session_unlink(s, keeps_upstream);
		session_end_with(s, REASON_COMPLETED);
		/* The client may still be sending: it reads the end first. */
		return PHASE_LINGER;
	}
	session_post(s, SESSION_CLIENT);
	return PHASE_HEAD;
}

enum phase session_step_exchange(struct session *s, unsigned events)
{
	struct exchange *x = s->exchange;
	enum reason reason = REASON_NONE;

	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (events & SESSION_DRAIN)
		x->client_close = true;
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_refuse(s, session_lost_reason(s));
	uint64_t moved = x->bytes_up + x->bytes_down;
	enum exchange_result result =
		exchange_turn(x, s->client, s->link, &s->worker->ground, &reason);
	s->status = x->status;
	switch (result) {
	case EXCHANGE_DONE:
		return exchange_done(s);
	case EXCHANGE_UPGRADED:
		return start_relay(s);
	case EXCHANGE_CLIENT_GONE:
		return session_finish(s, REASON_CLIENT_CLOSED);
	case EXCHANGE_UPSTREAM_GONE:
		return upstream_gone(s);
	case EXCHANGE_BAD:
		return session_refuse(s, reason);
	case EXCHANGE_GOING:
		break;
	}
	if (moved != x->bytes_up + x->bytes_down)
		session_progress(s);
	else if (events & SESSION_DEADLINE)
		return session_refuse(
			s, x->request_ended ? REASON_RESPONSE_TIMEOUT : REASON_BODY_TIMEOUT);
	return PHASE_EXCHANGE;
}
