/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/forger.h: certificates and OCSP responses as a test wants them, right or wrong. */
#ifndef SALLYPORT_TESTS_FORGER_H
#define SALLYPORT_TESTS_FORGER_H

#include "base/slice.h"

#include <openssl/ssl.h>

enum { FORGER_DAY_S = 24 * 60 * 60 };

/* A certificate with its key. */
struct forged {
	X509 *certificate;
	EVP_PKEY *key;
};

/* What is wanted otherwise; zero means the ordinary thing. */
struct forgery {
	const struct forged *issuer; /* NULL: signed by itself */
	bool authority; /* may sign others */
	const char *subject; /* common name; NULL: "forged" */
	const char
		*names; /* subjectAltName as in x509v3_config(5); NULL: DNS:example.com, none for an
	                      authority; "": none */
	struct slice raw_name; /* a dNSName of these bytes instead */
	long since_s, until_s; /* from now; 0: a day ago, in a day */
	int rsa_bits; /* 0: P-256 */
	const char *digest; /* NULL: SHA-256 */
	const char *constraints; /* nameConstraints */
	const char *usage; /* extendedKeyUsage */
	bool must_staple;
};

struct forged forge(const struct forgery *wanted);
void forged_done(struct forged *f);

/* What a responder says. */
struct forged_status {
	const struct forged *about, *issuer; /* whose status, and who issued that */
	const struct forged *signer; /* NULL: the issuer */
	int status; /* V_OCSP_CERTSTATUS_ */
	long since_s, until_s; /* from now */
	const EVP_MD *id_digest; /* NULL: SHA-1 */
	int response_status; /* 0: successful */
};

/* DER in `into`; its length. */
size_t forge_status(const struct forged_status *wanted, unsigned char *into, size_t size);

#endif
