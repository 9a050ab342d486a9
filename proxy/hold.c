/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/hold.h"

#include <assert.h>
#include <stdlib.h>

/* A waiter's number: worker, generation of the slot, slot. A ruling for an earlier waiter of the
 * same slot finds another generation and is passed over. */
enum { SLOT_BITS = 24, GENERATION_BITS = 24, SLOTS_FIRST = 64 };
static_assert(LIMIT_WAITERS < 1 << SLOT_BITS, "a slot's number has its bits");

struct waiter {
	struct hold *hold;
	union {
		hold_cb on_news;
		hold_agent_cb on_reply; /* of an agent's call */
	};
	void *owner;
	uint32_t slot;
};

/* A slot without a waiter says where the next free one is. */
struct hold_slot {
	struct waiter *waiter;
	uint32_t generation;
	uint32_t next_free;
};

/* No free slot; not an enumerator, which has the range of int. */
#define NO_SLOT UINT32_MAX

static uint64_t number_of(const struct hold *h, uint32_t slot)
{
	uint64_t generation = h->slots[slot].generation & ((1u << GENERATION_BITS) - 1);

	return (uint64_t)(h->index + 1) << (SLOT_BITS + GENERATION_BITS) | generation << SLOT_BITS |
	       slot;
}

unsigned hold_worker_of(uint64_t waiter)
{
	return (unsigned)(waiter >> (SLOT_BITS + GENERATION_BITS)) - 1;
}

void petition_free(struct petition *p)
{
	if (!p)
		return;
	free(p->subject);
	free(p->context);
	free(p->call);
	free(p);
}

struct notice *notice_new(enum hold_news news, const struct ruling *ruling, size_t size)
{
	size_t most = size < LIMIT_NOTICE ? size : LIMIT_NOTICE;
	struct notice *n = malloc(sizeof(*n) + most * sizeof(n->waiters[0]));

	if (n)
		*n = (struct notice){.news = news, .ruling = *ruling, .size = most};
	return n;
}

void notice_free(struct notice *n)
{
	free(n->reply);
	free(n);
}

void hold_init(struct hold *h, struct mailbox *clerk, unsigned index)
{
	*h = (struct hold){.clerk = clerk, .index = index, .free_slot = NO_SLOT};
}

void hold_done(struct hold *h)
{
	assert(h->count == 0);
	free(h->slots);
	h->slots = NULL;
}

static bool grow(struct hold *h)
{
	uint32_t size = h->size ? h->size * 2 : SLOTS_FIRST;

	if (size > LIMIT_WAITERS)
		return false;
	struct hold_slot *slots = realloc(h->slots, size * sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = h->size; i < size; i++)
		slots[i] = (struct hold_slot){.next_free = i + 1 < size ? i + 1 : NO_SLOT};
	h->free_slot = h->size;
	h->slots = slots;
	h->size = size;
	return true;
}

/* The slot's next waiter has another number. */
static void waiter_free(struct waiter *w)
{
	struct hold *h = w->hold;
	struct hold_slot *slot = &h->slots[w->slot];

	slot->waiter = NULL;
	slot->generation++;
	slot->next_free = h->free_slot;
	h->free_slot = w->slot;
	h->count--;
	free(w);
}

/* A slot for `made`, and its petition on its way. */
static struct waiter *start(struct hold *h, struct petition *p, const struct waiter *made)
{
	struct waiter *w = h->clerk ? malloc(sizeof(*w)) : NULL;

	if (!w || (h->free_slot == NO_SLOT && !grow(h)))
		goto fail;
	*w = *made;
	w->hold = h;
	w->slot = h->free_slot;
	p->waiter = number_of(h, w->slot);
	if (!mailbox_post(h->clerk, p))
		goto fail;
	h->free_slot = h->slots[w->slot].next_free;
	h->slots[w->slot].waiter = w;
	h->count++;
	return w;
fail:
	free(w);
	petition_free(p);
	return NULL;
}

struct waiter *waiter_start(struct hold *h, struct petition *p, hold_cb on_news, void *owner)
{
	p->kind = PETITION_ASK;
	return start(h, p, &(struct waiter){.on_news = on_news, .owner = owner});
}

struct waiter *waiter_start_agent(
	struct hold *h, struct agent_call *call, hold_agent_cb on_reply, void *owner)
{
	struct petition *p = calloc(1, sizeof(*p));

	if (!p) {
		free(call);
		return NULL;
	}
	p->kind = PETITION_AGENT;
	p->call = call;
	return start(h, p, &(struct waiter){.on_reply = on_reply, .owner = owner});
}

void waiter_cancel(struct waiter *w, bool told)
{
	if (!w)
		return;
	struct hold *h = w->hold;
	struct petition *p = calloc(1, sizeof(*p));
	if (p) {
		p->kind = told ? PETITION_TOLD : PETITION_LEAVE;
		p->waiter = number_of(h, w->slot);
		/* A leaving that gets lost is forgotten when the question's time is over. */
		if (!mailbox_post(h->clerk, p))
			petition_free(p);
	}
	waiter_free(w);
}

/* Of the reply's one waiter. */
static void deliver_reply(struct waiter *w, struct notice *n)
{
	hold_agent_cb on_reply = w->on_reply;
	void *owner = w->owner;
	struct agent_reply *reply = n->reply;

	n->reply = NULL;
	waiter_free(w);
	on_reply(owner, reply);
}

static void deliver_news(struct waiter *w, const struct notice *n)
{
	hold_cb on_news = w->on_news;
	void *owner = w->owner;

	if (n->news != HOLD_ASKED)
		waiter_free(w);
	on_news(owner, n->news, &n->ruling);
}

void hold_deliver(struct hold *h, struct notice *n)
{
	for (size_t i = 0; i < n->count; i++) {
		uint32_t slot = (uint32_t)(n->waiters[i] & ((1u << SLOT_BITS) - 1));
		struct waiter *w = slot < h->size ? h->slots[slot].waiter : NULL;
		if (!w || number_of(h, slot) != n->waiters[i])
			continue;
		if (n->to_agent)
			deliver_reply(w, n);
		else
			deliver_news(w, n);
	}
	notice_free(n);
}
