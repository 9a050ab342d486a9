/* SPDX-License-Identifier: Apache-2.0 */
/* control/entrance.h: one listening socket of the control endpoint: a unix socket that only we may
 * open, or TCP on a loopback address. */
#ifndef SALLYPORT_CONTROL_ENTRANCE_H
#define SALLYPORT_CONTROL_ENTRANCE_H

#include "control/site.h"
#include "policy/config.h"

#include <uv.h>

struct entrance;
/* A connection waits: take it with uv_accept from entrance_stream. False: not now, try again with
 * entrance_retry. */
typedef bool (*entrance_cb)(void *owner, struct entrance *e);

struct entrance {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} io;
	struct site site;
	char path[LIMIT_SOCKET_PATH + 1]; /* unix socket; "" for TCP */
	uint64_t device, inode; /* of the socket's file, so that only our own is removed */
	entrance_cb on_caller;
	void (*on_closed)(void *owner);
	void *owner;
	bool waiting; /* a connection that could not be taken yet */
};

/* Binds and listens; on_caller and owner are the caller's to set before the loop runs. A unix socket gets mode 0600 before it listens, in a directory that no other
 * user may write to; what a dead process left there is replaced. NULL with one sentence: the address
 * is not loopback, something answers there already, a file is in the way, the system said no. */
struct entrance *entrance_open(
	uv_loop_t *loop, const struct listen_at *at, char *ret_error, size_t size);

/* Tries again to hand over a connection that waits. */
void entrance_retry(struct entrance *e);

/* Stops listening, removes the socket's file; frees the entrance before on_closed runs, later. */
void entrance_close(struct entrance *e, void (*on_closed)(void *owner));

/* ---- unix sockets, for entrance.c ---- */

/* A bound socket of mode 0600 at the path, or -1 with one sentence. */
int socket_file_bind(const char *path, char *ret_error, size_t size);

#endif
