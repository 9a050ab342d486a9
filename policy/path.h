/* SPDX-License-Identifier: Apache-2.0 */
/* policy/path.h: paths of requests against paths of rules. A path is matched only when every origin
 * reads it alike; what has a second reading is refused before.
 * Source: RFC 3986 §3.3 (path), §6.2.2 (normal form). */
#ifndef SALLYPORT_POLICY_PATH_H
#define SALLYPORT_POLICY_PATH_H

#include "base/slice.h"

/* How a rule is read where origins differ, so that it errs on the strict side: a deny rule covers a
 * path that matches in any way, an allow rule one that matches in every way. */
enum path_reading {
	PATH_NARROW, /* with regard to case; with and without ";parameters" */
	PATH_BROAD, /* without regard to case; with or without ";parameters" */
};

/* True when the path (absolute, without query; as on the wire) has one reading: no dot segments, no
 * empty segment but the last, no backslash, and percent-encoding only of what needs it: no
 * unreserved characters, slashes, control bytes, second layers of encoding or invalid UTF-8. */
bool path_is_plain(struct slice path);

/* True when the pattern covers the path, which is plain. Encoded and unencoded characters are the
 * same. A pattern that ends with "/" covers all that begins with it; else "*" stands for any part of
 * one segment and a segment "**" for any number of segments, at the end for at least one. */
bool path_matches(struct slice pattern, struct slice path, enum path_reading reading);

/* False with a sentence that says what is wrong with a pattern and what to write instead, its bytes
 * escaped. */
bool path_check_pattern(struct slice pattern, char *ret_sentence, size_t size);

/* Value of a hexadecimal digit, or -1. */
static inline int path_hex(char c)
{
	char lower = ascii_lower(c);

	return c >= '0' && c <= '9'           ? c - '0'
	       : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
					      : -1;
}

/* The byte that begins the text, which is not empty, decoded; *ret_len is how many bytes stand for
 * it. A "%" without two digits stands for itself. */
static inline unsigned char path_byte(struct slice text, size_t *ret_len)
{
	int high = text.len > 2 && text.ptr[0] == '%' ? path_hex(text.ptr[1]) : -1;
	int low = high >= 0 ? path_hex(text.ptr[2]) : -1;

	*ret_len = low >= 0 ? 3 : 1;
	return (unsigned char)(low >= 0 ? high * 16 + low : text.ptr[0]);
}

#endif
