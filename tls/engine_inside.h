/* SPDX-License-Identifier: Apache-2.0 */
/* tls/engine_inside.h: what the two sides (tls/upstream.c, tls/facade.c) make engines of. Nobody else
 * includes it. */
#ifndef SALLYPORT_TLS_ENGINE_INSIDE_H
#define SALLYPORT_TLS_ENGINE_INSIDE_H

#include "base/buffer.h"
#include "tls/engine.h"

#include <openssl/ssl.h>

/* What all engines of one side share. Immutable once it is set up. */
struct engine_side {
	SSL_CTX *context;
	BIO_METHOD *method; /* between OpenSSL and an engine's slices */
	enum tls_peer peer;
	/* The handshake is done: a fault, or TLS_FAULT_NONE to go on. */
	enum tls_fault (*on_done)(struct engine *e);
	/* Frees what holds the engine, after engine_done. */
	void (*on_free)(struct engine *e);
};

/* Embedded, first, in what a side keeps for one connection. */
struct engine {
	const struct engine_side *side;
	SSL *ssl;
	struct slice *in; /* the caller's, during a call; else NULL */
	struct buffer out;
	enum tls_fault fault;
	enum alpn alpn;
	uint8_t alert; /* the fatal one that came in, RFC 8446 §6; 0 (close_notify): none */
	uint8_t messages; /* since the last plaintext, towards LIMIT_ENGINE_MESSAGES */
	bool done; /* the handshake is */
	bool ended; /* the peer said close_notify */
	bool closed; /* we did */
};

/* Settings that both sides have: versions, strength, bounds, no renegotiation. peer and callbacks are
 * set by the caller first. False without memory; engine_side_done is fine then. */
bool engine_side_init(struct engine_side *side);
void engine_side_done(struct engine_side *side);

/* False without memory; engine_done is fine then. */
bool engine_init(struct engine *e, const struct engine_side *side);
void engine_done(struct engine *e);

/* The engine that an SSL belongs to, in a callback. */
struct engine *engine_of(const SSL *ssl);

/* The first fault stays. Returns ENGINE_BAD. */
enum engine_result engine_fail(struct engine *e, enum tls_fault fault);

/* What OpenSSL's error queue and the alerts say of a call that failed; clears the queue. Sets it. */
enum engine_result engine_explain(struct engine *e);

#endif
