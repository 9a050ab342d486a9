/* SPDX-License-Identifier: Apache-2.0 */
/* control/audience.h: who listens to the event stream, and what is kept for them. A part of struct
 * control. */
#ifndef SALLYPORT_CONTROL_AUDIENCE_H
#define SALLYPORT_CONTROL_AUDIENCE_H

#include "control/feed.h"

struct audience {
	struct feed feed;
	unsigned count; /* streams */
	unsigned wanting[STREAM_KIND_COUNT]; /* streams that want this kind */
	uint64_t kept_until_ms; /* uv_now: somebody may come back until then */
	uint64_t seen_row; /* sequence of the digest's newest row that was told of */
	/* Questions whose waiters changed: told of at the next turn, once each. */
	uint64_t changed[LIMIT_FEED_CHANGED];
	size_t changed_count;
};

#endif
