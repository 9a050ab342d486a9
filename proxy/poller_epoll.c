/* SPDX-License-Identifier: Apache-2.0 */
/* The poller on Linux: one epoll instance with all wires in it, and libuv's own instance as one
 * more (uv_backend_fd). So a wire's event costs one system call, and libuv has a turn only when one
 * of its timers, closings or descriptors is due. Source: epoll(7); libuv's guide to embedding. */
#include "proxy/poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Events taken from the kernel in one turn; what is left comes in the next. */
enum { POLLER_EVENTS = 256 };

int backend_open(struct poller *p)
{
	/* Its pointer is NULL: no wire, but libuv. */
	struct epoll_event event = {.events = EPOLLIN};

	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0)
		return -errno;
	if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(p->loop), &event) == 0)
		return 0;
	int error = errno;
	close(p->epoll_fd);
	return -error;
}

void backend_close(struct poller *p)
{
	close(p->epoll_fd);
}

static void tell(struct wire *w, uint32_t what)
{
	uint32_t hung_up = what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);

	/* Closed by an earlier event of this batch; its memory lives until the next turn. */
	if (w->fd < 0)
		return;
	poller_ready(w, (what & EPOLLIN) != 0, (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
		hung_up != 0);
}

/* libuv is ready, one of the events. */
static bool has_libuv(const struct epoll_event *ready, int count)
{
	for (int i = 0; i < count; i++)
		if (!ready[i].data.ptr)
			return true;
	return false;
}

/* libuv goes first: what another thread told this one, new rules above all, holds for whatever a wire
 * tells of the time after. */
bool backend_turn(struct poller *p, bool wait)
{
	struct epoll_event ready[POLLER_EVENTS];
	int timeout_ms = wait && !p->nudged ? uv_backend_timeout(p->loop) : 0;
	int count = epoll_wait(p->epoll_fd, ready, POLLER_EVENTS, timeout_ms);

	uv_update_time(p->loop);
	if (has_libuv(ready, count))
		uv_run(p->loop, UV_RUN_NOWAIT);
	for (int i = 0; i < count; i++)
		if (ready[i].data.ptr)
			tell(ready[i].data.ptr, ready[i].events);
	/* 0 is libuv's word for a timer, a closing or an idle handle that is due. */
	if (!p->nudged && uv_backend_timeout(p->loop) != 0)
		return true;
	p->nudged = false;
	return uv_run(p->loop, UV_RUN_NOWAIT) != 0;
}

int backend_watch(struct wire *w)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = w,
	};

	return epoll_ctl(w->poller->epoll_fd, EPOLL_CTL_ADD, w->fd, &event) == 0 ? 0 : -errno;
}

void backend_unwatch(struct wire *w, bool closing)
{
	/* The last descriptor of a socket takes its registration with it, without a call. */
	if (!closing)
		epoll_ctl(w->poller->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
}

void backend_rearm(struct wire *w)
{
	(void)w; /* the kernel tells the next edge by itself */
}
