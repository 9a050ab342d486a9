/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/truststore.h"

#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <stdio.h>

static const char trusted_key_usage[] = "2.16.840.1.113894.746875.1.1";

/* Java calls entries by their name, and keeps one of each. */
static bool add(STACK_OF(PKCS12_SAFEBAG) * *bags, X509 *certificate, int number)
{
	const unsigned char *any = (const unsigned char *)OBJ_nid2obj(NID_anyExtendedKeyUsage);
	PKCS12_SAFEBAG *bag = PKCS12_add_cert(bags, certificate);
	char name[32];

	snprintf(name, sizeof(name), "sallyport-%d", number);
	/* The list has the bag; a length of -1 says that the value is an object. */
	return bag && PKCS12_add_friendlyname_utf8(bag, name, -1) == 1 &&
	       PKCS12_add1_attr_by_txt(bag, trusted_key_usage, V_ASN1_OBJECT, any, -1) == 1;
}

bool truststore_write(const STACK_OF(X509) * certificates, BIO *out, struct trouble *ret_trouble)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	STACK_OF(PKCS7) *safes = NULL;
	PKCS12 *store = NULL;
	bool good = true;

	for (int i = 0; good && i < sk_X509_num(certificates); i++)
		good = add(&bags, sk_X509_value(certificates, i), i);
	/* -1: not encrypted. */
	good = good && PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1;
	store = good ? PKCS12_add_safes(safes, 0) : NULL;
	good = store && i2d_PKCS12_bio(out, store) == 1;
	PKCS12_free(store);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return good || trouble_set_openssl(ret_trouble, "no trust store can be written");
}
