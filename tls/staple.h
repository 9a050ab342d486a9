/* SPDX-License-Identifier: Apache-2.0 */
/* tls/staple.h: the OCSP response that a server staples to its handshake, judged.
 * Source: RFC 6960 §3.2, §4.2; RFC 6066 §8; RFC 7633 (a certificate that promises one). */
#ifndef SALLYPORT_TLS_STAPLE_H
#define SALLYPORT_TLS_STAPLE_H

#include "base/slice.h"

#include <openssl/x509.h>

enum staple {
	STAPLE_NOTHING, /* it proves nothing: none, not well-formed, foreign, old, not signed rightly */
	STAPLE_GOOD,
	STAPLE_REVOKED,
};

/* What `response` (DER; empty: none) proves about the first certificate of `chain`, the verified one,
 * from the server's to a root. The signer must be the issuer, or one it delegates to, under `roots`. */
enum staple staple_judge(struct slice response, STACK_OF(X509) * chain, X509_STORE *roots);

/* The certificate promises that a response is stapled: its TLS feature extension has status_request. */
bool staple_is_promised(X509 *certificate);

#endif
