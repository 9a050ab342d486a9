/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/dns_pair.h: the A and the AAAA question for one name, asked together. Source: RFC 8305 §3.
 * Owns the replies; the channel is borrowed. */
#ifndef SALLYPORT_PROXY_DNS_PAIR_H
#define SALLYPORT_PROXY_DNS_PAIR_H

#include "proxy/answer.h"
#include "proxy/dns_channel.h"

struct dns_half {
	struct dns_pair *pair;
	struct dns_query query;
	struct dns_reply *reply; /* cut to its length; NULL: none yet, or no memory for it */
	bool replied;
};

enum { DNS_HALVES = 2 };

struct dns_pair {
	struct dns_half halves[DNS_HALVES]; /* A, AAAA */
	void (*on_reply)(struct dns_pair *pair);
	uint8_t pending; /* families that DNS still owes */
	bool found; /* one of them has addresses */
};

/* Embedded. Asks both; `host` is a canonical name with its NUL and lives as long as the pair.
 * on_reply runs for each family, perhaps before this returns, never after the channel closed;
 * it may end the pair once pending is 0. */
void dns_pair_ask(struct dns_pair *pair, struct dns_channel *channel, const char *host,
	void (*on_reply)(struct dns_pair *pair));

/* Frees the replies. Only when nothing is pending or the channel is closed; fine on a zeroed one. */
void dns_pair_done(struct dns_pair *pair);

/* What both have said so far, in the order to try; a family that has not replied counts as late.
 * The caller holds the one reference. answer_no_memory without memory. */
const struct answer *dns_pair_conclude(const struct dns_pair *pair);

#endif
