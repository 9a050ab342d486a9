/* SPDX-License-Identifier: Apache-2.0 */
/* A tunnel that a rule wants to see inside: TLS with the upstream first, which proves its name, then
 * with the client, who gets to see the same name on a leaf of ours; then requests as in a plaintext
 * tunnel. What is wrong with the upstream is told to the client as an answer, inside. */
#include "policy/requests.h"
#include "proxy/audit.h"
#include "proxy/inspection.h"
#include "proxy/session_steps.h"
#include "tls/hello.h"

#include <stdlib.h>

struct inspected {
	struct inspector *inspector;
	struct alpn_offer offer; /* what the client lists and can be carried; empty: nothing */
	bool http11; /* and that is among it */
	bool client_done; /* the client's handshake is; now only the upstream's is made anew */
	bool meets_client; /* the client's is under way */
	enum reason fault; /* of the upstream: the answer to the client's first request */
};

void session_forget_inspection(struct session *s)
{
	if (!s->inspected)
		return;
	inspector_unref(s->inspected->inspector);
	free(s->inspected);
	s->inspected = NULL;
}

enum reason session_inspected_fault(const struct session *s)
{
	return s->inspected ? s->inspected->fault : REASON_NONE;
}

static enum reason fault_of(const struct wire *w, enum tls_peer peer)
{
	return tls_fault_reason(engine_fault(cipher_engine(w)), peer);
}

/* ---- the client's side -------------------------------------------------------------------- */

static enum phase client_done(struct session *s)
{
	s->inspected->client_done = true;
	if (engine_alpn(cipher_engine(s->client)) == ALPN_H2) {
		s->inside = true;
		return session_start_streams(s);
	}
	exchange_next(s->exchange);
	s->inside = true;
	session_post(s, SESSION_CLIENT);
	return PHASE_HEAD;
}

static enum phase step_client(struct session *s)
{
	switch (cipher_handshake(s->client)) {
	case CIPHER_DONE:
		return client_done(s);
	case CIPHER_WAITS:
		return PHASE_SECURE;
	case CIPHER_BAD:
		break;
	}
	/* Who cannot be told inside is not told; the record says what was wrong first. */
	if (s->inspected->fault != REASON_NONE)
		return session_deny_tunnel(s, s->inspected->fault);
	return session_deny_tunnel(s, fault_of(s->client, TLS_PEER_CLIENT));
}

/* What the client speaks: the upstream's choice, which is none for an answer of our own. */
static enum alpn client_alpn(const struct session *s)
{
	const struct inspected *in = s->inspected;

	if (in->fault == REASON_NONE)
		return engine_alpn(cipher_engine(s->link));
	return in->http11 || in->offer.len == 0 ? ALPN_HTTP11 : ALPN_H2;
}

static enum phase meet_client(struct session *s)
{
	struct inspected *in = s->inspected;
	struct buffer *early = &s->exchange->client_in;
	enum reason reason = REASON_NONE;
	struct engine *engine =
		inspector_facade(in->inspector, &s->target, client_alpn(s), &reason);

	if (!engine)
		return session_deny_tunnel(s, in->fault != REASON_NONE ? in->fault : reason);
	if (!cipher_begin(s->client, engine, buffer_bytes(early), inspector_ground(in->inspector)))
		return session_deny_tunnel(s, REASON_OUT_OF_MEMORY);
	buffer_take(early, early->len);
	in->meets_client = true;
	session_progress(s);
	return step_client(s);
}

/* ---- the upstream's side ------------------------------------------------------------------ */

/* Nothing went to this upstream and nothing will. */
static enum phase upstream_failed(struct session *s, enum reason reason)
{
	struct inspected *in = s->inspected;

	if (in->client_done)
		return session_refuse(s, reason);
	session_unlink(s, false);
	in->fault = reason;
	return meet_client(s);
}

/* An upstream that says nothing of protocols speaks HTTP/1.1, which not every client does. */
static enum phase upstream_done(struct session *s)
{
	const struct inspected *in = s->inspected;
	bool silent = engine_alpn(cipher_engine(s->link)) == ALPN_NONE;

	if (in->client_done)
		return session_send_request(s);
	return silent && in->offer.len > 0 && !in->http11
		       ? upstream_failed(s, REASON_UPSTREAM_TLS_NO_PROTOCOL)
		       : meet_client(s);
}

static enum phase step_upstream(struct session *s)
{
	switch (cipher_handshake(s->link)) {
	case CIPHER_DONE:
		return upstream_done(s);
	case CIPHER_WAITS:
		return PHASE_SECURE;
	case CIPHER_BAD:
		break;
	}
	return upstream_failed(s, fault_of(s->link, TLS_PEER_UPSTREAM));
}

enum phase session_secure_upstream(struct session *s)
{
	struct inspected *in = s->inspected;
	/* Once the client speaks HTTP/1.1, every further upstream connection does. */
	struct slice http11 = in->http11 ? SLICE("\x08http/1.1") : SLICE("");
	struct slice alpn = in->client_done ? http11 : slice_from(in->offer.bytes, in->offer.len);
	enum reason reason = REASON_NONE;
	struct engine *engine = inspector_upstream(in->inspector, &s->target, alpn, &reason);
	if (!engine)
		return upstream_failed(s, reason);
	if (!cipher_begin(
		    s->link, engine, (struct slice){NULL, 0}, inspector_ground(in->inspector)))
		return upstream_failed(s, REASON_OUT_OF_MEMORY);
	session_post(s, SESSION_UPSTREAM);
	return PHASE_SECURE;
}

/* A request waits for somebody's decision in HTTP/1.1, where nothing else waits behind it but what the
 * client itself put there. */
static struct alpn_offer offer_of(const struct session *s, const struct hello *hello)
{
	static const char http11[] = "\x08http/1.1";

	if (!policy_holds(s->worker->settings.policy, &s->target))
		return alpn_meet(hello->alpn);
	return alpn_listed(hello->alpn, ALPN_HTTP11) ? alpn_meet(slice_of(http11))
						     : (struct alpn_offer){0};
}

enum phase session_inspect(struct session *s, const struct hello *hello)
{
	struct inspector *inspector = s->worker->inspector;
	struct inspected *in = inspector ? malloc(sizeof(*in)) : NULL;

	if (!in)
		return session_deny_tunnel(s, inspector ? REASON_OUT_OF_MEMORY : REASON_INTERNAL);
	*in = (struct inspected){
		.inspector = inspector_ref(inspector),
		.offer = offer_of(s, hello),
		.http11 = alpn_listed(hello->alpn, ALPN_HTTP11),
	};
	s->inspected = in;
	if (hello->alpn.len > 0 && in->offer.len == 0)
		return session_deny_tunnel(s, REASON_CLIENT_TLS_NO_PROTOCOL);
	return session_secure_upstream(s);
}

enum phase session_step_secure(struct session *s, unsigned events)
{
	struct inspected *in = s->inspected;

	if (events & SESSION_END)
		return session_finish(s, REASON_DRAINED);
	if (events & SESSION_RULES && session_lost_permission(s))
		return session_finish(s, session_lost_reason(s));
	if (events & SESSION_DEADLINE && in->meets_client && !in->client_done)
		return session_deny_tunnel(s, REASON_HELLO_TIMEOUT);
	if (events & SESSION_DEADLINE)
		return upstream_failed(s, REASON_CONNECT_TIMEOUT);
	return in->meets_client && !in->client_done ? step_client(s) : step_upstream(s);
}
