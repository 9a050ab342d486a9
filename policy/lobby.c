/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lobby.h"

#include <assert.h>
#include <stdlib.h>

enum { SMALLEST = 64 };

struct guest *lobby_guest(const struct lobby *l, uint32_t index)
{
	assert(index != GUEST_NONE && index <= l->block_count * LOBBY_BLOCK);
	return &l->blocks[(index - 1) / LOBBY_BLOCK][(index - 1) % LOBBY_BLOCK];
}

/* Numbers come from our own workers: spreading them is enough. */
static uint32_t *bucket_of(const struct lobby *l, uint64_t number)
{
	uint64_t spread = number * UINT64_C(0x9e3779b97f4a7c15);

	return &l->buckets[(spread >> 32) & (l->size - 1)];
}

static void free_blocks(struct lobby *l)
{
	for (uint32_t i = 0; i < l->block_count; i++)
		free(l->blocks[i]);
	l->block_count = l->fresh = 0;
	l->unused = GUEST_NONE;
}

void lobby_done(struct lobby *l)
{
	free_blocks(l);
	free(l->buckets);
	l->buckets = NULL;
	l->size = l->count = 0;
}

static bool add_block(struct lobby *l)
{
	if (l->block_count == sizeof(l->blocks) / sizeof(l->blocks[0]))
		return false;
	struct guest *block = malloc(LOBBY_BLOCK * sizeof(*block));
	if (!block)
		return false;
	l->blocks[l->block_count++] = block;
	return true;
}

static void rehash(struct lobby *l, const struct lobby *old)
{
	for (uint32_t i = 0; i < old->size; i++) {
		uint32_t index = old->buckets[i];
		while (index != GUEST_NONE) {
			struct guest *g = lobby_guest(l, index);
			uint32_t next = g->chain;
			uint32_t *bucket = bucket_of(l, g->number);
			g->chain = *bucket;
			*bucket = index;
			index = next;
		}
	}
}

static bool make_room(struct lobby *l)
{
	uint32_t size = l->size ? 2 * l->size : SMALLEST;
	struct lobby old = {.buckets = l->buckets, .size = l->size};

	if (l->unused == GUEST_NONE && l->fresh == l->block_count * LOBBY_BLOCK && !add_block(l))
		return false;
	if (l->count < l->size)
		return true;
	uint32_t *larger = calloc(size, sizeof(*larger));
	if (!larger)
		return false;
	l->buckets = larger;
	l->size = size;
	rehash(l, &old);
	free(old.buckets);
	return true;
}

bool lobby_enter(struct lobby *l, struct party *party, const struct guest *guest)
{
	if (!make_room(l))
		return false;
	uint32_t index = l->unused;
	if (index != GUEST_NONE)
		l->unused = lobby_guest(l, index)->chain;
	else
		index = ++l->fresh;
	struct guest *g = lobby_guest(l, index);
	uint32_t *bucket = bucket_of(l, guest->number);
	*g = *guest;
	g->chain = *bucket;
	*bucket = index;
	g->before = party->last;
	g->after = GUEST_NONE;
	if (party->last != GUEST_NONE)
		lobby_guest(l, party->last)->after = index;
	else
		party->first = index;
	party->last = index;
	party->count++;
	l->count++;
	return true;
}

/* Where the index of the number is kept; of GUEST_NONE at the end of the chain. */
static uint32_t *find(const struct lobby *l, uint64_t number)
{
	uint32_t *at = bucket_of(l, number);

	while (*at != GUEST_NONE && lobby_guest(l, *at)->number != number)
		at = &lobby_guest(l, *at)->chain;
	return at;
}

struct guest *lobby_find(const struct lobby *l, uint64_t number)
{
	uint32_t index = l->count > 0 ? *find(l, number) : GUEST_NONE;

	return index != GUEST_NONE ? lobby_guest(l, index) : NULL;
}

void lobby_leave(struct lobby *l, struct party *party, uint64_t number)
{
	uint32_t *at = find(l, number);
	uint32_t index = *at;
	struct guest *g = lobby_guest(l, index);

	*at = g->chain;
	if (g->before != GUEST_NONE)
		lobby_guest(l, g->before)->after = g->after;
	else
		party->first = g->after;
	if (g->after != GUEST_NONE)
		lobby_guest(l, g->after)->before = g->before;
	else
		party->last = g->before;
	g->chain = l->unused;
	l->unused = index;
	party->count--;
	if (--l->count == 0)
		lobby_done(l);
}
