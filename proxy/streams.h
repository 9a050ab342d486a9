/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/streams.h: HTTP/2 on both sides of a tunnel that is looked into: each request of the client is
 * judged and becomes a stream of the one upstream connection, or is refused without disturbing the
 * others. Moves bytes between two wires that it does not own; knows neither policy nor sessions.
 * Source: RFC 9113; WebSocket RFC 8441. Server push is off, priorities are ignored (§5.3). */
#ifndef SALLYPORT_PROXY_STREAMS_H
#define SALLYPORT_PROXY_STREAMS_H

#include "policy/edit.h"
#include "policy/target.h"
#include "proxy/head.h"
#include "proxy/reply.h"
#include "proxy/wire.h"

struct streams; /* opaque */

/* What is to be judged. */
struct streams_asked {
	const struct head *head;
	enum reason bad;
	bool again;
};

/* What goes upstream of a request that may. */
struct streams_allowed {
	struct slice path; /* origin-form, "" for an OPTIONS of "*"; borrows from the head */
	struct edit *edit; /* the stream's from then on; NULL: nothing is changed */
};

struct streams_options {
	struct wire *client; /* both speak HTTP/2 and stay the caller's */
	struct wire *upstream; /* NULL: every request is refused */
	const struct target *target; /* of the tunnel; outlives the streams */
	const char *via; /* our own Via token, static */
	char *scratch; /* LIMIT_READ_BYTES, the caller's during a turn only */
	uint32_t head_ms; /* a head, from its first frame to its last */
	uint32_t response_ms; /* no progress of a request or its response */
	uint32_t idle_ms; /* no byte of a WebSocket */
	/* Judges a request, from inside of streams_turn and streams_judge_anew. `bad`: what is wrong
	 * with it already; NONE: nothing. `again`: it is under way, and the rules are new.
	 *   ret_allowed  set where the answer is yes; without an edit for `again`
	 *   ret_refusal  set, with its reason, where the answer is no */
	bool (*judge)(void *owner, const struct streams_asked *asked,
		struct streams_allowed *ret_allowed, struct refusal *ret_refusal);
	void *owner;
};

/* NULL without memory. */
struct streams *streams_new(const struct streams_options *options);
void streams_free(struct streams *all); /* NULL is fine */

enum streams_result {
	STREAMS_GOING,
	STREAMS_DONE, /* all was said to the client; *ret_reason: why it ends */
	STREAMS_GONE, /* there is nobody to say anything to */
};

/* Moves what can be moved, after either wire became ready. `now_ms` never goes back. */
enum streams_result streams_turn(struct streams *all, uint64_t now_ms, enum reason *ret_reason);

/* No more requests: what is under way is finished, then STREAMS_DONE with `reason`. The first stays.
 * A turn is due after it, as after the others below. */
void streams_leave(struct streams *all, enum reason reason);

/* The rules are new: what they do not allow any more is refused or reset. */
void streams_judge_anew(struct streams *all);

/* All that is under way is refused or reset, for `refusal`; leaves. */
void streams_refuse_all(struct streams *all, const struct refusal *refusal);

/* Ends what has made no progress for too long. */
void streams_expire(struct streams *all, uint64_t now_ms);

/* How many are under way. */
size_t streams_count(const struct streams *all);

/* Bytes of frames so far. */
uint64_t streams_bytes_up(const struct streams *all);
uint64_t streams_bytes_down(const struct streams *all);

/* Of the last final response or refusal; 0: none. */
uint16_t streams_status(const struct streams *all);

#endif
