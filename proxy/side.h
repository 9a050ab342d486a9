/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/side.h: one of the two HTTP/2 connections of a tunnel that is looked into: libnghttp2's
 * session, the wire under it, and what the peer's patience with us and ours with it come to.
 * Knows nothing of the other side. Source: RFC 9113 §5.4, §6.8, §10.5. */
#ifndef SALLYPORT_PROXY_SIDE_H
#define SALLYPORT_PROXY_SIDE_H

#include "base/buffer.h"
#include "base/limits.h"
#include "base/reason.h"
#include "proxy/patience.h"
#include "proxy/wire.h"

#include <nghttp2/nghttp2.h>

struct streams;

struct side {
	struct streams *streams; /* whose side it is */
	nghttp2_session *h2; /* NULL: there is no such side, or no more */
	struct wire *wire; /* the caller's */
	struct buffer
		out; /* what the wire did not take; nothing more is framed before it has gone */
	char *gathered; /* during side_flush only: frames for one write */
	size_t gathered_len;
	bool full; /* and no more of them fit */
	bool client; /* towards the client */
	bool secret; /* credentials are framed: what had them is overwritten when it was written */
	bool ended; /* the peer sends nothing more */
	bool leaving; /* the peer has said GOAWAY */
	bool left; /* we have */
	enum reason fault; /* why the connection must end; NONE: it need not */
	struct patience idle_frames;
	struct patience resets;
	uint64_t bytes; /* of frames, written */
};

/* Embedded; takes the session in every case. */
void side_init(struct side *side, struct streams *streams, nghttp2_session *h2, struct wire *wire);
void side_done(struct side *side);

enum side_result {
	SIDE_OK, /* something was moved */
	SIDE_AGAIN, /* nothing can be, for now */
	SIDE_EOF, /* the peer ended, in order */
	SIDE_GONE, /* the connection is gone */
	SIDE_BAD, /* side->fault */
};

/* Reads once and lets libnghttp2 act on it. `scratch` has LIMIT_READ_BYTES. */
enum side_result side_read(struct side *side, char *scratch);

/* Frames and writes until there is nothing more or the wire is full. SIDE_OK: all is out. */
enum side_result side_flush(struct side *side, char *scratch);

/* For libnghttp2's send_data: one whole DATA frame. False: not now. */
bool side_put_data(struct side *side, const uint8_t *frame_head, struct slice content);

/* The frame costs and brings nothing, or ends a request early. The connection ends when there are too
 * many. */
void side_count_idle(struct side *side, uint64_t now_ms);
void side_count_reset(struct side *side, uint64_t now_ms);

/* Nothing more is begun: the peer is told, with what was begun last. Once. */
void side_leave(struct side *side, uint32_t error);

/* The connection is at an end: whatever the peer does. */
void side_fail(struct side *side, enum reason fault);

#endif
