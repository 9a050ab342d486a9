/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/stream.h: one request and its response inside HTTP/2: a stream of the client's connection and,
 * once it was allowed, one of the upstream's. Source: RFC 9113 §5.1, §8.1.
 *
 *   client ── request ──► up.held ──► upstream
 *          ◄── down.held ◄── response ──
 *
 * The window of a sender opens again when what it sent was framed for the other side: what is held is
 * bounded by LIMIT_H2_STREAM_WINDOW, and by LIMIT_H2_WINDOW for all streams of a side. */
#ifndef SALLYPORT_PROXY_STREAM_H
#define SALLYPORT_PROXY_STREAM_H

#include "policy/edit.h"
#include "proxy/stream_head.h"

/* Content one way. */
struct stream_flow {
	struct buffer held; /* received, and not framed for the other side */
	struct stream_head *trailers; /* behind it; NULL: none */
	bool ended; /* the sender has ended */
	bool waits; /* libnghttp2 asks no more until it is told to */
};

struct stream {
	struct streams *streams;
	struct stream *next, **previous; /* of all of them */
	int32_t client_id;
	int32_t upstream_id; /* 0: nothing went upstream */
	bool client_open; /* libnghttp2 has it, on either side */
	bool upstream_open;
	bool judged; /* its head was whole */
	bool head_only; /* the method is HEAD */
	bool extended; /* a WebSocket: quiet for as long as a tunnel may be */
	bool answered; /* a final head was given to libnghttp2 */
	bool own; /* and it is the proxy's own */
	bool bad_response; /* the upstream's stream was reset by us, for what it said */
	bool finished; /* and the end of its content was sent */
	bool stops; /* the upstream wants no more of the request: neither do we after the response */
	uint8_t interims;
	struct stream_head request; /* kept, for the rules may change */
	struct edit *edit; /* what rules change in it; NULL: nothing */
	struct stream_head *response; /* while it is read */
	struct stream_flow up;
	struct stream_flow down;
	uint64_t progress_ms; /* when something of it moved last */
};

/* First on the list, for the stream `id` of the client. NULL without memory. */
struct stream *stream_new(struct stream **list, int32_t id);
void stream_free(struct stream *st);

/* A section to be read, the one before it forgotten. NULL without memory. */
struct stream_head *stream_section(struct stream_head **section);
void stream_section_done(struct stream_head **section);

/* Nothing more is to be sent this way; how many bytes that forgets. */
size_t stream_flow_stop(struct stream_flow *flow);

#endif
