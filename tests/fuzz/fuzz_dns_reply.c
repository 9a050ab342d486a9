/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer for "a.test" says stays within its bounds, whatever bytes it has. */
#include "proxy/dns_reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_reply reply;
	struct slice message = slice_from((const char *)data, size);
	uint32_t nuls = 0;
	dns_reply_parse(message, SLICE("a.test"), size % 2 ? DNS_AAAA : DNS_A, &reply);
	assert((reply.status == DNS_FOUND) == (reply.address_count > 0));
	assert(reply.address_count <= LIMIT_ADDRESSES && reply.alias_count <= LIMIT_CNAMES);
	assert(reply.alias_len <= sizeof(reply.aliases));
	for (uint32_t i = 0; i < reply.alias_len; i++)
		nuls += reply.aliases[i] == '\0';
	assert(nuls == reply.alias_count);
	return 0;
}
