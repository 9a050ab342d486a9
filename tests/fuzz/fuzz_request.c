/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from a client, cut in two ways, and forwarded twice. */
#include "tests/fuzz/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rewrite_check(MESSAGE_REQUEST, SLICE(""), slice_from((const char *)data, size));
	return 0;
}
