/* SPDX-License-Identifier: Apache-2.0 */
/* control/incoming.h: one HTTP/1.1 request to the control endpoint as it arrives. Sans-I/O. Stricter
 * than RFC 9112 asks: lines end with CR LF and hold no control bytes, no folding, no chunked content,
 * no field twice that decides anything. llhttp reads a head only once it is whole, and its view is
 * held against ours. Source: RFC 9112 §2 to §6, RFC 9110 §5.
 *
 *	HEAD ─► its lines are whole: judge them ─► incoming_step HEAD ─► CONTENT, counted ─► DONE
 */
#ifndef SALLYPORT_CONTROL_INCOMING_H
#define SALLYPORT_CONTROL_INCOMING_H

#include "base/buffer.h"
#include "base/limits.h"

enum incoming_step {
	INCOMING_MORE, /* all input was taken; call again with more */
	INCOMING_HEAD, /* the head is there; call again for the content */
	INCOMING_DONE, /* the request is whole; input beyond it is untouched */
	INCOMING_BAD, /* status and sentence say why; nothing more can be read */
};

/* The fields that decide anything. */
enum incoming_field {
	INCOMING_HOST,
	INCOMING_AUTHORIZATION,
	INCOMING_COOKIE,
	INCOMING_ORIGIN,
	INCOMING_FETCH_SITE,
	INCOMING_CONTENT_TYPE,
	INCOMING_CONTENT_LENGTH,
	INCOMING_TRANSFER_ENCODING,
	INCOMING_EXPECT,
	INCOMING_LAST_EVENT_ID,
	INCOMING_FIELD_COUNT
};

struct incoming {
	/* Valid from HEAD to incoming_next; inside `head`. */
	struct slice method;
	struct slice path; /* begins with '/', printable ASCII, no '#' */
	struct slice query; /* without the '?', as it came */
	struct slice fields[INCOMING_FIELD_COUNT]; /* values; ptr NULL where absent */
	bool keep_alive;
	bool expects_continue; /* wants a 100 before it sends the content, RFC 9110 §10.1.1 */
	size_t content_length;
	struct slice content; /* whole with DONE */

	/* With INCOMING_BAD. */
	unsigned status;
	const char *sentence; /* static */

	/* How far it is. */
	enum { INCOMING_AT_HEAD, INCOMING_AT_JUDGED, INCOMING_AT_CONTENT } at;
	struct buffer head;
	size_t line; /* where the line in hand begins */
	size_t lines;
	bool passed_line; /* an empty line before the head */
	char *content_bytes; /* owned */
};

void incoming_init(struct incoming *in);
void incoming_done(struct incoming *in);

/* Takes from the front of *input what it can. The steps are the same however the bytes are cut. */
enum incoming_step incoming_read(struct incoming *in, struct slice *input);
/* Forgets the request and expects the next one of the same connection. */
void incoming_next(struct incoming *in);
/* Nothing of a request is there yet: closing disturbs nobody. */
bool incoming_idle(const struct incoming *in);

#endif
