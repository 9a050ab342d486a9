/* SPDX-License-Identifier: Apache-2.0 */
/* policy/fingerprint.h: bytes by which others are told apart, SHA-256; the only door of policy/ to
 * libcrypto. Source: FIPS 180-4. */
#ifndef SALLYPORT_POLICY_FINGERPRINT_H
#define SALLYPORT_POLICY_FINGERPRINT_H

#include "base/slice.h"

enum { FINGERPRINT_BYTES = 32 };

/* False without memory. */
bool fingerprint_of(struct slice bytes, uint8_t ret_print[FINGERPRINT_BYTES]);

/* Lower-case hexadecimal digits of the first `count` bytes, and a NUL. */
void fingerprint_format(const uint8_t *print, size_t count, char *ret_text);

#endif
