/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pages.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { CACHE_LINE = 64, HUGE_PAGE = 2 * 1024 * 1024 };

void *pages_alloc(size_t *size)
{
	size_t align = *size >= 2 * (size_t)HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
	size_t rounded = (*size / align + 1) * align;
	void *memory = aligned_alloc(align, rounded);

	if (!memory)
		return NULL;
	/* Best effort: without huge pages lookups are slower, not wrong. */
	if (align == HUGE_PAGE)
		(void)madvise(memory, rounded, MADV_HUGEPAGE);
	*size = rounded;
	return memory;
}
