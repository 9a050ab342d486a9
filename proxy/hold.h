/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/hold.h: one worker's side of the approval desk: asks on behalf of sessions, and tells them
 * what the desk says. The desk itself lives in the control thread; petitions go there through the
 * clerk's mailbox, rulings come back through the worker's. Nothing upstream happens here.
 * Calls of agents to the proxy itself go the same way. Knows neither sessions nor policy's rules. */
#ifndef SALLYPORT_PROXY_HOLD_H
#define SALLYPORT_PROXY_HOLD_H

#include "base/mailbox.h"
#include "control/agent.h"
#include "policy/desk.h"

struct waiter; /* opaque: one held connection; about 32 bytes */

enum hold_news {
	HOLD_ASKED, /* it waits now; ruling->question is the id. At most once, first */
	HOLD_RULED, /* ruling says how; the waiter is gone */
	HOLD_TOO_MANY, /* the desk took no more; the waiter is gone */
};
/* Runs from the worker's loop, never before waiter_start returns, never after waiter_cancel.
 * `ruling` is borrowed. */
typedef void (*hold_cb)(void *owner, enum hold_news news, const struct ruling *ruling);
/* Likewise, once; the waiter is gone. The reply is the owner's, for free(); NULL: no memory. */
typedef void (*hold_agent_cb)(void *owner, struct agent_reply *reply);

enum petition_kind {
	PETITION_ASK,
	PETITION_LEAVE, /* of its own */
	PETITION_TOLD, /* after it was answered "still pending" */
	PETITION_AGENT, /* a call of an agent to the proxy itself */
	PETITION_CENSUS, /* the first part of a struct census_part */
};

/* Between worker and clerk; allocated by the sender, freed by the receiver. */
struct petition {
	enum petition_kind kind;
	uint64_t waiter; /* its number; never 0 */
	struct target target;
	enum question_protocol protocol;
	enum subject_kind subject_kind;
	char *subject; /* ASK: owned; NULL for SUBJECT_NONE */
	char identity[LIMIT_IDENTITY_BYTES + 1];
	char session[LIMIT_SESSION_BYTES + 1];
	struct endpoint client, local; /* of the client's socket, to find its process */
	char *context; /* ASK: packed (proxy/context.h), owned, may be NULL */
	struct agent_call *call; /* AGENT: owned */
};
void petition_free(struct petition *p);

/* One or many rulings for waiters of one worker; freed by the worker. */
struct notice {
	enum hold_news news;
	struct ruling ruling;
	bool to_agent; /* instead: `reply`, owned, is for the one waiter */
	struct agent_reply *reply;
	size_t size, count;
	uint64_t waiters[];
};
/* Empty, with room for `size` waiters, LIMIT_NOTICE at most. NULL without memory. */
struct notice *notice_new(enum hold_news news, const struct ruling *ruling, size_t size);
void notice_free(struct notice *n);

struct hold {
	struct mailbox *clerk; /* the control thread's; NULL: nobody can answer */
	unsigned index; /* of the worker */
	struct hold_slot *slots;
	uint32_t size, count, free_slot;
};

/* Index of the worker that a waiter's number belongs to. */
unsigned hold_worker_of(uint64_t waiter);

void hold_init(struct hold *h, struct mailbox *clerk, unsigned index);
void hold_done(struct hold *h); /* all waiters are gone */

/* Ask. The petition's kind and waiter are set here; it is consumed in every case. NULL at
 * LIMIT_WAITERS or without memory. */
struct waiter *waiter_start(struct hold *h, struct petition *p, hold_cb on_news, void *owner);
/* The same with an agent's call, which is consumed in every case. */
struct waiter *waiter_start_agent(
	struct hold *h, struct agent_call *call, hold_agent_cb on_reply, void *owner);
/* Leave: `told` when the client was answered "still pending". NULL is fine. */
void waiter_cancel(struct waiter *w, bool told);

/* From the worker's inbox: runs the callbacks, frees the notice. Waiters that left meanwhile are
 * passed over. */
void hold_deliver(struct hold *h, struct notice *n);

#endif
