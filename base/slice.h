/* SPDX-License-Identifier: Apache-2.0 */
/* base/slice.h: a borrowed run of bytes. Never owns, never assumes a NUL.
 * Whoever hands one out says for how long its bytes live. */
#ifndef SALLYPORT_BASE_SLICE_H
#define SALLYPORT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len; /* bytes */
};

/* A slice of a string literal; the length is known to the compiler. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

/* A slice of a C string of our own making (option text, table entries); never of peer bytes. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline struct slice slice_from(const char *ptr, size_t len)
{
	return (struct slice){ptr, len};
}

/* The bytes from `start` on; empty when start is past the end. */
static inline struct slice slice_after(struct slice s, size_t start)
{
	if (start >= s.len)
		return (struct slice){s.ptr ? s.ptr + s.len : NULL, 0};
	return (struct slice){s.ptr + start, s.len - start};
}

/* The first `len` bytes, or all of them when there are fewer. */
static inline struct slice slice_first(struct slice s, size_t len)
{
	return (struct slice){s.ptr, len < s.len ? len : s.len};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII letters only; a field name or a scheme, never a host (targets are canonical already). */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_equal(slice_first(s, prefix.len), prefix);
}

static inline bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_equal(slice_after(s, s.len - suffix.len), suffix);
}

/* Index of the first `c`, or s.len when there is none. */
static inline size_t slice_find(struct slice s, char c)
{
	const char *hit = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return hit ? (size_t)(hit - s.ptr) : s.len;
}

#endif
