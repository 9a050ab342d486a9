/* SPDX-License-Identifier: Apache-2.0 */
#include "control/entrance.h"

#include "base/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static void on_connection(uv_stream_t *stream, int status)
{
	struct entrance *e = CONTAINER(stream, struct entrance, io.stream);

	/* Out of descriptors: libuv turned the client away. */
	if (status == 0)
		e->waiting = !e->on_caller(e->owner, e);
}

void entrance_retry(struct entrance *e)
{
	if (e->waiting)
		e->waiting = !e->on_caller(e->owner, e);
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool is_loopback(const struct address *a)
{
	static const struct address v6 = {.family = 6, .bytes = {[15] = 1}};

	return a->family == 4 ? a->bytes[0] == 127 : address_equal(a, &v6);
}

static bool refuse(const struct listen_at *at, const char *why, char *error, size_t size)
{
	char text[ADDRESS_TEXT_SIZE];

	if (at->path) {
		snprintf(error, size, "cannot listen at unix:%s: %s", at->path, why);
		return false;
	}
	address_format(&at->at.address, text);
	snprintf(error, size,
		at->at.address.family == 6 ? "cannot listen at [%s]:%u: %s"
					   : "cannot listen at %s:%u: %s",
		text, at->at.port, why);
	return false;
}

static bool open_tcp(struct entrance *e, const struct listen_at *at, char *error, size_t size)
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);

	if (!is_loopback(&at->at.address))
		return refuse(
			at, "the control endpoint is for loopback addresses only", error, size);
	address_to_sockaddr(&at->at.address, at->at.port, &sa);
	int status = uv_tcp_bind(&e->io.tcp, (struct sockaddr *)&sa, 0);
	if (status == 0)
		status = uv_listen(&e->io.stream, BACKLOG, on_connection);
	if (status == 0)
		status = uv_tcp_getsockname(&e->io.tcp, (struct sockaddr *)&sa, &len);
	if (status == UV_EADDRINUSE)
		return refuse(at,
			"address already in use: end what listens there, or set another control in [listen]",
			error, size);
	if (status != 0)
		return refuse(at, uv_strerror(status), error, size);
	e->site.at.address = address_from_sockaddr((struct sockaddr *)&sa, &e->site.at.port);
	return true;
}

static bool open_unix(struct entrance *e, const struct listen_at *at, char *error, size_t size)
{
	struct stat st;
	int fd = socket_file_bind(at->path, error, size);

	if (fd < 0)
		return false;
	int status = uv_pipe_open(&e->io.pipe, fd);
	if (status != 0) {
		close(fd);
		unlink(at->path);
		return refuse(at, uv_strerror(status), error, size);
	}
	snprintf(e->path, sizeof(e->path), "%s", at->path);
	if (lstat(at->path, &st) == 0) {
		e->device = st.st_dev;
		e->inode = st.st_ino;
	}
	status = uv_listen(&e->io.stream, BACKLOG, on_connection);
	return status == 0 || refuse(at, uv_strerror(status), error, size);
}

struct entrance *entrance_open(
	uv_loop_t *loop, const struct listen_at *at, char *ret_error, size_t size)
{
	struct entrance *e = calloc(1, sizeof(*e));

	if (!e) {
		refuse(at, "out of memory", ret_error, size);
		return NULL;
	}
	e->site.local = at->path != NULL;
	if (at->path)
		uv_pipe_init(loop, &e->io.pipe, 0);
	else
		uv_tcp_init(loop, &e->io.tcp);
	bool opened =
		at->path ? open_unix(e, at, ret_error, size) : open_tcp(e, at, ret_error, size);
	if (opened)
		return e;
	entrance_close(e, NULL);
	return NULL;
}

/* ---- closing ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
	struct entrance *e = CONTAINER(handle, struct entrance, io.handle);
	void (*tell)(void *owner) = e->on_closed;
	void *owner = e->owner;

	free(e);
	if (tell)
		tell(owner);
}

void entrance_close(struct entrance *e, void (*tell)(void *owner))
{
	struct stat st;

	/* Somebody may have put another one there since. */
	if (e->path[0] && lstat(e->path, &st) == 0 && st.st_dev == e->device &&
		st.st_ino == e->inode)
		unlink(e->path);
	e->waiting = false;
	e->on_closed = tell;
	uv_close(&e->io.handle, on_closed);
}
