/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/exchange_input.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* One read, the head before it and the framing around it fit above the mark that stops reading. */
enum { EXCHANGE_QUEUE_BYTES = LIMIT_QUEUE_BYTES + LIMIT_READ_BYTES + 2 * LIMIT_HEAD_BYTES };

/* Where one direction stands. */
enum pump {
	PUMP_WAITS,
	PUMP_GONE, /* the wire it reads from or writes to is gone */
	PUMP_BAD,
};

struct exchange *exchange_new(const char *via)
{
	struct exchange *x = malloc(sizeof(*x));

	if (!x)
		return NULL;
	*x = (struct exchange){.via = via};
	buffer_init(&x->client_in, LIMIT_READ_BYTES);
	buffer_init(&x->upstream_in, LIMIT_READ_BYTES);
	buffer_init(&x->to_upstream, EXCHANGE_QUEUE_BYTES);
	buffer_init(&x->to_client, EXCHANGE_QUEUE_BYTES);
	x->request = message_new(MESSAGE_REQUEST);
	if (!x->request) {
		exchange_free(x);
		return NULL;
	}
	return x;
}

void exchange_free(struct exchange *x)
{
	if (!x)
		return;
	message_free(x->request);
	message_free(x->response);
	buffer_done(&x->client_in);
	buffer_done(&x->upstream_in);
	buffer_done(&x->to_upstream);
	buffer_done(&x->to_client);
	edit_free(x->edit);
	free(x);
}

bool exchange_start(struct exchange *x, const struct forward_place *place, struct edit *edit)
{
	const struct head *h = message_head(x->request);
	struct slice nothing = {NULL, 0}, data;
	struct forward_place edited = *place;

	edited.edit = edit;
	edit_free(x->edit);
	x->edit = edit;
	buffer_done(&x->to_upstream);
	message_free(x->response);
	x->response = message_new(MESSAGE_RESPONSE);
	if (!x->response)
		return false;
	message_expect(x->response, h->method, h->upgrade);
	x->head_only = slice_equal(h->method, SLICE("HEAD"));
	x->client_minor = h->minor;
	x->client_close = !h->keep_alive;
	x->upstream_broken = false;
	x->interims = 0;
	/* A request without content ends with its head, with a length of 0 too; nothing more needs to be
	 * read for it. */
	if (h->framing != FRAMING_CHUNKED && !x->request_ended)
		x->request_ended = message_read(x->request, &nothing, &data) == MESSAGE_END;
	return forward_request(&x->to_upstream, h, &edited);
}

/* Writes what waits. False when the wire is gone. */
static bool flush(struct buffer *b, struct wire *to, uint64_t *bytes)
{
	while (b->len > 0 && to->writable) {
		size_t put;
		enum wire_result result = wire_write(to, buffer_bytes(b), &put);
		if (result == WIRE_RESET)
			return false;
		if (result == WIRE_AGAIN)
			return true;
		*bytes += put;
		buffer_take(b, put);
	}
	return true;
}

/* Feeds the request parser and frames its content for the upstream. */
static enum pump request_parse(struct exchange *x, struct slice *input, enum reason *ret_reason)
{
	bool chunked = message_head(x->request)->framing == FRAMING_CHUNKED;

	while (!x->request_ended) {
		struct slice data = {NULL, 0};
		size_t count;
		enum message_step step = message_read(x->request, input, &data);
		if (step == MESSAGE_MORE)
			return PUMP_WAITS;
		if (step == MESSAGE_BAD) {
			*ret_reason = message_fault(x->request);
			return PUMP_BAD;
		}
		bool kept = true;
		if (step == MESSAGE_DATA) {
			kept = chunked ? forward_chunk(&x->to_upstream, data)
				       : buffer_append(&x->to_upstream, data);
		} else if (step == MESSAGE_END) {
			x->request_ended = true;
			const struct field *trailers = message_trailers(x->request, &count);
			if (chunked)
				kept = forward_last_chunk(
					&x->to_upstream, trailers, count, x->edit);
		}
		if (!kept) {
			*ret_reason = REASON_OUT_OF_MEMORY;
			return PUMP_BAD;
		}
	}
	return PUMP_WAITS;
}

/* After the request's end a client may half-close and wait; a reset means that nobody waits. */
static bool is_reset(const struct wire *w)
{
	char byte;

	return w->hung_up && recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* Client to upstream. */
static enum pump pump_up(struct exchange *x, struct wire *client, struct wire *upstream,
	struct relay_ground *ground, enum reason *ret_reason)
{
	for (int i = 0; i < LIMIT_TURN_READS; i++) {
		if (!x->upstream_broken && !flush(&x->to_upstream, upstream, &x->bytes_up))
			x->upstream_broken = true;
		if (x->upstream_broken)
			return PUMP_WAITS;
		if (x->request_ended)
			return is_reset(client) ? PUMP_GONE : PUMP_WAITS;
		if (x->to_upstream.len >= LIMIT_QUEUE_BYTES)
			return PUMP_WAITS;
		struct slice input;
		enum wire_result result = exchange_input(x, client, ground, &input);
		if (result != WIRE_OK)
			return result == WIRE_AGAIN ? PUMP_WAITS : PUMP_GONE;
		enum pump parsed = request_parse(x, &input, ret_reason);
		if (parsed == PUMP_BAD)
			return parsed;
		if (!exchange_keep(x, input)) {
			*ret_reason = REASON_OUT_OF_MEMORY;
			return PUMP_BAD;
		}
	}
	wire_again(client);
	return PUMP_WAITS;
}

static bool response_head(struct exchange *x)
{
	const struct head *h = message_head(x->response);
	const struct forward_client client = {
		.minor = x->client_minor,
		.keep_alive = !x->client_close && x->request_ended,
		.head_only = x->head_only,
		.edit = x->edit,
		.now = (int64_t)time(NULL),
	};
	bool ends_connection = false;

	/* RFC 9110 §15.2: interim responses are not for a client of HTTP/1.0. */
	bool interim = h->status < 200 && h->status != 101;
	if (interim && x->client_minor == 0)
		return true;
	if (!interim) {
		x->status = h->status;
		x->upgraded = h->status == 101;
		x->upstream_close = !h->keep_alive || h->framing == FRAMING_CLOSE;
	}
	if (!forward_response(&x->to_client, h, &client, x->via, &x->chunked, &ends_connection))
		return false;
	x->client_close = x->client_close || (!interim && !client.keep_alive) || ends_connection;
	return true;
}

/* The response is whole, or an interim one is and the final one follows. */
static bool response_end(struct exchange *x)
{
	const struct head *h = message_head(x->response);
	size_t count;

	if (h->status < 200 && h->status != 101) {
		const struct head *asked = message_head(x->request);
		message_next(x->response);
		message_expect(x->response, asked->method, asked->upgrade);
		return true;
	}
	x->response_ended = true;
	if (!x->chunked || x->head_only)
		return true;
	const struct field *trailers = message_trailers(x->response, &count);
	return forward_last_chunk(&x->to_client, trailers, count, x->edit);
}

static enum pump response_step(
	struct exchange *x, enum message_step step, struct slice data, enum reason *ret_reason)
{
	bool kept = true;

	*ret_reason = REASON_OUT_OF_MEMORY;
	if (step == MESSAGE_HEAD) {
		bool interim = message_head(x->response)->status < 200;
		if (interim && ++x->interims > LIMIT_INTERIM) {
			*ret_reason = REASON_BAD_RESPONSE;
			return PUMP_BAD;
		}
		kept = response_head(x);
	} else if (step == MESSAGE_DATA) {
		kept = x->chunked ? forward_chunk(&x->to_client, data)
				  : buffer_append(&x->to_client, data);
	} else if (step == MESSAGE_END) {
		kept = response_end(x);
	} else if (step == MESSAGE_BAD) {
		*ret_reason = message_fault(x->response);
		return PUMP_BAD;
	}
	return kept ? PUMP_WAITS : PUMP_BAD;
}

static enum pump response_parse(struct exchange *x, struct slice input, enum reason *ret_reason)
{
	x->response_begun = true;
	while (!x->response_ended) {
		struct slice data = {NULL, 0};
		enum message_step step = message_read(x->response, &input, &data);
		if (step == MESSAGE_MORE)
			return PUMP_WAITS;
		if (response_step(x, step, data, ret_reason) == PUMP_BAD)
			return PUMP_BAD;
	}
	if (x->upgraded) {
		*ret_reason = REASON_OUT_OF_MEMORY;
		return buffer_append(&x->upstream_in, input) ? PUMP_WAITS : PUMP_BAD;
	}
	/* Bytes nobody asked for: whatever they are, this connection answers nothing more. */
	x->upstream_close = x->upstream_close || input.len > 0;
	return PUMP_WAITS;
}

/* The upstream closed: the end of a response that has no other, or a response cut short. */
static enum pump response_eof(struct exchange *x, enum reason *ret_reason)
{
	if (!x->response_begun || message_idle(x->response) || !message_eof(x->response))
		return PUMP_GONE;
	x->upstream_close = true;
	return response_step(x, MESSAGE_END, (struct slice){NULL, 0}, ret_reason);
}

/* Upstream to client. */
static enum pump pump_down(struct exchange *x, struct wire *client, struct wire *upstream,
	struct relay_ground *ground, enum reason *ret_reason)
{
	for (int i = 0; i < LIMIT_TURN_READS; i++) {
		size_t got;
		uint64_t written = x->bytes_down;
		if (!flush(&x->to_client, client, &x->bytes_down))
			return PUMP_GONE;
		x->response_sent |= x->status != 0 && x->bytes_down > written;
		if (x->response_ended || x->to_client.len >= LIMIT_QUEUE_BYTES ||
			!upstream->readable)
			return PUMP_WAITS;
		enum wire_result result =
			wire_read(upstream, ground->scratch, sizeof(ground->scratch), &got);
		if (result == WIRE_AGAIN)
			return PUMP_WAITS;
		enum pump parsed = PUMP_GONE;
		if (result == WIRE_OK)
			parsed = response_parse(x, slice_from(ground->scratch, got), ret_reason);
		else if (result == WIRE_EOF)
			parsed = response_eof(x, ret_reason);
		if (parsed == PUMP_GONE)
			*ret_reason = REASON_UPSTREAM_CLOSED;
		if (parsed != PUMP_WAITS)
			return PUMP_BAD;
	}
	wire_again(upstream);
	return PUMP_WAITS;
}

enum exchange_result exchange_turn(struct exchange *x, struct wire *client, struct wire *upstream,
	struct relay_ground *ground, enum reason *ret_reason)
{
	enum pump up = pump_up(x, client, upstream, ground, ret_reason);

	if (up == PUMP_GONE)
		return EXCHANGE_CLIENT_GONE;
	if (up == PUMP_BAD)
		return EXCHANGE_BAD;
	enum pump down = pump_down(x, client, upstream, ground, ret_reason);
	if (down == PUMP_GONE)
		return EXCHANGE_CLIENT_GONE;
	if (down == PUMP_BAD)
		return *ret_reason == REASON_UPSTREAM_CLOSED ? EXCHANGE_UPSTREAM_GONE
							     : EXCHANGE_BAD;
	if (x->upgraded && x->response_ended)
		return EXCHANGE_UPGRADED;
	return x->response_ended && x->to_client.len == 0 ? EXCHANGE_DONE : EXCHANGE_GOING;
}

bool exchange_keeps_upstream(const struct exchange *x)
{
	return x->request_ended && x->response_ended && !x->upstream_close && !x->upstream_broken;
}

bool exchange_next(struct exchange *x)
{
	bool goes_on = x->request_ended && !x->client_close;

	message_next(x->request);
	message_free(x->response);
	x->response = NULL;
	edit_free(x->edit);
	x->edit = NULL;
	x->status = 0;
	x->request_ended = x->response_begun = x->response_ended = x->upgraded = false;
	x->response_sent = false;
	x->chunked = x->client_close = x->upstream_close = x->upstream_broken = false;
	return goes_on;
}
