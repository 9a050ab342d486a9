/* SPDX-License-Identifier: Apache-2.0 */
#include "control/agent.h"
#include "proxy/reply.h"

static const char *type_of(const struct agent_reply *reply)
{
	switch (reply->type) {
	case AGENT_REPLY_HTML:
		return "text/html; charset=utf-8";
	case AGENT_REPLY_PROBLEM:
		return "application/problem+json";
	case AGENT_REPLY_JSON:
		break;
	}
	return "application/json";
}

/* How the questions stand is true now and not later, and differs by who asks. The page needs nothing
 * but itself, and may do nothing. */
bool reply_agent(struct buffer *b, const struct agent_reply *reply, const struct reply_way *way)
{
	buffer_format(b, "HTTP/1.1 %u %s\r\n", reply->status, reply_phrase(reply->status));
	buffer_format(b, "Content-Type: %s\r\n", type_of(reply));
	buffer_append(b, SLICE("Cache-Control: no-store\r\n"
			       "Vary: Accept\r\n"
			       "X-Content-Type-Options: nosniff\r\n"));
	if (reply->type == AGENT_REPLY_HTML)
		buffer_append(
			b, SLICE("Content-Security-Policy: default-src 'none'; form-action 'none'; "
				 "frame-ancestors 'none'; base-uri 'none'\r\n"));
	if (reply->allow)
		buffer_format(b, "Allow: %s\r\n", reply->allow);
	if (reply->retry_after_s > 0)
		buffer_format(b, "Retry-After: %u\r\n", reply->retry_after_s);
	if (way->close)
		buffer_append(b, SLICE("Connection: close\r\n"));
	buffer_format(b, "Content-Length: %zu\r\n\r\n", reply->len);
	if (!way->head_only)
		buffer_append(b, slice_from(reply->text, reply->len));
	return !b->failed;
}
