/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/fill.h"

#include <assert.h>
#include <stdlib.h>

enum { FILL_BUCKETS = 4096 };

/* ---- fills -------------------------------------------------------------------------------- */

struct fill **fill_table_new(void)
{
	return calloc(FILL_BUCKETS, sizeof(struct fill *));
}

void fill_table_free(struct fill **table)
{
	for (size_t i = 0; table && i < FILL_BUCKETS; i++)
		assert(!table[i]);
	free(table);
}

/* Where the fill of a key hangs, or would. Keys are digests: their first bytes are as good as any. */
static struct fill **fill_place(struct library *l, const uint8_t key[SEARCH_KEY_BYTES])
{
	uint32_t hash;

	memcpy(&hash, key, sizeof(hash));
	struct fill **place = &l->fills[hash % FILL_BUCKETS];
	while (*place && memcmp((*place)->key, key, SEARCH_KEY_BYTES) != 0)
		place = &(*place)->next;
	return place;
}

struct fill *fill_of(struct library *l, const uint8_t key[SEARCH_KEY_BYTES])
{
	return *fill_place(l, key);
}

struct fill *fill_start(struct library *l, struct loan *leader)
{
	struct fill **place = fill_place(l, leader->key);
	struct fill *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	memcpy(f->key, leader->key, sizeof(f->key));
	f->leader = leader;
	leader->fill = f;
	*place = f;
	atomic_fetch_add(&l->tally.fills, 1);
	return f;
}

struct loan *fill_end(struct library *l, struct fill *f)
{
	struct fill **place = fill_place(l, f->key);
	struct loan *first = f->first;

	assert(*place == f);
	*place = f->next;
	f->leader->fill = NULL;
	free(f);
	atomic_fetch_sub(&l->tally.fills, 1);
	return first;
}

bool fill_join(struct fill *f, struct loan *loan)
{
	if (f->waiting >= LIMIT_LOANS_WAITING)
		return false;
	loan->next = NULL;
	if (f->last)
		f->last->next = loan;
	else
		f->first = loan;
	f->last = loan;
	f->waiting++;
	loan->fill = f;
	return true;
}

void fill_leave(struct fill *f, struct loan *loan)
{
	struct loan *before = NULL;

	for (struct loan *i = f->first; i != loan; i = i->next)
		before = i;
	*(before ? &before->next : &f->first) = loan->next;
	if (f->last == loan)
		f->last = before;
	f->waiting--;
	loan->fill = NULL;
}
