/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/buckets.h"

#include <assert.h>
#include <stdlib.h>

enum { SMALLEST = 16 };

static struct bucket_link **bucket_of(const struct buckets *t, uint64_t hash)
{
	return &t->buckets[hash & (t->size - 1)];
}

static struct bucket_link *same_hash(struct bucket_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

bool buckets_reserve(struct buckets *t)
{
	struct buckets larger = {.size = t->size ? 2 * t->size : SMALLEST, .count = t->count};

	if (t->count < t->size)
		return true;
	larger.buckets = calloc(larger.size, sizeof(*larger.buckets));
	if (!larger.buckets)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		struct bucket_link *link = t->buckets[i];
		while (link) {
			struct bucket_link *next = link->next;
			struct bucket_link **bucket = bucket_of(&larger, link->hash);
			link->next = *bucket;
			*bucket = link;
			link = next;
		}
	}
	free(t->buckets);
	*t = larger;
	return true;
}

void buckets_done(struct buckets *t)
{
	free(t->buckets);
	*t = (struct buckets){0};
}

void buckets_add(struct buckets *t, struct bucket_link *link, uint64_t hash)
{
	assert(t->count < t->size);
	struct bucket_link **bucket = bucket_of(t, hash);
	link->hash = hash;
	link->next = *bucket;
	*bucket = link;
	t->count++;
}

void buckets_remove(struct buckets *t, struct bucket_link *link)
{
	struct bucket_link **at = bucket_of(t, link->hash);

	while (*at != link) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = link->next;
	t->count--;
}

struct bucket_link *buckets_find(const struct buckets *t, uint64_t hash)
{
	return t->size ? same_hash(*bucket_of(t, hash), hash) : NULL;
}

struct bucket_link *buckets_next(const struct bucket_link *link)
{
	return same_hash(link->next, link->hash);
}
