/* SPDX-License-Identifier: Apache-2.0 */
/* relay_secure: the limit for looking inside: accept, read a CONNECT head up to its blank line, connect to
 * one fixed origin, answer 200, do TLS with the origin (verified), then with the client (one fixed leaf),
 * and copy what is inside. No policy, no names, no leaves, no parsing; one thread. */
#include "base/container.h"
#include "bench/loop.h"
#include "bench/secure.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define PAIRS 12000

enum pair_phase { PAIR_HEAD, PAIR_DIALING, PAIR_UPSTREAM, PAIR_CLIENT, PAIR_OPEN };

/* In a pool: a watch must stay readable after it was closed. */
struct pair {
	struct watch client, upstream;
	SSL *client_ssl, *upstream_ssl;
	enum pair_phase phase;
	struct pair *next_free;
};

static struct loop loop;
static struct pair pool[PAIRS], *free_pair;
static struct watch listener;
static SSL_CTX *server, *client;
static const char *name;
static uint16_t origin_port;

static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";

static void pair_close(struct pair *p)
{
	SSL_free(p->client_ssl);
	SSL_free(p->upstream_ssl);
	p->client_ssl = p->upstream_ssl = NULL;
	loop_close(&p->client);
	loop_close(&p->upstream);
	p->next_free = free_pair;
	free_pair = p;
}

static void pair_turn(struct pair *p);

static void on_client_ready(struct watch *w)
{
	pair_turn(CONTAINER(w, struct pair, client));
}

static void on_upstream_ready(struct watch *w)
{
	pair_turn(CONTAINER(w, struct pair, upstream));
}

/* The head is taken to come in one piece, as every client on loopback sends it. */
static enum secure_step step_head(struct pair *p)
{
	char head[4096];
	ssize_t len = recv(p->client.fd, head, sizeof(head), 0);

	if (len < 0 && errno == EAGAIN)
		return SECURE_WAIT;
	if (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0)
		return SECURE_GONE;
	int fd = loop_dial(origin_port, 0);
	p->upstream_ssl = fd >= 0 ? secure_new(client, fd, name) : NULL;
	if (!p->upstream_ssl || !loop_watch(&loop, &p->upstream, fd, on_upstream_ready))
		return SECURE_GONE;
	p->phase = PAIR_DIALING;
	return SECURE_WAIT;
}

/* The first readiness of the upstream tells how connecting ended. */
static enum secure_step step_dialing(struct pair *p)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(p->upstream.fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error != 0 ||
		send(p->client.fd, established, sizeof(established) - 1, MSG_NOSIGNAL) < 0)
		return SECURE_GONE;
	p->phase = PAIR_UPSTREAM;
	return SECURE_DONE;
}

static enum secure_step copy(SSL *from, SSL *to)
{
	char bytes[16384];
	size_t len;
	enum secure_step step = secure_read(from, bytes, sizeof(bytes), &len);

	return step == SECURE_DONE ? secure_write(to, bytes, len) : step;
}

static enum secure_step step_open(struct pair *p)
{
	enum secure_step up = copy(p->client_ssl, p->upstream_ssl);
	enum secure_step down = copy(p->upstream_ssl, p->client_ssl);

	if (up == SECURE_GONE || down == SECURE_GONE)
		return SECURE_GONE;
	return up == SECURE_WAIT && down == SECURE_WAIT ? SECURE_WAIT : SECURE_DONE;
}

static enum secure_step pair_step(struct pair *p)
{
	enum secure_step step;

	switch (p->phase) {
	case PAIR_HEAD:
		return step_head(p);
	case PAIR_DIALING:
		return step_dialing(p);
	case PAIR_UPSTREAM:
		step = secure_handshake(p->upstream_ssl);
		p->phase = step == SECURE_DONE ? PAIR_CLIENT : p->phase;
		return step;
	case PAIR_CLIENT:
		step = secure_handshake(p->client_ssl);
		p->phase = step == SECURE_DONE ? PAIR_OPEN : p->phase;
		return step;
	case PAIR_OPEN:
		return step_open(p);
	}
	return SECURE_GONE;
}

static void pair_turn(struct pair *p)
{
	enum secure_step step = SECURE_DONE;

	while (step == SECURE_DONE)
		step = pair_step(p);
	if (step == SECURE_GONE)
		pair_close(p);
}

static void on_listener_ready(struct watch *w)
{
	while (free_pair) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct pair *p = free_pair;
		free_pair = p->next_free;
		*p = (struct pair){.client.fd = fd, .upstream.fd = -1};
		p->client_ssl = secure_new(server, fd, NULL);
		if (!p->client_ssl || !loop_watch(&loop, &p->client, fd, on_client_ready))
			pair_close(p);
	}
}

static bool take_options(int argc, char **argv, uint16_t *ret_port)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
		{"origin-port", required_argument, NULL, 'o'},
		{"name", required_argument, NULL, 'n'},
		{"certificate", required_argument, NULL, 'c'},
		{"key", required_argument, NULL, 'k'}, {"roots", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0}};
	const char *certificate = NULL, *key = NULL, *roots = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'p':
			*ret_port = (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			origin_port = (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			name = optarg;
			break;
		case 'c':
			certificate = optarg;
			break;
		case 'k':
			key = optarg;
			break;
		case 'r':
			roots = optarg;
			break;
		default:
			return false;
		}
	if (!name || !certificate || !key || !roots || origin_port == 0)
		return false;
	server = secure_server(certificate, key);
	client = secure_client(roots);
	return server && client;
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	uint16_t port = 0;

	if (!take_options(argc, argv, &port)) {
		fputs("usage: relay_secure --origin-port N --name NAME --certificate FILE --key FILE "
		      "--roots FILE [--port N]\n",
			stderr);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < PAIRS; i++) {
		pool[i].next_free = free_pair;
		free_pair = &pool[i];
	}
	int fd = loop_listen(port, &port);
	if (fd < 0 || !loop_open(&loop) || !loop_watch(&loop, &listener, fd, on_listener_ready)) {
		perror("relay_secure");
		return 1;
	}
	printf("%u\n", (unsigned)port);
	fflush(stdout);
	for (;;)
		loop_turn(&loop, 1000);
}
