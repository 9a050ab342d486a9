/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/reply.h: what the proxy itself says to a client: 200 for a CONNECT, and refusals with
 * everything a person and an agent need to know. Sans-I/O.
 * Source: RFC 9110 §9.3.6 and §15, RFC 9209 (Proxy-Status), shared design §6. */
#ifndef SALLYPORT_PROXY_REPLY_H
#define SALLYPORT_PROXY_REPLY_H

#include "base/buffer.h"
#include "base/reason.h"
#include "policy/policy.h"
#include "policy/target.h"

/* The whole answer to a CONNECT that succeeded; static. */
struct slice reply_established(void);

struct refusal {
	enum reason reason; /* one with a status */
	enum decision_source source;
	const struct target *target; /* NULL when malformed: host and port are null then */
	const char *protocol; /* "http" or "https_connect" */
	bool allowed; /* policy had allowed it; something else failed */
	uint64_t question; /* at the approval desk; 0: none */
	bool head_only; /* the request was HEAD: no content */
};

/* Appends status line, fields and JSON. False when the buffer refused. */
bool reply_refuse(struct buffer *b, const struct refusal *refusal);

/* The word of a source in events and JSON, "baseline_policy" and so on. */
const char *reply_source_word(enum decision_source source);

#endif
