/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/allowed.h"

#include "policy/snapshot.h"

uint32_t policy_next_allowed(const struct policy *p, uint32_t entry)
{
	const struct ruleset *rs = &p->rules;
	uint32_t place = entry == ENTRY_NONE ? 0 : ruleset_next(rs, entry);

	for (; place < rs->len; place = ruleset_next(rs, place)) {
		const struct record *r = ruleset_record(rs, place);
		if (r->kind != RECORD_HOLES && r->list == LIST_ALLOW)
			return place;
	}
	return ENTRY_NONE;
}
