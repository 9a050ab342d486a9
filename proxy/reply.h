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

/* A field of a refusal. */
struct reply_field {
	const char *name; /* static */
	char value[128];
};
enum { REPLY_FIELDS_MOST = 8 };

/* The fields of a refusal but for Content-Length and the connection's; how many. */
size_t reply_fields(
	const struct refusal *refusal, struct reply_field ret_fields[REPLY_FIELDS_MOST]);
/* Appends the JSON. False when the buffer refused. */
bool reply_body(struct buffer *b, const struct refusal *refusal);

/* Appends status line, fields and JSON. False when the buffer refused. */
bool reply_refuse(struct buffer *b, const struct refusal *refusal);

/* How an answer of our own goes out. */
struct reply_way {
	bool head_only; /* the request was HEAD: no content */
	bool close; /* the connection ends with it */
};

struct agent_reply;
/* Appends the answer to an agent's call. False when the buffer refused. */
bool reply_agent(struct buffer *b, const struct agent_reply *reply, const struct reply_way *way);

/* The reason phrase of a status that the proxy itself answers with. */
const char *reply_phrase(uint16_t status);

/* The word of a source in events and JSON, "baseline_policy" and so on. */
const char *reply_source_word(enum decision_source source);

#endif
