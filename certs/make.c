/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/make.h"

#include <openssl/asn1.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

bool make_begin(X509 *certificate, int64_t since_s, int64_t until_s)
{
	unsigned char serial[MAKE_SERIAL_BYTES];

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	/* Positive, and the same length always. */
	serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
	return X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       ASN1_STRING_set(X509_get_serialNumber(certificate), serial, sizeof(serial)) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)since_s) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until_s) != NULL;
}

X509_EXTENSION *make_extension(int nid, const char *value, X509 *about, X509 *issuer)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, about, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	return X509V3_EXT_conf_nid(NULL, &context, nid, value);
}
