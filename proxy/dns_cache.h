/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/dns_cache.h: answers by name for as long as they may be kept, at most LIMIT_DNS_CACHE of
 * them; beyond, the one used longest ago goes. Knows no clock: the caller says what time it is. */
#ifndef SALLYPORT_PROXY_DNS_CACHE_H
#define SALLYPORT_PROXY_DNS_CACHE_H

#include "proxy/answer.h"
#include "proxy/name_map.h"

struct cached; /* one name's entry */

struct dns_cache {
	struct name_map names;
	struct cached *newest; /* used last */
	struct cached *oldest;
	size_t count;
};

/* Embedded. False without memory: nothing to undo. */
bool dns_cache_init(struct dns_cache *c);
void dns_cache_done(struct dns_cache *c); /* safe on a zeroed cache */

/* A fresh answer, or NULL. Borrowed until the cache changes; take a reference to keep it. */
const struct answer *dns_cache_find(struct dns_cache *c, struct slice host, uint64_t now_ms);

/* Keeps a reference for the answer's ttl_s instead of what is there for the name. With a ttl_s of 0
 * or without memory nothing is kept. */
void dns_cache_store(
	struct dns_cache *c, struct slice host, const struct answer *answer, uint64_t now_ms);

#endif
