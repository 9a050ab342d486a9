/* SPDX-License-Identifier: Apache-2.0 */
/* policy/lobby.h: who waits for a decision: found by the caller's number, kept in order of coming per
 * question. About 56 bytes each with their place in the index; the memory goes back when the last
 * one has left. Knows nothing of questions beyond their address. */
#ifndef SALLYPORT_POLICY_LOBBY_H
#define SALLYPORT_POLICY_LOBBY_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nobody, or the end of a list. Guests are named by their index, from 1. */
enum { GUEST_NONE = 0 };

struct guest {
	uint64_t number;
	uint64_t session; /* keyed hash of what the client calls itself */
	uint64_t since_ms;
	void *asked; /* the question */
	uint32_t before, after; /* with the same question */
	uint32_t chain; /* with the same bucket; or the next unused one */
};

/* Who waits for one question; zeroed: nobody. */
struct party {
	uint32_t first, last;
	uint32_t count;
};

enum { LOBBY_BLOCK = 1024 };

struct lobby {
	struct guest *blocks[LIMIT_WAITERS / LOBBY_BLOCK];
	uint32_t block_count;
	uint32_t unused; /* first of a chain of those who left */
	uint32_t fresh; /* those above were never used */
	uint32_t *buckets;
	uint32_t size; /* of buckets, a power of two, or 0 */
	uint32_t count;
};

void lobby_done(struct lobby *l); /* a zeroed one is fine */

/* Takes one in at the end of the party; the number must not be in the lobby. False without memory or
 * at LIMIT_WAITERS. */
bool lobby_enter(struct lobby *l, struct party *party, const struct guest *guest);

/* NULL when nobody has the number. Valid until the next enter or leave. */
struct guest *lobby_find(const struct lobby *l, uint64_t number);

/* The guest of an index of a party. */
struct guest *lobby_guest(const struct lobby *l, uint32_t index);

/* One of the party goes. */
void lobby_leave(struct lobby *l, struct party *party, uint64_t number);

#endif
