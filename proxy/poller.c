/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void call(struct wire *w)
{
	if (w->layer)
		w->layer->ready(w);
	w->on_ready(w, w->owner);
}

void poller_ready(struct wire *w, bool readable, bool writable, bool hung_up)
{
	w->hung_up = w->hung_up || hung_up;
	/* After a hang-up a read tells what it was. */
	w->readable = w->readable || readable || w->hung_up;
	w->writable = w->writable || writable;
	call(w);
}

/* Between turns no batch of events is being told, so what is closed can be freed. A wire on the
 * `again` list that was closed meanwhile ends here as well. */
static void poller_sweep(struct poller *p)
{
	struct wire *again = p->again;
	struct wire *closed = p->closed;

	p->again = NULL;
	p->closed = NULL;
	while (again) {
		struct wire *w = again;
		again = w->next;
		w->queued = false;
		if (w->fd >= 0)
			call(w);
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
	struct poller *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	/* What was started before the first turn is libuv's to see first. */
	*p = (struct poller){.loop = loop, .nudged = true};
	if (backend_open(p) == 0)
		return p;
	free(p);
	return NULL;
}

void poller_free(struct poller *p)
{
	if (!p)
		return;
	poller_sweep(p);
	backend_close(p);
	free(p);
}

uv_loop_t *poller_loop(const struct poller *p)
{
	return p->loop;
}

void poller_nudge(struct poller *p)
{
	p->nudged = true;
}

bool poller_turn(struct poller *p, bool wait)
{
	bool alive = backend_turn(p, wait && !p->again && !p->closed);

	poller_sweep(p);
	return alive || p->again || p->closed;
}

void poller_run(struct poller *p)
{
	while (poller_turn(p, true))
		;
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
	if (w->layer)
		w->layer->close(w);
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
}
