/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/pool.h: upstream connections of plain HTTP that wait for another request to the same
 * target. One for each worker; bounded by LIMIT_POOL and LIMIT_POOL_TARGET.
 * Holds plain descriptors; a connection that died meanwhile is found out when it is taken.
 * Knows nothing of policy: the taker judges the address again. */
#ifndef SALLYPORT_PROXY_POOL_H
#define SALLYPORT_PROXY_POOL_H

#include "base/address.h"
#include "base/limits.h"
#include "policy/target.h"

struct pooled {
	struct target target;
	struct address address; /* the judged one it was dialled to */
	uint64_t since_ms; /* loop time */
	int fd;
};

struct pool {
	struct pooled *slots; /* LIMIT_POOL of them, allocated with the first; oldest first */
	size_t count;
};

void pool_init(struct pool *p);
/* Closes everything. */
void pool_done(struct pool *p);

/* The youngest live connection to `target`: its descriptor, the taker's from now on, or -1. */
int pool_take(struct pool *p, const struct target *target, struct address *ret_address);

/* Takes the descriptor; closes it, or an older one, beyond the bounds. */
void pool_give(struct pool *p, const struct target *target, const struct address *address, int fd,
	uint64_t now_ms);

/* Closes what has waited since before `since_ms`. */
void pool_expire(struct pool *p, uint64_t since_ms);

#endif
