/* SPDX-License-Identifier: Apache-2.0 */
/* bench/holders.h: child processes that ask a proxy for names on no list and wait. Processes, because
 * one may have fewer descriptors than there are connections to hold; they do nothing after asking,
 * so they take no time from what is measured. */
#ifndef SALLYPORT_BENCH_HOLDERS_H
#define SALLYPORT_BENCH_HOLDERS_H

#include "bench/control.h"

#include <sys/types.h>

struct holder_plan {
	uint16_t port; /* of the proxy */
	const struct control *control; /* of the proxy, to see that they are held */
	size_t count; /* connections */
	size_t questions; /* names that they ask for: the n-th asks for the n-th, in turn */
};

struct holder {
	pid_t pid;
	int orders; /* how many to open, as a size_t; its end ends the child */
	int done; /* a byte when they are open */
};

#define HOLDERS_MAX 64

struct holders {
	struct holder all[HOLDERS_MAX];
	size_t count;
	const struct control *control;
	long before; /* held when they began */
};

/* Starts the children and returns when all connections are held. False with a sentence; call
 * holders_end in any case. */
bool holders_start(struct holders *h, const struct holder_plan *plan);
/* The children end, and their connections with them; returns when the proxy has seen it. */
bool holders_end(struct holders *h);

#endif
