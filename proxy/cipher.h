/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/cipher.h: TLS as the layer of a wire: an engine (tls/engine.h) between the wire's users, who
 * read and write plaintext as on any wire, and its socket. Knows neither names nor sessions.
 * An end without close_notify reads as WIRE_RESET: what came before it may have been cut. */
#ifndef SALLYPORT_PROXY_CIPHER_H
#define SALLYPORT_PROXY_CIPHER_H

#include "base/limits.h"
#include "proxy/wire.h"
#include "tls/engine.h"

/* What the ciphers of one worker share; nothing in it outlives a call. */
struct cipher_ground {
	char scratch[LIMIT_READ_BYTES];
};

/* Puts the engine on the wire, which owns it from now on. `early` is what was read from the socket
 * before; it is copied. False without memory, and the engine is freed. */
bool cipher_begin(
	struct wire *w, struct engine *engine, struct slice early, struct cipher_ground *ground);

enum cipher_step {
	CIPHER_DONE, /* plaintext may flow */
	CIPHER_WAITS, /* for the wire */
	CIPHER_BAD, /* the engine's fault, or TLS_FAULT_CUT_HANDSHAKE when the peer has left */
};

/* Goes on with the handshake, after cipher_begin and whenever the wire became ready. */
enum cipher_step cipher_handshake(struct wire *w);

/* The engine of a wire with a cipher. */
struct engine *cipher_engine(const struct wire *w);

#endif
