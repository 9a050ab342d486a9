/* SPDX-License-Identifier: Apache-2.0 */
/* The poller on Linux: one epoll instance, itself watched by the libuv loop. Source: epoll(7). */
#include "base/container.h"
#include "proxy/poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Events taken from the kernel in one turn; what is left comes in the next. */
enum { POLLER_EVENTS = 256 };

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
		uint32_t hung_up = what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
		/* Closed by an earlier event of this batch; its memory lives until the next turn. */
		if (w->fd < 0)
			continue;
		poller_ready(w, (what & EPOLLIN) != 0,
			(what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0, hung_up != 0);
	}
}

int backend_open(struct poller *p)
{
	p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll_fd < 0)
		return -errno;
	int status = uv_poll_init(p->loop, &p->poll, p->epoll_fd);
	if (status != 0) {
		close(p->epoll_fd);
		return status;
	}
	p->poll.data = p;
	p->open++;
	/* Wires alone do not keep a loop running: whoever owns them has a timer or a mailbox. */
	uv_unref((uv_handle_t *)&p->poll);
	return uv_poll_start(&p->poll, UV_READABLE, on_epoll);
}

void backend_close(struct poller *p, uv_close_cb on_handle_closed)
{
	uv_close((uv_handle_t *)&p->poll, on_handle_closed);
	close(p->epoll_fd);
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
