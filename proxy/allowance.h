/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/allowance.h: how much time something may take, as a part of all time, with some of it saved up
 * for a burst. Values only; one thread. */
#ifndef SALLYPORT_PROXY_ALLOWANCE_H
#define SALLYPORT_PROXY_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

struct allowance {
	uint32_t part; /* one in so many, at least 1 */
	uint32_t burst_ms; /* of its own time, the most that is saved up */
	uint64_t until_ns; /* when what was taken will be paid for; 0 at first: all is saved up */
};

/* Something is left at the monotonic time `now_ns`. */
bool allowance_left(const struct allowance *a, uint64_t now_ns);

/* `taken_ns` were taken up to now; may be more than was left. */
void allowance_take(struct allowance *a, uint64_t taken_ns, uint64_t now_ns);

#endif
