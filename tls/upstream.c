/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/upstream.h"

#include "base/address.h"
#include "base/container.h"
#include "base/limits.h"
#include "tls/engine_inside.h"
#include "tls/staple.h"
#include "tls/tickets.h"
#include "tls/trust.h"

#include <assert.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

/* TLS 1.2, best first. Suites without forward secrecy come last and only with AEAD: hosts that have
 * nothing else are reached by everybody's tools. */
#define UPSTREAM_CIPHERS                                                                           \
	"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:RSA+AESGCM:!aNULL:!PSK:!DSS"

struct upstreams {
	struct engine_side side;
	struct tickets tickets;
};

/* One connection. */
struct upstream {
	struct engine engine;
	struct upstreams *shared;
	STACK_OF(X509) * chain; /* verified; until the handshake is done */
	struct alpn_offer offer;
	uint16_t port;
	uint8_t name_len;
	char name[LIMIT_NAME_BYTES + 1]; /* NUL-terminated for OpenSSL */
};

static struct upstream *upstream_of(const SSL *ssl)
{
	return CONTAINER(engine_of(ssl), struct upstream, engine);
}

static struct slice name_of(const struct upstream *u)
{
	return slice_from(u->name, u->name_len);
}

/* ---- what OpenSSL asks --------------------------------------------------------------------- */

/* Verifies in OpenSSL's place, to know the fault and to keep the chain no longer than needed. */
static int on_certificate(X509_STORE_CTX *verification, void *argument)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct upstream *u = upstream_of(ssl);

	(void)argument;
	if (X509_verify_cert(verification) <= 0) {
		engine_fail(&u->engine, trust_fault(X509_STORE_CTX_get_error(verification)));
		return 0;
	}
	u->chain = X509_STORE_CTX_get1_chain(verification);
	if (!u->chain) {
		engine_fail(&u->engine, TLS_FAULT_MEMORY);
		return 0;
	}
	/* Else OpenSSL keeps a second one as long as the connection lives. */
	X509_STORE_CTX_set0_verified_chain(verification, NULL);
	return 1;
}

/* After the certificate was verified, and whether or not a response came. */
static int on_status(SSL *ssl, void *argument)
{
	struct upstream *u = upstream_of(ssl);
	const char *response;

	(void)argument;
	/* Resumed: it was judged when the certificate was. */
	if (SSL_session_reused(ssl))
		return 1;
	assert(u->chain);
	long len = SSL_get_tlsext_status_ocsp_resp(ssl, &response);
	struct slice der = slice_from(response, len > 0 ? (size_t)len : 0);
	X509_STORE *roots = SSL_CTX_get_cert_store(u->shared->side.context);
	enum staple staple = staple_judge(der, u->chain, roots);
	if (staple == STAPLE_REVOKED)
		engine_fail(&u->engine, TLS_FAULT_REVOKED);
	else if (staple != STAPLE_GOOD && staple_is_promised(sk_X509_value(u->chain, 0)))
		engine_fail(&u->engine, TLS_FAULT_NO_STATUS);
	return u->engine.fault == TLS_FAULT_NONE;
}

/* Asked when the server wants one; what it would be is the client's secret, which is not ours. */
static int on_certificate_wanted(SSL *ssl, X509 **ret_certificate, EVP_PKEY **ret_key)
{
	(void)ret_certificate;
	(void)ret_key;
	engine_fail(engine_of(ssl), TLS_FAULT_CLIENT_CERTIFICATE_WANTED);
	return -1;
}

/* Seconds since 1970; the beginning for what is no time. */
static int64_t seconds_of(const ASN1_TIME *when)
{
	struct tm broken_down;

	if (!ASN1_TIME_to_tm(when, &broken_down))
		return 0;
	return timegm(&broken_down);
}

/* A ticket of a handshake that is proved, or of one resumed by such: kept by reference. */
static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct upstream *u = upstream_of(ssl);
	X509 *certificate = SSL_SESSION_get0_peer(session);

	if (u->engine.fault != TLS_FAULT_NONE || !certificate || !SSL_SESSION_is_resumable(session))
		return 0;
	int64_t now_s = time(NULL);
	int64_t end_s = now_s + LIMIT_TICKET_S;
	int64_t said_s = SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
	int64_t certificate_s = seconds_of(X509_get0_notAfter(certificate));
	end_s = said_s < end_s ? said_s : end_s;
	end_s = certificate_s < end_s ? certificate_s : end_s;
	if (end_s > now_s)
		tickets_put(&u->shared->tickets, name_of(u), u->port, session, end_s);
	return 0;
}

/* ---- one connection ------------------------------------------------------------------------ */

static void drop_chain(struct upstream *u)
{
	sk_X509_pop_free(u->chain, X509_free);
	u->chain = NULL;
}

static enum tls_fault on_done(struct engine *e)
{
	struct upstream *u = CONTAINER(e, struct upstream, engine);
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(e->ssl);

	drop_chain(u);
	/* What the server sent beside its own certificate is proved and not asked for again; it is the
	 * larger part of what an idle connection would hold. */
	while (!SSL_session_reused(e->ssl) && sk_X509_num(sent) > 0)
		X509_free(sk_X509_pop(sent));
	struct slice offered = slice_from(u->offer.bytes, u->offer.len);
	/* RFC 7301 §3.2. Not every OpenSSL 3.0 looks. */
	if (e->alpn != ALPN_NONE && !alpn_listed(offered, e->alpn))
		return TLS_FAULT_MALFORMED;
	return TLS_FAULT_NONE;
}

static void on_free(struct engine *e)
{
	struct upstream *u = CONTAINER(e, struct upstream, engine);

	drop_chain(u);
	free(u);
}

/* Who must answer, RFC 6125 §6.4 and RFC 6066 §3. */
static bool expect(SSL *ssl, const struct upstream *u)
{
	struct address address;
	X509_VERIFY_PARAM *proof = SSL_get0_param(ssl);

	if (address_parse_ipv4(name_of(u), &address))
		return X509_VERIFY_PARAM_set1_ip(proof, address.bytes, 4);
	if (address_parse_ipv6(name_of(u), &address))
		return X509_VERIFY_PARAM_set1_ip(proof, address.bytes, 16);
	X509_VERIFY_PARAM_set_hostflags(
		proof, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return X509_VERIFY_PARAM_set1_host(proof, u->name, u->name_len) &&
	       SSL_set_tlsext_host_name(ssl, u->name);
}

static bool resume(struct upstream *u)
{
	SSL_SESSION *session =
		tickets_take(&u->shared->tickets, name_of(u), u->port, (int64_t)time(NULL));

	if (!session)
		return true;
	bool set = SSL_set_session(u->engine.ssl, session);
	SSL_SESSION_free(session);
	return set;
}

static bool prepare(struct upstream *u)
{
	SSL *ssl = u->engine.ssl;

	if (!expect(ssl, u) || !SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp))
		return false;
	/* This one returns 0 when it is done. */
	if (u->offer.len > 0 &&
		SSL_set_alpn_protos(ssl, (const unsigned char *)u->offer.bytes, u->offer.len) != 0)
		return false;
	return resume(u);
}

struct engine *upstream_open(
	struct upstreams *shared, const struct upstream_target *target, enum tls_fault *ret_fault)
{
	struct alpn_offer offer = alpn_meet(target->alpn);

	assert(target->name.len > 0 && target->name.len <= LIMIT_NAME_BYTES);
	if (target->alpn.len > 0 && offer.len == 0) {
		*ret_fault = TLS_FAULT_NO_PROTOCOL;
		return NULL;
	}
	*ret_fault = TLS_FAULT_MEMORY;
	struct upstream *u = malloc(sizeof(*u));
	if (!u)
		return NULL;
	*u = (struct upstream){.shared = shared,
		.offer = offer,
		.port = target->port,
		.name_len = (uint8_t)target->name.len};
	memcpy(u->name, target->name.ptr, target->name.len);
	if (!engine_init(&u->engine, &shared->side) || !prepare(u)) {
		engine_free(&u->engine);
		return NULL;
	}
	*ret_fault = TLS_FAULT_NONE;
	return &u->engine;
}

/* ---- what they share ----------------------------------------------------------------------- */

struct upstreams *upstreams_new(X509_STORE *roots)
{
	struct upstreams *u = malloc(sizeof(*u));

	if (!u)
		return NULL;
	u->side = (struct engine_side){
		.peer = TLS_PEER_UPSTREAM, .on_done = on_done, .on_free = on_free};
	tickets_init(&u->tickets);
	if (!engine_side_init(&u->side) ||
		!SSL_CTX_set_cipher_list(u->side.context, UPSTREAM_CIPHERS)) {
		upstreams_free(u);
		return NULL;
	}
	SSL_CTX *c = u->side.context;
	SSL_CTX_set1_cert_store(c, roots);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c, on_certificate, NULL);
	SSL_CTX_set_tlsext_status_cb(c, on_status);
	SSL_CTX_set_client_cert_cb(c, on_certificate_wanted);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c, on_ticket);
	return u;
}

void upstreams_free(struct upstreams *u)
{
	if (!u)
		return;
	tickets_done(&u->tickets);
	engine_side_done(&u->side);
	free(u);
}
