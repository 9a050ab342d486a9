/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/poller.h: between poller.c (what all pollers do) and the one back end that is compiled in:
 * poller_epoll.c or poller_uv.c. For users there is proxy/wire.h. */
#ifndef SALLYPORT_PROXY_POLLER_H
#define SALLYPORT_PROXY_POLLER_H

#include "proxy/wire.h"

struct poller {
	uv_loop_t *loop;
	uv_idle_t idle; /* keeps the loop from sleeping while a list is not empty */
	uv_poll_t poll; /* the epoll back end's: its instance as seen by the loop */
	int epoll_fd;
	int open; /* handles whose close callback is still to come */
	struct wire *again;
	struct wire *closed;
	void (*on_closed)(void *owner);
	void *owner;
};

/* Ready to watch wires; counts its handles in p->open. 0 or a negative errno, nothing to undo. */
int backend_open(struct poller *p);
/* Closes its handles with on_handle_closed. */
void backend_close(struct poller *p, uv_close_cb on_handle_closed);

/* Watch w->fd. 0 or a negative errno. */
int backend_watch(struct wire *w);
/* Watch it no more; `closing` says that the descriptor is closed next, which may be enough. */
void backend_unwatch(struct wire *w, bool closing);

/* A flag of the wire was cleared: its next edge is to be told. */
void backend_rearm(struct wire *w);

/* For the back end: the flags that were found; then calls on_ready. */
void poller_ready(struct wire *w, bool readable, bool writable, bool hung_up);

#endif
