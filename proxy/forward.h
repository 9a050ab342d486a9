/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/forward.h: heads and content written anew from the parse, never copied as raw bytes.
 * Hop-by-hop fields are dropped, Via is added, framing is our own.
 * Source: RFC 9110 §7.6 (forwarding), §7.8 (upgrade), RFC 9112 §6 and §7. Sans-I/O.
 *
 * Which fields go on (both ways, trailers too):
 *	Connection, Keep-Alive, Upgrade, TE, HTTP2-Settings,     dropped; what is meant for the next
 *	Transfer-Encoding, Content-Length, Proxy-*               hop is written anew
 *	Proxy-Status, Via, Trailer, Expect: 100-continue         kept
 *	what Connection names                                    dropped, as RFC 9110 §7.6.1 asks, be
 *	                                                         it Authorization; but never Host,
 *	                                                         Content-* or Cache-Control, without
 *	                                                         which the message says another thing */
#ifndef SALLYPORT_PROXY_FORWARD_H
#define SALLYPORT_PROXY_FORWARD_H

#include "base/buffer.h"
#include "policy/edit.h"
#include "policy/target.h"
#include "proxy/message.h"

/* Where a request goes. Borrowed during the call. */
struct forward_place {
	const struct target *target;
	struct slice
		path; /* origin-form as target_parse_uri or the request line gave it; "" means "/",
	                      for OPTIONS "*" (RFC 9112 §3.2.4); "?…" gets its "/" */
	const char
		*via; /* the name of this proxy for Via, a token, or "1.1 name", of which only the
	                    name counts */
	bool last; /* "Connection: close"; an upgrade is asked for whatever it says */
	bool secure; /* https: the port that needs no mention is 443 instead of 80 */
	const struct edit *edit; /* what rules change in the fields; NULL: nothing */
};

/* The request for the origin, HTTP/1.1, in origin-form, with Host from the canonical target (never
 * the client's spelling) as its first field.
 * Content framing as in h: chunked content must go through forward_chunk. Max-Forwards of OPTIONS
 * and TRACE is one less. A buffer that got a secret is marked so. False when the buffer refused or a part holds control bytes (b->failed). */
bool forward_request(struct buffer *b, const struct head *h, const struct forward_place *place);

/* What forward_response is to tell the client about the connection. */
struct forward_client {
	uint8_t minor; /* the client's HTTP/1.minor: no chunked and no 1xx for 0 */
	bool keep_alive; /* may the client's connection go on */
	bool head_only; /* the request was HEAD */
	int64_t now; /* Unix time in seconds, for the Date of a final response that came without one
	                (RFC 9110 §6.6.1); 0: none is added */
	const struct edit *edit; /* of the request: its secrets are kept out; NULL: none */
};

/* The response for the client. *ret_chunked says that content must go through forward_chunk (so it
 * is for content of unknown length to an HTTP/1.1 client), *ret_close that the connection ends
 * after it, and the content with it unless its length is known.
 * 1xx responses pass as heads only (101 with its Upgrade), and nothing is written of them for
 * HTTP/1.0. Content-Length of a response to HEAD and of a 304 is passed on. */
bool forward_response(struct buffer *b, const struct head *h, const struct forward_client *client,
	const char *via, bool *ret_chunked, bool *ret_close);

/* One chunk; empty data writes nothing. */
bool forward_chunk(struct buffer *b, struct slice data);
/* The last chunk with trailers, without those that RFC 9110 §6.5.1 forbids: framing, routing,
 * authentication and connection fields. Those of a request have none that `edit` leaves out, those of
 * a response no secret of it; it may be NULL. */
bool forward_last_chunk(
	struct buffer *b, const struct field *trailers, size_t count, const struct edit *edit);

/* The same choice for a message of HTTP/2, where no Connection names anything and framing is none of
 * the fields' business: a field goes on as it is, and so does a trailer. */
bool forward_keeps(const struct field *f);
bool forward_keeps_trailer(const struct field *f);
/* The name in `via` alone. */
struct slice forward_via_name(const char *via);

/* True when Via already names this proxy: the request would go in a circle. `via` as above. */
bool forward_is_loop(const struct head *h, const char *via);

#endif
