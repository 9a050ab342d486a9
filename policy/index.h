/* SPDX-License-Identifier: Apache-2.0 */
/* policy/index.h: from a hash to the places of records, in buckets of one cache line, so that a
 * miss touches one line and a hit one more. Several records may share a hash; the caller compares
 * the full key. No removal. */
#ifndef SALLYPORT_POLICY_INDEX_H
#define SALLYPORT_POLICY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUCKET_SLOTS = 10 };

struct bucket {
	uint16_t
		tag[BUCKET_SLOTS]; /* from the low bits of the hash; 0 in a slot that is not used */
	uint16_t count; /* slots in use, the first ones */
	uint16_t spilled; /* bit n: something with a tag of n * 4096.. went on to a later bucket */
	uint32_t place[BUCKET_SLOTS];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct index {
	struct bucket *buckets; /* NULL while empty */
	uint32_t bucket_count;
	uint32_t count; /* places stored */
	size_t size; /* bytes of memory */
};

/* Room for `count` places at the density that the final snapshot has. False without memory. A
 * zeroed index needs no index_done. */
bool index_init(struct index *ix, size_t count);
void index_done(struct index *ix);

/* True when one more place should go into a larger index first. */
bool index_is_full(const struct index *ix);

/* Stores a place; there must be room. */
void index_insert(struct index *ix, uint64_t hash, uint32_t place);

static inline uint32_t index_bucket(const struct index *ix, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * ix->bucket_count) >> 32);
}

/* Asks for the line of a hash that is about to be looked up. */
static inline void index_prefetch(const struct index *ix, uint64_t hash)
{
	__builtin_prefetch(&ix->buckets[index_bucket(ix, hash)]);
}

static inline uint16_t index_tag(uint64_t hash)
{
	return (uint16_t)(hash | 1);
}

/* A walk over the places that may have a hash:
 *   for (struct index_walk w = index_find(ix, hash); index_next(&w, &place);) */
struct index_walk {
	const struct index *index;
	uint32_t bucket;
	uint32_t hits; /* bit n: slot n of the bucket has the tag and is still to be visited */
	uint16_t tag;
};

/* All slots are compared without a branch: which one it is, if any, is as good as random. */
static inline uint32_t index_hits(const struct bucket *bucket, uint16_t tag)
{
	uint32_t hits = 0;

	for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
		hits |= (uint32_t)(bucket->tag[slot] == tag) << slot;
	return hits;
}

static inline struct index_walk index_find(const struct index *ix, uint64_t hash)
{
	uint32_t bucket = index_bucket(ix, hash);
	uint16_t tag = index_tag(hash);

	return (struct index_walk){ix, bucket, index_hits(&ix->buckets[bucket], tag), tag};
}

static inline bool index_next(struct index_walk *w, uint32_t *ret_place)
{
	while (!w->hits) {
		/* An index is never full, so some bucket has not spilled. */
		if (!(w->index->buckets[w->bucket].spilled >> (w->tag >> 12) & 1))
			return false;
		w->bucket = w->bucket + 1 < w->index->bucket_count ? w->bucket + 1 : 0;
		w->hits = index_hits(&w->index->buckets[w->bucket], w->tag);
	}
	*ret_place = w->index->buckets[w->bucket].place[__builtin_ctz(w->hits)];
	w->hits &= w->hits - 1;
	return true;
}

#endif
