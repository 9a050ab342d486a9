/* SPDX-License-Identifier: Apache-2.0 */
/* forward: GET requests in absolute form, one after the other on kept connections. A proxy that
 * closes after an answer gets a new connection for the next request, and pays for it. */
#include "bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct exchange {
	struct watch watch;
	struct load *load;
	bool sent; /* the request is out */
	unsigned matched; /* of the blank line that ends the response head */
	size_t content_left;
	bool begun; /* a byte of the response came */
};

static char request[512];
static size_t request_len;

static void on_exchange_ready(struct watch *w);

static void exchange_open(struct exchange *x)
{
	struct load *l = x->load;
	int fd = loop_dial(l->options->port, (uint32_t)l->started++);

	x->sent = x->begun = false;
	x->matched = 0;
	if (fd < 0 || !loop_watch(&l->loop, &x->watch, fd, on_exchange_ready)) {
		fprintf(stderr, "load: no connection: %s\n", strerror(errno));
		l->result.failed++;
		l->loop.stopped = true;
	}
}

static void exchange_fail(struct exchange *x)
{
	x->load->result.failed++;
	x->load->loop.stopped = true;
	loop_close(&x->watch);
}

static void exchange_send(struct exchange *x)
{
	x->sent = send(x->watch.fd, request, request_len, MSG_NOSIGNAL) == (ssize_t)request_len;
	x->begun = false;
	x->matched = 0;
	x->content_left = x->load->options->answer_bytes;
}

/* Takes response bytes; true when the response is complete. */
static bool exchange_take(struct exchange *x, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";
	size_t i = 0;

	x->begun = true;
	for (; i < len && x->matched < 4; i++)
		x->matched = bytes[i] == end[x->matched] ? x->matched + 1 : (bytes[i] == '\r');
	x->content_left -= len - i < x->content_left ? len - i : x->content_left;
	return x->matched == 4 && x->content_left == 0;
}

static void exchange_complete(struct exchange *x)
{
	struct load *l = x->load;

	l->loop.progress++;
	l->result.bytes += l->options->answer_bytes;
	if (++l->result.operations >= l->options->count)
		l->loop.stopped = true;
	else
		exchange_send(x);
}

static void on_exchange_ready(struct watch *w)
{
	struct exchange *x = (struct exchange *)(void *)w;
	char bytes[32 * 1024];

	if (!x->sent)
		exchange_send(x);
	while (x->sent && !x->load->loop.stopped) {
		ssize_t len = recv(x->watch.fd, bytes, sizeof(bytes), 0);
		if (len < 0 && errno == EAGAIN)
			return;
		if (len <= 0 && x->begun) {
			exchange_fail(x);
			return;
		}
		if (len <= 0) { /* closed between two responses */
			loop_close(&x->watch);
			exchange_open(x);
			return;
		}
		if (exchange_take(x, bytes, (size_t)len))
			exchange_complete(x);
	}
}

static bool run_forward(struct load *l)
{
	size_t count = l->options->concurrency;
	struct origin_plan plan = {.play = ORIGIN_HTTP, .answer_bytes = l->options->answer_bytes};
	struct exchange *exchanges = calloc(count, sizeof(*exchanges));
	bool ok = false;

	request_len = (size_t)snprintf(request, sizeof(request),
		"GET http://%s/ HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n",
		l->options->target, l->options->target);
	if (!exchanges || !load_origin(l, &plan, 4 * count + 64))
		goto out;
	load_begin(l);
	for (size_t i = 0; i < count; i++) {
		exchanges[i].load = l;
		exchange_open(&exchanges[i]);
	}
	ok = load_run(l);
	load_end(l);
out:
	free(exchanges);
	return ok;
}

const struct workload workload_forward = {"forward", run_forward};
