/* SPDX-License-Identifier: Apache-2.0 */
/* A deny pattern, a line break, and a target to judge by it and by the same pattern allowed. What
 * the one allows the other must deny. */
#include "policy/explain.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from((const char *)data, size);
	struct slice pattern = slice_first(all, slice_find(all, '\n'));
	const struct policy_settings settings = {.unlisted = UNLISTED_DENY};
	struct explanation e[2];
	bool added = false;
	for (int list = LIST_ALLOW; list <= LIST_DENY; list++) {
		struct entry entry = {
			.list = (enum policy_list)list, .pattern = pattern, .public_suffix = true};
		struct policy_builder *b = policy_builder_new();
		struct fault fault = {.text = ""};
		added = policy_builder_add(b, &entry, &fault);
		assert(added == (fault.text[0] == '\0'));
		struct policy *p = policy_builder_finish(b, &settings);
		policy_explain(p, slice_after(all, pattern.len + 1), &e[list]);
		policy_unref(p);
	}
	assert(!added || e[LIST_ALLOW].verdict.reason != REASON_NONE ||
		e[LIST_DENY].verdict.reason == REASON_DENIED);
	return 0;
}
