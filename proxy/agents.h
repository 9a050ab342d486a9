/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/agents.h: agents' calls to the proxy itself, at the clerk: answered at once, or when the
 * question that they wait for has ended or their time is over. In the control thread. */
#ifndef SALLYPORT_PROXY_AGENTS_H
#define SALLYPORT_PROXY_AGENTS_H

#include "control/agent.h"
#include "proxy/pace.h"

struct agents {
	struct desk *desk;
	const struct config *config; /* the one that counts */
	/* The reply is the receiver's; NULL: no memory for it. */
	void (*reply)(void *owner, uint64_t waiter, struct agent_reply *reply);
	void *owner;
	struct pace pace;
	struct agents_call *calls; /* that wait */
	size_t count; /* of them, at most LIMIT_AGENT_CALLS */
};

/* Embedded; whoever does fills in what stands above `calls`. */
void agents_done(struct agents *a); /* nobody is answered */

/* A call of a waiter; it is the agents' from now on. */
void agents_take(struct agents *a, uint64_t waiter, struct agent_call *call, uint64_t now_ms);

/* The waiter has left. Numbers that do not wait are ignored. */
void agents_leave(struct agents *a, uint64_t waiter);

/* From the desk's outlet `tell`: true when somebody waits for this, and agents_turn is to be called
 * soon, but not from within the desk. */
bool agents_hear(struct agents *a, const struct news *news);

/* Answers those that have heard, and those whose time is over. Returns the Unix time when the next
 * one's is, 0: nobody waits. */
uint64_t agents_turn(struct agents *a, uint64_t now_ms);

#endif
