/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/pace.h"

bool pace_take(struct pace *p, struct slice identity, uint64_t now_ms)
{
	const uint64_t most_ms = LIMIT_AGENT_BURST * LIMIT_AGENT_STEP_MS;
	uint64_t *until =
		&p->until_ms[keyed_hash(&p->key, identity.ptr, identity.len) % LIMIT_AGENT_PLACES];

	/* A clock that was set back must not shut anybody out. */
	if (*until < now_ms || *until > now_ms + most_ms)
		*until = now_ms;
	if (*until + LIMIT_AGENT_STEP_MS > now_ms + most_ms)
		return false;
	*until += LIMIT_AGENT_STEP_MS;
	return true;
}
