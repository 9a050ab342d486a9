/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER_SIZE_MIN = 512, BUFFER_BOUND_MAX = 1 << 30 };

void buffer_init(struct buffer *b, size_t bound)
{
	assert(bound > 0 && bound <= BUFFER_BOUND_MAX);
	*b = (struct buffer){.bound = (uint32_t)bound};
}

/* Gives memory back, with nothing in it that is nobody else's business. */
static void release(struct buffer *b)
{
	if (b->secret && b->ptr)
		explicit_bzero(b->ptr, b->size);
	free(b->ptr);
}

/* As realloc, which would leave what it moves behind. */
static char *grow(struct buffer *b, size_t size)
{
	if (!b->secret)
		return realloc(b->ptr, size);
	char *grown = malloc(size);
	if (!grown)
		return NULL;
	if (b->ptr)
		memcpy(grown, b->ptr, b->size);
	release(b);
	return grown;
}

void buffer_done(struct buffer *b)
{
	uint32_t bound = b->bound;

	release(b);
	*b = (struct buffer){.bound = bound};
}

static bool refuse(struct buffer *b)
{
	b->failed = true;
	return false;
}

/* Makes room for `extra` bytes behind what is held: moves to the front first, grows by doubling. */
static bool reserve(struct buffer *b, size_t extra)
{
	if (extra > b->bound - b->len)
		return false;
	if (b->start + b->len + extra <= b->size)
		return true;
	if (b->start > 0) {
		memmove(b->ptr, b->ptr + b->start, b->len);
		b->start = 0;
	}
	if (b->len + extra <= b->size)
		return true;
	size_t size = b->size ? b->size : BUFFER_SIZE_MIN;
	while (size < b->len + extra)
		size *= 2;
	char *grown = grow(b, size);
	if (!grown)
		return false;
	b->ptr = grown;
	b->size = (uint32_t)size;
	return true;
}

bool buffer_append(struct buffer *b, struct slice bytes)
{
	if (bytes.len == 0)
		return !b->failed;
	if (b->failed || !reserve(b, bytes.len))
		return refuse(b);
	memcpy(b->ptr + b->start + b->len, bytes.ptr, bytes.len);
	b->len += bytes.len;
	return true;
}

bool buffer_format(struct buffer *b, const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	int needed = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	/* One more than what is kept: vsnprintf writes a NUL. */
	bool fits = !b->failed && needed >= 0 && (size_t)needed <= b->bound - b->len &&
		    reserve(b, (size_t)needed);
	if (fits && b->start + b->len + (size_t)needed + 1 > b->size) {
		char *grown = grow(b, b->size + (size_t)needed + 1);
		fits = grown != NULL;
		if (fits) {
			b->ptr = grown;
			b->size += (uint32_t)needed + 1;
		}
	}
	if (fits) {
		vsnprintf(b->ptr + b->start + b->len, (size_t)needed + 1, format, again);
		b->len += (size_t)needed;
	}
	va_end(again);
	return fits ? true : refuse(b);
}

struct slice buffer_bytes(const struct buffer *b)
{
	return slice_from(b->ptr ? b->ptr + b->start : NULL, b->len);
}

void buffer_take(struct buffer *b, size_t len)
{
	if (len >= b->len) {
		bool failed = b->failed;
		buffer_done(b);
		b->failed = failed;
		return;
	}
	b->start += (uint32_t)len;
	b->len -= len;
}
