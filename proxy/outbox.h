/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/outbox.h: messages to other threads that must arrive: what a mailbox does not take now is
 * offered again, in the order in which it was given. One thread. */
#ifndef SALLYPORT_PROXY_OUTBOX_H
#define SALLYPORT_PROXY_OUTBOX_H

#include "base/mailbox.h"

/* Part of a message; the mailbox's receiver gets a pointer to it. */
struct parcel {
	unsigned kind; /* the sender's and receiver's */
	void *of; /* the whole message */
	struct mailbox *to;
	struct parcel *next; /* waiting behind it */
};

struct outbox {
	uv_timer_t timer;
	struct parcel *first, *last; /* not taken yet */
	void (*on_empty)(void *owner);
	void *owner;
};

/* Takes a handle of the loop. on_empty runs from it when what had to wait was taken; may be NULL. */
void outbox_init(struct outbox *o, uv_loop_t *loop, void (*on_empty)(void *owner), void *owner);
/* Nothing waits. The handle is gone when the loop has run once more. */
void outbox_close(struct outbox *o);

/* The parcel is the receiver's once it is taken. `to` outlives what is sent there. */
void outbox_send(struct outbox *o, struct parcel *p, struct mailbox *to);

static inline bool outbox_is_empty(const struct outbox *o)
{
	return o->first == NULL;
}

#endif
