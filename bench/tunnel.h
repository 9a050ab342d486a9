/* SPDX-License-Identifier: Apache-2.0 */
/* bench/tunnel.h: one client connection through a proxy, from connect over CONNECT and ClientHello
 * to the origin's first answer. Direct mode leaves CONNECT out, for peers that route by SNI. */
#ifndef SALLYPORT_BENCH_TUNNEL_H
#define SALLYPORT_BENCH_TUNNEL_H

#include "bench/hello.h"
#include "bench/loop.h"

/* What every tunnel of a run sends and expects. */
struct tunnel_plan {
	struct loop *loop;
	uint16_t port; /* of the proxy, on 127.0.0.1 */
	bool direct; /* no CONNECT */
	unsigned status; /* that CONNECT must get: 200, or 403 for refusals, read to the end */
	size_t answer_bytes; /* at least 1 */
	char head[512]; /* the CONNECT head */
	size_t head_len;
	unsigned char hello_bytes[HELLO_SIZE];
};

enum tunnel_phase {
	TUNNEL_CLOSED,
	TUNNEL_CONNECTING, /* waits to be writable, then sends its head or hello */
	TUNNEL_ANSWERED, /* waits for the whole reply to CONNECT */
	TUNNEL_HELLO, /* waits for the origin's first answer */
	TUNNEL_OPEN, /* the workload's */
};

struct tunnel {
	struct watch watch;
	const struct tunnel_plan *plan;
	enum tunnel_phase phase;
	/* Ends of waiting; the owner may close the tunnel in either. */
	void (*on_open)(struct tunnel *t); /* also: the refusal was read to its end */
	void (*on_failed)(struct tunnel *t);
	/* Readiness of an open tunnel. */
	void (*on_ready)(struct tunnel *t);
	size_t read_len; /* bytes of the reply or of the answer so far */
	unsigned matched; /* of the blank line that ends the reply's head */
	unsigned status; /* the reply's */
	/* Free for the workload. */
	uint64_t send_left, read_left;
};

/* Writes the CONNECT head for "name:port" and the hello for `sni` into the plan. */
void tunnel_plan_target(struct tunnel_plan *plan, const char *target, const char *sni);

/* Start connecting; callbacks and plan are set by the caller, source spreads client ports. False
 * when there is no socket. */
bool tunnel_start(struct tunnel *t, uint32_t source);
void tunnel_close(struct tunnel *t);

#endif
