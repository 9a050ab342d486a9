/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COPY_BYTES   (64 * 1024)
#define SPLICE_BYTES (1024 * 1024)
#define PIPES_KEPT   32

static bool flow_end(struct flow *f)
{
	f->ended = true;
	return true;
}

static char buffer[COPY_BYTES];

static bool copy_keep(struct flow *f, const char *bytes, size_t len)
{
	f->kept = malloc(len);
	if (!f->kept)
		return false;
	memcpy(f->kept, bytes, len);
	f->held = len;
	return true;
}

static bool copy_flush(struct flow *f)
{
	ssize_t sent = send(f->to, f->kept, f->held, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN;
	f->held -= (size_t)sent;
	memmove(f->kept, f->kept + sent, f->held);
	if (f->held == 0) {
		free(f->kept);
		f->kept = NULL;
	}
	return true;
}

bool flow_copy(struct flow *f, bool ending)
{
	f->ending |= ending;
	if (f->held > 0 && !copy_flush(f))
		return false;
	if (f->held > 0)
		return true;
	while (!f->ended) {
		ssize_t len = recv(f->from, buffer, COPY_BYTES, 0);
		if (len < 0)
			return errno == EAGAIN;
		if (len == 0)
			return flow_end(f);
		ssize_t sent = send(f->to, buffer, (size_t)len, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent < len)
			return copy_keep(f, buffer + (sent < 0 ? 0 : sent),
				(size_t)(len - (sent < 0 ? 0 : sent)));
		/* A short read emptied the socket; whatever comes later makes a new edge. */
		if (len < COPY_BYTES)
			return f->ending ? flow_end(f) : true;
	}
	return true;
}

static int pipes[PIPES_KEPT][2];
static size_t pipe_count;

static bool pipe_take(struct flow *f)
{
	if (pipe_count > 0) {
		pipe_count--;
		f->pipe[0] = pipes[pipe_count][0];
		f->pipe[1] = pipes[pipe_count][1];
		return true;
	}
	if (pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC) != 0)
		return false;
	/* Fewer, larger rounds; the default still works where the kernel says no. */
	fcntl(f->pipe[1], F_SETPIPE_SZ, SPLICE_BYTES);
	return true;
}

static void pipe_give(struct flow *f)
{
	if (f->pipe[1] == 0)
		return;
	if (f->held == 0 && pipe_count < PIPES_KEPT) {
		pipes[pipe_count][0] = f->pipe[0];
		pipes[pipe_count][1] = f->pipe[1];
		pipe_count++;
	} else {
		close(f->pipe[0]);
		close(f->pipe[1]);
	}
	f->pipe[0] = f->pipe[1] = 0;
}

/* Empties the pipe as far as `to` takes it. */
static bool splice_flush(struct flow *f)
{
	while (f->held > 0) {
		ssize_t sent = splice(
			f->pipe[0], NULL, f->to, NULL, f->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (sent < 0)
			return errno == EAGAIN;
		f->held -= (size_t)sent;
	}
	return true;
}

bool flow_splice(struct flow *f, bool ending)
{
	(void)ending; /* a short splice does not prove an empty socket; the end is read */
	if (f->ended)
		return true;
	if (f->pipe[1] == 0 && !pipe_take(f))
		return false;
	if (!splice_flush(f))
		return false;
	while (f->held == 0) {
		ssize_t len = splice(f->from, NULL, f->pipe[1], NULL, SPLICE_BYTES,
			SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (len < 0 && errno == EAGAIN)
			break;
		if (len < 0)
			return false;
		if (len == 0) {
			pipe_give(f);
			return flow_end(f);
		}
		f->held = (size_t)len;
		if (!splice_flush(f))
			return false;
	}
	if (f->held == 0)
		pipe_give(f);
	return true;
}

void flow_done(struct flow *f)
{
	pipe_give(f);
	free(f->kept);
	f->kept = NULL;
}
