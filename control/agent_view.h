/* SPDX-License-Identifier: Apache-2.0 */
/* control/agent_view.h: what an agent may see, as JSON, and the same for a person with a browser. For
 * agent.c. */
#ifndef SALLYPORT_CONTROL_AGENT_VIEW_H
#define SALLYPORT_CONTROL_AGENT_VIEW_H

#include "base/buffer.h"
#include "control/agent.h"

#include <jansson.h>

/* A question of the agent's own: how it stands, and what the agent said of it. NULL without memory. */
json_t *agent_view_question(const struct question *q);

/* Everything: version, mode, what is allowed, the identity's pending questions and the last that ended,
 * guidance. NULL without memory. */
json_t *agent_view_all(
	const struct desk *desk, const struct config *config, const struct agent_call *call);

/* Either of them as a small page. False beyond the buffer's bound. */
bool agent_view_html(struct buffer *b, const json_t *view);

#endif
