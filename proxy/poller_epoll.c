/* SPDX-License-Identifier: Apache-2.0 */
/* The poller on Linux: one epoll instance, itself watched by the libuv loop. */
#include "base/container.h"
#include "proxy/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Events taken from the kernel in one turn; what is left comes in the next. */
enum { POLLER_EVENTS = 256 };

struct poller {
	uv_poll_t poll;
	uv_idle_t idle; /* keeps the loop from sleeping while `again` or `closing` is not empty */
	int epoll_fd;
	int open; /* handles whose close callback is still to come */
	struct wire *again;
	struct wire *closing;
	void (*on_closed)(void *owner);
	void *owner;
};

/* The idle handle runs once a turn of the loop, before it would sleep. */
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

static void on_epoll(uv_poll_t *poll, int status, int events)
{
	struct poller *p = CONTAINER(poll, struct poller, poll);
	struct epoll_event ready[POLLER_EVENTS];

	(void)status;
	(void)events;
	int count = epoll_wait(p->epoll_fd, ready, POLLER_EVENTS, 0);
	for (int i = 0; i < count; i++) {
		struct wire *w = ready[i].data.ptr;
		uint32_t what = ready[i].events;
		/* Closed by an earlier event of this batch; its memory lives until on_closed. */
		if (w->fd < 0)
			continue;
		w->hung_up = w->hung_up || (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
		w->readable = w->readable || (what & EPOLLIN) != 0 || w->hung_up;
		w->writable = w->writable || (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
		w->on_ready(w);
	}
}

struct poller *poller_new(uv_loop_t *loop)
{
	struct poller *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0)
		goto fail;
	if (uv_poll_init(loop, &p->poll, p->epoll_fd) != 0)
		goto fail;
	uv_idle_init(loop, &p->idle);
	p->open = 2;
	uv_poll_start(&p->poll, UV_READABLE, on_epoll);
	return p;
fail:
	if (p->epoll_fd >= 0)
		close(p->epoll_fd);
	free(p);
	return NULL;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct poller *p = handle->data;

	if (--p->open > 0)
		return;
	close(p->epoll_fd);
	p->on_closed(p->owner);
	free(p);
}

void poller_close(struct poller *p, void (*on_closed)(void *owner), void *owner)
{
	p->on_closed = on_closed;
	p->owner = owner;
	p->poll.data = p;
	p->idle.data = p;
	uv_close((uv_handle_t *)&p->poll, on_handle_closed);
	uv_close((uv_handle_t *)&p->idle, on_handle_closed);
}

int wire_open(struct wire *w, struct poller *p, int fd, wire_cb on_ready)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = w,
	};

	*w = (struct wire){.poller = p, .fd = fd, .on_ready = on_ready};
	if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	w->fd = -1;
	return -errno;
}

static void wire_close_later(struct wire *w, wire_cb on_closed)
{
	struct poller *p = w->poller;

	w->fd = -1;
	w->on_closed = on_closed;
	uv_idle_start(&p->idle, on_idle);
	if (w->queued)
		return; /* on the `again` list, which ends it as well */
	w->next = p->closing;
	p->closing = w;
}

int wire_release(struct wire *w, wire_cb on_closed)
{
	int fd = w->fd;

	epoll_ctl(w->poller->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	wire_close_later(w, on_closed);
	return fd;
}

void wire_close(struct wire *w, wire_cb on_closed)
{
	/* The last descriptor of a socket takes its registration with it. */
	close(w->fd);
	wire_close_later(w, on_closed);
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
