/* SPDX-License-Identifier: Apache-2.0 */
/* A path of a rule, a line break, and a path to match. What is narrow is broad, and what is plain
 * matches the rule for everything and itself. */
#include "policy/path.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from((const char *)data, size);
	struct slice pattern = slice_first(all, slice_find(all, '\n'));
	struct slice path = slice_after(all, pattern.len + 1);
	char sentence[400];
	if (!path_check_pattern(pattern, sentence, sizeof(sentence)) || !path_is_plain(path))
		return 0;
	assert(!path_matches(pattern, path, PATH_NARROW) ||
		path_matches(pattern, path, PATH_BROAD));
	assert(path_matches(SLICE("/"), path, PATH_NARROW));
	assert(path_matches(SLICE("/**"), path, PATH_NARROW));
	return 0;
}
