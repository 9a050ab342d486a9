/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/chunk.h: the line before a chunk. Source: RFC 9112 §7.1, §7.1.1. Bytes in, values out. */
#ifndef SALLYPORT_PROXY_CHUNK_H
#define SALLYPORT_PROXY_CHUNK_H

#include "base/slice.h"

/* Hexadecimal digits of a size: as many as a uint64_t holds. */
enum { CHUNK_DIGITS_MAX = 16 };

/* Parses the line, without its CRLF, as block.h lets it through. *ret_size is at most INT64_MAX,
 * *ret_digits (1..CHUNK_DIGITS_MAX) is the length of the size; well-formed extensions may follow it
 * and mean nothing here. False when the line is malformed. */
bool chunk_parse_line(struct slice line, uint64_t *ret_size, size_t *ret_digits);

#endif
