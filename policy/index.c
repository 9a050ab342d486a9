/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/index.h"

#include "policy/pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Seven of ten slots in use on average: 9 bytes for a place, and one bucket in ten spills. */
enum { DENSITY = 7 };

bool index_init(struct index *ix, size_t count)
{
	size_t size = (count / DENSITY + 1) * sizeof(struct bucket);
	uint32_t bucket_count = (uint32_t)(size / sizeof(struct bucket));
	struct bucket *buckets = pages_alloc(&size);

	if (!buckets)
		return false;
	memset(buckets, 0, size);
	*ix = (struct index){buckets, bucket_count, 0, size};
	return true;
}

void index_done(struct index *ix)
{
	free(ix->buckets);
	*ix = (struct index){0};
}

bool index_is_full(const struct index *ix)
{
	return ix->count >= ix->bucket_count * (uint64_t)DENSITY;
}

void index_insert(struct index *ix, uint64_t hash, uint32_t place)
{
	struct bucket *bucket = &ix->buckets[index_bucket(ix, hash)];
	const struct bucket *end = ix->buckets + ix->bucket_count;

	assert(ix->count < ix->bucket_count * (uint64_t)BUCKET_SLOTS - 1);
	while (bucket->count == BUCKET_SLOTS) {
		bucket->spilled |= (uint16_t)(1u << (index_tag(hash) >> 12));
		if (++bucket == end)
			bucket = ix->buckets;
	}
	bucket->tag[bucket->count] = index_tag(hash);
	bucket->place[bucket->count] = place;
	bucket->count++;
	ix->count++;
}
