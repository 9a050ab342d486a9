/* SPDX-License-Identifier: Apache-2.0 */
/* certs/authority.h: one certificate authority with its key, as an immutable value.
 * Source: RFC 5280 §4.1, §4.2 (profile), §6 (paths); CA/Browser Forum BR 7.1 (serial numbers).
 * Touches no file: that is certs/vault.h. Any thread may hold a reference and read. */
#ifndef SALLYPORT_CERTS_AUTHORITY_H
#define SALLYPORT_CERTS_AUTHORITY_H

#include "base/slice.h"
#include "certs/trouble.h"

#include <openssl/types.h>
#include <openssl/x509.h>
#include <stdint.h>

struct authority;

/* What a new one shall be. Borrowed during the call. */
struct authority_order {
	int64_t now_s; /* seconds since 1970, as everywhere in this room */
	int64_t lifetime_s; /* at least LIMIT_CA_LIFETIME_S */
	const char *host; /* this machine's name, for the subject; NULL or odd: left out */
	/* Names, separated by commas, that it may sign for, each with all names below it (RFC 5280
	 * §4.2.1.10); addresses are then excluded. NULL or "": any name and address. */
	const char *permitted;
};

/* What people want to know of one. */
struct authority_facts {
	char subject[256]; /* RFC 2253, escaped */
	char fingerprint[65]; /* SHA-256 of the certificate, lower-case hexadecimal */
	char serial[43]; /* hexadecimal; that of a foreign one may be cut */
	char key[32]; /* "EC P-256", "RSA 4096" */
	char permitted
		[512]; /* names it may sign for, separated by ", "; "" for any; cut with "..." */
	int64_t since_s, until_s; /* validity, both ends included */
	bool self_signed; /* else its issuer is what clients trust */
};

/* Makes one: P-256, self-signed, basicConstraints critical with CA and path length 0, keyUsage
 * critical (certificates and CRLs), subjectKeyIdentifier, a random serial of 126 bits, valid from a
 * day ago (clocks differ) for lifetime_s from now. NULL with the trouble. The caller owns the
 * reference. */
struct authority *authority_new(const struct authority_order *order, struct trouble *ret_trouble);

/* Reads PEM: one private key without a pass phrase and one or more certificates; the first one is
 * the authority's, the others are its issuers in order, for clients that know the last one's only.
 * Refused with the trouble are: a key that is not the certificate's, a certificate that may not sign
 * others, RSA below 2048 bits, curves other than P-256, P-384 and P-521, other kinds of key, MD5 and
 * SHA-1. Validity is not looked at: authority_is_valid.
 *   name  what it is called in the trouble, a path */
struct authority *authority_parse(struct slice pem, const char *name, struct trouble *ret_trouble);

/* False with the trouble before its beginning and after its end. */
bool authority_is_valid(const struct authority *a, int64_t now_s, struct trouble *ret_trouble);

/* One more reference to the same; give each back once, NULL is fine. The last one wipes the key. */
struct authority *authority_ref(struct authority *a);
void authority_unref(struct authority *a);

/* Key and certificates as authority_parse reads them, into a memory BIO of the caller, who frees it
 * (which wipes it). False with the trouble. */
bool authority_write(const struct authority *a, BIO *out, struct trouble *ret_trouble);

/* Borrowed from the authority, good while the caller has a reference. The issuers are NULL where it
 * is self-signed; else what a server sends after the leaf, the authority itself first. */
X509 *authority_certificate(const struct authority *a);
EVP_PKEY *authority_key(const struct authority *a);
STACK_OF(X509) * authority_issuers(const struct authority *a);
const struct authority_facts *authority_facts(const struct authority *a);

/* What a client must have to believe its leaves: itself, or the last of its issuers. */
X509 *authority_anchor(const struct authority *a);

#endif
