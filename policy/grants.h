/* SPDX-License-Identifier: Apache-2.0 */
/* policy/grants.h: all live grants as an immutable snapshot for the workers; the step "live grant"
 * of the order of judgement. Built by the control thread whenever a grant comes or goes, shared by
 * reference. Looking up takes no lock and no memory; the cost grows with labels, not with grants.
 * A grant counts only where policy_judge said DECISION_ASK: it never overrides a deny entry, the
 * local rule or a port. Deny wins over allow. */
#ifndef SALLYPORT_POLICY_GRANTS_H
#define SALLYPORT_POLICY_GRANTS_H

#include "policy/grant.h"

struct grants; /* opaque, reference-counted, thread-safe */

/* Copies what it needs of `list`. GRANT_ONCE entries are never found, see grants_stands.
 *   revoked        ids of once-grants that were taken back, ascending not needed
 *   revoked_below  every once-grant made before this Unix time counts as taken back too: what the
 *                  bounded list of ids forgot, in the strict direction
 * NULL without memory. */
struct grants *grants_new(const struct grant *const *list, size_t count, const uint64_t *revoked,
	size_t revoked_count, uint64_t revoked_below_ms);
struct grants *grants_ref(struct grants *g);
void grants_unref(struct grants *g); /* NULL is fine */
size_t grants_count(const struct grants *g);

struct grants_found {
	bool found;
	bool allow;
	uint64_t id;
	enum port_protocol protocol; /* when allowed */
};
/* g NULL: nothing is found. The protocol asked for does not matter. now_ms Unix time; what has expired is not found. */
struct grants_found grants_find(const struct grants *g, const struct claimant *who,
	const struct concern *about, uint64_t now_ms);

/* What a session keeps of the grant it goes by. */
struct grant_mark {
	uint64_t id; /* 0: none */
	uint64_t made_ms;
	bool once;
};
/* Whether a session that was let through by `mark` still is: the grant (or another one) allows, no
 * denial covers, a once-grant was not taken back. */
bool grants_stands(const struct grants *g, const struct grant_mark *mark,
	const struct claimant *who, const struct concern *about, uint64_t now_ms);

/* Unix time when the first of them expires; 0: never. For ending tunnels on time. */
uint64_t grants_next_expiry(const struct grants *g);

#endif
