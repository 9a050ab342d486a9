/* SPDX-License-Identifier: Apache-2.0 */
/* relay: the limit that every proxy is measured against: accept, read a CONNECT head up to its
 * blank line, connect to one fixed origin, answer 200, move bytes until both sides ended. No
 * policy, no names, no deadlines, no events, no parsing; one thread, as few system calls as a
 * correct relay needs.
 *
 *   --head connect   as above
 *   --head none      connect at once: the limit for peers that are not asked by CONNECT
 *   --head refuse    answer 403 and close: the limit for a refusal */
#include "bench/flow.h"
#include "bench/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN_EVENTS 256
#define HEAD_BYTES  4096

enum head { HEAD_CONNECT, HEAD_NONE, HEAD_REFUSE };

struct pair;

struct end {
	struct pair *pair;
	int fd; /* -1 before it is there */
};

struct pair {
	struct end client;
	struct end upstream;
	struct flow up; /* client to upstream */
	struct flow down;
	bool answered; /* 200 was sent: bytes flow */
	bool early; /* the client sent, or ended, before that */
	bool early_end;
	bool gone; /* closed; freed at the end of the turn, when no event can name it any more */
	struct pair *next_gone;
};

static int epoll_fd;
static enum head head_mode;
static bool (*flow_move)(struct flow *f, bool ending) = flow_copy;
static struct sockaddr_in origin;
static struct pair *gone;

static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
static const char refused[] = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n"
			      "Content-Length: 0\r\n\r\n";

static void pair_close(struct pair *p)
{
	if (p->gone)
		return;
	if (p->client.fd >= 0)
		close(p->client.fd);
	if (p->upstream.fd >= 0)
		close(p->upstream.fd);
	flow_done(&p->up);
	flow_done(&p->down);
	p->gone = true;
	p->next_gone = gone;
	gone = p;
}

static void free_gone(void)
{
	while (gone) {
		struct pair *p = gone;
		gone = p->next_gone;
		free(p);
	}
}

static bool end_watch(struct end *e)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = e,
	};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, e->fd, &event) == 0;
}

/* Connecting succeeds or fails by the first event of the upstream end. */
static bool pair_dial(struct pair *p)
{
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	p->upstream.fd = fd;
	p->up = (struct flow){.from = p->client.fd, .to = fd};
	p->down = (struct flow){.from = fd, .to = p->client.fd};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&origin, sizeof(origin)) != 0 && errno != EINPROGRESS)
		return false;
	return end_watch(&p->upstream);
}

/* The head is not parsed and is taken to come in one piece, as every client on loopback sends it.
 * False when the pair is at its end. */
static bool pair_take_head(struct pair *p)
{
	char head[HEAD_BYTES];
	ssize_t len = recv(p->client.fd, head, sizeof(head), 0);

	if (len < 0)
		return errno == EAGAIN;
	if (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0)
		return false;
	if (head_mode == HEAD_CONNECT)
		return pair_dial(p);
	send(p->client.fd, refused, sizeof(refused) - 1, MSG_NOSIGNAL);
	return false;
}

/* Half-close (RFC 9293 §3.6): the end of one direction is passed on, unless the other has ended
 * too: closing both sockets does it then, a system call earlier. False when the pair is done. */
static bool pair_move(struct pair *p, struct flow *f, bool ending)
{
	const struct flow *back = f == &p->up ? &p->down : &p->up;
	bool ended = f->ended;

	if (!flow_move(f, ending) || (f->ended && back->ended))
		return false;
	if (f->ended && !ended)
		shutdown(f->to, SHUT_WR);
	return true;
}

/* The upstream end became writable: it is connected. */
static bool pair_answer(struct pair *p, uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP))
		return false;
	p->answered = true;
	if (head_mode == HEAD_CONNECT &&
		send(p->client.fd, established, sizeof(established) - 1, MSG_NOSIGNAL) < 0)
		return false;
	return !p->early || pair_move(p, &p->up, p->early_end);
}

static bool pair_turn(struct pair *p, struct end *e, uint32_t events)
{
	bool is_client = e == &p->client;
	struct flow *out = is_client ? &p->up : &p->down;
	struct flow *in = is_client ? &p->down : &p->up;

	if (is_client && p->upstream.fd < 0)
		return !(events & EPOLLIN) || pair_take_head(p);
	if (!p->answered && is_client) {
		p->early |= (events & EPOLLIN) != 0;
		p->early_end |= (events & EPOLLRDHUP) != 0;
		return !(events & EPOLLERR);
	}
	if (!p->answered && !(events & EPOLLOUT))
		return true;
	if (!p->answered && !pair_answer(p, events))
		return false;
	if (events & EPOLLIN && out->held == 0 && !pair_move(p, out, events & EPOLLRDHUP))
		return false;
	if (events & EPOLLOUT && in->held > 0 && !pair_move(p, in, false))
		return false;
	return !(events & EPOLLERR);
}

/* One connection per event: the listener is level-triggered, so no accept4 is spent on EAGAIN. */
static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct pair *p = fd >= 0 ? calloc(1, sizeof(*p)) : NULL;

	if (!p) {
		if (fd >= 0)
			close(fd);
		return;
	}
	p->client = (struct end){p, fd};
	p->upstream = (struct end){p, -1};
	if (head_mode == HEAD_NONE && !pair_dial(p))
		pair_close(p);
	else if (!end_watch(&p->client))
		pair_close(p);
}

static void serve(int listener)
{
	struct epoll_event events[TURN_EVENTS];
	struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};

	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &listening);
	for (;;) {
		int count = epoll_wait(epoll_fd, events, TURN_EVENTS, -1);
		for (int i = 0; i < count; i++) {
			struct end *e = events[i].data.ptr;
			if (!e)
				accept_one(listener);
			else if (!e->pair->gone && !pair_turn(e->pair, e, events[i].events))
				pair_close(e->pair);
		}
		free_gone();
	}
}

/* "--head connect" and so on; false when a word is unknown. */
static bool take_options(int argc, char **argv, uint16_t *ret_port)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (strcmp(word, "--splice") == 0)
			flow_move = flow_splice;
		else if (i + 1 == argc)
			return false;
		else if (strcmp(word, "--port") == 0)
			*ret_port = (uint16_t)strtoul(argv[++i], NULL, 10);
		else if (strcmp(word, "--origin-port") == 0)
			origin.sin_port = htons((uint16_t)strtoul(argv[++i], NULL, 10));
		else if (strcmp(word, "--head") == 0 && strcmp(argv[i + 1], "connect") == 0)
			head_mode = HEAD_CONNECT, i++;
		else if (strcmp(word, "--head") == 0 && strcmp(argv[i + 1], "none") == 0)
			head_mode = HEAD_NONE, i++;
		else if (strcmp(word, "--head") == 0 && strcmp(argv[i + 1], "refuse") == 0)
			head_mode = HEAD_REFUSE, i++;
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	uint16_t port = 0;

	origin.sin_family = AF_INET;
	origin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!take_options(argc, argv, &port)) {
		fputs("usage: relay --origin-port N [--port N] [--head connect|none|refuse] "
		      "[--splice]\n",
			stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	signal(SIGPIPE, SIG_IGN);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listener = loop_listen(port, &port);
	if (epoll_fd < 0 || listener < 0) {
		perror("relay");
		return 1;
	}
	printf("%u\n", (unsigned)port);
	fflush(stdout);
	serve(listener);
}
