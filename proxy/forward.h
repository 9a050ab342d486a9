/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/forward.h: heads and content written anew from the parse, never copied as raw bytes.
 * Hop-by-hop fields are dropped, Via is added, framing is our own.
 * Source: RFC 9110 §7.6 (forwarding), §7.8 (upgrade), RFC 9112 §6 and §7. Sans-I/O. */
#ifndef SALLYPORT_PROXY_FORWARD_H
#define SALLYPORT_PROXY_FORWARD_H

#include "base/buffer.h"
#include "policy/target.h"
#include "proxy/message.h"

/* The request for the origin: origin-form, Host from the canonical target (never lost, never the
 * client's spelling), no hop-by-hop or Proxy-* fields, no field that Connection names except the
 * ones that may not be lost (Host, Content-Length, Transfer-Encoding…), Via, "Connection: close"
 * or Upgrade as due. HTTP/1.1 always; content framing as in h (chunked stays chunked).
 *   path  origin-form as target_parse_uri or the request line gave it; "" means "/"
 * False when the buffer refused (b->failed). */
bool forward_request(struct buffer *b, const struct head *h, const struct target *t,
	struct slice path, const char *via, bool keep_alive);

/* What forward_response is to tell the client about the connection. */
struct forward_client {
	uint8_t minor; /* the client's HTTP/1.minor: no chunked for 0 */
	bool keep_alive; /* may the client's connection go on */
	bool head_only; /* the request was HEAD */
};

/* The response for the client; *ret_chunked says that content must go through forward_chunk,
 * *ret_close that the end of content is the end of the connection. 1xx responses pass as heads
 * only (101 with its Upgrade). */
bool forward_response(struct buffer *b, const struct head *h, const struct forward_client *client,
	const char *via, bool *ret_chunked, bool *ret_close);

/* One chunk; empty data writes nothing. */
bool forward_chunk(struct buffer *b, struct slice data);
/* The last chunk with trailers (hop-by-hop and framing fields dropped). */
bool forward_last_chunk(struct buffer *b, const struct field *trailers, size_t count);

/* True when Via already names this proxy: the request would go in a circle. */
bool forward_is_loop(const struct head *h, const char *via);

#endif
