/* SPDX-License-Identifier: Apache-2.0 */
/* policy/shelf.h: the live grants, oldest first: by id, by what they are for (so that a newer decision
 * replaces an older one), by when they end; once-grants that wait for their one use by what was
 * asked; and the once-grants that were taken back, for the workers. Decides nothing. */
#ifndef SALLYPORT_POLICY_SHELF_H
#define SALLYPORT_POLICY_SHELF_H

#include "policy/agenda.h"
#include "policy/buckets.h"
#include "policy/grants.h"
#include "policy/keyed_hash.h"

struct shelved {
	struct grant grant; /* its subject stands behind all this */
	bool used; /* GRANT_ONCE: it let its connections through */
	enum question_protocol protocol; /* GRANT_ONCE: of its question */
	struct bucket_link by_id, by_key, by_ask; /* by_ask only for an unused once-grant */
	struct agenda_item due;
	struct shelved *before, *after;
};

struct shelf {
	struct hash_key key;
	struct buckets by_id, by_key, by_ask;
	struct agenda due;
	struct shelved *first, *last;
	uint32_t count;
	struct revoked {
		uint64_t id, made_ms;
	} revoked[LIMIT_REVOKED];
	uint32_t revoked_count;
	uint64_t revoked_below_ms;
};

void shelf_init(struct shelf *s, const struct hash_key *key);
void shelf_done(struct shelf *s);

/* A copy of the grant with room for it on the shelf, but not yet there; the caller frees it or puts
 * it there. NULL without memory. */
struct shelved *shelf_prepare(struct shelf *s, const struct grant *g);
/* Nothing may have been prepared and put there in between. `ask_hash` of an unused once-grant is what
 * docket_hash makes of its question. */
void shelf_put(struct shelf *s, struct shelved *g, uint64_t ask_hash);
/* The once-grant is used from now on, and ends at_ms. */
void shelf_use(struct shelf *s, struct shelved *g, uint64_t at_ms);
/* Takes it away; the caller frees it. */
void shelf_take(struct shelf *s, struct shelved *g);

struct shelved *shelf_find(const struct shelf *s, uint64_t id);
/* The newest grant with the same pattern, identity, session and subject that is no used once-grant; NULL when
 * there is none. */
struct shelved *shelf_find_same(const struct shelf *s, const struct grant *g);
/* The unused once-grant for just this ask. */
struct shelved *shelf_find_once(const struct shelf *s, uint64_t ask_hash, struct slice identity,
	const struct concern *about);
/* The oldest used once-grant, for making room. NULL when there is none. */
struct shelved *shelf_oldest_used(const struct shelf *s);

/* Workers are to be told that the once-grant was taken back. */
void shelf_note_revoked(struct shelf *s, const struct grant *g);

/* All of it as a snapshot. NULL without memory. */
struct grants *shelf_snapshot(const struct shelf *s);

#endif
