/* SPDX-License-Identifier: Apache-2.0 */
/* bench/origin.h: the server behind the proxy, in the loop of the load program. Each connection
 * plays one plan from its first byte to its end. */
#ifndef SALLYPORT_BENCH_ORIGIN_H
#define SALLYPORT_BENCH_ORIGIN_H

#include "bench/loop.h"

enum origin_play {
	/* Read a ClientHello, send answer_bytes, then send down_bytes while reading up_bytes (one
	 * receipt byte when they are there), then wait for the end. */
	ORIGIN_TUNNEL,
	/* Read a ClientHello, send answer_bytes, then every byte back. */
	ORIGIN_ECHO,
	/* Answer every HTTP request head with answer_bytes of content. */
	ORIGIN_HTTP,
};

/* What the origin does of its own accord once nothing is left to send. */
enum origin_end {
	ORIGIN_WAITS, /* for the other side */
	ORIGIN_HALF_CLOSES, /* and goes on reading */
	ORIGIN_RESETS, /* with an RST */
	ORIGIN_RESETS_AT_ONCE, /* before it reads anything */
};

struct origin_plan {
	enum origin_play play;
	enum origin_end end;
	size_t answer_bytes; /* at most ORIGIN_ANSWER_MAX */
	uint64_t down_bytes;
	uint64_t up_bytes;
};

#define ORIGIN_ANSWER_MAX (256 * 1024)

/* Close with an RST instead of a FIN (SO_LINGER of no seconds, socket(7)). */
void origin_reset(int fd);

struct origin;

/* Serves what arrives on listen_fd, which stays the caller's, until the loop is done. Connections
 * live in a pool of `size`; beyond: not accepted until one ends. NULL without memory. */
struct origin *origin_new(
	struct loop *loop, int listen_fd, const struct origin_plan *plan, size_t size);
void origin_free(struct origin *o);

size_t origin_open_count(const struct origin *o); /* connections that have not ended */
uint64_t origin_accepted(const struct origin *o);

#endif
