/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/batch.h"

#include <assert.h>
#include <sys/mman.h>

/* | head | records, up to the limit | the one that passes it, and the exporter's own | packed |
 * Mapped on its own: what is not touched costs nothing, and the heap is not torn. */
enum {
	OWN_RECORDS = 4,
	PLAIN_BYTES = LIMIT_BATCH_BYTES + (1 + OWN_RECORDS) * OTLP_RECORD_BYTES,
	PACKED_AT = OTLP_HEAD_BYTES + PLAIN_BYTES,
	/* deflate's worst case is a few bytes for each block of 16 KiB. */
	PACKED_BYTES = PACKED_AT + PACKED_AT / 256 + 1024,
	MEMORY_BYTES = PACKED_AT + PACKED_BYTES
};

static bool batch_map(struct batch *b)
{
	void *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	b->memory = memory;
	return true;
}

bool batch_add(struct batch *b, const struct event *e, const struct view *v, uint64_t observed_ns)
{
	assert(!b->body.ptr);
	if (!b->memory && !batch_map(b))
		return false;
	if (b->records_len + OTLP_RECORD_BYTES > PLAIN_BYTES)
		return false;
	b->records_len +=
		otlp_encode_record(e, v, observed_ns, b->memory + OTLP_HEAD_BYTES + b->records_len);
	b->records++;
	return true;
}

bool batch_full(const struct batch *b)
{
	return b->body.ptr || b->records >= LIMIT_BATCH_RECORDS ||
	       b->records_len >= LIMIT_BATCH_BYTES;
}

static bool pack(struct packer *p, struct slice from, char *to, size_t size, size_t *ret_len)
{
	enum { LEVEL = 1, GZIP_WINDOW = 15 + 16, MEMORY = 8 };

	/* Level 1: records resemble each other so much that more work saves next to nothing. */
	if (!p->ready && deflateInit2(&p->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY,
				 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	p->ready = true;
	p->stream.next_in = (Bytef *)(uintptr_t)from.ptr;
	p->stream.avail_in = (uInt)from.len;
	p->stream.next_out = (Bytef *)to;
	p->stream.avail_out = (uInt)size;
	bool ok = deflate(&p->stream, Z_FINISH) == Z_STREAM_END;
	*ret_len = size - p->stream.avail_out;
	deflateReset(&p->stream);
	return ok;
}

void batch_seal(struct batch *b, const struct otlp_origin *origin)
{
	assert(b->records > 0 && !b->body.ptr);
	char *records = b->memory + OTLP_HEAD_BYTES;
	char *start = otlp_encode_head(origin, b->records_len, records);

	b->body = slice_from(start, (size_t)(records - start) + b->records_len);
}

void batch_pack(struct batch *b, struct packer *packer)
{
	size_t packed_len;

	assert(b->body.ptr);
	if (b->gzip || !pack(packer, b->body, b->memory + PACKED_AT, PACKED_BYTES, &packed_len))
		return;
	b->gzip = true;
	b->body = slice_from(b->memory + PACKED_AT, packed_len);
}

void batch_clear(struct batch *b)
{
	*b = (struct batch){.memory = b->memory};
}

void batch_rest(struct batch *b)
{
	assert(b->records == 0);
	if (b->memory)
		munmap(b->memory, MEMORY_BYTES);
	b->memory = NULL;
}

void packer_rest(struct packer *p)
{
	if (p->ready)
		deflateEnd(&p->stream);
	p->ready = false;
}
