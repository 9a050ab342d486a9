/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TURN_EVENTS 256
/* Source addresses 127.0.0.2 .. 127.0.0.201. */
#define SOURCES 200

bool loop_open(struct loop *l)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll >= 0;
}

void loop_done(struct loop *l)
{
	if (l->epoll >= 0)
		close(l->epoll);
	l->epoll = -1;
}

bool loop_watch(struct loop *l, struct watch *w, int fd, void (*on_ready)(struct watch *w))
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = w,
	};

	w->fd = fd;
	w->on_ready = on_ready;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void loop_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void turn(struct loop *l, uint64_t wait_ns)
{
	struct epoll_event events[TURN_EVENTS];
	const struct timespec wait = {
		.tv_sec = (time_t)(wait_ns / 1000000000), .tv_nsec = (long)(wait_ns % 1000000000)};
	int count = epoll_pwait2(l->epoll, events, TURN_EVENTS, &wait, NULL);

	for (int i = 0; i < count; i++) {
		struct watch *w = events[i].data.ptr;
		if (w->fd >= 0)
			w->on_ready(w);
	}
}

void loop_turn(struct loop *l, int wait_ms)
{
	turn(l, (uint64_t)wait_ms * 1000000);
}

void loop_turn_until(struct loop *l, uint64_t until_ns)
{
	uint64_t now = loop_now_ns();

	turn(l, until_ns > now ? until_ns - now : 0);
}

bool loop_run(struct loop *l, int stall_ms)
{
	uint64_t seen = l->progress;
	uint64_t since = loop_now_ns();

	l->stopped = false;
	while (!l->stopped) {
		loop_turn(l, 100);
		if (l->progress != seen) {
			seen = l->progress;
			since = loop_now_ns();
		} else if (loop_now_ns() - since > (uint64_t)stall_ms * 1000000) {
			return false;
		}
	}
	return true;
}

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct sockaddr_in loopback(uint32_t last, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000000 | last),
		.sin_port = htons(port),
	};
}

/* A socket that is to be connected, or -1. */
static int source_socket(int flags, uint32_t source)
{
	struct sockaddr_in from = loopback(2 + source % SOURCES, 0);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* The port is chosen at connect, per destination (ip(7)). */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0)
		return fd;
	close(fd);
	return -1;
}

int loop_dial(uint16_t port, uint32_t source)
{
	struct sockaddr_in to = loopback(1, port);
	int fd = source_socket(SOCK_NONBLOCK, source);

	/* In progress or refused at once: the first system call on it tells. */
	if (fd >= 0)
		(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
	return fd;
}

int loop_dial_blocking(uint16_t port, uint32_t source)
{
	struct sockaddr_in to = loopback(1, port);
	int fd = source_socket(0, source);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

int loop_listen(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in at = loopback(1, port);
	socklen_t len = sizeof(at);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Accepted sockets inherit it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 4096) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &len) == 0) {
		*ret_port = ntohs(at.sin_port);
		return fd;
	}
	close(fd);
	return -1;
}
