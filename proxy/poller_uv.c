/* SPDX-License-Identifier: Apache-2.0 */
/* The poller where there is no epoll: a uv_poll_t for each wire. libuv tells levels; edges are made
 * of them by asking only for what the wire's flags do not say already. */
#include "base/container.h"
#include "proxy/poller.h"

#include <errno.h>
#include <stdlib.h>

/* Apart from the wire, because libuv is done with it one turn later than the wire's owner. */
struct watch {
	uv_poll_t poll;
	struct wire *wire;
	int mask;
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = CONTAINER(poll, struct watch, poll);
	struct wire *w = watch->wire;
	bool failed = status < 0;

	/* On an error libuv has stopped the handle; the next read or write tells which it was. */
	if (failed)
		watch->mask = 0;
	w->readable = w->readable || failed || (events & UV_READABLE) != 0;
	w->writable = w->writable || failed || (events & UV_WRITABLE) != 0;
	w->hung_up = w->hung_up || failed || (events & UV_DISCONNECT) != 0;
	backend_rearm(w);
	poller_ready(w, false, false, false);
}

void backend_rearm(struct wire *w)
{
	struct watch *watch = w->watch;
	int mask = w->hung_up ? 0 : UV_DISCONNECT;

	mask |= w->readable || w->hung_up ? 0 : UV_READABLE;
	mask |= w->writable ? 0 : UV_WRITABLE;
	if (mask == watch->mask)
		return;
	watch->mask = mask;
	uv_poll_start(&watch->poll, mask, on_poll);
}

int backend_open(struct poller *p)
{
	p->epoll_fd = -1;
	return 0;
}

void backend_close(struct poller *p)
{
	(void)p;
}

bool backend_turn(struct poller *p, bool wait)
{
	return uv_run(p->loop, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

int backend_watch(struct wire *w)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	int status = uv_poll_init(w->poller->loop, &watch->poll, w->fd);
	if (status != 0) {
		free(watch);
		return status;
	}
	/* Wires alone do not keep a loop running: whoever owns them has a timer or a mailbox. */
	uv_unref((uv_handle_t *)&watch->poll);
	watch->wire = w;
	w->watch = watch;
	backend_rearm(w);
	return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(CONTAINER(handle, struct watch, poll));
}

void backend_unwatch(struct wire *w, bool closing)
{
	struct watch *watch = w->watch;

	(void)closing;
	uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
	w->watch = NULL;
}
