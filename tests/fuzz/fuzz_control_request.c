/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the control endpoint: whole and byte by byte must agree; queries stay in their room. */
#include "tests/fuzz/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_from((const char *)data, size < 32768 ? size : 32768);
	uint64_t whole = requests_read(bytes, SIZE_MAX), bytewise = requests_read(bytes, 1);

	assert(whole == bytewise);
	return 0;
}
