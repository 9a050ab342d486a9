/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/pipes.h: the pipes that splice needs between two sockets, lent for as long as bytes flow in
 * bulk. One for each worker; keeps at most LIMIT_PIPES empty ones. Source: splice(2), pipe(7). */
#ifndef SALLYPORT_PROXY_PIPES_H
#define SALLYPORT_PROXY_PIPES_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct pipe_ends {
	int read_fd; /* -1: none */
	int write_fd;
};

struct pipes {
	struct pipe_ends idle[LIMIT_PIPES];
	size_t count;
};

void pipes_init(struct pipes *p);
void pipes_done(struct pipes *p);

/* False when there are no descriptors or no splice on this system: copy then. */
bool pipes_take(struct pipes *p, struct pipe_ends *ret_ends);

/* Give back an empty pipe; one that may hold bytes must be closed instead (pipe_close). */
void pipes_give(struct pipes *p, struct pipe_ends ends);
void pipe_close(struct pipe_ends ends);

#endif
