/* SPDX-License-Identifier: Apache-2.0 */
/* tls/upstream.h: engines that speak TLS to upstreams, as clients that trust nobody without proof.
 * What is checked before engine_handshake says OK:
 *   name       DNS or address in the subjectAltName; never the common name, no partial wildcards
 *              (RFC 6125 §6.4); SNI is sent for names only (RFC 6066 §3)
 *   chain      to a given root, expiry, name constraints (RFC 5280 §6), server purpose
 *   strength   OpenSSL's security level 2: no SHA-1, no RSA below 2048 bits, TLS 1.2 at least
 *   status     a stapled OCSP response is asked for (RFC 6066 §8): one that proves "revoked" is
 *              refused; so is none that proves "good" when the certificate promises one (RFC 7633).
 *              One that proves nothing (old, foreign, unsigned) counts as none
 *   identity   an upstream that asks for a client certificate is refused: the client's is not ours
 * A resumed handshake relies on the one that was checked, for the same name and port, no longer than
 * LIMIT_TICKET_S and that certificate's end. */
#ifndef SALLYPORT_TLS_UPSTREAM_H
#define SALLYPORT_TLS_UPSTREAM_H

#include "tls/engine.h"

#include <openssl/types.h>

struct upstreams; /* what the upstream engines of one worker share: settings, roots, tickets */

/* `roots` is kept by reference and may be shared by all workers while nobody changes it. NULL
 * without memory. To trust other roots, make a new one: its tickets are new too. */
struct upstreams *upstreams_new(X509_STORE *roots);
/* After the last of its engines. NULL is fine. */
void upstreams_free(struct upstreams *u);

/* Whom to reach. */
struct upstream_target {
	struct slice name; /* canonical name, or an address as text without brackets; copied */
	uint16_t port; /* for tickets only */
	struct slice
		alpn; /* the client's list (struct hello's alpn), copied; empty: none is offered */
};

/* The engine of one connection. NULL with *ret_fault: TLS_FAULT_NO_PROTOCOL when the client's list
 * has nothing that can be inspected, or TLS_FAULT_MEMORY. Free with engine_free. */
struct engine *upstream_open(
	struct upstreams *u, const struct upstream_target *target, enum tls_fault *ret_fault);

#endif
