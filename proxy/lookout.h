/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/lookout.h: the clerk's searches for the processes behind questions (peer_process.h). */
#ifndef SALLYPORT_PROXY_LOOKOUT_H
#define SALLYPORT_PROXY_LOOKOUT_H

#include "proxy/peer_process.h"

struct lookout {
	uv_loop_t *loop;
	/* `found` is borrowed; not called when nobody was found. */
	void (*on_found)(void *owner, uint64_t question, const struct peer_found *found);
	void *owner;
	struct lookout_search *searches; /* under way */
};

/* Best effort: nothing happens for clients that are not local, nor beyond LIMIT_PEER_SEARCHES. */
void lookout_start(struct lookout *l, uint64_t question, const struct endpoint *client,
	const struct endpoint *local);

/* on_found never runs after this; the loop still needs to run until the searches have ended. */
void lookout_cancel(struct lookout *l);

#endif
