/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mailbox.h"

#include "base/container.h"

#include <stdlib.h>

enum { SIZE_FIRST = 64, TURN_MESSAGES = 4096 };

static void *take(struct mailbox *m)
{
	void *message = NULL;

	uv_mutex_lock(&m->lock);
	if (m->count > 0) {
		message = m->slots[m->head];
		m->head = (m->head + 1) % m->size;
		m->count--;
	}
	uv_mutex_unlock(&m->lock);
	return message;
}

/* True when more may wait: bounded, so that the loop's other work has its turn. */
static bool deliver(struct mailbox *m)
{
	for (size_t i = 0; i < TURN_MESSAGES; i++) {
		void *message = take(m);
		if (!message)
			return false;
		m->on_message(m->owner, message);
	}
	return true;
}

static void on_wake(uv_async_t *wake)
{
	if (deliver(CONTAINER(wake, struct mailbox, wake)))
		uv_async_send(wake);
}

int mailbox_init(
	struct mailbox *m, uv_loop_t *loop, size_t bound, mailbox_cb on_message, void *owner)
{
	*m = (struct mailbox){.on_message = on_message,
		.owner = owner,
		.size = bound < SIZE_FIRST ? bound : SIZE_FIRST,
		.bound = bound};
	m->slots = calloc(m->size, sizeof(*m->slots));
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

/* The waiting messages come to stand at the front of the larger ring, in order. */
static bool has_room(struct mailbox *m)
{
	if (m->count < m->size)
		return true;
	size_t size = m->size * 2 < m->bound ? m->size * 2 : m->bound;
	void **slots = size > m->size ? malloc(size * sizeof(*slots)) : NULL;
	if (!slots)
		return false;
	for (size_t i = 0; i < m->count; i++)
		slots[i] = m->slots[(m->head + i) % m->size];
	free(m->slots);
	m->slots = slots;
	m->head = 0;
	m->size = size;
	return true;
}

bool mailbox_post(struct mailbox *m, void *message)
{
	uv_mutex_lock(&m->lock);
	bool taken = !m->closed && has_room(m);
	if (taken) {
		m->slots[(m->head + m->count) % m->size] = message;
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

	free(m->slots);
	m->slots = NULL;
	m->on_closed(m->owner);
}

void mailbox_done(struct mailbox *m)
{
	uv_mutex_destroy(&m->lock);
}

void mailbox_close(struct mailbox *m, void (*on_closed)(void *owner))
{
	uv_mutex_lock(&m->lock);
	m->closed = true;
	uv_mutex_unlock(&m->lock);
	while (deliver(m))
		continue;
	m->on_closed = on_closed;
	uv_close((uv_handle_t *)&m->wake, on_wake_closed);
}
