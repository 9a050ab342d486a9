/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/fill.h: the keys that are being fetched, each with the loan that leads and those that wait for
 * it. Of the library's thread. */
#ifndef SALLYPORT_PROXY_FILL_H
#define SALLYPORT_PROXY_FILL_H

#include "proxy/library_inside.h"

struct fill {
	uint8_t key[SEARCH_KEY_BYTES];
	struct loan *leader;
	struct loan *first, *last; /* who waits, in the order of asking */
	size_t waiting;
	struct fill *next; /* of the same bucket */
};

/* The table of fills, empty. NULL without memory. */
struct fill **fill_table_new(void);
void fill_table_free(struct fill **table); /* no fill is under way; NULL is fine */

/* The fill of a key, or NULL. */
struct fill *fill_of(struct library *l, const uint8_t key[SEARCH_KEY_BYTES]);

/* There is none for the leader's key. NULL without memory. */
struct fill *fill_start(struct library *l, struct loan *leader);
/* Ends it. Returns those who waited, a list by `next`; their `fill` is to be cleared. */
struct loan *fill_end(struct library *l, struct fill *f);

/* False at LIMIT_LOANS_WAITING. */
bool fill_join(struct fill *f, struct loan *loan);
void fill_leave(struct fill *f, struct loan *loan);

#endif
