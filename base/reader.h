/* SPDX-License-Identifier: Apache-2.0 */
/* base/reader.h: the one way binary input is read. Sticky: after the first read past the end
 * every read yields zero or empty and reader_ok() is false, so a parser checks once, at its end.
 * Borrows the bytes; no allocation; no sockets. Network byte order. */
#ifndef SALLYPORT_BASE_READER_H
#define SALLYPORT_BASE_READER_H

#include "base/slice.h"

struct reader {
	struct slice rest; /* what has not been read */
	bool failed; /* set once, never cleared */
};

static inline struct reader reader_over(struct slice bytes)
{
	return (struct reader){bytes, false};
}

static inline bool reader_ok(const struct reader *r)
{
	return !r->failed;
}

/* True when everything was read and nothing failed. */
static inline bool reader_at_end(const struct reader *r)
{
	return !r->failed && r->rest.len == 0;
}

/* The next `len` bytes, or an empty slice and a failed reader. */
struct slice reader_bytes(struct reader *r, size_t len);

/* Big-endian integers of 1, 2, 3 and 4 bytes; 0 and a failed reader past the end. */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u24(struct reader *r);
uint32_t reader_u32(struct reader *r);

/* A vector of RFC 8446 §3.4: its length in 1, 2 or 3 bytes, then its bytes, as a reader of its own.
 * A length beyond the end fails both readers. */
struct reader reader_vector8(struct reader *r);
struct reader reader_vector16(struct reader *r);
struct reader reader_vector24(struct reader *r);

#endif
