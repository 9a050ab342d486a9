/* SPDX-License-Identifier: Apache-2.0 */
/* A letter for the provider, and an answer. What is told is whole, bounded and leads to the web. */
#include "proxy/search_results.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_text(void *owner, const struct search_text *t)
{
	size_t *told = owner;
	struct slice all[] = {t->title, t->url, t->snippet};

	assert(++*told <= LIMIT_SEARCH_RESULTS);
	assert(slice_starts(t->url, SLICE("http://")) || slice_starts(t->url, SLICE("https://")));
	for (int i = 0; i < 3; i++)
		assert(all[i].len <= LIMIT_SEARCH_RESULT_BYTES);
	assert(slice_find(t->title, '\n') == t->title.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_from((const char *)data, size);
	size_t told = 0, which = size > 0 ? (size_t)(data[0] - 'a') : 0;

	search_results_read(provider_builtin(which % 14), slice_after(body, 1), on_text, &told);
	return 0;
}
