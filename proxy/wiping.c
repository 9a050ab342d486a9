/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/wiping.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* From here on a block has pages of its own. libnghttp2 keeps one for the largest frame, and most are
 * small: pages that no frame has reached cost nothing. */
enum { MAPPED_BYTES = 16 * 1024 };

/* Stands before each block, as large as any alignment asks for. */
union block {
	struct {
		size_t size;
		bool mapped;
	};
	max_align_t align;
};

static union block *map(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static void *wiping_malloc(size_t size, void *unused)
{
	union block *b = NULL;
	bool mapped = size >= MAPPED_BYTES;

	(void)unused;
	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	if (mapped)
		b = map(sizeof(*b) + size);
	/* A process has a limited number of mappings. */
	if (!b) {
		mapped = false;
		b = malloc(sizeof(*b) + size);
	}
	if (!b)
		return NULL;
	b->size = size;
	b->mapped = mapped;
	return b + 1;
}

static void wiping_free(void *bytes, void *unused)
{
	union block *b = bytes;

	(void)unused;
	if (!b)
		return;
	if (b[-1].mapped) {
		munmap(b - 1, sizeof(*b) + b[-1].size);
		return;
	}
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
