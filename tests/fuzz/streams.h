/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/streams.h: streams between two wires in memory, past the prefaces. */
#ifndef SALLYPORT_TESTS_FUZZ_STREAMS_H
#define SALLYPORT_TESTS_FUZZ_STREAMS_H

#include "base/limits.h"
#include "proxy/streams.h"
#include "tests/unit/memory_wire.h"

#include <stdlib.h>

struct fuzzed {
	struct memory_wire client, upstream;
	struct streams *streams;
	struct target target;
	char scratch[LIMIT_READ_BYTES];
};

static inline bool fuzzed_judge(void *owner, const struct streams_asked *asked,
	struct streams_allowed *ret_allowed, struct refusal *ret_refusal)
{
	struct fuzzed *f = owner;

	*ret_allowed = (struct streams_allowed){.path = asked->head->target};
	*ret_refusal = (struct refusal){
		.reason = asked->bad != REASON_NONE ? asked->bad : REASON_RULE_DENIED,
		.target = &f->target,
		.protocol = "https_connect",
	};
	return asked->bad == REASON_NONE && !slice_starts(asked->head->target, SLICE("/no"));
}

static inline enum streams_result fuzzed_open(struct fuzzed *f)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0";
	const struct streams_options options = {
		.client = &f->client.wire,
		.upstream = &f->upstream.wire,
		.target = &f->target,
		.via = "fuzz",
		.scratch = f->scratch,
		.head_ms = 1000,
		.response_ms = 1000,
		.idle_ms = 1000,
		.judge = fuzzed_judge,
		.owner = f,
	};
	enum reason reason;

	memory_wire_init(&f->client);
	memory_wire_init(&f->upstream);
	target_parse_authority(SLICE("a:443"), &f->target);
	f->streams = streams_new(&options);
	if (!f->streams)
		abort();
	buffer_append(&f->client.in, SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
	buffer_append(&f->client.in, slice_from(settings, sizeof(settings)));
	buffer_append(&f->upstream.in, slice_from(settings, sizeof(settings)));
	return streams_turn(f->streams, 1, &reason);
}

static inline void fuzzed_close(struct fuzzed *f)
{
	streams_free(f->streams);
	memory_wire_done(&f->client);
	memory_wire_done(&f->upstream);
}

#endif
