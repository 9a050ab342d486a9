/* SPDX-License-Identifier: Apache-2.0 */
/* Asked each time hello_needs() bytes are there, the answer comes out as for all bytes at once. */
#include "tls/hello.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char scratch[LIMIT_HELLO_BYTES], again[LIMIT_HELLO_BYTES];
	struct slice all = slice_from((const char *)data, size);
	struct hello whole, grown;
	enum reason bad = REASON_NONE, bad_grown = REASON_NONE;
	enum hello_result result = hello_parse(all, scratch, &whole, &bad), now = HELLO_MORE;
	for (size_t len = 0; now == HELLO_MORE && len <= size;
		len = hello_needs(slice_first(all, len)))
		now = hello_parse(slice_first(all, len), again, &grown, &bad_grown);
	assert(now == result && bad == bad_grown);
	assert(result != HELLO_OK ||
		(slice_equal(whole.sni, grown.sni) && slice_equal(whole.alpn, grown.alpn) &&
			whole.has_ech == grown.has_ech));
	return 0;
}
