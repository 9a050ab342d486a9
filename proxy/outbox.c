/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/outbox.h"

#include "base/container.h"

#include <assert.h>

/* A mailbox refuses only while it is full or memory is short: neither lasts. */
enum { RETRY_MS = 20 };

static void on_retry(uv_timer_t *timer)
{
	struct outbox *o = CONTAINER(timer, struct outbox, timer);

	while (o->first) {
		struct parcel *p = o->first, *next = p->next;
		if (!mailbox_post(p->to, p)) {
			uv_timer_start(timer, on_retry, RETRY_MS, 0);
			return;
		}
		o->first = next;
	}
	o->last = NULL;
	if (o->on_empty)
		o->on_empty(o->owner);
}

void outbox_init(struct outbox *o, uv_loop_t *loop, void (*on_empty)(void *owner), void *owner)
{
	*o = (struct outbox){.on_empty = on_empty, .owner = owner};
	uv_timer_init(loop, &o->timer);
}

void outbox_close(struct outbox *o)
{
	assert(!o->first);
	uv_close((uv_handle_t *)&o->timer, NULL);
}

void outbox_send(struct outbox *o, struct parcel *p, struct mailbox *to)
{
	p->to = to;
	p->next = NULL;
	if (!o->first && mailbox_post(to, p))
		return;
	if (o->last)
		o->last->next = p;
	else
		o->first = p;
	o->last = p;
	uv_timer_start(&o->timer, on_retry, RETRY_MS, 0);
}
