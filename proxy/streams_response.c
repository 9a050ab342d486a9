/* SPDX-License-Identifier: Apache-2.0 */
/* What the upstream says: libnghttp2's callbacks on its connection. */
#include "proxy/streams_inside.h"
#include "proxy/wiping.h"

#include <time.h>

static struct stream *stream_of(nghttp2_session *h2, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h2, id);
}

/* ---- responses ---------------------------------------------------------------------------- */

static void refuse_response(struct stream *st, enum reason reason)
{
	stream_reset(&st->streams->upstream, st, NGHTTP2_PROTOCOL_ERROR);
	stream_fail(st, reason);
}

static void forward_head(struct stream *st, const struct head *head, bool ended)
{
	struct streams *all = st->streams;
	nghttp2_session *client = all->client.h2;
	nghttp2_data_provider source = stream_source(&all->client, st);
	struct stream_lines lines;

	const struct forward_client told = {.edit = st->edit, .now = (int64_t)time(NULL)};
	stream_lines_response(&lines, head, &told, all->options.via);
	if (head->status < 200) {
		nghttp2_submit_headers(client, NGHTTP2_FLAG_NONE, st->client_id, NULL, lines.nv,
			lines.count, NULL);
		return;
	}
	st->answered = true;
	st->down.ended = ended;
	all->status = head->status;
	nghttp2_submit_response(
		client, st->client_id, lines.nv, lines.count, ended ? NULL : &source);
}

static void response_complete(struct stream *st, bool ended)
{
	struct stream_fields room;
	struct head head;

	enum reason reason = stream_head_response(st->response, st->head_only, &room, &head);
	if (reason == REASON_NONE && head.status < 200 && ++st->interims > LIMIT_INTERIM)
		reason = REASON_BAD_RESPONSE;
	st->progress_ms = st->streams->now_ms;
	if (reason != REASON_NONE)
		refuse_response(st, reason);
	else if (st->client_open)
		forward_head(st, &head, ended);
	stream_section_done(&st->response);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static struct stream_head **section_of(struct stream *st)
{
	return st->answered ? &st->down.trailers : &st->response;
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct stream *st = stream_of(h2, frame->hd.stream_id);

	(void)user;
	if (!st || st->own || stream_section(section_of(st)))
		return 0;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct stream *st = stream_of(h2, frame->hd.stream_id);

	(void)flags, (void)user;
	if (st && !st->own && *section_of(st))
		stream_head_add(*section_of(st), slice_from((const char *)name, name_len),
			slice_from((const char *)value, value_len));
	return 0;
}

static void take_headers(struct side *side, struct stream *st, bool ends)
{
	if (!st || st->own)
		return;
	if (!st->answered && st->response)
		response_complete(st, ends);
	else if (ends)
		stream_take_end(side, st);
}

static void take_frame(struct side *side, struct stream *st, const nghttp2_frame *frame)
{
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	switch ((int)frame->hd.type) {
	case NGHTTP2_HEADERS:
		take_headers(side, st, ends);
		return;
	case NGHTTP2_DATA:
		if (st && ends)
			stream_take_end(side, st);
		return;
	case NGHTTP2_GOAWAY:
		side->leaving = true;
		return;
	case NGHTTP2_SETTINGS:
		if (side->streams->most > 0)
			streams_greet(side->streams);
		return;
	default:
		return;
	}
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	take_frame(user, stream_of(h2, frame->hd.stream_id), frame);
	return 0;
}

/* libnghttp2 resets the stream for it. */
static int on_invalid_frame(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *user)
{
	struct side *side = user;
	struct stream *st = stream_of(h2, frame->hd.stream_id);

	(void)error;
	if (st)
		st->bad_response = true;
	side_count_idle(side, side->streams->now_ms);
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *content,
	size_t len, void *user)
{
	(void)flags;
	stream_take(user, stream_of(h2, id), slice_from((const char *)content, len));
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *user)
{
	struct stream *st = stream_of(h2, id);

	if (st)
		stream_closed(user, st, error);
	return 0;
}

static int on_sent(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	(void)h2;
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
		side_fail(user, REASON_UPSTREAM_H2_MALFORMED);
	return 0;
}

/* ---- its connection ----------------------------------------------------------------------- */

static bool greet(nghttp2_session *h2)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LIMIT_H2_STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEAD_BYTES},
	};

	return nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, settings,
		       sizeof(settings) / sizeof(settings[0])) == 0 &&
	       nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0, LIMIT_H2_WINDOW) ==
		       0;
}

nghttp2_session *streams_ask(struct side *upstream, const nghttp2_option *option)
{
	nghttp2_session_callbacks *c = NULL;
	nghttp2_session *h2 = NULL;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_unpack_extension_callback(c, on_unknown_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
	nghttp2_session_client_new3(&h2, c, upstream, option, wiping_memory());
	nghttp2_session_callbacks_del(c);
	if (h2 && !greet(h2)) {
		nghttp2_session_del(h2);
		h2 = NULL;
	}
	return h2;
}
