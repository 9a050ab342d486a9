/* SPDX-License-Identifier: Apache-2.0 */
/* policy/table.h: a hash table whose links live in what is stored. Grows, never shrinks while it is
 * in use; adding cannot fail once there is room. Hashes of peer bytes come from keyed_hash, so that
 * nobody outside can fill one bucket. */
#ifndef SALLYPORT_POLICY_TABLE_H
#define SALLYPORT_POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_link {
	struct table_link *next;
	uint64_t hash;
};

struct table {
	struct table_link **buckets; /* NULL before the first table_reserve */
	size_t size; /* a power of two, or 0 */
	size_t count;
};

/* Room for one more. False without memory. A zeroed table is an empty one. */
bool table_reserve(struct table *t);
/* Frees the buckets; what is stored is the caller's. The table is empty afterwards. */
void table_done(struct table *t);

/* There must be room. Several links may have one hash. */
void table_add(struct table *t, struct table_link *link, uint64_t hash);
/* The link must be in the table. */
void table_remove(struct table *t, struct table_link *link);

/* A walk over the links of one hash, the newest first; the caller compares the full key. NULL at
 * the end. */
struct table_link *table_find(const struct table *t, uint64_t hash);
struct table_link *table_next(const struct table_link *link);

#endif
