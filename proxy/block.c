/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/block.h"

#include "proxy/field.h"

#include <stdlib.h>

enum { BLOCK_SIZE_MIN = 1024, LINE_END_BYTES = 2 };

static bool keep(struct block *b, struct slice bytes)
{
	if (bytes.len > b->size - b->len) {
		size_t size = b->size ? b->size : BLOCK_SIZE_MIN;
		while (size - b->len < bytes.len)
			size *= 2;
		char *grown = realloc(b->ptr, size);
		if (!grown)
			return false;
		b->ptr = grown;
		b->size = size;
	}
	memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
	b->len += bytes.len;
	return true;
}

/* How many bytes at the front of `input` belong to the line, its LF included; *ret_whole when that
 * is there. False at a byte that no line may have. */
static bool measure(bool after_cr, struct slice input, size_t *ret_len, bool *ret_whole)
{
	size_t n = 0;

	if (!after_cr) {
		n = field_text_len(input);
		after_cr = n < input.len && input.ptr[n] == '\r';
		if (n < input.len && !after_cr)
			return false;
		n += after_cr;
	}
	*ret_whole = after_cr && n < input.len;
	if (*ret_whole && input.ptr[n] != '\n')
		return false;
	*ret_len = n + *ret_whole;
	return true;
}

static enum block_step end_line(struct block *b)
{
	size_t start = b->line;

	b->line = b->len;
	if (b->len - start == LINE_END_BYTES)
		return BLOCK_END;
	if (b->ptr[start] == ' ' || b->ptr[start] == '\t')
		return BLOCK_MALFORMED;
	b->last = start;
	b->lines++;
	return BLOCK_LINE;
}

enum block_step block_read(struct block *b, struct slice *input)
{
	/* Only what fits is looked at, so that a fault is the same however the bytes arrive. */
	struct slice fitting = slice_first(*input, b->bound > b->len ? b->bound - b->len : 0);
	bool after_cr = b->len > b->line && b->ptr[b->len - 1] == '\r';
	size_t len;
	bool whole;

	if (input->len == 0)
		return BLOCK_MORE;
	if (!measure(after_cr, fitting, &len, &whole))
		return BLOCK_MALFORMED;
	if (!whole && len < input->len)
		return BLOCK_TOO_LARGE;
	if (!keep(b, slice_first(*input, len)))
		return BLOCK_NO_MEMORY;
	*input = slice_after(*input, len);
	return whole ? end_line(b) : BLOCK_MORE;
}

struct slice block_last_line(const struct block *b)
{
	return slice_from(b->ptr + b->last, b->line - b->last - LINE_END_BYTES);
}

void block_clear(struct block *b)
{
	b->len = b->line = b->last = b->lines = 0;
}

void block_done(struct block *b)
{
	free(b->ptr);
	*b = (struct block){.bound = b->bound};
}
