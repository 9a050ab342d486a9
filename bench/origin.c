/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/origin.h"

#include "bench/hello.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE_BYTES (256 * 1024)

struct visit {
	struct watch watch;
	struct origin *origin;
	struct visit *next_free;
	size_t hello_left; /* of the ClientHello */
	uint64_t send_left; /* answer, download and receipt; bytes of `page` again and again */
	size_t send_from; /* where in the response an HTTP answer goes on */
	uint64_t read_left; /* of the upload */
	unsigned matched; /* of the blank line that ends a request head */
};

struct origin {
	struct watch listener;
	struct loop *loop;
	struct origin_plan plan;
	struct visit *pool;
	struct visit *free;
	size_t open_count;
	uint64_t accepted;
	char *page; /* what is sent; for HTTP the whole response */
	size_t page_bytes;
	char scratch[64 * 1024];
};

static void visit_end(struct visit *v)
{
	struct origin *o = v->origin;

	loop_close(&v->watch);
	v->next_free = o->free;
	o->free = v;
	o->open_count--;
	o->loop->progress++;
}

void origin_reset(int fd)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

/* Nothing is left to send: false when that is the end of the connection. */
static bool visit_finish(struct visit *v)
{
	switch (v->origin->plan.end) {
	case ORIGIN_WAITS:
		break;
	case ORIGIN_HALF_CLOSES:
		shutdown(v->watch.fd, SHUT_WR);
		break;
	case ORIGIN_RESETS:
	case ORIGIN_RESETS_AT_ONCE:
		origin_reset(v->watch.fd);
		v->watch.fd = -1;
		return false;
	}
	return true;
}

/* Sends what is due. False when the connection is gone. */
static bool visit_send(struct visit *v)
{
	struct origin *o = v->origin;
	bool due = v->send_left > 0;

	while (v->send_left > 0) {
		size_t len = o->page_bytes - v->send_from;
		if (len > v->send_left)
			len = (size_t)v->send_left;
		ssize_t sent = send(v->watch.fd, o->page + v->send_from, len, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		v->send_left -= (uint64_t)sent;
		v->send_from = (v->send_from + (size_t)sent) % o->page_bytes;
	}
	return !due || visit_finish(v);
}

/* Requests whose heads end in these bytes; load programs send one at a time and no content. */
static void visit_take_heads(struct visit *v, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";

	for (size_t i = 0; i < len; i++) {
		v->matched = bytes[i] == end[v->matched] ? v->matched + 1 : (bytes[i] == '\r');
		if (v->matched < 4)
			continue;
		v->matched = 0;
		v->send_left += v->origin->page_bytes;
	}
}

static void visit_take_tunnel(struct visit *v, size_t len)
{
	size_t hello = len < v->hello_left ? len : v->hello_left;
	uint64_t rest = len - hello;

	v->hello_left -= hello;
	if (hello > 0 && v->hello_left == 0)
		v->send_left = v->origin->plan.answer_bytes + v->origin->plan.down_bytes;
	if (rest == 0 || v->read_left == 0)
		return;
	v->read_left -= rest < v->read_left ? rest : v->read_left;
	if (v->read_left == 0)
		v->send_left++; /* the receipt */
}

/* What arrived. False when the connection is gone. */
static bool visit_take(struct visit *v, const char *bytes, size_t len)
{
	switch (v->origin->plan.play) {
	case ORIGIN_HTTP:
		visit_take_heads(v, bytes, len);
		return true;
	case ORIGIN_ECHO:
		if (v->hello_left == 0)
			return send(v->watch.fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
		break;
	case ORIGIN_TUNNEL:
		break;
	}
	visit_take_tunnel(v, len);
	return true;
}

/* One read. An upload is counted and dropped in the kernel (MSG_TRUNC, tcp(7)): what the origin
 * costs must not be what limits the proxy. Zero at the end, negative when nothing is there. */
static ssize_t visit_read(struct visit *v, size_t *ret_size)
{
	struct origin *o = v->origin;
	bool drop = o->plan.play == ORIGIN_TUNNEL && v->hello_left == 0;

	*ret_size = drop ? 8 * sizeof(o->scratch) : sizeof(o->scratch);
	if (drop)
		return recv(v->watch.fd, NULL, *ret_size, MSG_TRUNC);
	return recv(v->watch.fd, o->scratch, *ret_size, 0);
}

static void on_visit_ready(struct watch *w)
{
	struct visit *v = (struct visit *)(void *)w;
	struct origin *o = v->origin;

	for (;;) {
		size_t size;
		ssize_t len = visit_read(v, &size);
		if (len < 0 && errno == EAGAIN)
			break;
		if (len <= 0 || !visit_take(v, o->scratch, (size_t)len)) {
			visit_end(v);
			return;
		}
		o->loop->progress++;
	}
	if (!visit_send(v))
		visit_end(v);
}

static void on_listener_ready(struct watch *w)
{
	struct origin *o = (struct origin *)(void *)w;

	while (o->free) {
		int fd = accept4(o->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct visit *v = o->free;
		o->free = v->next_free;
		o->open_count++;
		o->accepted++;
		v->hello_left = o->plan.play == ORIGIN_HTTP ? 0 : HELLO_SIZE;
		v->read_left = o->plan.up_bytes;
		v->send_left = v->send_from = v->matched = 0;
		if (!loop_watch(o->loop, &v->watch, fd, on_visit_ready) ||
			(o->plan.end == ORIGIN_RESETS_AT_ONCE && !visit_finish(v)))
			visit_end(v);
	}
}

static bool page_make(struct origin *o)
{
	char head[128];
	int len = 0;

	o->page_bytes = PAGE_BYTES;
	if (o->plan.play == ORIGIN_HTTP) {
		len = snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
			o->plan.answer_bytes);
		o->page_bytes = (size_t)len + o->plan.answer_bytes;
	}
	o->page = malloc(o->page_bytes);
	if (!o->page)
		return false;
	memset(o->page, 'x', o->page_bytes);
	memcpy(o->page, head, (size_t)len);
	return true;
}

struct origin *origin_new(
	struct loop *loop, int listen_fd, const struct origin_plan *plan, size_t size)
{
	struct origin *o = calloc(1, sizeof(*o));

	assert(plan->answer_bytes <= ORIGIN_ANSWER_MAX);
	if (!o)
		return NULL;
	o->loop = loop;
	o->plan = *plan;
	o->pool = calloc(size, sizeof(*o->pool));
	if (!o->pool || !page_make(o) ||
		!loop_watch(loop, &o->listener, listen_fd, on_listener_ready)) {
		origin_free(o);
		return NULL;
	}
	for (size_t i = 0; i < size; i++) {
		o->pool[i].watch.fd = -1;
		o->pool[i].origin = o;
		o->pool[i].next_free = o->free;
		o->free = &o->pool[i];
	}
	return o;
}

void origin_free(struct origin *o)
{
	if (!o)
		return;
	free(o->pool);
	free(o->page);
	free(o);
}

size_t origin_open_count(const struct origin *o)
{
	return o->open_count;
}

uint64_t origin_accepted(const struct origin *o)
{
	return o->accepted;
}
