/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/pipes.h"

#include <fcntl.h>
#include <unistd.h>

/* Larger than the default of 64 KiB: fewer turns for each byte, still small next to what the
 * sockets themselves hold. Measured in bench/: beyond this nothing is won. */
enum { PIPE_BYTES = 512 * 1024 };

void pipes_init(struct pipes *p)
{
	p->count = 0;
}

void pipes_done(struct pipes *p)
{
	while (p->count > 0)
		pipe_close(p->idle[--p->count]);
}

bool pipes_take(struct pipes *p, struct pipe_ends *ret_ends)
{
#ifdef __linux__
	int fds[2];

	if (p->count > 0) {
		*ret_ends = p->idle[--p->count];
		return true;
	}
	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
		return false;
	/* The system may refuse a larger pipe (pipe-user-pages-soft): the default works too. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	*ret_ends = (struct pipe_ends){fds[0], fds[1]};
	return true;
#else
	(void)p;
	(void)ret_ends;
	return false;
#endif
}

void pipes_give(struct pipes *p, struct pipe_ends ends)
{
	if (p->count < LIMIT_PIPES)
		p->idle[p->count++] = ends;
	else
		pipe_close(ends);
}

void pipe_close(struct pipe_ends ends)
{
	if (ends.read_fd < 0)
		return;
	close(ends.read_fd);
	close(ends.write_fd);
}
