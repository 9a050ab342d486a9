/* SPDX-License-Identifier: Apache-2.0 */
/* certs/roots.h: the authorities that upstream servers are checked against, as an immutable value.
 * The environment (SSL_CERT_FILE) is not asked: `sallyport env` may have set it to our own bundle.
 * A reload is another roots_load; sessions under way keep the reference they have. */
#ifndef SALLYPORT_CERTS_ROOTS_H
#define SALLYPORT_CERTS_ROOTS_H

#include "certs/trouble.h"

#include <openssl/types.h>
#include <openssl/x509.h>
#include <stddef.h>

struct roots;

/* Borrowed during the call. */
struct roots_sources {
	const char *file; /* PEM, instead of the system's; NULL for the system's */
	const char *extra_file; /* PEM, beside them; NULL for none */
};

/* Reads them. In a file that is named here every entry must be a certificate, and there must be at
 * least one: else NULL with "FILE:LINE: entry N: …". Of the system's the entries that OpenSSL cannot
 * read are left out and counted. A certificate that is there twice counts once. About 150
 * certificates take 10 ms and 2 MiB. The caller owns the reference. */
struct roots *roots_load(const struct roots_sources *sources, struct trouble *ret_trouble);

/* References; any thread. */
struct roots *roots_ref(struct roots *r);
void roots_unref(struct roots *r); /* NULL is fine */

/* Borrowed, good while the caller has a reference; OpenSSL takes its own
 * (SSL_CTX_set1_verify_cert_store). Any thread may verify with it; nobody may change it. */
X509_STORE *roots_store(const struct roots *r);

/* All of them, in the order of the files; borrowed. */
STACK_OF(X509) * roots_certificates(const struct roots *r);

size_t roots_count(const struct roots *r);
size_t roots_left_out(const struct roots *r);

/* The file they came from: the named one, or the system's that was found. */
const char *roots_file(const struct roots *r);

#endif
