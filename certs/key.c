/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a key into a certificate costs OpenSSL 3.0 a search through all its encoders and decoders,
 * 340 µs each time, unless the key came by the older functions; then it costs 5 µs. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "certs/key.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

EVP_PKEY *key_new(void)
{
#ifdef OPENSSL_NO_DEPRECATED_3_0
	return EVP_EC_gen("P-256");
#else
	EC_KEY *pair = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY *key = EVP_PKEY_new();

	if (pair && key && EC_KEY_generate_key(pair) == 1 && EVP_PKEY_assign_EC_KEY(key, pair) == 1)
		return key;
	EC_KEY_free(pair);
	EVP_PKEY_free(key);
	return NULL;
#endif
}
