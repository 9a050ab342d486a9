/* SPDX-License-Identifier: Apache-2.0 */
/* tls/alpn.h: which HTTP is spoken inside TLS. What is not inspected is neither offered nor chosen.
 * Source: RFC 7301; names from RFC 9113 §3.1 and RFC 7301 §6. */
#ifndef SALLYPORT_TLS_ALPN_H
#define SALLYPORT_TLS_ALPN_H

#include "base/slice.h"

enum alpn {
	ALPN_NONE, /* nothing was said: HTTP/1.1 by custom */
	ALPN_HTTP11,
	ALPN_H2,
};

enum { ALPN_OFFER_BYTES = 12 }; /* both names, each with its length */

/* The part of a client's list that can be carried, in its order, as a ProtocolNameList body. */
struct alpn_offer {
	uint8_t len; /* 0: the client listed nothing, or nothing of ours */
	char bytes[ALPN_OFFER_BYTES];
};

/* `list` is a well-formed body of a ProtocolNameList (struct hello's alpn); empty is fine. A name
 * that stands there twice is offered once. */
struct alpn_offer alpn_meet(struct slice list);

/* The value of one name without its length; false for a foreign one. */
bool alpn_parse(struct slice name, enum alpn *ret_alpn);

/* The name: "h2", "http/1.1"; empty for ALPN_NONE. */
struct slice alpn_name(enum alpn alpn);

/* True when the well-formed `list` has this name. */
bool alpn_listed(struct slice list, enum alpn alpn);

#endif
