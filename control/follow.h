/* SPDX-License-Identifier: Apache-2.0 */
/* control/follow.h: the event stream of a control endpoint, followed for as long as somebody looks:
 * it comes back by itself after a break, with Last-Event-ID, waiting longer from time to time. */
#ifndef SALLYPORT_CONTROL_FOLLOW_H
#define SALLYPORT_CONTROL_FOLLOW_H

#include "control/client.h"
#include "control/sse.h"

struct follow; /* opaque */

enum follow_state {
	FOLLOW_CONNECTING, /* never been there yet */
	FOLLOW_LIVE,
	FOLLOW_LOST, /* tries again by itself */
	FOLLOW_REFUSED, /* the endpoint said no: trying again changes nothing */
};

/* Of the client's endpoint; the client outlives it.
 *   kinds  "approval,grant": words of the API's parameter
 * NULL without memory. Connects with the first wait. */
struct follow *follow_new(struct client *c, const char *kinds, sse_cb on_event, void *owner);
void follow_free(struct follow *f); /* NULL is fine */

/* Waits for bytes of the stream, which on_event hears of before this returns, for the state to change
 * or for one of `fds` to be readable, at most timeout_ms. Returns the state. */
enum { FOLLOW_FDS = 4 };
enum follow_state follow_wait(
	struct follow *f, const int *fds, size_t fd_count, uint32_t timeout_ms);

/* Why it is LOST or REFUSED, safe for a terminal; valid until the next wait. */
const char *follow_sentence(const struct follow *f);

#endif
