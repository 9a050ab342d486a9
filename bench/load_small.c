/* SPDX-License-Identifier: Apache-2.0 */
/* small: one message to and fro in each tunnel at a time, as often as it goes. */
#include "bench/load.h"

#include <errno.h>
#include <sys/socket.h>

static const char message[4096];

static void tunnel_send(struct load *l, struct tunnel *t)
{
	t->read_left = l->options->message_bytes;
	if (send(t->watch.fd, message, t->read_left, MSG_NOSIGNAL) != (ssize_t)t->read_left)
		t->on_failed(t);
}

static void on_open(struct tunnel *t)
{
	struct load *l = load_of(t);

	if (++l->open_count == l->tunnel_count)
		l->loop.stopped = true;
}

static void on_ready(struct tunnel *t)
{
	struct load *l = load_of(t);
	char bytes[4096];

	while (t->read_left > 0) {
		ssize_t len = recv(t->watch.fd, bytes, t->read_left, 0);
		if (len < 0 && errno == EAGAIN)
			return;
		if (len <= 0) {
			t->on_failed(t);
			return;
		}
		t->read_left -= (uint64_t)len;
	}
	if (++l->result.operations == l->options->count)
		l->loop.stopped = true;
	l->loop.progress++;
	l->result.bytes += 2 * l->options->message_bytes;
	if (!l->loop.stopped)
		tunnel_send(l, t);
}

static bool run_small(struct load *l)
{
	struct origin_plan plan = {.play = ORIGIN_ECHO, .answer_bytes = l->options->answer_bytes};

	if (!load_origin(l, &plan, l->options->concurrency + 64) ||
		!load_tunnels(l, l->options->concurrency, on_open, on_ready))
		return false;
	for (size_t i = 0; i < l->tunnel_count; i++)
		load_start(l, &l->tunnels[i]);
	if (!load_run(l))
		return false;
	load_begin(l);
	for (size_t i = 0; i < l->tunnel_count; i++)
		tunnel_send(l, &l->tunnels[i]);
	if (!load_run(l))
		return false;
	load_end(l);
	return true;
}

const struct workload workload_small = {"small", run_small};
