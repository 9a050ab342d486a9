/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/secrets.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct secrets {
	atomic_uint references;
	uint64_t generation;
	size_t count;
	struct secret *places[];
};

struct secrets *secrets_new(size_t count, uint64_t generation)
{
	struct secrets *set = calloc(1, sizeof(*set) + count * sizeof(struct secret *));

	if (!set)
		return NULL;
	set->references = 1;
	set->generation = generation;
	set->count = count;
	return set;
}

void secrets_put(struct secrets *set, size_t place, struct secret *s)
{
	assert(place < set->count && !set->places[place]);
	set->places[place] = s ? secret_ref(s) : NULL;
}

struct secret *secrets_at(const struct secrets *set, uint64_t generation, size_t place)
{
	bool fits = set && set->generation == generation && place < set->count;

	return fits ? set->places[place] : NULL;
}

struct secrets *secrets_ref(struct secrets *set)
{
	atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
	return set;
}

void secrets_unref(struct secrets *set)
{
	if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < set->count; i++)
		secret_unref(set->places[i]);
	free(set);
}
