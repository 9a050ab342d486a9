/* SPDX-License-Identifier: Apache-2.0 */
/* policy/agenda.h: what ends when, the earliest first: a binary heap whose items live in what is
 * to end. Adding and removing cost the logarithm of the count. */
#ifndef SALLYPORT_POLICY_AGENDA_H
#define SALLYPORT_POLICY_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_item {
	uint64_t at_ms;
	size_t place; /* in the heap, from 1; 0: not on the agenda */
};

struct agenda {
	struct agenda_item **items; /* [1] is the earliest */
	size_t count, size;
};

/* Room for one more. False without memory. A zeroed agenda is an empty one. */
bool agenda_reserve(struct agenda *a);
void agenda_done(struct agenda *a); /* the items are the caller's */

/* There must be room; the item is zeroed or was removed. */
void agenda_add(struct agenda *a, struct agenda_item *item, uint64_t at_ms);
/* One that is not on the agenda is ignored. */
void agenda_remove(struct agenda *a, struct agenda_item *item);

/* The earliest item, NULL when there is none. */
struct agenda_item *agenda_first(const struct agenda *a);

#endif
