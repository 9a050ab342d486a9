/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/allowance.h"

bool allowance_left(const struct allowance *a, uint64_t now_ns)
{
	return a->until_ns <= now_ns;
}

void allowance_take(struct allowance *a, uint64_t taken_ns, uint64_t now_ns)
{
	uint64_t saved_ns = (uint64_t)a->burst_ms * 1000000 * a->part;
	uint64_t least_ns = now_ns > saved_ns ? now_ns - saved_ns : 0;

	if (a->until_ns < least_ns)
		a->until_ns = least_ns;
	a->until_ns += taken_ns * a->part;
}
