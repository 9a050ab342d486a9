/* SPDX-License-Identifier: Apache-2.0 */
/* base/utf8.h: text from elsewhere, whole characters only. Source: RFC 3629, Unicode 15 table 3-7. */
#ifndef SALLYPORT_BASE_UTF8_H
#define SALLYPORT_BASE_UTF8_H

#include "base/slice.h"

/* The code point at the start of `s` (not empty) and its bytes; U+FFFD and 1 when it is none. */
uint32_t utf8_first(struct slice s, size_t *ret_bytes);

/* True when every byte belongs to a character. */
bool utf8_is_valid(struct slice text);

/* Copies `text` as valid UTF-8: an invalid byte becomes U+FFFD, a NUL too, so that it is a C string;
 * cut at a whole character when it does not fit. Always NUL-terminated; size at least 1. Returns the
 * length. */
size_t utf8_copy(struct slice text, char *ret_text, size_t size);

#endif
