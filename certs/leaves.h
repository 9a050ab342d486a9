/* SPDX-License-Identifier: Apache-2.0 */
/* certs/leaves.h: the leaves of a process, shared by its workers; the one used longest ago gives way
 * beyond the bound. Every function may be called from any thread; the lock is held for a look-up,
 * never while minting: two workers that miss the same name at once both mint, one leaf stays. */
#ifndef SALLYPORT_CERTS_LEAVES_H
#define SALLYPORT_CERTS_LEAVES_H

#include "certs/leaf.h"

struct leaves;

/* A cache of at most `most` leaves (1..LIMIT_LEAVES), minted for lifetime_s by `issuer`, of which it
 * takes a reference. NULL with the trouble. */
struct leaves *leaves_new(
	struct authority *issuer, int64_t lifetime_s, uint32_t most, struct trouble *ret_trouble);
void leaves_free(struct leaves *l); /* NULL is fine; no other thread may use it any more */

/* A leaf for the host that is fresh at now_s, from the cache or minted (about 100 µs). The caller owns
 * the reference. NULL with the trouble; nothing is remembered of a failure. */
struct leaf *leaves_get(
	struct leaves *l, const struct leaf_name *name, int64_t now_s, struct trouble *ret_trouble);

/* From now on another authority signs; all leaves are dropped, and none of the old authority enters
 * the cache after this returned. False with the trouble, and then everything is as before. */
bool leaves_set_issuer(struct leaves *l, struct authority *issuer, int64_t lifetime_s,
	struct trouble *ret_trouble);

/* Since leaves_new; how many there are now. */
struct leaves_counts {
	uint64_t found, minted, failed, evicted;
	uint32_t count;
};
struct leaves_counts leaves_counts(struct leaves *l);

#endif
