/* SPDX-License-Identifier: Apache-2.0 */
/* base/buffer.h: bytes that wait, first in, first out, up to a bound. Owns its memory and has none
 * while it is empty (an idle tunnel owns no buffer). */
#ifndef SALLYPORT_BASE_BUFFER_H
#define SALLYPORT_BASE_BUFFER_H

#include "base/slice.h"

struct buffer {
	char *ptr; /* NULL while nothing is held */
	size_t len; /* bytes held, from start */
	/* Every connection has some, and no bound comes near what 32 bits count. */
	uint32_t start; /* first byte not yet taken */
	uint32_t size; /* capacity */
	uint32_t bound; /* most bytes it may hold */
	bool failed; /* sticky: an append was refused; nothing was cut short */
	bool secret; /* set by whoever appends a secret: memory is overwritten before it is given back,
	                until the buffer is empty once */
};

/* Embedded; takes no memory. bound 1 to 1 GiB. */
void buffer_init(struct buffer *b, size_t bound);

/* Frees the memory; the buffer is as after init. Safe on a zeroed buffer. */
void buffer_done(struct buffer *b);

/* Appends all of `bytes` or nothing. False beyond the bound or without memory, and then b->failed,
 * so that a writer of many parts may check once at its end. */
bool buffer_append(struct buffer *b, struct slice bytes);

/* snprintf at the end, same promise. Only for our own formats. */
bool buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is held; valid until the next call that changes the buffer. */
struct slice buffer_bytes(const struct buffer *b);

/* Drops the first `len` bytes (at most what is held); frees the memory when none is left. */
void buffer_take(struct buffer *b, size_t len);

#endif
