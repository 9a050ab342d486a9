/* SPDX-License-Identifier: Apache-2.0 */
/* A stream means the same in one piece and byte by byte. */
#include "control/sse.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_event(void *owner, const struct sse_event *e)
{
	uint64_t *sum = owner;

	for (const char *c = e->name; *c; c++)
		*sum = *sum * 31 + (unsigned char)*c;
	for (size_t i = 0; i < e->data.len; i++)
		*sum = *sum * 31 + (unsigned char)e->data.ptr[i];
	*sum = *sum * 31 + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_from((const char *)data, size);
	uint64_t whole_sum = 0, parts_sum = 0;
	struct sse whole, parts;

	sse_init(&whole);
	sse_init(&parts);
	bool ok = sse_feed(&whole, bytes, on_event, &whole_sum);
	for (size_t i = 0; i < size; i++)
		sse_feed(&parts, slice_first(slice_after(bytes, i), 1), on_event, &parts_sum);
	assert(ok == !parts.failed && whole_sum == parts_sum);
	assert(strcmp(whole.id, parts.id) == 0 && whole.retry_ms == parts.retry_ms);
	sse_done(&whole);
	sse_done(&parts);
	return 0;
}
