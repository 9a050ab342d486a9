/* SPDX-License-Identifier: Apache-2.0 */
/* Asked each time hello_needs() bytes are there, the answer comes out as for all bytes at once. */
#include "tls/hello.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char scratch[2][LIMIT_HELLO_BYTES];
	struct slice all = slice_from((const char *)data, size);
	struct hello whole, grown;
	enum reason bad[2] = {REASON_NONE, REASON_NONE};
	enum hello_result result = hello_parse(all, scratch[0], &whole, &bad[0]), now = HELLO_MORE;
	for (size_t n = 0; now == HELLO_MORE && n <= size; n = hello_needs(slice_first(all, n)))
		now = hello_parse(slice_first(all, n), scratch[1], &grown, &bad[1]);
	assert(now == result && bad[0] == bad[1]);
	assert(result != HELLO_OK || slice_equal(whole.sni, grown.sni));
	assert(result != HELLO_OK || slice_equal(whole.alpn, grown.alpn));
	return 0;
}
