/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/relay.h"

#include <errno.h>
#include <fcntl.h>

/* Where one direction stands after a round. */
enum flow_result {
	FLOW_MOVED, /* go on */
	FLOW_WAITS, /* for either wire */
	FLOW_ENDED, /* source ended and everything is written */
	FLOW_SOURCE, /* source reset */
	FLOW_SINK, /* destination reset */
};

enum {
	/* Splice this much at most in one call; the pipe decides what fits. */
	SPLICE_BYTES = 1024 * 1024,
	/* A burst smaller than this is no longer bulk: one copy is cheaper than two splices. */
	BULK_BYTES = 16 * 1024,
};

void relay_init(
	struct relay *r, struct wire *client, struct wire *upstream, struct relay_ground *ground)
{
	*r = (struct relay){.client = client, .upstream = upstream, .ground = ground};
	r->up.pipe.read_fd = r->down.pipe.read_fd = -1;
	buffer_init(&r->up.held, LIMIT_HELD_BYTES);
	buffer_init(&r->down.held, LIMIT_HELD_BYTES);
}

static void flow_give_pipe(struct flow *f, struct pipes *pipes)
{
	if (f->pipe.read_fd < 0)
		return;
	if (f->piped == 0)
		pipes_give(pipes, f->pipe);
	else
		pipe_close(f->pipe);
	f->pipe.read_fd = -1;
	f->piped = 0;
}

void relay_done(struct relay *r)
{
	if (!r->ground)
		return;
	flow_give_pipe(&r->up, &r->ground->pipes);
	flow_give_pipe(&r->down, &r->ground->pipes);
	buffer_done(&r->up.held);
	buffer_done(&r->down.held);
}

bool relay_begin(struct relay *r, struct slice to_upstream, struct slice to_client)
{
	return buffer_append(&r->up.held, to_upstream) && buffer_append(&r->down.held, to_client);
}

bool relay_drained(const struct relay *r)
{
	return r->up.held.len == 0 && r->up.piped == 0 && r->down.held.len == 0 &&
	       r->down.piped == 0;
}

/* Empties what is held for the destination before anything new is read. */
static enum flow_result flow_flush(struct flow *f, struct wire *to)
{
	while (f->held.len > 0) {
		size_t put;
		if (!to->writable)
			return FLOW_WAITS;
		enum wire_result result = wire_write(to, buffer_bytes(&f->held), &put);
		if (result != WIRE_OK)
			return result == WIRE_AGAIN ? FLOW_WAITS : FLOW_SINK;
		f->bytes += put;
		buffer_take(&f->held, put);
	}
	while (f->piped > 0) {
		if (!to->writable)
			return FLOW_WAITS;
		ssize_t put = splice(f->pipe.read_fd, NULL, to->fd, NULL, f->piped,
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return wire_blocked(to, &to->writable, put == 0 ? EPIPE : errno) ==
					       WIRE_AGAIN
				       ? FLOW_WAITS
				       : FLOW_SINK;
		f->bytes += (size_t)put;
		f->piped -= (uint32_t)put;
	}
	return FLOW_MOVED;
}

/* The source ended: pass it on once nothing is held. */
static enum flow_result flow_end(struct flow *f, struct wire *to, struct pipes *pipes)
{
	f->ended = true;
	flow_give_pipe(f, pipes);
	if (!f->closed) {
		f->closed = true;
		/* A layer has words of its own for an end, and what it still holds must go out. */
		if (!f->last || to->layer)
			wire_shutdown(to);
	}
	return FLOW_ENDED;
}

/* Copies once through the shared buffer. A full buffer is the sign of bulk: splice from then on. */
static enum flow_result flow_copy(
	struct flow *f, struct wire *from, struct wire *to, struct relay_ground *ground)
{
	size_t got, put = 0;
	enum wire_result result = wire_read(from, ground->scratch, sizeof(ground->scratch), &got);

	if (result == WIRE_EOF)
		return flow_end(f, to, &ground->pipes);
	if (result != WIRE_OK)
		return result == WIRE_AGAIN ? FLOW_WAITS : FLOW_SOURCE;
	f->bulk = got == sizeof(ground->scratch) && !from->layer && !to->layer;
	result = wire_write(to, slice_from(ground->scratch, got), &put);
	if (result == WIRE_RESET)
		return FLOW_SINK;
	f->bytes += put;
	if (put == got)
		return FLOW_MOVED;
	/* The bound is larger than the shared buffer, so only memory can be missing; then the
	 * connection has to go, because these bytes are in nobody's hands but ours. */
	if (!buffer_append(&f->held, slice_from(ground->scratch + put, got - put)))
		return FLOW_SINK;
	return FLOW_WAITS;
}

/* Moves from the source into the pipe. An empty source gives the pipe back, because an idle tunnel
 * owns nothing; taking it again costs no system call. */
static enum flow_result flow_splice(
	struct flow *f, struct wire *from, struct wire *to, struct relay_ground *ground)
{
	if (f->pipe.read_fd < 0 && !pipes_take(&ground->pipes, &f->pipe)) {
		f->pipe.read_fd = -1;
		return flow_copy(f, from, to, ground);
	}
	ssize_t got = splice(from->fd, NULL, f->pipe.write_fd, NULL, SPLICE_BYTES,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (got > 0) {
		f->piped += (uint32_t)got;
		f->burst = f->burst < BULK_BYTES ? f->burst + (uint32_t)got : f->burst;
		return FLOW_MOVED;
	}
	if (got == 0)
		return flow_end(f, to, &ground->pipes);
	if (errno == EINTR)
		return FLOW_MOVED;
	if (errno == EINVAL) {
		/* This kind of socket does not splice. */
		flow_give_pipe(f, &ground->pipes);
		return flow_copy(f, from, to, ground);
	}
	f->bulk = f->burst >= BULK_BYTES;
	f->burst = 0;
	bool waits = wire_blocked(from, &from->readable, errno) == WIRE_AGAIN;
	flow_give_pipe(f, &ground->pipes);
	return waits ? FLOW_WAITS : FLOW_SOURCE;
}

static enum flow_result flow_round(
	struct flow *f, struct wire *from, struct wire *to, struct relay_ground *ground)
{
	enum flow_result flushed = flow_flush(f, to);

	if (flushed != FLOW_MOVED)
		return flushed;
	if (f->ended)
		return flow_end(f, to, &ground->pipes);
	if (!from->readable || !to->writable)
		return FLOW_WAITS;
	return f->bulk ? flow_splice(f, from, to, ground) : flow_copy(f, from, to, ground);
}

static enum flow_result flow_turn(
	struct flow *f, struct wire *from, struct wire *to, struct relay_ground *ground)
{
	for (int i = 0; i < LIMIT_TURN_READS; i++) {
		enum flow_result result = flow_round(f, from, to, ground);
		if (result != FLOW_MOVED)
			return result;
		if (!from->readable && f->held.len == 0 && f->piped == 0 && !f->ended)
			return FLOW_WAITS;
	}
	wire_again(from);
	return FLOW_WAITS;
}

enum relay_result relay_turn(struct relay *r)
{
	enum flow_result up = FLOW_ENDED, down = FLOW_ENDED;

	r->up.last = r->down.closed;
	if (!r->up.closed)
		up = flow_turn(&r->up, r->client, r->upstream, r->ground);
	r->down.last = r->up.closed;
	if (!r->down.closed)
		down = flow_turn(&r->down, r->upstream, r->client, r->ground);
	if (up == FLOW_SOURCE || down == FLOW_SINK)
		return RELAY_CLIENT_RESET;
	if (up == FLOW_SINK || down == FLOW_SOURCE)
		return RELAY_UPSTREAM_RESET;
	if (!r->up.closed || !r->down.closed)
		return RELAY_GOING;
	return wire_is_drained(r->client) && wire_is_drained(r->upstream) ? RELAY_DONE
									  : RELAY_GOING;
}
