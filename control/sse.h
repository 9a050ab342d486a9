/* SPDX-License-Identifier: Apache-2.0 */
/* control/sse.h: an event stream, piece by piece: bytes in, events out. Source: HTML Living Standard,
 * "Server-sent events", §9.2.6 (interpreting an event stream); what is longer than our own endpoint
 * ever sends ends the stream. */
#ifndef SALLYPORT_CONTROL_SSE_H
#define SALLYPORT_CONTROL_SSE_H

#include "base/buffer.h"
#include "base/limits.h"

enum { SSE_NAME_BYTES = 32, SSE_ID_BYTES = 128 };

struct sse_event {
	const char *name; /* "message" where the stream says nothing */
	const char *id; /* the last one seen, "" before any */
	struct slice data; /* lines joined by \n */
};
/* Borrowed during the call, which must not end the parser. */
typedef void (*sse_cb)(void *owner, const struct sse_event *event);

struct sse {
	struct buffer line; /* the one that is not whole yet */
	struct buffer data; /* of the event that is not whole yet */
	char name[SSE_NAME_BYTES + 1];
	char id[SSE_ID_BYTES + 1]; /* stays from event to event */
	uint32_t retry_ms; /* the server's wish for the next connection; 0: none */
	bool has_data;
	bool after_cr; /* a \n now ends nothing */
	bool begun; /* past where a byte order mark may be */
	bool failed; /* sticky */
};

/* Embedded. */
void sse_init(struct sse *s);
void sse_done(struct sse *s);
/* A new connection: forgets what was not whole, keeps the id. */
void sse_restart(struct sse *s);

/* Takes the next bytes and tells of each event that they complete. False from the first line or event
 * on that is beyond LIMIT_SSE_BYTES, or without memory; nothing more is told then. */
bool sse_feed(struct sse *s, struct slice bytes, sse_cb on_event, void *owner);

#endif
