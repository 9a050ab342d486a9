/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/stream_lines.h: header and trailer sections of HTTP/2 written anew from the parse, as libnghttp2
 * takes them. Which fields go on is proxy/forward.h's. Source: RFC 9113 §8, RFC 8441 §4. Sans-I/O. */
#ifndef SALLYPORT_PROXY_STREAM_LINES_H
#define SALLYPORT_PROXY_STREAM_LINES_H

#include "base/limits.h"
#include "proxy/forward.h"

#include <nghttp2/nghttp2.h>

struct refusal;

/* Borrows the head's bytes, and its own: not to be moved. */
struct stream_lines {
	nghttp2_nv nv[LIMIT_HEAD_FIELDS + 16 + LIMIT_EDIT_RULES];
	size_t count;
	/* what was not in the head */
	char made[1024 + LIMIT_EDIT_RULES * LIMIT_CREDENTIAL_HEADER_BYTES];
	size_t made_len;
};

/* The request for the origin; place->last and place->secure do not matter. With h->upgrade an
 * extended CONNECT for a WebSocket. */
void stream_lines_request(
	struct stream_lines *l, const struct head *h, const struct forward_place *place);

/* The response for the client, of which `now` and `edit` matter. A field that has a secret is left out. */
void stream_lines_response(struct stream_lines *l, const struct head *h,
	const struct forward_client *client, const char *via);

/* Of trailers those that may go on, and that `edit`, which may be NULL, does not keep back. */
void stream_lines_trailers(
	struct stream_lines *l, const struct field *fields, size_t count, const struct edit *edit);

/* A refusal whose JSON has `length` bytes. */
void stream_lines_refusal(struct stream_lines *l, const struct refusal *refusal, size_t length);

#endif
