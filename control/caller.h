/* SPDX-License-Identifier: Apache-2.0 */
/* control/caller.h: one connection to the control endpoint and its calls, one after another. A phase
 * is what it waits for:
 *
 *	        ┌──────────────────────────────────────────┐
 *	        ▼                                          │ kept alive
 *	      WAITS ─► READS ─┬─► DEFERS ─► WRITES ────────┤
 *	                      └──────────►    ▲            ▼
 *	                      └─► STREAMS     └─(refused)  LINGERS
 *	from any ─► CLOSES
 *
 * Only for the files that make up the control endpoint, not for handlers. */
#ifndef SALLYPORT_CONTROL_CALLER_H
#define SALLYPORT_CONTROL_CALLER_H

#include "base/container.h"
#include "control/call.h"
#include "control/core.h"
#include "control/incoming.h"

enum caller_phase {
	CALLER_WAITS, /* for the first byte of a request */
	CALLER_READS, /* for the rest of it */
	CALLER_DEFERS, /* for the handler's answer */
	CALLER_WRITES, /* for the client to take the answer */
	CALLER_STREAMS, /* for something to happen, and tells it */
	CALLER_LINGERS, /* for the client to stop sending after the last answer */
	CALLER_CLOSES, /* for its handles */
};

enum { CALLER_FIELDS_BYTES = 1024 };

struct caller {
	struct control *control;
	const struct entrance *entrance;
	struct caller *next, *before; /* in the control's list */
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} io;
	uv_timer_t deadline; /* the phase's */
	uv_shutdown_t shutdown;
	unsigned open; /* handles whose close callback is to come */
	unsigned writes; /* under way */
	enum caller_phase phase;
	uint64_t since_ms; /* of the phase, uv_now */
	size_t lingered; /* bytes thrown away */
	bool ended; /* the client sends no more */

	struct incoming incoming;
	struct buffer early; /* what came behind the request in hand */

	/* The call in hand. */
	struct call call;
	const struct route *route;
	char *query_bytes; /* owned; what the parameters point into */
	bool head_only; /* HEAD */
	bool keep_alive;
	bool answered;
	char fields[CALLER_FIELDS_BYTES]; /* of the answer to come, "Name: value\r\n" */
	size_t fields_len;

	/* CALLER_DEFERS */
	call_event_cb on_event;
	void *event_owner;
	uint64_t watched; /* question, 0: none */
	bool woken;

	/* CALLER_STREAMS */
	unsigned kinds; /* a bit for each enum stream_kind; 0: no stream */
	bool stuck; /* nothing was taken since the last ping */
};

static inline struct caller *caller_of(const struct call *call)
{
	return CONTAINER((uintptr_t)call, struct caller, call);
}

/* Takes a connection that waits at the entrance. False without memory. At LIMIT_CONTROL_CONNECTIONS
 * the one that has been idle for longest gives way, or else the new one. */
bool caller_open(struct control *control, struct entrance *entrance);
/* From any phase, at any time, twice too; a deferred call hears CALL_LEFT before this returns. */
void caller_close(struct caller *c);

/* Moves to a phase with its deadline from now; CALLER_STREAMS: a period. */
void caller_enter(struct caller *c, enum caller_phase phase, uint64_t within_ms);

/* Sends bytes: copied, in order. False without memory or when more than LIMIT_CONTROL_QUEUE_BYTES would
 * wait behind others; then the caller is closed. */
bool caller_send(struct caller *c, struct slice first, struct slice second);

/* call.c: answers with a head only: what follows are events, until the connection ends. */
void call_reply_stream(struct call *call, const char *type);

#endif
