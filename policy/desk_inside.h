/* SPDX-License-Identifier: Apache-2.0 */
/* policy/desk_inside.h: what is inside a struct desk; for desk.c (asking, leaving, looking),
 * desk_decide.c (deciding, granting, revoking) and desk_turn.c (time, rules, answers). */
#ifndef SALLYPORT_POLICY_DESK_INSIDE_H
#define SALLYPORT_POLICY_DESK_INSIDE_H

#include "base/container.h"
#include "policy/desk.h"
#include "policy/docket.h"
#include "policy/shelf.h"

struct desk {
	struct desk_options options;
	struct hash_key key;
	struct docket docket;
	struct lobby lobby;
	struct shelf shelf;
	struct grants *grants; /* snapshot of the shelf; NULL when memory was short */
	struct desk_counts counts; /* those since the start */
};

/* What all calls begin with: what was over before now_ms ends first, so that nothing is decided or
 * granted by it. */
void desk_pass_time(struct desk *d, uint64_t now_ms);

bool desk_keep(struct desk *d, const struct news *news);
void desk_tell(struct desk *d, const struct news *news);

/* The snapshot of the shelf, made when it is not there. NULL without memory. */
struct grants *desk_grants(struct desk *d);
/* The set of grants changed: a new snapshot, and the word that there is one. */
void desk_regrant(struct desk *d);
/* A grant is over by time; desk_regrant is the caller's to call. Frees it. */
void desk_end_grant(struct desk *d, struct shelved *g, uint64_t now_ms);

/* Gives everybody who waits for a question the ruling; with `session`, only those who call
 * themselves so. The rest wait on. */
void desk_answer(
	struct desk *d, struct matter *m, const struct ruling *ruling, const struct slice *session);
/* The longest wait for a question so far. */
uint64_t desk_waited(const struct desk *d, const struct matter *m, uint64_t now_ms);
/* What waiters are compared by in desk_answer. */
uint64_t desk_session_hash(const struct desk *d, struct slice session);

#endif
