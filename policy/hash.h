/* SPDX-License-Identifier: Apache-2.0 */
/* policy/hash.h: a seeded hash that grows label by label. Only the operator's patterns are stored
 * under it, so it has to be quick and even, not proof against chosen keys; the seed makes the
 * layout differ from process to process. */
#ifndef SALLYPORT_POLICY_HASH_H
#define SALLYPORT_POLICY_HASH_H

#include "base/slice.h"

static inline uint64_t hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
	return hash ^ hash >> 32;
}

static inline uint64_t hash_word(const char *ptr, size_t len)
{
	uint64_t word = 0;
	uint32_t low, high;

	if (len >= 8) {
		memcpy(&word, ptr, 8);
	} else if (len >= 4) {
		memcpy(&low, ptr, 4);
		memcpy(&high, ptr + len - 4, 4);
		word = low | (uint64_t)high << 32;
	} else if (len > 0) {
		word = (uint8_t)ptr[0] | (uint64_t)(uint8_t)ptr[len / 2] << 8 |
		       (uint64_t)(uint8_t)ptr[len - 1] << 16;
	}
	return word;
}

/* The hash of what `hash` stands for, followed by these bytes as one unit: ("a", "bc") and
 * ("ab", "c") differ. */
static inline uint64_t hash_bytes(uint64_t hash, const char *ptr, size_t len)
{
	/* The length also tells apart what overlapping reads would not. */
	hash += (uint64_t)len << 56;
	while (len > 8) {
		hash = hash_mix(hash, hash_word(ptr, 8));
		ptr += 8;
		len -= 8;
	}
	return hash_mix(hash, hash_word(ptr, len));
}

#endif
