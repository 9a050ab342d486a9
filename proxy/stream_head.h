/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/stream_head.h: the fields of one HTTP/2 header section as they come out of HPACK, and the
 * same as a head (proxy/head.h), judged as one of HTTP/1.1 is. Owns its bytes. Sans-I/O.
 * Source: RFC 9113 §8.2 and §8.3; RFC 8441 §4. What RFC 9113 §8.2.2 forbids does not get here:
 * libnghttp2 refuses the stream. */
#ifndef SALLYPORT_PROXY_STREAM_HEAD_H
#define SALLYPORT_PROXY_STREAM_HEAD_H

#include "base/buffer.h"
#include "base/limits.h"
#include "proxy/head.h"

/* Bytes of the text. */
struct span {
	uint32_t at, len;
};

struct stream_head {
	struct buffer text; /* for each field two lengths, name, value */
	struct span method, scheme, authority, path, protocol, status; /* values; len 0: none */
	uint32_t bytes; /* as RFC 9113 §6.5.2 counts a list */
	uint16_t count; /* fields without the pseudo ones */
	bool too_large; /* a field was left out: over LIMIT_HEAD_BYTES or LIMIT_HEAD_FIELDS */
	bool failed; /* a field was left out for want of memory */
};

/* Room for the fields of a head; one more than a peer may send, for Host. */
struct stream_fields {
	struct field fields[LIMIT_HEAD_FIELDS + 1];
};

void stream_head_init(struct stream_head *h);
void stream_head_done(struct stream_head *h); /* fine for a zeroed one */

/* One field. What is too much is left out and remembered. */
void stream_head_add(struct stream_head *h, struct slice name, struct slice value);

/* The head of a request: HTTP/1.1's, with :authority as Host. An extended CONNECT for a WebSocket is
 * a GET with `upgrade`, as it would be in HTTP/1.1. FRAMING_CHUNKED stands for content of a length
 * that is not known.
 *   ended   the section ended the stream: no content
 * Borrows from `h` and *room. REASON_NONE, or what is wrong: HEAD_TOO_LARGE, OUT_OF_MEMORY,
 * BAD_REQUEST, BAD_FRAMING, BAD_TARGET, MISDIRECTED, METHOD_REFUSED, EXPECTATION_FAILED; *ret_head
 * has as much as could be read then. */
enum reason stream_head_request(
	const struct stream_head *h, bool ended, struct stream_fields *room, struct head *ret_head);

/* Likewise of a response; `head`: the request was HEAD. BAD_RESPONSE, RESPONSE_TOO_LARGE,
 * OUT_OF_MEMORY or UPGRADE_FAILED. */
enum reason stream_head_response(
	const struct stream_head *h, bool head, struct stream_fields *room, struct head *ret_head);

/* The fields alone, for trailers. */
size_t stream_head_fields(const struct stream_head *h, struct stream_fields *room);

/* The request was an extended CONNECT. */
static inline bool stream_head_is_extended(const struct stream_head *h)
{
	return h->protocol.len > 0;
}

#endif
