/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/side.h"

/* The largest frame that libnghttp2 makes here (RFC 9113 §4.2: 16384 bytes and a head of 9). */
enum { FRAME_HEAD_BYTES = 9, FRAME_BYTES = 16384 + FRAME_HEAD_BYTES };

void side_init(struct side *side, struct streams *streams, nghttp2_session *h2, struct wire *wire)
{
	*side = (struct side){.streams = streams, .h2 = h2, .wire = wire};
	buffer_init(&side->out, LIMIT_READ_BYTES);
}

/* The same fault with an upstream that has said so: what libnghttp2 would free then is free already, and
 * is better lost. */
static bool is_broken(const struct side *side)
{
	return side->h2 && side->fault == REASON_OUT_OF_MEMORY &&
	       nghttp2_session_get_remote_settings(
		       side->h2, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES) == 1;
}

void side_done(struct side *side)
{
	if (!is_broken(side))
		nghttp2_session_del(side->h2);
	side->h2 = NULL;
	buffer_done(&side->out);
}

void side_fail(struct side *side, enum reason fault)
{
	if (side->fault == REASON_NONE)
		side->fault = fault;
}

static enum side_result bad(struct side *side, int error)
{
	enum reason malformed =
		side->client ? REASON_CLIENT_H2_MALFORMED : REASON_UPSTREAM_H2_MALFORMED;
	enum reason flood = side->client ? REASON_CLIENT_H2_FLOOD : REASON_UPSTREAM_H2_FLOOD;

	if (error == NGHTTP2_ERR_NOMEM)
		side_fail(side, REASON_OUT_OF_MEMORY);
	else if (error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_TOO_MANY_SETTINGS ||
		 error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
		side_fail(side, flood);
	else
		side_fail(side, malformed);
	return SIDE_BAD;
}

void side_count_idle(struct side *side, uint64_t now_ms)
{
	if (!patience_take(
		    &side->idle_frames, LIMIT_H2_IDLE_FRAMES, LIMIT_H2_IDLE_FRAME_STEP_MS, now_ms))
		side_fail(side, side->client ? REASON_CLIENT_H2_FLOOD : REASON_UPSTREAM_H2_FLOOD);
}

void side_count_reset(struct side *side, uint64_t now_ms)
{
	/* An upstream that resets wrongs its own answers only. */
	if (side->client &&
		!patience_take(&side->resets, LIMIT_H2_RESETS, LIMIT_H2_RESET_STEP_MS, now_ms))
		side_fail(side, REASON_CLIENT_H2_RESETS);
}

void side_leave(struct side *side, uint32_t error)
{
	if (side->left || !side->h2)
		return;
	side->left = true;
	nghttp2_submit_goaway(side->h2, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(side->h2), error, NULL, 0);
}

/* ---- in ----------------------------------------------------------------------------------- */

enum side_result side_read(struct side *side, char *scratch)
{
	size_t got;

	if (!side->h2 || side->ended || !side->wire->readable)
		return SIDE_AGAIN;
	switch (wire_read(side->wire, scratch, LIMIT_READ_BYTES, &got)) {
	case WIRE_OK:
		break;
	case WIRE_AGAIN:
		return SIDE_AGAIN;
	case WIRE_EOF:
		side->ended = true;
		return SIDE_EOF;
	case WIRE_RESET:
		side->ended = true;
		return SIDE_GONE;
	}
	ssize_t taken = nghttp2_session_mem_recv(side->h2, (const uint8_t *)scratch, got);
	if (taken < 0)
		return bad(side, (int)taken);
	if (nghttp2_session_get_outbound_queue_size(side->h2) > LIMIT_H2_QUEUE)
		side_fail(side, side->client ? REASON_CLIENT_H2_FLOOD : REASON_UPSTREAM_H2_FLOOD);
	return side->fault == REASON_NONE ? SIDE_OK : SIDE_BAD;
}

/* ---- out ---------------------------------------------------------------------------------- */

bool side_put_data(struct side *side, const uint8_t *frame_head, struct slice content)
{
	char *at = side->gathered + side->gathered_len;

	/* One other frame may follow before libnghttp2 returns. */
	side->full = side->gathered_len + FRAME_HEAD_BYTES + content.len + FRAME_BYTES >
		     LIMIT_READ_BYTES;
	if (side->full)
		return false;
	memcpy(at, frame_head, FRAME_HEAD_BYTES);
	memcpy(at + FRAME_HEAD_BYTES, content.ptr, content.len);
	side->gathered_len += FRAME_HEAD_BYTES + content.len;
	return true;
}

/* As many frames as fit. False when libnghttp2 cannot go on. */
static bool gather(struct side *side, char *scratch)
{
	ssize_t len = 1;

	side->gathered = scratch;
	side->gathered_len = 0;
	side->full = false;
	while (len > 0 && !side->full && side->gathered_len + FRAME_BYTES <= LIMIT_READ_BYTES) {
		const uint8_t *frames;
		len = nghttp2_session_mem_send(side->h2, &frames);
		if (len <= 0)
			break;
		memcpy(scratch + side->gathered_len, frames, (size_t)len);
		side->gathered_len += (size_t)len;
		/* Done with, until libnghttp2 frames something else there. */
		if (side->secret)
			explicit_bzero((uint8_t *)(uintptr_t)frames, (size_t)len);
	}
	side->gathered = NULL;
	if (len < 0)
		bad(side, (int)len);
	return len >= 0;
}

/* Writes what it can; the rest waits. */
static enum side_result put_out(struct side *side, struct slice frames)
{
	while (frames.len > 0) {
		size_t put = 0;
		enum wire_result result = wire_write(side->wire, frames, &put);
		if (result == WIRE_AGAIN)
			break;
		if (result != WIRE_OK)
			return SIDE_GONE;
		side->bytes += put;
		frames = slice_after(frames, put);
	}
	if (frames.len == 0)
		return SIDE_OK;
	side->out.secret |= side->secret;
	if (!buffer_append(&side->out, frames)) {
		side_fail(side, REASON_OUT_OF_MEMORY);
		return SIDE_BAD;
	}
	return SIDE_AGAIN;
}

static enum side_result drain(struct side *side)
{
	while (side->out.len > 0) {
		size_t put = 0;
		enum wire_result result = wire_write(side->wire, buffer_bytes(&side->out), &put);
		if (result == WIRE_AGAIN)
			return SIDE_AGAIN;
		if (result != WIRE_OK)
			return SIDE_GONE;
		side->bytes += put;
		buffer_take(&side->out, put);
	}
	return SIDE_OK;
}

enum side_result side_flush(struct side *side, char *scratch)
{
	enum side_result result = side->h2 ? drain(side) : SIDE_OK;

	while (result == SIDE_OK && side->h2) {
		if (!gather(side, scratch))
			return SIDE_BAD;
		if (side->gathered_len == 0)
			break;
		result = put_out(side, slice_from(scratch, side->gathered_len));
		if (side->secret)
			explicit_bzero(scratch, side->gathered_len);
	}
	return result;
}
