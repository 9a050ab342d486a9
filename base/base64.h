/* SPDX-License-Identifier: Apache-2.0 */
/* base/base64.h: Base 64. Source: RFC 4648 §4, §5. */
#ifndef SALLYPORT_BASE_BASE64_H
#define SALLYPORT_BASE_BASE64_H

#include "base/slice.h"

/* Bytes that `len` bytes become, padding included. */
static inline size_t base64_encoded_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

/* Writes base64_encoded_len(bytes.len) characters, without a NUL. */
void base64_encode(struct slice bytes, char *ret_text);

/* Decodes generously, to find out what somebody else might read: both alphabets, padding or not, what is
 * cut off may be anything, up to the first character that is of neither. Writes at most
 * text.len / 4 * 3 + 2 bytes; returns how many. */
size_t base64_decode(struct slice text, char *ret_bytes);

#endif
