/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/approval_event.h: news of the approval desk as the event network_proxy.approval. */
#ifndef SALLYPORT_PROXY_APPROVAL_EVENT_H
#define SALLYPORT_PROXY_APPROVAL_EVENT_H

#include "policy/ruling.h"
#include "telemetry/event.h"

/* Not of NEWS_WAITERS and NEWS_CONTEXT, which are no events. *ret_event borrows from the news and from
 * ret_pattern. */
void approval_event(
	const struct news *news, struct event *ret_event, char ret_pattern[GRANT_PATTERN_SIZE]);

#endif
