/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/wiping.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Stands before each block, as large as any alignment asks for. */
union block {
	size_t size;
	max_align_t align;
};

static void *wiping_malloc(size_t size, void *unused)
{
	union block *b = size <= SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + size) : NULL;

	(void)unused;
	if (!b)
		return NULL;
	b->size = size;
	return b + 1;
}

static void wiping_free(void *bytes, void *unused)
{
	union block *b = bytes;

	(void)unused;
	if (!b)
		return;
	explicit_bzero(b, b[-1].size);
	free(b - 1);
}

static void *wiping_calloc(size_t count, size_t size, void *unused)
{
	void *bytes =
		size == 0 || count <= SIZE_MAX / size ? wiping_malloc(count * size, unused) : NULL;

	return bytes ? memset(bytes, 0, count * size) : NULL;
}

static void *wiping_realloc(void *bytes, size_t size, void *unused)
{
	union block *old = bytes;
	void *grown = wiping_malloc(size, unused);

	if (!grown || !old)
		return grown;
	memcpy(grown, old, old[-1].size < size ? old[-1].size : size);
	wiping_free(old, unused);
	return grown;
}

nghttp2_mem *wiping_memory(void)
{
	static nghttp2_mem memory = {
		NULL, wiping_malloc, wiping_free, wiping_calloc, wiping_realloc};

	return &memory;
}
