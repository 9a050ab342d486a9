/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/patience.h: how much a peer may do that costs and brings nothing: so much at once, and then
 * so much in a time. What is of use may be paid back. No clocks. */
#ifndef SALLYPORT_PROXY_PATIENCE_H
#define SALLYPORT_PROXY_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is the beginning. */
struct patience {
	uint64_t until_ms; /* when what was taken is forgotten */
};

/* Counts one at `now_ms`, which never goes back. False beyond `burst` at once and one more each
 * `step_ms`. */
static inline bool patience_take(
	struct patience *p, uint32_t burst, uint32_t step_ms, uint64_t now_ms)
{
	if (p->until_ms < now_ms)
		p->until_ms = now_ms;
	if (p->until_ms + step_ms > now_ms + (uint64_t)burst * step_ms)
		return false;
	p->until_ms += step_ms;
	return true;
}

/* One less, if one was taken. */
static inline void patience_give(struct patience *p, uint32_t step_ms)
{
	p->until_ms = p->until_ms > step_ms ? p->until_ms - step_ms : 0;
}

#endif
