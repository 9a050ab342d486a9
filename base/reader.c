/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

struct slice reader_bytes(struct reader *r, size_t len)
{
	if (r->failed || len > r->rest.len) {
		r->failed = true;
		r->rest = (struct slice){NULL, 0};
		return r->rest;
	}
	struct slice taken = slice_first(r->rest, len);
	r->rest = slice_after(r->rest, len);
	return taken;
}

static uint32_t big_endian(struct reader *r, size_t bytes)
{
	struct slice s = reader_bytes(r, bytes);
	uint32_t value = 0;

	for (size_t i = 0; i < s.len; i++)
		value = value << 8 | (uint8_t)s.ptr[i];
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)big_endian(r, 2);
}

uint32_t reader_u24(struct reader *r)
{
	return big_endian(r, 3);
}

uint32_t reader_u32(struct reader *r)
{
	return big_endian(r, 4);
}

static struct reader vector(struct reader *r, size_t length_bytes)
{
	size_t len = big_endian(r, length_bytes);
	struct reader inner = reader_over(reader_bytes(r, len));

	inner.failed = r->failed;
	return inner;
}

struct reader reader_vector8(struct reader *r)
{
	return vector(r, 1);
}

struct reader reader_vector16(struct reader *r)
{
	return vector(r, 2);
}

struct reader reader_vector24(struct reader *r)
{
	return vector(r, 3);
}
