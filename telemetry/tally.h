/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/tally.h: which names are blocked or held most, in a table of fixed size: a new name takes
 * the place of the one with the lowest count, and what that had counted is the newcomer's error.
 * Whoever is asked for more often than 1 in LIMIT_DIGEST_NAMES is in it, however many others pass.
 * Embedded; no lock, no allocation. Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of
 * Frequent and Top-k Elements in Data Streams" (space-saving), ICDT 2005. */
#ifndef SALLYPORT_TELEMETRY_TALLY_H
#define SALLYPORT_TELEMETRY_TALLY_H

#include "base/limits.h"
#include "telemetry/digest.h"

enum { TALLY_NAMES = LIMIT_DIGEST_NAMES, TALLY_SLOTS = 4 * TALLY_NAMES };

struct tally_weight {
	uint64_t count; /* error + denied + held */
	uint16_t name;
};

/* Zeroed is empty. */
struct tally {
	size_t count;
	struct digest_name names[TALLY_NAMES];
	uint32_t hashes[TALLY_NAMES];
	uint16_t heap_at[TALLY_NAMES];
	uint8_t host_len[TALLY_NAMES];
	struct tally_weight heap[TALLY_NAMES]; /* the lowest count first */
	uint16_t slots[TALLY_SLOTS]; /* hash table: index of the name + 1, 0: free */
};

/* Counts a decision that denied or held a host that is not empty. */
void tally_add(struct tally *t, const struct event *e);

#endif
