/* SPDX-License-Identifier: Apache-2.0 */
/* policy/buckets.h: a hash table whose links live in what is stored. Grows, never shrinks while it is
 * in use; adding cannot fail once there is room. Hashes of peer bytes come from keyed_hash, so that
 * nobody outside can fill one bucket. */
#ifndef SALLYPORT_POLICY_BUCKETS_H
#define SALLYPORT_POLICY_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket_link {
	struct bucket_link *next;
	uint64_t hash;
};

struct buckets {
	struct bucket_link **buckets; /* NULL before the first buckets_reserve */
	size_t size; /* a power of two, or 0 */
	size_t count;
};

/* Room for one more. False without memory. A zeroed table is an empty one. */
bool buckets_reserve(struct buckets *t);
/* Frees the buckets; what is stored is the caller's. The table is empty afterwards. */
void buckets_done(struct buckets *t);

/* There must be room. Several links may have one hash. */
void buckets_add(struct buckets *t, struct bucket_link *link, uint64_t hash);
/* The link must be in the table. */
void buckets_remove(struct buckets *t, struct bucket_link *link);

/* A walk over the links of one hash, the newest first; the caller compares the full key. NULL at
 * the end. */
struct bucket_link *buckets_find(const struct buckets *t, uint64_t hash);
struct bucket_link *buckets_next(const struct bucket_link *link);

#endif
