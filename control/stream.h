/* SPDX-License-Identifier: Apache-2.0 */
/* control/stream.h: GET /v1/events: what happens, told as it happens, to clients that keep listening
 * and come back after a break without a gap. Source: HTML Living Standard, "Server-sent events". */
#ifndef SALLYPORT_CONTROL_STREAM_H
#define SALLYPORT_CONTROL_STREAM_H

#include "control/call.h"

/* The words of `event:` and of the parameter `kinds`. */
enum stream_kind {
	STREAM_APPROVAL,
	STREAM_GRANT,
	STREAM_CONFIG,
	STREAM_DECISION,
	STREAM_CLOSED,
	STREAM_GAP, /* some decisions or ends were left out; for whoever wants either of them */
	STREAM_KIND_COUNT
};

/* "approval", "grant", "config", "decision", "closed", "gap". */
const char *stream_kind_word(enum stream_kind kind);

/* Tells every stream that wants this kind, and remembers it for those that come back. Takes the
 * reference to `data`; NULL (no memory) makes returning clients load their lists anew. Callable from
 * handlers and from the desk's outlets. */
void stream_publish(struct control *control, enum stream_kind kind, json_t *data);
/* Whether anybody listens to this kind or did a moment ago: otherwise spare yourself the JSON. */
bool stream_wanted(const struct control *control, enum stream_kind kind);

extern const struct route stream_routes[];

/* ---- for caller.c ---- */

struct caller;
/* Nothing has happened for LIMIT_PING_MS. Closes a stream whose reader took nothing since the last
 * time, or whose token is gone. */
void stream_ping(struct caller *c);
/* A stream ends with its caller. */
void stream_leave(struct caller *c);

#endif
