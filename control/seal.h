/* SPDX-License-Identifier: Apache-2.0 */
/* control/seal.h: the little cryptography that the control endpoint needs; the only file of control/
 * that knows libcrypto. Source: FIPS 180-4 (SHA-256), RFC 2104 (HMAC). */
#ifndef SALLYPORT_CONTROL_SEAL_H
#define SALLYPORT_CONTROL_SEAL_H

#include "base/slice.h"

enum { SEAL_BYTES = 32, SEAL_TEXT_SIZE = 2 * SEAL_BYTES + 1 };

/* What is kept of a secret, and what proves that a message came from who has one. */
struct seal {
	uint8_t bytes[SEAL_BYTES];
};

/* SHA-256 of `text`. False without memory. */
bool seal_of(struct slice text, struct seal *ret_seal);
/* HMAC-SHA-256 of `text` under `key`, 1..1024 bytes. False without memory. */
bool seal_keyed(struct slice key, struct slice text, struct seal *ret_seal);
/* In a time that does not tell where they differ. */
bool seal_equal(const struct seal *a, const struct seal *b);

/* 64 lower-case hex digits and a NUL; back, from exactly such digits of either case. */
void seal_format(const struct seal *seal, char ret_text[SEAL_TEXT_SIZE]);
bool seal_parse(struct slice text, struct seal *ret_seal);

/* A secret of 32 random bytes as 64 hex digits, fit for files, cookies and links. False when the
 * system has no randomness to give. */
bool seal_secret(char ret_text[SEAL_TEXT_SIZE]);
/* Overwrites a secret that is no longer needed; not optimised away. */
void seal_wipe(void *secret, size_t len);

#endif
