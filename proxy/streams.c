/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/streams.h"

#include "proxy/streams_inside.h"

#include <stdlib.h>

/* ---- birth and death ---------------------------------------------------------------------- */

/* A window opens when content was sent on, and small things are kept small: there are as many of
 * them as tunnels. */
static nghttp2_option *options_new(void)
{
	enum { ACKS = 100, TABLE_BYTES = 2048, FIRST_UNKNOWN = NGHTTP2_CONTINUATION + 1 };
	nghttp2_option *option = NULL;

	if (nghttp2_option_new(&option) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, ACKS);
	nghttp2_option_set_max_deflate_dynamic_table_size(option, TABLE_BYTES);
	/* Types that mean nothing here are passed over (RFC 9113 §5.5), but counted. */
	for (int type = FIRST_UNKNOWN; type <= UINT8_MAX; type++)
		nghttp2_option_set_user_recv_extension_type(option, (uint8_t)type);
	return option;
}

static bool open_sides(struct streams *all)
{
	nghttp2_option *option = options_new();
	struct wire *upstream = all->options.upstream;

	if (!option)
		return false;
	side_init(&all->client, all, streams_serve(&all->client, option), all->options.client);
	all->client.client = true;
	side_init(&all->upstream, all, upstream ? streams_ask(&all->upstream, option) : NULL,
		upstream);
	nghttp2_option_del(option);
	return all->client.h2 && (!upstream || all->upstream.h2);
}

struct streams *streams_new(const struct streams_options *options)
{
	struct streams *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->options = *options;
	if (open_sides(all))
		return all;
	streams_free(all);
	return NULL;
}

void streams_free(struct streams *all)
{
	if (!all)
		return;
	side_done(&all->client);
	side_done(&all->upstream);
	while (all->list)
		stream_free(all->list);
	free(all);
}

size_t streams_count(const struct streams *all)
{
	return all->count;
}

uint64_t streams_bytes_up(const struct streams *all)
{
	return all->upstream.bytes;
}

uint64_t streams_bytes_down(const struct streams *all)
{
	return all->client.bytes;
}

uint16_t streams_status(const struct streams *all)
{
	return all->status;
}

/* ---- orders ------------------------------------------------------------------------------- */

void streams_leave(struct streams *all, enum reason reason)
{
	if (all->leaving_for == REASON_NONE)
		all->leaving_for = reason;
	side_leave(&all->client, NGHTTP2_NO_ERROR);
}

/* Walks over streams that refusals may close, though libnghttp2 frees none before its next frame. */
void streams_judge_anew(struct streams *all)
{
	struct refusal refusal;

	for (struct stream *st = all->list, *next; st; st = next) {
		next = st->next;
		if (st->judged && !st->own && !stream_judge_again(st, &refusal))
			stream_refuse(st, &refusal);
	}
}

void streams_refuse_all(struct streams *all, const struct refusal *refusal)
{
	for (struct stream *st = all->list, *next; st; st = next) {
		next = st->next;
		if (!st->own)
			stream_refuse(st, refusal);
	}
	streams_leave(all, refusal->reason);
}

static uint32_t budget_of(const struct stream *st)
{
	const struct streams_options *o = &st->streams->options;

	if (!st->judged)
		return o->head_ms;
	return st->extended && st->answered ? o->idle_ms : o->response_ms;
}

void streams_expire(struct streams *all, uint64_t now_ms)
{
	all->now_ms = now_ms;
	for (struct stream *st = all->list, *next; st; st = next) {
		next = st->next;
		if (now_ms - st->progress_ms < budget_of(st))
			continue;
		if (st->judged)
			stream_fail(
				st, st->up.ended ? REASON_RESPONSE_TIMEOUT : REASON_BODY_TIMEOUT);
		else
			side_fail(&all->client, REASON_HEAD_TIMEOUT);
	}
	if (all->client.out.len > 0 && now_ms - all->written_ms >= all->options.response_ms)
		side_fail(&all->client, REASON_IDLE);
}

/* ---- turns -------------------------------------------------------------------------------- */

/* Nothing more comes from there or goes there. What was answered in whole is still the client's. */
static void lose_upstream(struct streams *all, enum reason reason)
{
	bool idle = all->count == 0;

	side_done(&all->upstream);
	for (struct stream *st = all->list, *next; st; st = next) {
		next = st->next;
		if (st->upstream_open)
			stream_cut(st, reason);
	}
	streams_leave(all, idle ? REASON_COMPLETED : reason);
}

static bool read_upstream(struct streams *all)
{
	switch (side_read(&all->upstream, all->options.scratch)) {
	case SIDE_OK:
		return true;
	case SIDE_AGAIN:
		break;
	case SIDE_EOF:
	case SIDE_GONE:
		lose_upstream(all, REASON_UPSTREAM_CLOSED);
		break;
	case SIDE_BAD:
		/* The upstream is told, if it listens. */
		nghttp2_session_terminate_session(all->upstream.h2, NGHTTP2_ENHANCE_YOUR_CALM);
		break;
	}
	return false;
}

/* False when the client is gone. */
static bool read_client(struct streams *all, bool *ret_more, enum reason *ret_reason)
{
	switch (side_read(&all->client, all->options.scratch)) {
	case SIDE_OK:
		*ret_more = true;
		return true;
	case SIDE_AGAIN:
		return true;
	case SIDE_EOF:
		*ret_reason = REASON_CLIENT_CLOSED;
		return false;
	case SIDE_GONE:
		*ret_reason = REASON_CLIENT_RESET;
		return false;
	case SIDE_BAD:
		break;
	}
	return true;
}

/* False when the client is gone. One side's frames may make the other's: windows open, resets go
 * over. */
static bool flush(struct streams *all)
{
	for (int i = 0; i < 2; i++) {
		uint64_t before = all->client.bytes;
		enum side_result up = side_flush(&all->upstream, all->options.scratch);
		if (up == SIDE_GONE)
			lose_upstream(all, REASON_UPSTREAM_CLOSED);
		enum side_result down = side_flush(&all->client, all->options.scratch);
		if (down == SIDE_GONE)
			return false;
		if (down == SIDE_OK || all->client.bytes != before)
			all->written_ms = all->now_ms;
	}
	return true;
}

static bool wants_out(const struct side *side)
{
	return side->out.len > 0 || (side->h2 && nghttp2_session_want_write(side->h2));
}

static enum reason end_of(const struct streams *all, enum reason reason)
{
	bool quiet = reason == REASON_COMPLETED || reason == REASON_CLIENT_CLOSED ||
		     reason == REASON_CLIENT_RESET;

	return quiet && all->trouble != REASON_NONE ? all->trouble : reason;
}

/* After a turn: is there an end? */
static enum streams_result conclude(struct streams *all, enum reason *ret_reason)
{
	struct side *client = &all->client;

	if (client->fault != REASON_NONE) {
		*ret_reason = client->fault;
		nghttp2_session_terminate_session(client->h2,
			client->fault == REASON_CLIENT_H2_MALFORMED ? NGHTTP2_PROTOCOL_ERROR
								    : NGHTTP2_ENHANCE_YOUR_CALM);
		return flush(all) ? STREAMS_DONE : STREAMS_GONE;
	}
	if (all->upstream.fault != REASON_NONE && all->upstream.h2) {
		lose_upstream(all, all->upstream.fault);
		if (!flush(all)) {
			*ret_reason = REASON_CLIENT_RESET;
			return STREAMS_GONE;
		}
	}
	if (all->upstream.leaving)
		streams_leave(all, REASON_COMPLETED);
	bool leaving = all->leaving_for != REASON_NONE || client->leaving;
	if (!leaving || all->count > 0 || !flush(all) || wants_out(client))
		return STREAMS_GOING;
	*ret_reason =
		end_of(all, all->leaving_for == REASON_NONE ? REASON_COMPLETED : all->leaving_for);
	return STREAMS_DONE;
}

enum streams_result streams_turn(struct streams *all, uint64_t now_ms, enum reason *ret_reason)
{
	bool more = true;

	if (all->now_ms == 0)
		all->written_ms = now_ms;
	all->now_ms = now_ms;
	for (int round = 0; round < LIMIT_TURN_READS && more; round++) {
		more = read_upstream(all);
		if (all->most == 0)
			streams_greet(all);
		if (!read_client(all, &more, ret_reason)) {
			*ret_reason = end_of(all, *ret_reason);
			return STREAMS_GONE;
		}
		if (!flush(all)) {
			*ret_reason = REASON_CLIENT_RESET;
			return STREAMS_GONE;
		}
	}
	if (more)
		wire_again(all->options.client);
	return conclude(all, ret_reason);
}
