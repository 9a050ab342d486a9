/* SPDX-License-Identifier: Apache-2.0 */
/* What the client says: libnghttp2's callbacks on its connection. A request is judged when its head
 * is whole, and is a stream of the upstream's from then on. */
#include "proxy/streams_inside.h"
#include "proxy/wiping.h"

/* ---- judgement ---------------------------------------------------------------------------- */

bool stream_judge_again(struct stream *st, struct refusal *ret_refusal)
{
	const struct streams_options *o = &st->streams->options;
	struct stream_fields room;
	struct streams_allowed allowed;
	struct head head;

	stream_head_request(&st->request, st->up.ended, &room, &head);
	const struct streams_asked asked = {.head = &head, .again = true};
	return o->judge(o->owner, &asked, &allowed, ret_refusal);
}

/* Where the upstream takes no more, the client may try again (RFC 9113 §8.7). */
static void send_on(struct stream *st, const struct head *head, struct slice path)
{
	struct streams *all = st->streams;
	struct side *up = &all->upstream;
	const struct forward_place place = {.target = all->options.target,
		.path = path,
		.via = all->options.via,
		.edit = st->edit};
	nghttp2_data_provider source = stream_source(up, st);
	struct stream_lines lines;

	if (!up->h2 || !nghttp2_session_check_request_allowed(up->h2)) {
		stream_reset(&all->client, st, NGHTTP2_REFUSED_STREAM);
		return;
	}
	up->secret |= st->edit && st->edit->field_count > 0;
	stream_lines_request(&lines, head, &place);
	int32_t id = nghttp2_submit_request(
		up->h2, NULL, lines.nv, lines.count, st->up.ended ? NULL : &source, st);
	if (id < 0) {
		stream_reset(&all->client, st, NGHTTP2_REFUSED_STREAM);
		return;
	}
	st->upstream_id = id;
	st->upstream_open = true;
}

static void request_complete(struct stream *st, bool ended)
{
	struct streams *all = st->streams;
	const struct streams_options *o = &all->options;
	struct stream_fields room;
	struct refusal refusal = {.reason = REASON_INTERNAL};
	struct streams_allowed allowed = {.edit = NULL};
	struct head head;

	st->judged = true;
	st->up.ended = ended;
	st->extended = stream_head_is_extended(&st->request);
	all->head_bytes += st->request.bytes;
	struct streams_asked asked = {.head = &head};
	asked.bad = stream_head_request(&st->request, ended, &room, &head);
	if (asked.bad == REASON_NONE && all->head_bytes > LIMIT_H2_HEADS_BYTES)
		asked.bad = REASON_HEAD_TOO_LARGE;
	if (asked.bad != REASON_NONE)
		side_count_idle(&all->client, all->now_ms);
	st->head_only = slice_equal(head.method, SLICE("HEAD"));
	if (!o->judge(o->owner, &asked, &allowed, &refusal)) {
		stream_refuse(st, &refusal);
		return;
	}
	st->edit = allowed.edit;
	send_on(st, &head, allowed.path);
}

/* The head was not well-formed, and libnghttp2 has reset the stream for it. That is recorded too. */
static void record_malformed(struct stream *st)
{
	const struct streams_options *o = &st->streams->options;
	struct stream_fields room;
	struct streams_allowed none;
	struct refusal ignored;
	struct head head;

	stream_head_request(&st->request, true, &room, &head);
	const struct streams_asked asked = {.head = &head, .bad = REASON_BAD_REQUEST};
	o->judge(o->owner, &asked, &none, &ignored);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct side *side = user;
	struct streams *all = side->streams;
	struct stream *st = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return !st || stream_section(&st->up.trailers)
			       ? 0
			       : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	st = stream_new(&all->list, frame->hd.stream_id);
	if (!st)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	st->streams = all;
	st->progress_ms = all->now_ms;
	all->count++;
	nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, st);
	return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct stream *st = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);

	(void)flags, (void)user;
	if (!st)
		return 0;
	struct stream_head *section = st->judged ? st->up.trailers : &st->request;
	stream_head_add(section, slice_from((const char *)name, name_len),
		slice_from((const char *)value, value_len));
	return 0;
}

/* A client that sends what may not be sent: the whole request is refused, not the field left out. */
static int on_invalid_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	(void)h2, (void)frame, (void)name, (void)name_len;
	(void)value, (void)value_len, (void)flags, (void)user;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void take_frame(struct side *side, struct stream *st, const nghttp2_frame *frame)
{
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	switch ((int)frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (st && !st->judged)
			request_complete(st, ends);
		else if (st)
			stream_take_end(side, st);
		return;
	case NGHTTP2_DATA:
		if (st && ends)
			stream_take_end(side, st);
		return;
	case NGHTTP2_RST_STREAM:
		side_count_reset(side, side->streams->now_ms);
		return;
	case NGHTTP2_GOAWAY:
		side->leaving = true;
		return;
	default:
		return;
	}
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	take_frame(user, nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id), frame);
	return 0;
}

static int on_invalid_frame(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *user)
{
	struct side *side = user;

	(void)h2, (void)frame, (void)error;
	side_count_idle(side, side->streams->now_ms);
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *content,
	size_t len, void *user)
{
	(void)flags;
	stream_take(user, nghttp2_session_get_stream_user_data(h2, id),
		slice_from((const char *)content, len));
	return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t error, void *user)
{
	struct stream *st = nghttp2_session_get_stream_user_data(h2, id);

	if (!st)
		return 0;
	if (!st->judged)
		record_malformed(st);
	stream_closed(user, st, error);
	return 0;
}

static int on_sent(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct side *side = user;
	struct stream *st = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);

	/* libnghttp2 says it when the peer broke the protocol. */
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
		side_fail(side, REASON_CLIENT_H2_MALFORMED);
	bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
	if (!st || !content || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	st->finished = true;
	stream_stop(st);
	return 0;
}

/* ---- its connection ----------------------------------------------------------------------- */

nghttp2_session *streams_serve(struct side *client, const nghttp2_option *option)
{
	nghttp2_session_callbacks *c = NULL;
	nghttp2_session *h2 = NULL;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_unpack_extension_callback(c, on_unknown_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(c, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_send_data_callback(c, on_send_data);
	nghttp2_session_server_new3(&h2, c, client, option, wiping_memory());
	nghttp2_session_callbacks_del(c);
	return h2;
}

static uint32_t most_of(const struct streams *all)
{
	nghttp2_session *up = all->upstream.h2;
	uint32_t most = LIMIT_H2_STREAMS;

	if (up)
		most = nghttp2_session_get_remote_settings(
			up, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
	/* None for now means that requests wait here. */
	return most == 0 ? 1 : most < LIMIT_H2_STREAMS ? most : LIMIT_H2_STREAMS;
}

void streams_greet(struct streams *all)
{
	nghttp2_session *h2 = all->client.h2;
	nghttp2_session *up = all->upstream.h2;
	bool connects = up && nghttp2_session_get_remote_settings(
				      up, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
	bool first = all->most == 0;
	uint32_t most = most_of(all);
	/* RFC 8441 §3: once said, it stays. Nothing is said of priorities: without those of RFC 7540,
	 * libnghttp2 1.52 frees content twice when memory runs out while it is queued. */
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, most},
		{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, connects || all->connects},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LIMIT_H2_STREAM_WINDOW},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEAD_BYTES},
	};
	size_t count = first ? sizeof(settings) / sizeof(settings[0]) : 2;

	if (!h2 || (!first && most == all->most && (!connects || all->connects)))
		return;
	all->most = most;
	all->connects |= connects;
	nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, settings, count);
	if (first)
		nghttp2_session_set_local_window_size(h2, NGHTTP2_FLAG_NONE, 0, LIMIT_H2_WINDOW);
}
