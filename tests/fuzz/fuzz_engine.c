/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphertext from nowhere into a new engine of either side, whole and in pieces as long as its first
 * byte says: no handshake comes about, and both ways end alike. */
#include "tests/unit/ends.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum tls_fault judge(struct engine *e, struct slice all, size_t piece)
{
	for (enum engine_result result = ENGINE_WANT; all.len > 0 && result == ENGINE_WANT;) {
		struct slice in = slice_first(all, piece);
		all = slice_after(all, in.len);
		result = engine_handshake(e, &in);
		assert(result == ENGINE_WANT ? in.len == 0 : result == ENGINE_BAD);
	}
	enum tls_fault fault = engine_fault(e);
	engine_free(e);
	return fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *ground;
	struct slice all = slice_from((const char *)data, size);
	size_t piece = size > 0 ? 1u + data[size - 1] : 1;
	if (!ground && ground_setup(&ground) != 0)
		return 0;
	struct engine *e[4];
	for (int i = 0; i < 4; i++)
		e[i] = i < 2 ? ground_upstream(ground, "example.com", LIST_BOTH)
			     : ground_facade(ground, "example.com", ALPN_H2);
	enum tls_fault upstream = judge(e[0], all, SIZE_MAX), client = judge(e[2], all, SIZE_MAX);
	assert(judge(e[1], all, piece) == upstream && judge(e[3], all, piece) == client);
	return 0;
}
