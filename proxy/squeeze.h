/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/squeeze.h: bytes made smaller and back, and the content codings that are undone before an
 * answer is kept. The one file of proxy/ that knows zlib. Source: RFC 1950 to 1952; RFC 9110 §8.4. */
#ifndef SALLYPORT_PROXY_SQUEEZE_H
#define SALLYPORT_PROXY_SQUEEZE_H

#include "base/buffer.h"

/* CRC-32 of RFC 1952 §8. */
uint32_t squeeze_sum(struct slice bytes);

/* Compressed; the caller's, for free(). NULL without memory. */
char *squeeze(struct slice plain, size_t *ret_len);
/* Exactly `len` bytes back; false when they are not what was compressed, or without memory. */
bool unsqueeze(struct slice squeezed, char *ret_plain, size_t len);

enum inflated {
	INFLATED, /* everything, up to its end */
	INFLATED_BAD, /* not of this coding, or cut short */
	INFLATED_LARGE, /* beyond the buffer's bound */
	INFLATED_NO_MEMORY,
};
/* Undoes a content coding: gzip (several members too), x-gzip, deflate (with or without its zlib
 * wrapper). *ret_known false, and nothing is done: another one. */
enum inflated squeeze_decode(
	struct slice coding, struct slice coded, struct buffer *ret_plain, bool *ret_known);

/* A file of gzip members or of plain bytes, read from its front. */
struct squeeze_file; /* opaque */
/* NULL with errno set, ENOMEM among others. */
struct squeeze_file *squeeze_file_open(const char *path);
/* Up to `size` bytes; 0 at the end. False when the file is damaged or cannot be read. */
bool squeeze_file_read(struct squeeze_file *f, char *ret_bytes, size_t size, size_t *ret_len);
void squeeze_file_close(struct squeeze_file *f); /* NULL is fine */

#endif
