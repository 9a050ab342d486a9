/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/answer.h: what the resolver found for a name: a shared, immutable value. Owns its text. */
#ifndef SALLYPORT_PROXY_ANSWER_H
#define SALLYPORT_PROXY_ANSWER_H

#include "base/address.h"
#include "base/limits.h"
#include "base/reason.h"
#include "proxy/dns_reply.h"

struct answer {
	enum reason reason; /* NONE, DNS_NOT_FOUND, DNS_FAILED, DNS_TIMEOUT, OUT_OF_MEMORY */
	size_t address_count; /* at least 1 when reason is NONE, else 0 */
	struct address addresses[LIMIT_ADDRESSES]; /* in the order to try (RFC 6724) */
	size_t alias_count;
	const char *const *aliases; /* every CNAME target on the way to these addresses, lower case;
	                               bytes that no host name has as \DDD, so that such an alias is
	                               malformed to whoever judges it */
	uint32_t ttl_s; /* how long it may be kept; 0: by nobody */
	uint32_t refs; /* 0: static, kept for ever */
};

/* Stands for an answer for which there is no memory. */
extern const struct answer answer_no_memory;

/* What both families together say. A family that never came is a reply with status DNS_LATE.
 * Addresses of one family are used when the other failed, with a short TTL; NXDOMAIN of one is
 * believed for both; a fault tells more than lateness. The addresses stand family by family (IPv6
 * first) in the order of the replies; both families get their share of LIMIT_ADDRESSES.
 * The caller holds the one reference and may still change it; NULL without memory. */
struct answer *answer_combine(const struct dns_reply *a, const struct dns_reply *aaaa);

/* Addresses that need no DNS (1..LIMIT_ADDRESSES), not kept by anybody. Same ownership. */
struct answer *answer_of_addresses(const struct address *addresses, size_t count);

const struct answer *answer_ref(const struct answer *answer);
void answer_unref(const struct answer *answer); /* NULL is fine */

#endif
