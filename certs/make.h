/* SPDX-License-Identifier: Apache-2.0 */
/* certs/make.h: what every certificate that we make has: a random serial number, its time, its
 * extensions. Source: RFC 5280 §4.1.2.2, §4.1.2.5, §4.2.1. Errors stay on OpenSSL's queue. */
#ifndef SALLYPORT_CERTS_MAKE_H
#define SALLYPORT_CERTS_MAKE_H

#include <openssl/types.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAKE_SERIAL_BYTES = 16 };

/* Version 3, a positive serial of 126 random bits, validity with both ends included. */
bool make_begin(X509 *certificate, int64_t since_s, int64_t until_s);

/* An extension as OpenSSL's configuration spells it ("CA:FALSE"). `about` and `issuer` are what
 * "hash" and "keyid" refer to; NULL where the value refers to neither. The caller frees it. */
X509_EXTENSION *make_extension(int nid, const char *value, X509 *about, X509 *issuer);

#endif
