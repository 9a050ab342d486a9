/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/poller.h"

#include "base/container.h"

#include <stdlib.h>
#include <unistd.h>

void poller_ready(struct wire *w, bool readable, bool writable, bool hung_up)
{
	w->hung_up = w->hung_up || hung_up;
	/* After a hang-up a read tells what it was. */
	w->readable = w->readable || readable || w->hung_up;
	w->writable = w->writable || writable;
	w->on_ready(w);
}

/* Runs once a turn of the loop, before it would sleep. A wire on the `again` list that was closed
 * meanwhile ends here as well, so its memory is never on a list and free at once. */
static void on_idle(uv_idle_t *idle)
{
	struct poller *p = CONTAINER(idle, struct poller, idle);
	struct wire *again = p->again;
	struct wire *closing = p->closing;

	p->again = NULL;
	p->closing = NULL;
	uv_idle_stop(idle);
	while (again) {
		struct wire *w = again;
		again = w->next;
		w->queued = false;
		if (w->fd >= 0)
			w->on_ready(w);
		else
			w->on_closed(w);
	}
	while (closing) {
		struct wire *w = closing;
		closing = w->next;
		w->on_closed(w);
	}
}

struct poller *poller_new(uv_loop_t *loop)
{
	struct poller *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->loop = loop;
	if (backend_open(p) != 0) {
		free(p);
		return NULL;
	}
	uv_idle_init(loop, &p->idle);
	p->idle.data = p;
	p->open++;
	return p;
}

uv_loop_t *poller_loop(const struct poller *p)
{
	return p->loop;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct poller *p = handle->data;

	if (--p->open > 0)
		return;
	p->on_closed(p->owner);
	free(p);
}

void poller_close(struct poller *p, void (*on_closed)(void *owner), void *owner)
{
	p->on_closed = on_closed;
	p->owner = owner;
	backend_close(p, on_handle_closed);
	uv_close((uv_handle_t *)&p->idle, on_handle_closed);
}

int wire_open(struct wire *w, struct poller *p, int fd, wire_cb on_ready)
{
	*w = (struct wire){.poller = p, .fd = fd, .on_ready = on_ready};
	int status = backend_watch(w);
	if (status != 0)
		w->fd = -1;
	return status;
}

static void close_later(struct wire *w, wire_cb on_closed)
{
	struct poller *p = w->poller;

	w->fd = -1;
	w->on_closed = on_closed;
	uv_idle_start(&p->idle, on_idle);
	if (w->queued)
		return; /* on the `again` list, where it ends */
	w->next = p->closing;
	p->closing = w;
}

int wire_release(struct wire *w, wire_cb on_closed)
{
	int fd = w->fd;

	backend_unwatch(w, false);
	close_later(w, on_closed);
	return fd;
}

void wire_move(struct wire *from, struct wire *to, wire_cb on_ready, wire_cb on_from_closed)
{
	*to = (struct wire){
		.poller = from->poller,
		.fd = from->fd,
		.on_ready = on_ready,
		.hung_up = from->hung_up,
		.readable = from->hung_up,
	};
	backend_move(from, to);
	close_later(from, on_from_closed);
}

void wire_close(struct wire *w, wire_cb on_closed)
{
	backend_unwatch(w, true);
	close(w->fd);
	close_later(w, on_closed);
}

void wire_again(struct wire *w)
{
	struct poller *p = w->poller;

	if (w->queued)
		return;
	w->queued = true;
	w->next = p->again;
	p->again = w;
	uv_idle_start(&p->idle, on_idle);
}
