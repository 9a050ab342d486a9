/* SPDX-License-Identifier: Apache-2.0 */
/* bench/flow.h: one direction of the bare relay: bytes from one socket to another, by read and
 * write (best for small messages) or by splice (best for bulk), with back-pressure and half-close. */
#ifndef SALLYPORT_BENCH_FLOW_H
#define SALLYPORT_BENCH_FLOW_H

#include <stdbool.h>
#include <stddef.h>

struct flow {
	int from;
	int to;
	bool ending; /* `from` has said that no byte follows the ones in the kernel */
	bool ended; /* `from` ended and `to` has all; the owner tells `to` */
	size_t held; /* bytes taken from `from` that `to` has not taken; then nothing more is read */
	char *kept; /* copying: what is held */
	int pipe[2]; /* splicing: what is held is in here; 0, 0 when nothing is */
};

/* Move what can be moved after edge-triggered readiness of `from`, or of `to` while held > 0.
 *   ending  EPOLLRDHUP came: no byte follows the ones already there
 * False when a socket failed: both sides end. */
bool flow_copy(struct flow *f, bool ending);
bool flow_splice(struct flow *f, bool ending);

/* Give back what is held. */
void flow_done(struct flow *f);

#endif
