/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/dns_reply.h: one DNS message, read: the addresses of a name and the aliases on the way.
 * Bytes in, values out; no allocation, no sockets.
 * Source: RFC 1035 §4, RFC 2181 §8 and §10.1, RFC 2308 §5, RFC 3596. */
#ifndef SALLYPORT_PROXY_DNS_REPLY_H
#define SALLYPORT_PROXY_DNS_REPLY_H

#include "base/address.h"
#include "base/limits.h"

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND, /* at least one address */
	DNS_NO_DATA, /* the name exists, without such an address */
	DNS_NO_NAME, /* NXDOMAIN: no type will have one */
	DNS_FAULT, /* another response code, a malformed message, an endless chain, no server */
	DNS_LATE, /* no answer in time */
	DNS_NO_MEMORY,
};

enum { DNS_ALIAS_BYTES = LIMIT_CNAMES * 256 };

struct dns_reply {
	enum dns_status status;
	uint32_t ttl_s; /* least of the chain and the addresses; of a negative answer that of its
	                   SOA, 0 without one */
	uint32_t address_count;
	uint32_t alias_count;
	uint32_t alias_len; /* bytes used in `aliases` */
	struct address addresses[LIMIT_ADDRESSES]; /* as many as fit, in the order given */
	char aliases[DNS_ALIAS_BYTES]; /* CNAME targets in order, each with its NUL: lower case,
	                                  bytes that no host name has as \DDD */
};

/* Reads `message` as the answer to a question for the addresses of `type` of `host`, a canonical
 * name. Only records that belong to host or to a CNAME chain from it count, in whatever order
 * they stand. ret_reply is always filled; after anything but DNS_FOUND it has no addresses. */
void dns_reply_parse(
	struct slice message, struct slice host, enum dns_type type, struct dns_reply *ret_reply);

#endif
