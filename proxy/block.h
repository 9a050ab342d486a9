/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/block.h: lines gathered from a stream until they are whole, kept together until an empty
 * one ends them: a head, a trailer section, the line before a chunk. Only what RFC 9112 §2.2 and §5
 * allow in a line gets in: CRLF at its end, no other CR or LF, no control byte, no white space at
 * its front (so no folded line either). What the lines say is not judged here. */
#ifndef SALLYPORT_PROXY_BLOCK_H
#define SALLYPORT_PROXY_BLOCK_H

#include "base/slice.h"

struct block {
	char *ptr; /* NULL until something is kept; owned */
	size_t len; /* bytes kept */
	size_t size; /* capacity */
	size_t bound; /* most bytes it may keep; set by the user before each read */
	size_t line; /* where the line that is being gathered starts */
	size_t last; /* where the last whole line starts */
	size_t lines; /* whole lines kept, without the empty one */
};

enum block_step {
	BLOCK_MORE, /* all input was taken, the line is not whole */
	BLOCK_LINE, /* one more line is whole: block_last_line */
	BLOCK_END, /* the empty line came */
	BLOCK_MALFORMED,
	BLOCK_TOO_LARGE, /* beyond bound */
	BLOCK_NO_MEMORY,
};

/* Embedded; a zeroed block is empty. Takes from the front of *input to the end of a line at most,
 * so that nothing behind the empty line is touched. */
enum block_step block_read(struct block *b, struct slice *input);

/* The line of the last BLOCK_LINE, without its CRLF; valid until the next read. */
struct slice block_last_line(const struct block *b);

/* All lines with their CRLFs, the empty one included once it came. */
static inline struct slice block_bytes(const struct block *b)
{
	return slice_from(b->ptr, b->len);
}

/* Forgets the lines, keeps the memory. */
void block_clear(struct block *b);

/* Frees the memory; the block is empty again. */
void block_done(struct block *b);

#endif
