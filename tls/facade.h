/* SPDX-License-Identifier: Apache-2.0 */
/* tls/facade.h: engines that show a client the upstream's face: its name on a leaf of our own CA, and
 * the protocol that the upstream chose. Made after the upstream's handshake is done, so the client's
 * ClientHello was read before and is fed then.
 *   SNI       must be the canonical name, in the second ClientHello too; none for an address;
 *             else TLS_FAULT_WRONG_SNI
 *   ALPN      what the upstream chose; when it chose nothing, http/1.1 if the client lists it. A
 *             list without it: TLS_FAULT_NO_PROTOCOL
 *   tickets   on, good for the same name and protocol only; no early data
 * A client that does not trust our CA says so by an alert: TLS_FAULT_DISTRUSTED. */
#ifndef SALLYPORT_TLS_FACADE_H
#define SALLYPORT_TLS_FACADE_H

#include "tls/engine.h"

#include <openssl/x509.h>

struct facades; /* what all client engines share: settings and the key of tickets */

/* Immutable, and fine for all workers of a process at once. NULL without memory. */
struct facades *facades_new(void);
/* After the last of its engines. NULL is fine. */
void facades_free(struct facades *f);

/* What to show. */
struct facade_face {
	struct slice name; /* canonical name, or an address as text without brackets; copied */
	enum alpn alpn; /* the upstream's choice: engine_alpn of its engine */
	X509 *certificate; /* the leaf for `name`; referenced */
	EVP_PKEY *key; /* its key; referenced */
	STACK_OF(X509) * issuers; /* those that clients do not know themselves; NULL: none */
};

/* The engine of one connection. NULL with *ret_fault: TLS_FAULT_MEMORY, or TLS_FAULT_INTERNAL when
 * certificate and key do not fit each other. Free with engine_free. */
struct engine *facade_open(
	struct facades *f, const struct facade_face *face, enum tls_fault *ret_fault);

#endif
