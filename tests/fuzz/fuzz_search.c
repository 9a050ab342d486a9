/* SPDX-License-Identifier: Apache-2.0 */
/* "METHOD URL", a line break, and content. What is read twice is the same search; its query is clean,
 * and reading that query alone gives the same text. */
#include "tests/fuzz/searches.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from((const char *)data, size);
	struct slice line = slice_first(all, slice_find(all, '\n'));
	struct slice content = slice_after(all, line.len + 1);
	struct search first, again;

	if (searches_read(line, content, &first) != SEARCH_OK)
		return 0;
	assert(searches_read(line, content, &again) == SEARCH_OK);
	assert(memcmp(&first.key, &again.key, sizeof(first.key)) == 0);
	searches_check(&first);
	search_done(&first);
	search_done(&again);
	return 0;
}
