/* SPDX-License-Identifier: Apache-2.0 */
#include "control/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

enum { KEY_BYTES_MAX = 1024 };

bool seal_of(struct slice text, struct seal *ret_seal)
{
	return EVP_Digest(text.len ? text.ptr : "", text.len, ret_seal->bytes, NULL, EVP_sha256(),
		       NULL) == 1;
}

bool seal_keyed(struct slice key, struct slice text, struct seal *ret_seal)
{
	if (key.len == 0 || key.len > KEY_BYTES_MAX)
		return false;
	return HMAC(EVP_sha256(), key.ptr, (int)key.len,
		       (const unsigned char *)(text.len ? text.ptr : ""), text.len, ret_seal->bytes,
		       NULL) != NULL;
}

bool seal_equal(const struct seal *a, const struct seal *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void seal_format(const struct seal *seal, char ret_text[SEAL_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SEAL_BYTES; i++) {
		ret_text[2 * i] = digits[seal->bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[seal->bytes[i] & 15];
	}
	ret_text[2 * SEAL_BYTES] = '\0';
}

/* 0..15, or 16 for anything else. */
static unsigned digit_value(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool seal_parse(struct slice text, struct seal *ret_seal)
{
	struct seal seal;

	if (text.len != 2 * SEAL_BYTES)
		return false;
	for (size_t i = 0; i < SEAL_BYTES; i++) {
		unsigned high = digit_value(text.ptr[2 * i]);
		unsigned low = digit_value(text.ptr[2 * i + 1]);
		if (high > 15 || low > 15)
			return false;
		seal.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_seal = seal;
	return true;
}

bool seal_secret(char ret_text[SEAL_TEXT_SIZE])
{
	struct seal random;

	if (RAND_priv_bytes(random.bytes, sizeof(random.bytes)) != 1)
		return false;
	seal_format(&random, ret_text);
	seal_wipe(&random, sizeof(random));
	return true;
}

void seal_wipe(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}
