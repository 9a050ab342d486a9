/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/filter.h"

#include "policy/pages.h"

#include <stdlib.h>
#include <string.h>

/* Eight bits for each key. */
enum { KEYS_PER_LINE = 64 };

bool filter_init(struct filter *f, size_t count)
{
	size_t line_count = count / KEYS_PER_LINE + 1;
	size_t size = line_count * sizeof(struct filter_line);
	struct filter_line *lines = pages_alloc(&size);

	if (!lines)
		return false;
	memset(lines, 0, size);
	*f = (struct filter){lines, (uint32_t)line_count, size};
	return true;
}

void filter_done(struct filter *f)
{
	free(f->lines);
	*f = (struct filter){0};
}
