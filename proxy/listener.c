/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/listener.h"

#include "base/limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int set(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on));
}

int listener_probe(const struct endpoint *at)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(&at->address, at->port, &sa);
	int status = 0;

	if (at->port == 0)
		return 0;
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR);
	if (sa.ss_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (bind(fd, (struct sockaddr *)&sa, len) != 0)
		status = -errno;
	close(fd);
	return status;
}

int listener_bind(struct endpoint *at)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(&at->address, at->port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR);
	if (set(fd, SOL_SOCKET, SO_REUSEPORT) != 0)
		goto fail;
	if (sa.ss_family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0)
		goto fail;
	/* Accepted sockets inherit these, which saves two calls for each connection. */
	set(fd, IPPROTO_TCP, TCP_NODELAY);
	set(fd, SOL_SOCKET, SO_KEEPALIVE);
#ifdef TCP_DEFER_ACCEPT
	/* A connection is handed over with its first bytes, so the head is there at once. */
	set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT);
#endif
	if (bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, SOMAXCONN) != 0)
		goto fail;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		goto fail;
	at->address = address_from_sockaddr((struct sockaddr *)&sa, &at->port);
	return fd;
fail:;
	int error = errno;
	close(fd);
	return -error;
}

void listener_local(int fd, struct endpoint *ret_local)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	*ret_local = (struct endpoint){.port = 0};
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
		ret_local->address =
			address_from_sockaddr((struct sockaddr *)&sa, &ret_local->port);
}

/* Out of descriptors or memory: new clients stay in the kernel's queue until the next tick. */
static void pause_accepting(struct listener *l)
{
	l->paused = true;
	l->on_failure(l->owner);
}

/* Returns false when there is nothing more to take. */
static bool accept_one(struct listener *l)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint client;
	int fd = accept4(l->wire->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		client.address = address_from_sockaddr((struct sockaddr *)&sa, &client.port);
		l->on_accept(l->owner, fd, &client);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		wire_blocked(l->wire, &l->wire->readable, EAGAIN);
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		pause_accepting(l);
		return false;
	default:
		/* accept(2): the client was gone before we came, or the network failed for it. */
		return true;
	}
}

static void on_ready(struct wire *wire, void *owner)
{
	struct listener *l = owner;

	for (int i = 0; i < LIMIT_TURN_ACCEPTS; i++)
		if (l->paused || !accept_one(l))
			return;
	wire_again(wire);
}

int listener_start(struct listener *l, struct poller *poller, int fd)
{
	l->paused = false;
	l->wire = wire_open(poller, fd, on_ready, l);
	return l->wire ? 0 : -errno;
}

void listener_resume(struct listener *l)
{
	if (!l->paused || !l->wire)
		return;
	l->paused = false;
	/* The edge that told of the waiting clients is long gone. */
	wire_again(l->wire);
}

void listener_close(struct listener *l)
{
	/* Whoever is queued in the kernel would be reset by the close. */
	for (int i = 0; i < SOMAXCONN && !l->paused && accept_one(l); i++)
		;
	wire_close(l->wire);
	l->wire = NULL;
}
