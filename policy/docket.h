/* SPDX-License-Identifier: Apache-2.0 */
/* policy/docket.h: every question the desk knows of: pending ones by what is asked, all by id and in
 * order of asking, the newest LIMIT_DECIDED ended ones; and how much each identity has under way.
 * Decides nothing. */
#ifndef SALLYPORT_POLICY_DOCKET_H
#define SALLYPORT_POLICY_DOCKET_H

#include "policy/agenda.h"
#include "policy/buckets.h"
#include "policy/keyed_hash.h"
#include "policy/lobby.h"
#include "policy/question.h"

/* What one identity has under way; there while any of it is. */
struct asker {
	struct bucket_link link;
	uint32_t waiters, questions;
	char identity[LIMIT_IDENTITY_BYTES + 1];
};

/* A question and who waits for it. */
struct matter {
	struct question question; /* what its texts point to is the matter's */
	struct party party;
	uint32_t longest_ms; /* the longest wait of those who left */
	struct asker *asker; /* NULL once ended */
	struct bucket_link by_id, by_ask;
	struct agenda_item due;
	struct matter *before, *after; /* in order of asking */
	struct matter *ended_after; /* in order of ending */
};

struct docket {
	struct hash_key key;
	struct buckets by_id, by_ask, askers;
	struct agenda due;
	struct matter *first, *last;
	struct matter *ended_first, *ended_last;
	uint32_t pending, ended;
};

void docket_init(struct docket *d, const struct hash_key *key);
void docket_done(struct docket *d); /* frees all matters */

/* Hash of who asks for what; equal asks have equal ones. */
uint64_t docket_hash(const struct docket *d, struct slice identity, const struct concern *about);

/* The pending question that is just this ask, or NULL. */
struct matter *docket_find(
	const struct docket *d, struct slice identity, const struct concern *about);
struct matter *docket_find_id(const struct docket *d, uint64_t id);
/* NULL when the identity has nothing under way. */
const struct asker *docket_asker(const struct docket *d, struct slice identity);

/* Copies what is known of the question's connection. False without memory, and nothing changed. */
bool docket_describe(struct matter *m, const struct question_texts *texts);

/* Enters a copy of the question and its texts: pending ones with their asker, others as ended. Its waiters count
 * nothing here. NULL without memory, and nothing changed. */
struct matter *docket_enter(struct docket *d, const struct question *q);
/* Undoes docket_enter of a pending one that nobody waits for. */
void docket_drop(struct docket *d, struct matter *m);

/* Ends a pending question: question.state and decided_ms are the caller's to have set, nobody waits
 * any more. */
void docket_end(struct docket *d, struct matter *m);
/* Forgets ended questions beyond LIMIT_DECIDED, the first to have ended first. */
void docket_trim(struct docket *d);

#endif
