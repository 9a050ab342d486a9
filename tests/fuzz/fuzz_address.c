/* SPDX-License-Identifier: Apache-2.0 */
/* Text that parses as an address comes out canonical and parses back to the same one. */
#include "base/address.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from((const char *)data, size);
	struct address a, b;
	char canonical[ADDRESS_TEXT_SIZE];
	if (!address_parse_ipv4(text, &a) && !address_parse_ipv6(text, &a))
		return 0;
	struct slice again = slice_from(canonical, address_format(&a, canonical));
	assert(address_parse_ipv4(again, &b) || address_parse_ipv6(again, &b));
	assert(address_equal(&a, &b));
	return 0;
}
