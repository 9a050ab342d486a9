/* SPDX-License-Identifier: Apache-2.0 */
/* Content and ends of streams: what one side sends waits for the other, resets are carried over, and
 * refusals are answers like any other. */
#include "proxy/streams_inside.h"

static int32_t id_on(const struct side *side, const struct stream *st)
{
	return side->client ? st->client_id : st->upstream_id;
}

static bool is_open(const struct side *side, const struct stream *st)
{
	return side->client ? st->client_open : st->upstream_open;
}

static struct stream_flow *flow_to(const struct side *to, struct stream *st)
{
	return to->client ? &st->down : &st->up;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* RFC 9113 §8.1: trailers end the stream instead of the last DATA. True when some go out. */
static bool put_trailers(struct side *to, struct stream *st, struct stream_head *trailers)
{
	struct stream_fields room;
	struct stream_lines lines;

	if (!trailers || trailers->too_large || trailers->failed)
		return false;
	stream_lines_trailers(&lines, room.fields, stream_head_fields(trailers, &room), st->edit);
	return lines.count > 0 &&
	       nghttp2_submit_trailer(to->h2, id_on(to, st), lines.nv, lines.count) == 0;
}

static ssize_t on_read(nghttp2_session *h2, int32_t id, uint8_t *into, size_t size, uint32_t *flags,
	nghttp2_data_source *source, void *user)
{
	struct side *to = user;
	struct stream *st = source->ptr;
	struct stream_flow *flow = flow_to(to, st);
	size_t len = flow->held.len < size ? flow->held.len : size;

	(void)h2, (void)id, (void)into;
	if (len == 0 && !flow->ended) {
		flow->waits = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	if (len > 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (len < flow->held.len || !flow->ended)
		return (ssize_t)len;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (put_trailers(to, st, flow->trailers))
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return (ssize_t)len;
}

nghttp2_data_provider stream_source(struct side *to, struct stream *st)
{
	(void)to;
	return (nghttp2_data_provider){.source = {.ptr = st}, .read_callback = on_read};
}

/* The sender's window opens by what was framed for the receiver. */
int on_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *frame_head,
	size_t length, nghttp2_data_source *source, void *user)
{
	struct side *to = user;
	struct side *from = streams_other(to);
	struct stream *st = source->ptr;
	struct stream_flow *flow = flow_to(to, st);

	(void)h2, (void)frame;
	if (!side_put_data(to, frame_head, slice_first(buffer_bytes(&flow->held), length)))
		return NGHTTP2_ERR_WOULDBLOCK;
	buffer_take(&flow->held, length);
	st->progress_ms = st->streams->now_ms;
	/* Who takes content may say so, and ask how fast it comes. */
	patience_give(&to->idle_frames, 2 * LIMIT_H2_IDLE_FRAME_STEP_MS);
	if (from->h2 && !(to->client && st->own))
		nghttp2_session_consume(from->h2, id_on(from, st), length);
	return 0;
}

static void resume(struct side *to, struct stream *st)
{
	struct stream_flow *flow = flow_to(to, st);

	if (!flow->waits || !to->h2 || !is_open(to, st))
		return;
	flow->waits = false;
	nghttp2_session_resume_data(to->h2, id_on(to, st));
}

/* ---- in ----------------------------------------------------------------------------------- */

/* Content that nobody waits for: the window of the connection must not shrink by it. */
static void forget(struct side *from, size_t len)
{
	if (from->h2 && len > 0)
		nghttp2_session_consume_connection(from->h2, len);
}

int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *user)
{
	struct side *side = user;
	bool head = hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION;
	bool content =
		hd->type == NGHTTP2_DATA && (hd->length > 0 || hd->flags & NGHTTP2_FLAG_END_STREAM);

	(void)h2;
	/* Resets have a count of their own. */
	if (!head && !content && hd->type != NGHTTP2_RST_STREAM)
		side_count_idle(side, side->streams->now_ms);
	return 0;
}

int on_unknown_frame(nghttp2_session *h2, void **payload, const nghttp2_frame_hd *hd, void *user)
{
	struct side *side = user;

	(void)h2, (void)payload, (void)hd;
	side_count_idle(side, side->streams->now_ms);
	return NGHTTP2_ERR_CANCEL;
}

void stream_take(struct side *from, struct stream *st, struct slice content)
{
	struct side *to = streams_other(from);
	bool wanted = st && is_open(to, st) && !st->own;

	if (wanted)
		st->progress_ms = st->streams->now_ms;
	if (!wanted || !buffer_append(&flow_to(to, st)->held, content)) {
		forget(from, content.len);
		if (wanted)
			stream_fail(st, REASON_OUT_OF_MEMORY);
		return;
	}
	resume(to, st);
}

void stream_take_end(struct side *from, struct stream *st)
{
	struct side *to = streams_other(from);

	st->progress_ms = st->streams->now_ms;
	if (from->client || !st->own)
		flow_to(to, st)->ended = true;
	resume(to, st);
}

/* ---- ends --------------------------------------------------------------------------------- */

void stream_reset(struct side *side, struct stream *st, uint32_t error)
{
	if (side->h2 && is_open(side, st))
		nghttp2_submit_rst_stream(side->h2, NGHTTP2_FLAG_NONE, id_on(side, st), error);
}

/* What came this way and was not sent on is nobody's any more. */
static void stop_flow(struct side *to, struct stream *st)
{
	bool foreign = !(to->client && st->own);
	size_t held = stream_flow_stop(flow_to(to, st));

	if (foreign)
		forget(streams_other(to), held);
}

static bool answer(struct stream *st, const struct refusal *refusal)
{
	struct streams *all = st->streams;
	struct stream_lines lines;
	nghttp2_data_provider source = stream_source(&all->client, st);

	stop_flow(&all->client, st);
	if (!reply_body(&st->down.held, refusal))
		return false;
	stream_lines_refusal(&lines, refusal, st->down.held.len);
	st->answered = st->own = true;
	st->down.ended = true;
	st->down.waits = false;
	st->stops = true;
	all->status = reason_row(refusal->reason)->status;
	if (st->head_only)
		buffer_done(&st->down.held);
	return nghttp2_submit_response(all->client.h2, st->client_id, lines.nv, lines.count,
		       st->head_only ? NULL : &source) == 0;
}

void stream_refuse(struct stream *st, const struct refusal *refusal)
{
	struct streams *all = st->streams;
	if (refusal->allowed && all->trouble == REASON_NONE)
		all->trouble = refusal->reason;
	bool answerable = !st->answered && reason_row(refusal->reason)->status != 0;

	stop_flow(&all->upstream, st);
	stream_reset(&all->upstream, st, NGHTTP2_CANCEL);
	st->progress_ms = all->now_ms;
	if (!st->client_open)
		return;
	if (!answerable || !answer(st, refusal))
		stream_reset(&all->client, st, NGHTTP2_CANCEL);
}

void stream_fail(struct stream *st, enum reason reason)
{
	struct streams *all = st->streams;
	const struct refusal refusal = {
		.reason = reason,
		.target = all->options.target,
		.protocol = "https_connect",
		.allowed = true,
		.head_only = st->head_only,
	};

	stream_refuse(st, &refusal);
}

/* RFC 9113 §8.1: a whole response may come before the whole request. */
void stream_stop(struct stream *st)
{
	if (st->stops && st->finished && !st->up.ended)
		stream_reset(&st->streams->client, st, NGHTTP2_NO_ERROR);
}

/* The upstream is done with it, before or after its response was. */
static void upstream_closed(struct stream *st, uint32_t error)
{
	struct streams *all = st->streams;
	struct side *client = &all->client;

	stop_flow(&all->upstream, st);
	if (!st->client_open || st->own)
		return;
	if (st->down.ended && error == NGHTTP2_NO_ERROR) {
		st->stops = true;
		stream_stop(st);
		return;
	}
	if (!st->answered && st->bad_response)
		stream_fail(st, REASON_BAD_RESPONSE);
	else
		stream_reset(
			client, st, error == NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : error);
}

/* libnghttp2 has it no more, on neither side. */
static void release(struct stream *st)
{
	struct streams *all = st->streams;

	if (st->client_open || st->upstream_open)
		return;
	all->count--;
	all->head_bytes -= st->judged ? st->request.bytes : 0;
	stream_free(st);
}

void stream_cut(struct stream *st, enum reason reason)
{
	st->upstream_open = false;
	if (st->client_open && !st->down.ended)
		stream_fail(st, reason);
	st->stops = true;
	stream_stop(st);
	release(st);
}

void stream_closed(struct side *side, struct stream *st, uint32_t error)
{
	struct streams *all = st->streams;

	if (side->client) {
		st->client_open = false;
		stop_flow(side, st);
		stop_flow(&all->upstream, st);
		stream_reset(
			&all->upstream, st, error == NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : error);
	} else {
		st->upstream_open = false;
		upstream_closed(st, error);
	}
	release(st);
}
