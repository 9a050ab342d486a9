/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/table.h"

#include <assert.h>
#include <stdlib.h>

enum { SMALLEST = 16 };

static struct table_link **bucket_of(const struct table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->size - 1)];
}

static struct table_link *same_hash(struct table_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

bool table_reserve(struct table *t)
{
	struct table larger = {.size = t->size ? 2 * t->size : SMALLEST, .count = t->count};

	if (t->count < t->size)
		return true;
	larger.buckets = calloc(larger.size, sizeof(*larger.buckets));
	if (!larger.buckets)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		struct table_link *link = t->buckets[i];
		while (link) {
			struct table_link *next = link->next;
			struct table_link **bucket = bucket_of(&larger, link->hash);
			link->next = *bucket;
			*bucket = link;
			link = next;
		}
	}
	free(t->buckets);
	*t = larger;
	return true;
}

void table_done(struct table *t)
{
	free(t->buckets);
	*t = (struct table){0};
}

void table_add(struct table *t, struct table_link *link, uint64_t hash)
{
	assert(t->count < t->size);
	struct table_link **bucket = bucket_of(t, hash);
	link->hash = hash;
	link->next = *bucket;
	*bucket = link;
	t->count++;
}

void table_remove(struct table *t, struct table_link *link)
{
	struct table_link **at = bucket_of(t, link->hash);

	while (*at != link) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = link->next;
	t->count--;
}

struct table_link *table_find(const struct table *t, uint64_t hash)
{
	return t->size ? same_hash(*bucket_of(t, hash), hash) : NULL;
}

struct table_link *table_next(const struct table_link *link)
{
	return same_hash(link->next, link->hash);
}
