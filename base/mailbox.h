/* SPDX-License-Identifier: Apache-2.0 */
/* base/mailbox.h: a bounded queue into another thread's loop (libuv's uv_async wakes it).
 * Many senders, one receiver. Messages are pointers; whoever posts gives them away, unless the
 * post is refused. The only file of base/ that knows libuv. */
#ifndef SALLYPORT_BASE_MAILBOX_H
#define SALLYPORT_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* Runs in the receiver's loop, once per message, in the order of posting. Owns the message. */
typedef void (*mailbox_cb)(void *owner, void *message);

struct mailbox {
	uv_async_t wake;
	uv_mutex_t lock;
	mailbox_cb on_message;
	void *owner;
	void (*on_closed)(void *owner);
	void **slots; /* ring of `size` pointers */
	size_t size; /* grows up to `bound` */
	size_t bound;
	size_t head; /* next to take */
	size_t count;
	bool closed; /* posts are refused */
};

/* Called by the receiver's thread before anyone posts. `bound` is the most messages that may wait.
 * Returns 0, or a negative libuv error with nothing to undo. */
int mailbox_init(
	struct mailbox *m, uv_loop_t *loop, size_t bound, mailbox_cb on_message, void *owner);

/* From any thread. False when the box is full or closed, or without memory: the message stays the caller's. */
bool mailbox_post(struct mailbox *m, void *message);

/* From the receiver's thread: refuses further posts, delivers what is queued, then on_closed runs
 * once from the loop, which is not needed after it. Posts are refused until mailbox_done. */
void mailbox_close(struct mailbox *m, void (*on_closed)(void *owner));
/* After on_closed, when nobody can post any more. */
void mailbox_done(struct mailbox *m);

#endif
