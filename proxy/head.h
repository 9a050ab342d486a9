/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/head.h: the head of an HTTP/1.1 message as values, and what must be true of it before a
 * proxy may act on it: one Host, one unambiguous length, no folded lines, known versions.
 * Source: RFC 9110 §5, §7, §10.1.1; RFC 9112 §2.3, §3, §4, §6, §9.3. */
#ifndef SALLYPORT_PROXY_HEAD_H
#define SALLYPORT_PROXY_HEAD_H

#include "base/reason.h"
#include "proxy/field.h"

/* How the end of the content is known, RFC 9112 §6.3. */
enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE };

/* A complete head. Slices borrow from the message it was read by. */
struct head {
	uint8_t minor; /* HTTP/1.minor: 0 or 1 */
	uint16_t status; /* responses: 100..999 */
	struct slice method; /* requests */
	struct slice target; /* requests: as sent, visible ASCII */
	struct slice phrase; /* responses; may be empty */
	enum framing framing;
	uint64_t content_length; /* FRAMING_LENGTH: at most INT64_MAX */
	bool keep_alive; /* the connection may go on after this message. Never for an HTTP/1.0
	                    request: a proxy must not, RFC 9112 §9.3 */
	bool expect_continue; /* HTTP/1.1 requests: Expect: 100-continue */
	bool upgrade; /* requests: Connection: upgrade and an Upgrade field with more than h2c, not
	                 on CONNECT or HTTP/1.0; responses: always and only with status 101 */
	bool has_host;
	struct slice host; /* requests: the one Host value, never empty */
	size_t field_count; /* at most LIMIT_HEAD_FIELDS */
	const struct field *fields;
};

/* What the request was that a response answers. */
struct asked {
	bool head; /* its method was HEAD */
	bool connect; /* its method was CONNECT */
	bool upgrade; /* it asked for an upgrade */
};

/* The first line of a message, without its CRLF: exactly one space between exactly three parts.
 * REASON_NONE, BAD_REQUEST or VERSION_REFUSED. */
enum reason head_judge_request_line(struct slice line);
/* REASON_NONE or BAD_RESPONSE. A missing phrase, even without the space before it, is fine. */
enum reason head_judge_status_line(struct slice line);

/* Judges a head of which minor, method, target and fields are set, and sets the rest.
 * REASON_NONE, BAD_REQUEST, BAD_FRAMING or EXPECTATION_FAILED. */
enum reason head_judge_request(struct head *h);
/* Likewise with minor, status and fields. REASON_NONE or BAD_RESPONSE. */
enum reason head_judge_response(struct head *h, const struct asked *asked);

/* The value of a field, without case; the first of several. An empty slice with ptr NULL: none. */
struct slice head_field(const struct head *h, struct slice name);

/* The Max-Forwards that OPTIONS and TRACE obey, RFC 9110 §7.6.2; false without one, for other
 * methods, and when it is malformed. With 0 the request goes no further than here. */
bool head_max_forwards(const struct head *h, uint64_t *ret_forwards);

#endif
