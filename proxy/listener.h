/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/listener.h: a listening socket of one worker. Survives running out of descriptors: it
 * pauses and tries again at the next tick. Source: accept4(2), SO_REUSEPORT in socket(7). */
#ifndef SALLYPORT_PROXY_LISTENER_H
#define SALLYPORT_PROXY_LISTENER_H

#include "base/address.h"

#include "proxy/wire.h"

/* One accepted connection: non-blocking, close-on-exec, TCP_NODELAY. The callee owns the
 * descriptor. */
typedef void (*accept_cb)(void *owner, int fd, const struct endpoint *client);

struct listener {
	struct wire *wire; /* NULL when closed */
	bool paused;
	accept_cb on_accept;
	void (*on_failure)(void *owner); /* for the counter */
	void *owner;
};

/* Whether the address is free: the SO_REUSEPORT below would let two processes of one user share it
 * without a word. 0 or a negative errno; 0 for port 0. */
int listener_probe(const struct endpoint *at);

/* Binds and listens, with SO_REUSEPORT so that each worker can have its own socket of one address.
 * Port 0: the kernel chooses; *at is updated. Returns a descriptor, or a negative errno. */
int listener_bind(struct endpoint *at);

/* Starts accepting on `fd`, which the listener owns from now on; the callbacks are set already.
 * 0 or a negative errno, and then the descriptor is still the caller's. */
int listener_start(struct listener *l, struct poller *poller, int fd);

/* Accept again after a pause; nothing to do when there was none. */
void listener_resume(struct listener *l);

/* The local end of an accepted connection; family 0 when it is not of IP. */
void listener_local(int fd, struct endpoint *ret_local);

/* Takes what the kernel has queued already, then closes. */
void listener_close(struct listener *l);

#endif
