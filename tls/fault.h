/* SPDX-License-Identifier: Apache-2.0 */
/* tls/fault.h: why a TLS connection cannot go on, as values. Source: tls/fault.def. */
#ifndef SALLYPORT_TLS_FAULT_H
#define SALLYPORT_TLS_FAULT_H

#include "base/reason.h"

enum tls_fault {
#define TLS_FAULT(name, word, upstream_reason, client_reason) TLS_FAULT_##name,
#include "tls/fault.def"
#undef TLS_FAULT
	TLS_FAULT_COUNT
};

/* Which peer an engine talks to. */
enum tls_peer {
	TLS_PEER_UPSTREAM,
	TLS_PEER_CLIENT,
};

/* The word of a fault; asserts on anything that is not one. Static. */
const char *tls_fault_word(enum tls_fault fault);

/* The session's reason when an engine towards `peer` ended with `fault`. reason_row() of it has one
 * sentence for a person; nothing in it comes from the peer. */
enum reason tls_fault_reason(enum tls_fault fault, enum tls_peer peer);

#endif
