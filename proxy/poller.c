/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/poller.h"

#include "base/container.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void poller_ready(struct wire *w, bool readable, bool writable, bool hung_up)
{
	w->hung_up = w->hung_up || hung_up;
	/* After a hang-up a read tells what it was. */
	w->readable = w->readable || readable || w->hung_up;
	w->writable = w->writable || writable;
	w->on_ready(w, w->owner);
}

/* Runs once a turn of the loop, before it would sleep: no batch of events is being told, so what is
 * closed can be freed. A wire on the `again` list that was closed meanwhile ends here as well. */
static void on_idle(uv_idle_t *idle)
{
	struct poller *p = CONTAINER(idle, struct poller, idle);
	struct wire *again = p->again;
	struct wire *closed = p->closed;

	p->again = NULL;
	p->closed = NULL;
	uv_idle_stop(idle);
	while (again) {
		struct wire *w = again;
		again = w->next;
		w->queued = false;
		if (w->fd >= 0)
			w->on_ready(w, w->owner);
		else
			free(w);
	}
	while (closed) {
		struct wire *w = closed;
		closed = w->next;
		free(w);
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
	on_idle(&p->idle);
	backend_close(p, on_handle_closed);
	uv_close((uv_handle_t *)&p->idle, on_handle_closed);
}

struct wire *wire_open(struct poller *p, int fd, wire_cb on_ready, void *owner)
{
	struct wire *w = malloc(sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct wire){.poller = p, .fd = fd, .on_ready = on_ready, .owner = owner};
	int status = backend_watch(w);
	if (status == 0)
		return w;
	free(w);
	errno = -status;
	return NULL;
}

static void free_later(struct wire *w)
{
	struct poller *p = w->poller;

	w->fd = -1;
	uv_idle_start(&p->idle, on_idle);
	if (w->queued)
		return; /* on the `again` list, where it ends */
	w->next = p->closed;
	p->closed = w;
}

int wire_release(struct wire *w)
{
	int fd = w->fd;

	backend_unwatch(w, false);
	free_later(w);
	return fd;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	backend_unwatch(w, true);
	close(w->fd);
	free_later(w);
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
