/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/socket_owner.h: which socket of this machine is the other end of a connection over loopback.
 * Asks the kernel by the connection's two endpoints: sock_diag(7), else /proc/net/tcp and tcp6
 * (proc(5)). Blocks, but waits for nobody: not for a loop's thread. Linux only, elsewhere nothing is
 * found. */
#ifndef SALLYPORT_PROXY_SOCKET_OWNER_H
#define SALLYPORT_PROXY_SOCKET_OWNER_H

#include "base/address.h"

struct socket_owner {
	uint64_t inode; /* never 0 */
	uint32_t user; /* uid that the socket belongs to */
};

/*   near  the socket's own end, far the end that it is connected to
 * False when there is none (any more). */
bool socket_owner_find(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner);

/* The second of the two ways alone; the first is not there in some sandboxes. */
bool socket_owner_find_listed(
	const struct endpoint *near, const struct endpoint *far, struct socket_owner *ret_owner);

#endif
