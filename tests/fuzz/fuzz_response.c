/* SPDX-License-Identifier: Apache-2.0 */
/* Responses from an upstream, cut in two ways, and forwarded twice. The first byte says what was
 * asked: 'H'EAD, 'C'ONNECT, anything else a GET. */
#include "tests/fuzz/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_from((const char *)data, size);
	struct slice method = SLICE("GET");

	if (size > 0 && data[0] == 'H')
		method = SLICE("HEAD");
	if (size > 0 && data[0] == 'C')
		method = SLICE("CONNECT");
	rewrite_check(MESSAGE_RESPONSE, method, slice_after(bytes, 1));
	return 0;
}
