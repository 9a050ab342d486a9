/* SPDX-License-Identifier: Apache-2.0 */
/* bulk: many bytes through a few tunnels, down, up or both; an operation is one tunnel's share. */
#include "bench/load.h"

#include <errno.h>
#include <sys/socket.h>

static const char block[256 * 1024];

static void on_open(struct tunnel *t)
{
	struct load *l = load_of(t);

	if (++l->open_count == l->tunnel_count)
		l->loop.stopped = true;
}

/* Content is counted and dropped in the kernel (MSG_TRUNC, tcp(7)). False when the tunnel broke. */
static bool tunnel_drop(struct load *l, struct tunnel *t)
{
	while (t->read_left > 0) {
		ssize_t len = recv(t->watch.fd, NULL, sizeof(block), MSG_TRUNC);
		if (len < 0)
			return errno == EAGAIN;
		if (len == 0)
			return false;
		t->read_left -= (uint64_t)len < t->read_left ? (uint64_t)len : t->read_left;
		l->result.bytes += (uint64_t)len;
		l->loop.progress++;
	}
	return true;
}

static bool tunnel_fill(struct load *l, struct tunnel *t)
{
	while (t->send_left > 0) {
		size_t size = t->send_left < sizeof(block) ? (size_t)t->send_left : sizeof(block);
		ssize_t len = send(t->watch.fd, block, size, MSG_NOSIGNAL);
		if (len < 0)
			return errno == EAGAIN;
		t->send_left -= (uint64_t)len;
		l->result.bytes += (uint64_t)len;
		l->loop.progress++;
	}
	return true;
}

static void on_ready(struct tunnel *t)
{
	struct load *l = load_of(t);
	bool busy = t->read_left + t->send_left > 0;

	if (!tunnel_drop(l, t) || !tunnel_fill(l, t)) {
		t->on_failed(t);
		l->loop.stopped = true;
		return;
	}
	if (busy && t->read_left + t->send_left == 0 && ++l->result.operations == l->tunnel_count)
		l->loop.stopped = true;
}

static bool run_bulk(struct load *l)
{
	uint64_t bytes = l->options->megabytes * 1000000;
	bool down = l->options->direction != DIRECTION_UP;
	bool up = l->options->direction != DIRECTION_DOWN;
	struct origin_plan plan = {
		.play = ORIGIN_TUNNEL,
		.answer_bytes = l->options->answer_bytes,
		.down_bytes = down ? bytes : 0,
		.up_bytes = up ? bytes : 0,
	};

	if (!load_origin(l, &plan, l->options->concurrency + 64) ||
		!load_tunnels(l, l->options->concurrency, on_open, on_ready))
		return false;
	/* Downloads begin with the first answer; what flows while the tunnels open counts too. */
	load_begin(l);
	for (size_t i = 0; i < l->tunnel_count; i++) {
		l->tunnels[i].read_left = plan.down_bytes + up;
		l->tunnels[i].send_left = plan.up_bytes;
		load_start(l, &l->tunnels[i]);
	}
	if (!load_run(l) || l->result.failed > 0)
		return false;
	for (size_t i = 0; i < l->tunnel_count; i++)
		on_ready(&l->tunnels[i]);
	if (l->result.operations < l->tunnel_count && !load_run(l))
		return false;
	load_end(l);
	return true;
}

const struct workload workload_bulk = {"bulk", run_bulk};
