/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/pace.h: how often an identity may ask something of the proxy itself: so much at once, and then
 * so much in a second. Fixed memory: identities share places, and nobody outside knows with whom.
 * No clocks. */
#ifndef SALLYPORT_PROXY_PACE_H
#define SALLYPORT_PROXY_PACE_H

#include "base/limits.h"
#include "base/slice.h"
#include "policy/keyed_hash.h"

/* All zero but for the key is the beginning. */
struct pace {
	struct hash_key key;
	uint64_t until_ms[LIMIT_AGENT_PLACES]; /* when what was taken is paid for */
};

/* Counts one call at Unix time `now_ms`. False, and it does not count, beyond LIMIT_AGENT_BURST calls
 * at once and one more each LIMIT_AGENT_STEP_MS. */
bool pace_take(struct pace *p, struct slice identity, uint64_t now_ms);

#endif
