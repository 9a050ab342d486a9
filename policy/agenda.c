/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/agenda.h"

#include <assert.h>
#include <stdlib.h>

enum { SMALLEST = 16 };

bool agenda_reserve(struct agenda *a)
{
	size_t size = a->size ? 2 * a->size : SMALLEST;

	if (a->count + 1 < a->size)
		return true;
	struct agenda_item **larger = realloc(a->items, size * sizeof(struct agenda_item *));
	if (!larger)
		return false;
	a->items = larger;
	a->size = size;
	return true;
}

void agenda_done(struct agenda *a)
{
	free(a->items);
	*a = (struct agenda){0};
}

static void put(struct agenda *a, size_t place, struct agenda_item *item)
{
	a->items[place] = item;
	item->place = place;
}

static void rise(struct agenda *a, size_t place, struct agenda_item *item)
{
	for (; place > 1 && a->items[place / 2]->at_ms > item->at_ms; place /= 2)
		put(a, place, a->items[place / 2]);
	put(a, place, item);
}

static void sink(struct agenda *a, size_t place, struct agenda_item *item)
{
	for (size_t child = 2 * place; child <= a->count; child = 2 * place) {
		if (child < a->count && a->items[child + 1]->at_ms < a->items[child]->at_ms)
			child++;
		if (a->items[child]->at_ms >= item->at_ms)
			break;
		put(a, place, a->items[child]);
		place = child;
	}
	put(a, place, item);
}

void agenda_add(struct agenda *a, struct agenda_item *item, uint64_t at_ms)
{
	assert(item->place == 0 && a->count + 1 < a->size);
	item->at_ms = at_ms;
	rise(a, ++a->count, item);
}

void agenda_remove(struct agenda *a, struct agenda_item *item)
{
	size_t place = item->place;

	if (place == 0)
		return;
	struct agenda_item *last = a->items[a->count--];
	item->place = 0;
	if (last == item)
		return;
	if (last->at_ms < item->at_ms)
		rise(a, place, last);
	else
		sink(a, place, last);
}

struct agenda_item *agenda_first(const struct agenda *a)
{
	return a->count > 0 ? a->items[1] : NULL;
}
