/* SPDX-License-Identifier: Apache-2.0 */
/* policy/cover.h: what a pattern covers, as policy_judge has it, for the few patterns that are looked
 * at one by one. Source: shared design §4, table "Patterns". */
#ifndef SALLYPORT_POLICY_COVER_H
#define SALLYPORT_POLICY_COVER_H

#include "policy/pattern.h"
#include "policy/target.h"

struct cover {
	enum pattern_kind kind;
	uint16_t port_first, port_last; /* 0 and 0: 80 and 443 */
	uint16_t base_start; /* as in struct pattern */
	uint8_t hole_at;
	uint8_t prefix_bits;
	struct address network; /* RANGE */
	struct slice host; /* borrowed from the pattern */
};

/* A view of a pattern. Without ports it means what a list means: 80 and 443 for `allow`, else all. */
struct cover cover_of(const struct pattern *p, bool allow);

/* What stands behind the wildcard, or the whole name; empty for a range. */
static inline struct slice cover_base(const struct cover *c)
{
	return slice_after(c->host, c->base_start);
}

bool cover_port(const struct cover *c, uint16_t port);
/* Host and port. An IPv4-mapped literal is its IPv4 address. "*" covers any name. */
bool cover_target(const struct cover *c, const struct target *t);
/* True when `outer` covers every target that `inner` does. */
bool cover_all(const struct cover *outer, const struct cover *inner);

#endif
