/* SPDX-License-Identifier: Apache-2.0 */
/* certs/leaf.h: a certificate for one host with its key, as an immutable value, and what makes it.
 * Source: RFC 5280 §4.1, §4.2; RFC 9525 §6 (names); RFC 6125 appendix.
 *
 * All leaves of one mint share one P-256 key that is on no disk and ends with the mint. Whoever could
 * read one leaf's key from this process could read all others and the authority's own, so a key for
 * each would guard nothing; it would cost a key generation per leaf and 1 KiB of memory. */
#ifndef SALLYPORT_CERTS_LEAF_H
#define SALLYPORT_CERTS_LEAF_H

#include "certs/authority.h"
#include "certs/leaf_name.h"

struct leaf;
struct mint;

/* A mint for leaves of this authority, of which it takes a reference of its own.
 *   lifetime_s  of a leaf, at least LIMIT_LEAF_LIFETIME_S; never beyond the authority's own end
 * NULL with the trouble. Immutable: any thread may mint at any time. */
struct mint *mint_new(struct authority *issuer, int64_t lifetime_s, struct trouble *ret_trouble);
struct mint *mint_ref(struct mint *m);
void mint_unref(struct mint *m); /* NULL is fine; leaves stay good */

/* A leaf for exactly this host: one subjectAltName (dNSName or iPAddress, critical, as the subject is
 * empty), serverAuth, valid from a day ago. Refused with the trouble: what is no canonical name
 * (wildcards, U-labels, control bytes, single dots), a name outside the authority's constraints, and
 * anything when the authority is about to end. NULL then. The caller owns the reference. */
struct leaf *mint_leaf(const struct mint *m, const struct leaf_name *name, int64_t now_s,
	struct trouble *ret_trouble);

/* References; any thread. */
struct leaf *leaf_ref(struct leaf *l);
void leaf_unref(struct leaf *l); /* NULL is fine */

/* Borrowed, good while the caller has a reference; OpenSSL takes its own with
 *     SSL_use_cert_and_key(ssl, leaf_certificate(l), leaf_key(l), leaf_issuers(l), 1)
 * The issuers are NULL where clients know the authority itself. */
X509 *leaf_certificate(const struct leaf *l);
EVP_PKEY *leaf_key(const struct leaf *l);
STACK_OF(X509) * leaf_issuers(const struct leaf *l);

/* Validity. */
int64_t leaf_since_s(const struct leaf *l);
int64_t leaf_until_s(const struct leaf *l);

/* False from a third of its time before its end on, and before its beginning (the clock went back):
 * then another one is due. */
bool leaf_is_fresh(const struct leaf *l, int64_t now_s);

#endif
