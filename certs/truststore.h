/* SPDX-License-Identifier: Apache-2.0 */
/* certs/truststore.h: certificates as a trust store for Java, without keytool.
 * Source: RFC 7292 (PKCS #12); sun.security.pkcs12.PKCS12KeyStore: an entry is trusted when its bag
 * has the attribute 2.16.840.1.113894.746875.1.1, which names the purposes.
 * Nothing in it is secret, so it is neither encrypted nor sealed: Java 8 and later read it with any
 * password and with none. */
#ifndef SALLYPORT_CERTS_TRUSTSTORE_H
#define SALLYPORT_CERTS_TRUSTSTORE_H

#include "certs/trouble.h"

#include <openssl/types.h>
#include <openssl/x509.h>

/* Writes all of them, in order, for any purpose. False with the trouble. */
bool truststore_write(const STACK_OF(X509) * certificates, BIO *out, struct trouble *ret_trouble);

#endif
