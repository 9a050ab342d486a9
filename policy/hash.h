/* SPDX-License-Identifier: Apache-2.0 */
/* policy/hash.h: a seeded hash of names that yields the hashes of all their ends on the way. Only
 * the operator's patterns are stored under it, so it has to be quick and even, not proof against
 * chosen keys; the seed makes the layout differ from process to process.
 *
 * A name is read in words of eight bytes from its right end, so that an end of a name is the same
 * words, whatever stands before it:
 *
 *     www.example.com   ->   "mple.com"  "ww.exa" "w"
 *        .example.com   ->   "mple.com"  ".exa"       a partial word keeps its right-hand bytes
 */
#ifndef SALLYPORT_POLICY_HASH_H
#define SALLYPORT_POLICY_HASH_H

#include "base/slice.h"

#include <endian.h>

#define HASH_FACTOR_1 UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio */
#define HASH_FACTOR_2 UINT64_C(0xd6e8feb86659fd93)

/* Adds a whole word to a state, which starts as the seed. */
static inline uint64_t hash_word(uint64_t state, uint64_t word)
{
	state = (state ^ word) * HASH_FACTOR_1;
	return state ^ state >> 32;
}

/* The hash of `len` bytes: the state after their whole words, and the partial word (0 for none). */
static inline uint64_t hash_end(uint64_t state, uint64_t partial, size_t len)
{
	state = (hash_word(state, partial) ^ len) * HASH_FACTOR_2;
	return state ^ state >> 32;
}

/* The word of up to eight bytes that end before `end`, 1..len; the last byte is the highest, what
 * is missing is zero. */
static inline uint64_t hash_load(const char *ptr, size_t len, size_t end)
{
	uint64_t word = 0;

	if (end >= 8) {
		memcpy(&word, ptr + end - 8, 8);
		return le64toh(word);
	}
	/* A copy of a fixed length is one instruction; there are eight bytes to read if len says so. */
	if (len >= 8)
		memcpy(&word, ptr, 8);
	else
		memcpy(&word, ptr, end);
	return le64toh(word) << 8 * (8 - end);
}

static inline uint64_t hash_bytes(uint64_t seed, const char *ptr, size_t len)
{
	uint64_t state = seed;
	size_t end = len;

	for (; end >= 8; end -= 8)
		state = hash_word(state, hash_load(ptr, len, end));
	return hash_end(state, end > 0 ? hash_load(ptr, len, end) : 0, len);
}

/* The highest bit of each byte of the word that is a dot; no other bits. */
static inline uint64_t hash_dots(uint64_t word)
{
	const uint64_t low_bits = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t zero_where_dot = word ^ UINT64_C(0x2e2e2e2e2e2e2e2e);

	return ~(((zero_where_dot & low_bits) + low_bits) | zero_where_dot | low_bits);
}

#endif
