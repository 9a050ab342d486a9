/* SPDX-License-Identifier: Apache-2.0 */
/* policy/keyed_hash.h: a hash of bytes that peers choose, which they cannot steer without the key.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), as SipHash-1-3. */
#ifndef SALLYPORT_POLICY_KEYED_HASH_H
#define SALLYPORT_POLICY_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t word[2]; /* random, secret */
};

uint64_t keyed_hash(const struct hash_key *key, const void *ptr, size_t len);

#endif
