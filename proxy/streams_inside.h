/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/streams_inside.h: what streams.c (all of them, both sides), streams_request.c (what the client
 * says), streams_response.c (what the upstream says) and streams_flow.c (content, resets, answers of our
 * own) know of each other; nobody else includes it. */
#ifndef SALLYPORT_PROXY_STREAMS_INSIDE_H
#define SALLYPORT_PROXY_STREAMS_INSIDE_H

#include "proxy/side.h"
#include "proxy/stream.h"
#include "proxy/stream_lines.h"
#include "proxy/streams.h"

struct streams {
	struct streams_options options;
	struct side client;
	struct side upstream;
	struct stream *list;
	size_t count; /* of the list */
	size_t head_bytes; /* of their requests */
	uint64_t now_ms; /* of this turn */
	uint64_t written_ms; /* the client took something, or nothing waited for it */
	enum reason leaving_for; /* NONE: requests are taken */
	enum reason trouble; /* of the first request that was allowed and failed */
	uint16_t status;
	uint32_t most; /* streams at once, as the client was told; 0: it was told nothing yet */
	bool connects; /* the upstream takes an extended CONNECT (RFC 8441 §3), and the client knows */
};

static inline struct side *streams_other(struct side *side)
{
	return side->client ? &side->streams->upstream : &side->streams->client;
}

/* ---- streams_request.c, streams_response.c: NULL without memory ---- */

nghttp2_session *streams_serve(struct side *client, const nghttp2_option *option);
nghttp2_session *streams_ask(struct side *upstream, const nghttp2_option *option);

/* Tells the client how many streams there may be, and whether WebSockets; the first time everything. */
void streams_greet(struct streams *all);

/* The head of a stream that is under way, judged again. */
bool stream_judge_again(struct stream *st, struct refusal *ret_refusal);

/* ---- streams_flow.c ---- */

/* Content for the other side, or its end; in libnghttp2's on_data_chunk and on_frame. */
void stream_take(struct side *from, struct stream *st, struct slice content);
void stream_take_end(struct side *from, struct stream *st);

/* Counts the frames that bring nothing, of whatever type. */
int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *user);
int on_unknown_frame(nghttp2_session *h2, void **payload, const nghttp2_frame_hd *hd, void *user);

/* Where content goes out on `to`. */
nghttp2_data_provider stream_source(struct side *to, struct stream *st);
int on_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *frame_head,
	size_t length, nghttp2_data_source *source, void *user);

/* Resets one side of it, if that is open. */
void stream_reset(struct side *side, struct stream *st, uint32_t error);

/* Answers on our own, or, when the head of a response is out, resets; nothing more goes upstream. */
void stream_refuse(struct stream *st, const struct refusal *refusal);
/* The same for a request that was allowed and failed. */
void stream_fail(struct stream *st, enum reason reason);

/* After the response: the rest of the request, if nobody wants it, is not to be sent. */
void stream_stop(struct stream *st);
/* There is no upstream any more. */
void stream_cut(struct stream *st, enum reason reason);

/* libnghttp2 has closed one side: tells the other, and frees the stream when both are. */
void stream_closed(struct side *side, struct stream *st, uint32_t error);

#endif
