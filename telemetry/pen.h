/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/pen.h: writes text and bytes one after the other into memory of a known size. Who makes
 * a pen has sized the memory for the most that can come: a lack of room is a fault of ours and
 * asserts. No printf: every record passes here, and a literal is a store or two. */
#ifndef SALLYPORT_TELEMETRY_PEN_H
#define SALLYPORT_TELEMETRY_PEN_H

#include "base/address.h"

#include <assert.h>

struct pen {
	char *at; /* where the next byte goes */
	char *end; /* behind the memory */
};

/* Asserts `len` bytes of room. */
static inline void pen_room(const struct pen *p, size_t len)
{
	assert(len <= (size_t)(p->end - p->at));
}

/* Writes the bytes of `s`. Always inline: the compiler knows the length of a literal. */
static inline __attribute__((always_inline)) void pen_put(struct pen *p, struct slice s)
{
	pen_room(p, s.len);
	if (s.len > 0)
		memcpy(p->at, s.ptr, s.len);
	p->at += s.len;
}

/* What was written since `start`, an earlier p->at. */
static inline struct slice pen_since(const struct pen *p, const char *start)
{
	return slice_from(start, (size_t)(p->at - start));
}

/* The number in decimal. */
void pen_number(struct pen *p, uint64_t number);

/* The last `digits` (up to 9) decimal digits of the number, with leading zeros. */
void pen_digits(struct pen *p, uint64_t number, unsigned digits);

/* The address as address_format writes it; nothing for family 0. Needs ADDRESS_TEXT_SIZE bytes of
 * room however short it is. */
void pen_address(struct pen *p, const struct address *a);

/* The text with what is not printable ASCII, and the backslash, as escape_text writes it. Needs
 * four bytes of room for each byte, and eight. */
void pen_escaped(struct pen *p, struct slice text);

/* "1.250 s" of microseconds: milliseconds are enough for a person. */
void pen_seconds(struct pen *p, uint64_t us);

#endif
