/* SPDX-License-Identifier: Apache-2.0 */
/* tls/hello.h: what a TLS client says first, read without OpenSSL and without sockets: enough to
 * know which name it wants. Reassembles the ClientHello over records and over feeds.
 * Source: RFC 8446 §4.1.2, §5.1; RFC 6066 §3 (server_name); RFC 7301 (ALPN); ECH is opaque here.
 *
 *	record 1                 record 2                 record 3 …
 *	22 3 x  len  fragment    22 3 x  len  fragment    anything: early data
 *	             1  len24  ClientHello ......... end
 */
#ifndef SALLYPORT_TLS_HELLO_H
#define SALLYPORT_TLS_HELLO_H

#include "base/limits.h"
#include "base/reason.h"
#include "base/slice.h"

enum hello_result {
	HELLO_OK, /* a whole, well-formed ClientHello; *ret_hello is set */
	HELLO_MORE, /* nothing wrong so far, not complete */
	HELLO_BAD, /* *ret_bad says which: NOT_TLS, HELLO_MALFORMED, HELLO_TOO_LARGE */
};

struct hello {
	bool has_sni;
	struct slice sni; /* raw host_name bytes as sent, without NUL and control bytes, 1..65535;
	                     inside the input or the scratch. Not canonical: target_parse_name. */
	bool has_ech; /* an encrypted_client_hello extension, real or GREASE */
	struct slice alpn; /* the raw ProtocolNameList body, well-formed, empty when absent */
};

/* Judge the first `bytes` of a tunnel, all of them from the start, as often as more arrive.
 *   scratch  LIMIT_HELLO_BYTES of the caller's; used only when the hello spans records; ret_hello's
 *            slices may point into it
 * Faults of the records and of the message header are told at the first byte that shows them, those
 * of the body when it is whole. The ClientHello must end where its record ends;
 * whole records behind it are not looked at.
 * Stateless on purpose: a tunnel keeps only the bytes. The cost of feeding byte by byte is bounded
 * by the caller, which calls again only when hello_needs() bytes are there.
 * *ret_bad is set only with HELLO_BAD, *ret_hello only with HELLO_OK. */
enum hello_result hello_parse(struct slice bytes, char scratch[LIMIT_HELLO_BYTES],
	struct hello *ret_hello, enum reason *ret_bad);

/* After HELLO_MORE: the least number of bytes, from the start, that can change the answer.
 * Always greater than bytes.len, at most bytes.len + 1 while the record header is incomplete. */
size_t hello_needs(struct slice bytes);

#endif
