/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/poller.h: between poller.c (what all pollers do) and the one back end that is compiled in:
 * poller_epoll.c or poller_uv.c. For users there is proxy/wire.h. */
#ifndef SALLYPORT_PROXY_POLLER_H
#define SALLYPORT_PROXY_POLLER_H

#include "proxy/wire.h"

struct poller {
	uv_loop_t *loop;
	int epoll_fd; /* the epoll back end's */
	bool nudged; /* libuv is to have a turn, whatever is ready */
	struct wire *again;
	struct wire *closed;
};

/* Ready to watch wires. 0 or a negative errno, nothing to undo. */
int backend_open(struct poller *p);
void backend_close(struct poller *p);

/* Watch w->fd. 0 or a negative errno. */
int backend_watch(struct wire *w);
/* Watch it no more; `closing` says that the descriptor is closed next, which may be enough. */
void backend_unwatch(struct wire *w, bool closing);

/* A flag of the wire was cleared: its next edge is to be told. */
void backend_rearm(struct wire *w);

/* Wait (or only look), tell the wires that are ready through poller_ready, and let libuv have its
 * turn when it is due. False when nothing of the loop is alive any more. */
bool backend_turn(struct poller *p, bool wait);

/* For the back end: the flags that were found; then calls on_ready. */
void poller_ready(struct wire *w, bool readable, bool writable, bool hung_up);

#endif
