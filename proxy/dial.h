/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/dial.h: one connection to one of several judged addresses, the first that answers.
 * Source: RFC 8305 §5 (Happy Eyeballs: staggered attempts, families alternating).
 * Dials exactly the addresses it is given, never a name. Knows nothing of sessions or policy. */
#ifndef SALLYPORT_PROXY_DIAL_H
#define SALLYPORT_PROXY_DIAL_H

#include "base/address.h"
#include "base/limits.h"
#include "base/reason.h"

#include "proxy/wire.h"

struct dial; /* exists only while dialling */

struct dialed {
	enum reason reason; /* NONE, CONNECTION_REFUSED, UNREACHABLE, CONNECT_TIMEOUT, OVERLOADED
	                       (no file descriptors), OUT_OF_MEMORY */
	struct wire *wire; /* connected, TCP_NODELAY; NULL on failure. The callee's with dial_take,
	                      else it is closed when the callback returns */
	struct address address; /* the one that answered, or the one whose failure is told */
};

typedef void (*dial_cb)(void *owner, const struct dialed *result);

/* Start dialling.
 *   addresses      1..LIMIT_ADDRESSES, copied; tried in order, but families alternate, beginning
 *                  with the first one's; the next one begins 250 ms after the last, or at once
 *                  when one fails, with at most LIMIT_DIAL_ATTEMPTS under way (the oldest gives
 *                  way to the next)
 *   timeout_ms     for the whole
 * on_dialed runs once, never before this returns, never after dial_cancel; the dial is gone then.
 * When every address failed the most telling failure is given: refused before timeout before
 * unreachable. NULL without memory. */
struct dial *dial_start(struct poller *poller, const struct address *addresses,
	size_t address_count, uint16_t port, uint32_t timeout_ms, dial_cb on_dialed, void *owner);

/* From inside the callback, on success: the wire is the callee's from now on. */
struct wire *dial_take(const struct dialed *result, wire_cb on_ready, void *owner);

/* The callback never comes; descriptors are closed at once, the memory goes when libuv is done. */
void dial_cancel(struct dial *d);

#endif
