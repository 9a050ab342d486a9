/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/h2_bench.h: streams between two peers of libnghttp2's, all in memory. */
#ifndef SALLYPORT_TESTS_H2_BENCH_H
#define SALLYPORT_TESTS_H2_BENCH_H

#include "tests/unit/memory_wire.h"

#include "proxy/streams.h"

#include <nghttp2/nghttp2.h>

/* One of the peers, and what it heard. */
struct h2_peer {
	nghttp2_session *h2;
	struct memory_wire *wire;
	bool server;
	bool silent; /* a server that answers nothing by itself */
	int requests; /* heads that a server got */
	int32_t last_id;
	char status[8]; /* of the last head */
	size_t bytes; /* of content */
	uint32_t closed; /* error of the last stream that closed, plus 1 */
	uint32_t away; /* of a GOAWAY, plus 1 */
	char path[32];
};

struct h2_bench {
	struct memory_wire client_wire, upstream_wire;
	struct h2_peer client, upstream;
	struct streams *streams;
	struct target target;
	char *scratch;
	uint64_t now_ms;
	int judged;
	enum reason bad; /* of the last that was judged */
	enum streams_result result;
	enum reason reason;
};

/* False without memory; h2_bench_close is due in any case. */
bool h2_bench_open(struct h2_bench *b);
void h2_bench_close(struct h2_bench *b);

/* Until nobody has anything to say. */
void h2_bench_run(struct h2_bench *b);

/* A request of the client; `length` bytes of content. Paths below /no are refused. */
int32_t h2_bench_ask(struct h2_bench *b, const char *method, const char *path, size_t length);

#endif
