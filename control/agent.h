/* SPDX-License-Identifier: Apache-2.0 */
/* control/agent.h: what the proxy answers the agent itself, at http://sallyport.internal/ through the
 * proxy: what is allowed, how the questions of its own identity stand, and a place for its reasons. It
 * never decides anything. For the control thread; no sockets. Source: shared design §5 and §6,
 * RFC 9457 (problems). */
#ifndef SALLYPORT_CONTROL_AGENT_H
#define SALLYPORT_CONTROL_AGENT_H

#include "policy/config.h"
#include "policy/desk.h"

enum agent_method { AGENT_GET /* and HEAD */, AGENT_POST, AGENT_OTHER_METHOD };
enum agent_media { AGENT_NO_MEDIA, AGENT_JSON, AGENT_TEXT, AGENT_FORM, AGENT_OTHER_MEDIA };

/* What an agent wants. Made by the worker that has its connection; one block of memory. */
struct agent_call {
	enum agent_method method;
	enum agent_media media; /* of the body */
	bool html; /* it would rather read a page than JSON */
	bool bad_wait; /* the parameter is no number up to LIMIT_WAIT_MS */
	uint32_t wait_ms; /* how long to wait for the end of a pending question */
	char path[LIMIT_AGENT_PATH_BYTES + 1]; /* without the query; "" when it is longer */
	char identity[LIMIT_IDENTITY_BYTES + 1];
	char session[LIMIT_SESSION_BYTES + 1];
	size_t body_len; /* at most LIMIT_AGENT_BODY_BYTES */
	char body[];
};

enum agent_type { AGENT_REPLY_JSON, AGENT_REPLY_HTML, AGENT_REPLY_PROBLEM };

/* One block of memory, for free(). */
struct agent_reply {
	uint16_t status;
	enum agent_type type;
	const char *allow; /* for 405; static, else NULL */
	uint32_t retry_after_s; /* 0: none */
	size_t len;
	char text[];
};

/* Answers a call; with wait_ms 0 it is answered in any case.
 *   ret_question  with NULL: the question that the call waits for: call again when it changes, and
 *                 with wait_ms 0 when they are over. 0: no memory
 * The reply is the caller's. */
struct agent_reply *agent_answer(struct desk *desk, const struct config *config,
	const struct agent_call *call, uint64_t now_ms, uint64_t *ret_question);

/* A problem of the caller's own, such as 503. NULL without memory. */
struct agent_reply *agent_problem(uint16_t status, const char *code, const char *detail);

#endif
