/* SPDX-License-Identifier: Apache-2.0 */
/* What a client sends: heads, and the content of what is for the proxy itself. */
#include "proxy/exchange_input.h"

enum wire_result exchange_input(struct exchange *x, struct wire *client,
	struct relay_ground *ground, struct slice *ret_input)
{
	size_t got;

	if (x->client_in.len > 0) {
		*ret_input = buffer_bytes(&x->client_in);
		return WIRE_OK;
	}
	if (!client->readable)
		return WIRE_AGAIN;
	enum wire_result result = wire_read(client, ground->scratch, sizeof(ground->scratch), &got);
	if (result == WIRE_OK)
		*ret_input = slice_from(ground->scratch, got);
	return result;
}

bool exchange_keep(struct exchange *x, struct slice rest)
{
	if (x->client_in.len > 0) {
		buffer_take(&x->client_in, x->client_in.len - rest.len);
		return true;
	}
	return buffer_append(&x->client_in, rest);
}

enum message_step exchange_read_head(
	struct exchange *x, struct wire *client, struct relay_ground *ground)
{
	for (;;) {
		struct slice input, data;
		enum wire_result result = exchange_input(x, client, ground, &input);
		if (result == WIRE_AGAIN)
			return MESSAGE_MORE;
		if (result != WIRE_OK)
			return MESSAGE_END;
		enum message_step step = message_read(x->request, &input, &data);
		if (!exchange_keep(x, input))
			return MESSAGE_BAD;
		if (step != MESSAGE_MORE)
			return step;
	}
}

/* What the parser finds in `input`, which may be empty. GOING when all of it was taken. */
static enum exchange_result take_content(
	struct exchange *x, struct slice *input, size_t most, enum reason *ret_reason)
{
	for (;;) {
		struct slice data;
		enum message_step step = message_read(x->request, input, &data);
		x->request_ended = step == MESSAGE_END;
		*ret_reason = step == MESSAGE_BAD ? message_fault(x->request) : REASON_NONE;
		if (step == MESSAGE_MORE || step == MESSAGE_END)
			return x->request_ended ? EXCHANGE_DONE : EXCHANGE_GOING;
		if (step != MESSAGE_DATA || data.len > most - x->to_upstream.len)
			return EXCHANGE_BAD;
		if (!buffer_append(&x->to_upstream, data)) {
			*ret_reason = REASON_OUT_OF_MEMORY;
			return EXCHANGE_BAD;
		}
	}
}

enum exchange_result exchange_read_content(struct exchange *x, struct wire *client,
	struct relay_ground *ground, size_t most, enum reason *ret_reason)
{
	struct slice input = {NULL, 0};
	enum exchange_result result = take_content(x, &input, most, ret_reason);

	while (result == EXCHANGE_GOING) {
		enum wire_result got = exchange_input(x, client, ground, &input);
		if (got != WIRE_OK)
			return got == WIRE_AGAIN ? EXCHANGE_GOING : EXCHANGE_CLIENT_GONE;
		result = take_content(x, &input, most, ret_reason);
		if (!exchange_keep(x, input)) {
			*ret_reason = REASON_OUT_OF_MEMORY;
			return EXCHANGE_BAD;
		}
	}
	return result;
}
