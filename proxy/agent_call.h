/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/agent_call.h: from a request for the agent's own page, http://sallyport.internal/, to what the
 * agent wants of it. Sans-I/O. Source: RFC 9110 §8.3 (Content-Type), §12.5.1 (Accept). */
#ifndef SALLYPORT_PROXY_AGENT_CALL_H
#define SALLYPORT_PROXY_AGENT_CALL_H

#include "control/agent.h"
#include "proxy/head.h"

/*   path  origin-form, "" means "/"
 *   who   the client; an identity that is not empty
 *   body  at most LIMIT_AGENT_BODY_BYTES
 * All is copied. NULL without memory; free() frees it. */
struct agent_call *agent_call_new(
	const struct head *h, struct slice path, const struct claimant *who, struct slice body);

/* The type that the head would rather have: text/html, with a higher weight than application/json. */
bool agent_call_prefers_html(const struct head *h);

#endif
