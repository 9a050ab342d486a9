/* SPDX-License-Identifier: Apache-2.0 */
/* policy/filter.h: says of most keys that are not in a large index that they are not, from a table
 * small enough to stay in the processor's cache: one byte for each key, wrong for about one key in
 * thirty. All keys that one question needs may share a line, so that one access answers for them.
 * Source: Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters" (blocked). */
#ifndef SALLYPORT_POLICY_FILTER_H
#define SALLYPORT_POLICY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_WORDS = 8 };

struct filter_line {
	uint64_t word[FILTER_WORDS]; /* one cache line */
};

struct filter {
	struct filter_line *lines;
	uint32_t line_count;
	size_t size; /* bytes of memory */
};

/* Room for `count` keys; more only make it less exact. False without memory. */
bool filter_init(struct filter *f, size_t count);
void filter_done(struct filter *f); /* a zeroed one is fine */

/* The line that a group of keys lives in. */
static inline struct filter_line *filter_line(const struct filter *f, uint64_t group)
{
	return &f->lines[((group >> 32) * f->line_count) >> 32];
}

/* Four bits for a key, each in a place of its own. */
static inline void filter_add(struct filter_line *line, uint64_t key)
{
	for (unsigned i = 0; i < 4; i++, key >>= 9)
		line->word[key >> 6 & 7] |= UINT64_C(1) << (key & 63);
}

/* False only for keys that were not added. */
static inline bool filter_holds(const struct filter_line *line, uint64_t key)
{
	uint64_t all = 1;

	for (unsigned i = 0; i < 4; i++, key >>= 9)
		all &= line->word[key >> 6 & 7] >> (key & 63);
	return all;
}

#endif
