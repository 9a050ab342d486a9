/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/origin_secure.h"

#include "bench/secure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct visit {
	struct watch watch;
	struct origin_secure *origin;
	struct visit *next_free;
	SSL *ssl;
	bool open; /* the handshake is done */
	unsigned matched; /* of the blank line that ends a request head */
};

struct origin_secure {
	struct watch listener;
	struct loop *loop;
	SSL_CTX *context;
	struct visit *pool, *free;
	size_t open_count, size;
	char *response;
	size_t response_len;
};

static void visit_end(struct visit *v)
{
	struct origin_secure *o = v->origin;

	SSL_free(v->ssl);
	v->ssl = NULL;
	loop_close(&v->watch);
	v->next_free = o->free;
	o->free = v;
	o->open_count--;
	o->loop->progress++;
}

/* Load programs send one request at a time and no content. */
static enum secure_step visit_take(struct visit *v, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";

	for (size_t i = 0; i < len; i++) {
		v->matched = bytes[i] == end[v->matched] ? v->matched + 1 : (bytes[i] == '\r');
		if (v->matched < 4)
			continue;
		v->matched = 0;
		return secure_write(v->ssl, v->origin->response, v->origin->response_len);
	}
	return SECURE_DONE;
}

static void on_visit_ready(struct watch *w)
{
	struct visit *v = (struct visit *)(void *)w;
	char bytes[4096];
	size_t len;
	enum secure_step step = v->open ? SECURE_DONE : secure_handshake(v->ssl);

	v->open |= step == SECURE_DONE;
	while (step == SECURE_DONE) {
		step = secure_read(v->ssl, bytes, sizeof(bytes), &len);
		if (step == SECURE_DONE)
			step = visit_take(v, bytes, len);
	}
	if (step == SECURE_GONE)
		visit_end(v);
}

static void on_listener_ready(struct watch *w)
{
	struct origin_secure *o = (struct origin_secure *)(void *)w;

	while (o->free) {
		int fd = accept4(o->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct visit *v = o->free;
		o->free = v->next_free;
		o->open_count++;
		v->open = false;
		v->matched = 0;
		v->watch.fd = fd;
		v->ssl = secure_new(o->context, fd, NULL);
		if (!v->ssl || !loop_watch(o->loop, &v->watch, fd, on_visit_ready))
			visit_end(v);
	}
}

static bool response_make(struct origin_secure *o, size_t answer_bytes)
{
	o->response = malloc(answer_bytes + 128);
	if (!o->response)
		return false;
	int len = snprintf(o->response, 128,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
		answer_bytes);
	memset(o->response + len, 'x', answer_bytes);
	o->response_len = (size_t)len + answer_bytes;
	return true;
}

struct origin_secure *origin_secure_new(
	struct loop *loop, int listen_fd, const struct origin_secure_plan *plan)
{
	struct origin_secure *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->loop = loop;
	o->size = plan->size;
	o->pool = calloc(o->size, sizeof(*o->pool));
	o->context = secure_server(plan->certificate, plan->key);
	if (!o->pool || !o->context || !response_make(o, plan->answer_bytes) ||
		!loop_watch(loop, &o->listener, listen_fd, on_listener_ready)) {
		origin_secure_free(o);
		return NULL;
	}
	for (size_t i = 0; i < o->size; i++) {
		o->pool[i].watch.fd = -1;
		o->pool[i].origin = o;
		o->pool[i].next_free = o->free;
		o->free = &o->pool[i];
	}
	return o;
}

void origin_secure_free(struct origin_secure *o)
{
	if (!o)
		return;
	for (size_t i = 0; o->pool && i < o->size; i++)
		SSL_free(o->pool[i].ssl);
	SSL_CTX_free(o->context);
	free(o->pool);
	free(o->response);
	free(o);
}

size_t origin_secure_open_count(const struct origin_secure *o)
{
	return o->open_count;
}
