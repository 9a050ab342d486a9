/* SPDX-License-Identifier: Apache-2.0 */
/* tls/engine.h: the TLS of one connection, towards an upstream (tls/upstream.h) or a client
 * (tls/facade.h). Bytes in, values out; knows no socket and no loop. TLS 1.2 and 1.3.
 * Source: RFC 8446, RFC 5246. Renegotiation (RFC 5746) and early data (RFC 8446 §2.3) are refused.
 *
 *	        engine_read                         engine_write
 *	socket ────────────▶ plaintext     plaintext ────────────▶ engine_output ───▶ socket
 *	        *in moves on                *plain moves on          engine_sent
 *
 * Nothing of what comes in is kept except one record that is not whole. What goes out waits in the
 * engine up to LIMIT_ENGINE_OUTPUT_BYTES; beyond it nothing more is taken (back-pressure). An idle
 * engine owns no buffer.
 * After every call: send engine_output(). An engine belongs to one thread. */
#ifndef SALLYPORT_TLS_ENGINE_H
#define SALLYPORT_TLS_ENGINE_H

#include "base/slice.h"
#include "tls/alpn.h"
#include "tls/fault.h"

struct engine; /* opaque; from upstream_open or facade_open */

enum engine_result {
	ENGINE_OK, /* it is done, as each call says */
	ENGINE_WANT, /* *in is used up: come again with more, or with engine_cut */
	ENGINE_FULL, /* output must be sent first; the rest of the argument stays the caller's */
	ENGINE_END, /* the peer said close_notify; its direction is over, ours is not */
	ENGINE_BAD, /* it cannot go on: engine_fault; an alert may still be in the output. Sticky */
};

/* Goes on with the handshake. An upstream's engine begins it, so call once with nothing at first;
 * a client's begins with the ClientHello, whenever its bytes were read.
 *   in   ciphertext; moves behind what was used
 * ENGINE_OK: done (again and again); what is left of *in is for engine_read. Never ENGINE_END. */
enum engine_result engine_handshake(struct engine *e, struct slice *in);

/* Plaintext out of ciphertext; the handshake must be done.
 *   in        ciphertext; moves behind what was used
 *   plain     where plaintext goes, `size` bytes, at least 1
 *   ret_len   set with ENGINE_OK: bytes of plaintext, at least 1
 * ENGINE_OK: call again, with what is left of *in (also when nothing is): there may be more.
 * ENGINE_WANT, ENGINE_END and ENGINE_BAD come when all plaintext before was given out.
 * Messages behind the handshake (tickets, key updates, RFC 8446 §4.6) are dealt with inside. */
enum engine_result engine_read(
	struct engine *e, struct slice *in, char *plain, size_t size, size_t *ret_len);

/* Plaintext into ciphertext; the handshake must be done and engine_close not called.
 * ENGINE_OK: all of *plain was taken. ENGINE_FULL: a part, maybe none; *plain is the rest.
 * ENGINE_WANT, rarely: the peer is in the middle of a message behind the handshake; again after the
 * next engine_read. */
enum engine_result engine_write(struct engine *e, struct slice *plain);

/* Says close_notify: nothing more will be written. The peer's direction goes on. May be called again;
 * before the handshake is done it says nothing. ENGINE_FULL and ENGINE_WANT as for engine_write. */
enum engine_result engine_close(struct engine *e);

/* The transport has ended: no more ciphertext will come. Call when engine_read has said WANT.
 * ENGINE_END: the peer had said close_notify. Else ENGINE_BAD with TLS_FAULT_TRUNCATED (or
 * _CUT_HANDSHAKE): what came so far may have been cut by anybody on the way. Who knows from the
 * content that it is whole (Content-Length, last chunk) may let that pass. */
enum engine_result engine_cut(struct engine *e);

/* There is no memory for what the transport brought: ENGINE_BAD with TLS_FAULT_MEMORY. */
enum engine_result engine_starve(struct engine *e);

/* Ciphertext to send, valid until the next call on this engine; empty when there is none. */
struct slice engine_output(const struct engine *e);
/* The first `len` bytes of it were sent. */
void engine_sent(struct engine *e, size_t len);

/* Why ENGINE_BAD; TLS_FAULT_NONE before. The first fault stays. */
enum tls_fault engine_fault(const struct engine *e);

/* Of a finished handshake. */
enum alpn engine_alpn(const struct engine *e);
const char *engine_version(const struct engine *e); /* "TLSv1.2" or "TLSv1.3"; static */
bool engine_resumed(const struct engine *e);

/* NULL is fine; at any time. Says nothing to the peer. */
void engine_free(struct engine *e);

#endif
