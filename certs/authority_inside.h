/* SPDX-License-Identifier: Apache-2.0 */
/* certs/authority_inside.h: what is in a struct authority, for the files that make one. */
#ifndef SALLYPORT_CERTS_AUTHORITY_INSIDE_H
#define SALLYPORT_CERTS_AUTHORITY_INSIDE_H

#include "certs/authority.h"

#include <stdatomic.h>

struct authority {
	atomic_uint references;
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) *
		issuers; /* the certificate itself, then the rest of its file; NULL where it
	                            is self-signed */
	struct authority_facts facts;
};

/* Takes over what is given, NULL or not, and frees it where it fails. The key must be the
 * certificate's. NULL with the trouble. */
struct authority *authority_of(
	X509 *certificate, EVP_PKEY *key, STACK_OF(X509) * issuers, struct trouble *ret_trouble);

/* Reads the facts off a certificate. False with the trouble. */
bool facts_read(
	const X509 *certificate, struct authority_facts *ret_facts, struct trouble *ret_trouble);

/* Seconds since 1970. False for what is no time. */
bool facts_time(const ASN1_TIME *time, int64_t *ret_s);

#endif
