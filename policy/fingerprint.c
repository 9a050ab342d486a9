/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/fingerprint.h"

#include <openssl/sha.h>

bool fingerprint_of(struct slice bytes, uint8_t ret_print[FINGERPRINT_BYTES])
{
	static const unsigned char nothing[1];
	const unsigned char *at = bytes.len > 0 ? (const unsigned char *)bytes.ptr : nothing;

	return SHA256(at, bytes.len, ret_print) != NULL;
}

void fingerprint_format(const uint8_t *print, size_t count, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		ret_text[2 * i] = digits[print[i] >> 4];
		ret_text[2 * i + 1] = digits[print[i] & 15];
	}
	ret_text[2 * count] = '\0';
}
