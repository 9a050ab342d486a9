/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mailbox.h"

#include "base/container.h"
#include "base/limits.h"

#include <stdlib.h>

static void *take(struct mailbox *m)
{
	void *message = NULL;

	uv_mutex_lock(&m->lock);
	if (m->count > 0) {
		message = m->slots[m->head];
		m->head = (m->head + 1) % LIMIT_MAILBOX;
		m->count--;
	}
	uv_mutex_unlock(&m->lock);
	return message;
}

static void deliver(struct mailbox *m)
{
	/* Bounded: what is posted while we deliver wakes the loop again. */
	for (int i = 0; i < LIMIT_MAILBOX; i++) {
		void *message = take(m);
		if (!message)
			return;
		m->on_message(m->owner, message);
	}
}

static void on_wake(uv_async_t *wake)
{
	deliver(CONTAINER(wake, struct mailbox, wake));
}

int mailbox_init(struct mailbox *m, uv_loop_t *loop, mailbox_cb on_message, void *owner)
{
	*m = (struct mailbox){.on_message = on_message, .owner = owner};
	m->slots = calloc(LIMIT_MAILBOX, sizeof(*m->slots));
	if (!m->slots)
		return UV_ENOMEM;
	int status = uv_mutex_init(&m->lock);
	if (status != 0)
		goto fail;
	status = uv_async_init(loop, &m->wake, on_wake);
	if (status == 0)
		return 0;
	uv_mutex_destroy(&m->lock);
fail:
	free(m->slots);
	m->slots = NULL;
	return status;
}

bool mailbox_post(struct mailbox *m, void *message)
{
	uv_mutex_lock(&m->lock);
	bool taken = !m->closed && m->count < LIMIT_MAILBOX;
	if (taken) {
		m->slots[(m->head + m->count) % LIMIT_MAILBOX] = message;
		m->count++;
		/* Under the lock: mailbox_close cannot close the handle between. */
		uv_async_send(&m->wake);
	}
	uv_mutex_unlock(&m->lock);
	return taken;
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct mailbox *m = CONTAINER(handle, struct mailbox, wake);

	uv_mutex_destroy(&m->lock);
	free(m->slots);
	m->slots = NULL;
	m->on_closed(m->owner);
}

void mailbox_close(struct mailbox *m, void (*on_closed)(void *owner))
{
	uv_mutex_lock(&m->lock);
	m->closed = true;
	uv_mutex_unlock(&m->lock);
	deliver(m);
	m->on_closed = on_closed;
	uv_close((uv_handle_t *)&m->wake, on_wake_closed);
}
