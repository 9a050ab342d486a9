/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever client and upstream say of HTTP/2, what goes on is bounded and ends. Each piece of the input
 * is a byte whose top bit says who speaks (set: the upstream) and whose rest says how many bytes. */
#include "tests/fuzz/streams.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzzed f;
	struct slice rest = slice_from((const char *)data, size);
	enum reason reason = REASON_NONE;
	enum streams_result result = fuzzed_open(&f);
	for (uint64_t now_ms = 2; rest.len > 0 && result == STREAMS_GOING; now_ms += 10) {
		struct memory_wire *to = rest.ptr[0] & 0x80 ? &f.upstream : &f.client;
		struct slice piece = slice_first(slice_after(rest, 1), rest.ptr[0] & 0x7f);
		rest = slice_after(rest, 1 + piece.len);
		buffer_append(&to->in, piece);
		result = streams_turn(f.streams, now_ms, &reason);
		assert(streams_count(f.streams) <= LIMIT_H2_STREAMS + 1);
		assert(result == STREAMS_GOING || reason != REASON_NONE);
	}
	fuzzed_close(&f);
	return 0;
}
