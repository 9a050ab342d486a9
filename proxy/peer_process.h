/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/peer_process.h: the process behind a local client's connection, for the person who decides.
 * Best effort, and only told, never judged by: a process may end, pass its socket on, or write what
 * it likes over its name and arguments. Looks at processes of this process's own user only. Linux;
 * elsewhere nobody is found. Source: proc(5). */
#ifndef SALLYPORT_PROXY_PEER_PROCESS_H
#define SALLYPORT_PROXY_PEER_PROCESS_H

#include "base/address.h"
#include "policy/question.h"

#include <uv.h>

struct peer_process; /* opaque: one search */

/* The same sizes as in struct question_context, for that is where it goes. */
struct peer_found {
	uint32_t process_id; /* 0: nobody was found, and the rest is empty */
	char process[sizeof(((struct question_context *)0)->process)];
	char command[sizeof(((struct question_context *)0)->command)]; /* secrets covered */
};

/* Runs once from the loop. `found` is borrowed. */
typedef void (*peer_process_cb)(void *owner, const struct peer_found *found);

/* Search on a thread of libuv's pool.
 *   client  the client's end of the connection, as accept gave it
 *   local   the proxy's end, as getsockname gives it
 *   owner   must live until on_found runs or peer_process_cancel returns
 * NULL, and no callback, when the client is not of loopback, without memory, when
 * LIMIT_PEER_SEARCHES are under way, or when searches have taken their part of a core. on_found never runs before this returns. */
struct peer_process *peer_process_start(uv_loop_t *loop, const struct endpoint *client,
	const struct endpoint *local, peer_process_cb on_found, void *owner);

/* on_found never runs after this; the loop still needs to run until the search has ended. NULL is
 * fine. */
void peer_process_cancel(struct peer_process *p);

/* The search itself; blocks for as long as reading at most LIMIT_PEER_PROCESSES processes and
 * LIMIT_PEER_DESCRIPTORS descriptors takes. */
void peer_process_find(
	const struct endpoint *client, const struct endpoint *local, struct peer_found *ret_found);

#endif
