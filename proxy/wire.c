/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/poller.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

enum wire_result wire_blocked(struct wire *w, bool *flag, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK) {
		/* After a hang-up no further edge comes, so the flag must stand. */
		*flag = flag == &w->readable && w->hung_up;
		backend_rearm(w);
		return WIRE_AGAIN;
	}
	return WIRE_RESET;
}

enum wire_result wire_read_raw(struct wire *w, char *into, size_t size, size_t *ret_len)
{
	ssize_t got;

	do {
		got = recv(w->fd, into, size, 0);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		return WIRE_EOF;
	if (got < 0)
		return wire_blocked(w, &w->readable, errno);
	/* epoll(7) Q9: a short read on a stream means that nothing is left, but an end that was
	 * announced together with these bytes will not be announced again. */
	if ((size_t)got < size && !w->hung_up) {
		w->readable = false;
		backend_rearm(w);
	}
	*ret_len = (size_t)got;
	return WIRE_OK;
}

enum wire_result wire_write_raw(struct wire *w, struct slice bytes, size_t *ret_len)
{
	ssize_t put;

	do {
		put = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
	} while (put < 0 && errno == EINTR);
	if (put < 0)
		return wire_blocked(w, &w->writable, errno);
	if ((size_t)put < bytes.len) {
		w->writable = false;
		backend_rearm(w);
	}
	*ret_len = (size_t)put;
	return WIRE_OK;
}

void wire_shutdown_raw(struct wire *w)
{
	/* ENOTCONN: the peer was faster, and there is nobody left to tell. */
	(void)shutdown(w->fd, SHUT_WR);
}

enum wire_result wire_read(struct wire *w, char *into, size_t size, size_t *ret_len)
{
	return w->layer ? w->layer->read(w, into, size, ret_len)
			: wire_read_raw(w, into, size, ret_len);
}

enum wire_result wire_write(struct wire *w, struct slice bytes, size_t *ret_len)
{
	return w->layer ? w->layer->write(w, bytes, ret_len) : wire_write_raw(w, bytes, ret_len);
}

void wire_shutdown(struct wire *w)
{
	if (w->layer)
		w->layer->shutdown(w);
	else
		wire_shutdown_raw(w);
}
