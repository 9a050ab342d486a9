/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/exchange.h: the HTTP side of one client connection: reads heads from it, and moves one
 * request to the upstream and its response back, streaming both ways with back-pressure.
 * Everything is written anew from the parse. Moves bytes between two wires that it does not own;
 * knows neither policy nor sessions. Source: RFC 9112 §9, RFC 9110 §10.1.1 and §15.2. */
#ifndef SALLYPORT_PROXY_EXCHANGE_H
#define SALLYPORT_PROXY_EXCHANGE_H

#include "base/buffer.h"
#include "policy/target.h"
#include "proxy/forward.h"
#include "proxy/message.h"
#include "proxy/relay.h"
#include "proxy/wire.h"

struct exchange {
	struct message *request; /* what the client sends */
	struct message *response; /* what the upstream answers; NULL between requests */
	struct buffer client_in; /* read from the client, not yet parsed */
	struct buffer upstream_in; /* read from the upstream after a 101 */
	struct buffer to_upstream;
	struct buffer to_client;
	struct edit *edit; /* what rules change in the request; NULL: nothing */
	const char *via; /* our own Via token, static */
	uint64_t bytes_up; /* written to the upstream and to the client, all requests */
	uint64_t bytes_down;
	uint16_t status; /* of the final response, once its head is there */
	uint8_t interims; /* interim responses so far */
	uint8_t client_minor;
	bool request_ended;
	bool response_begun; /* a byte of a response was read: no second try */
	bool response_sent; /* and one of the final response was written: no other answer */
	bool response_ended;
	bool upgraded; /* 101: both sides are a tunnel now */
	bool chunked; /* towards the client */
	bool client_close; /* the client's connection ends with this response */
	bool upstream_close; /* the upstream's does */
	bool upstream_broken; /* writing failed; a response may still be there to read */
	bool head_only;
};

enum exchange_result {
	EXCHANGE_GOING,
	EXCHANGE_DONE, /* the whole response is with the client */
	EXCHANGE_UPGRADED, /* go on as a relay with what client_in and upstream_in hold */
	EXCHANGE_CLIENT_GONE,
	EXCHANGE_UPSTREAM_GONE, /* before its response was whole */
	EXCHANGE_BAD, /* *ret_reason: what is wrong with the request or the response */
};

/* NULL without memory. `via` outlives the exchange. */
struct exchange *exchange_new(const char *via);
void exchange_free(struct exchange *x); /* NULL is fine */

/* Read from the client until a head is complete: MESSAGE_HEAD, MESSAGE_MORE (wait), MESSAGE_BAD, or
 * MESSAGE_END for the client's end. */
enum message_step exchange_read_head(
	struct exchange *x, struct wire *client, struct relay_ground *ground);

/* For a request to the proxy itself, of which nothing goes on: read its content into to_upstream.
 * EXCHANGE_DONE, GOING (wait), CLIENT_GONE, or BAD; *ret_reason is REASON_NONE then when the content is
 * longer than `most`. */
enum exchange_result exchange_read_content(struct exchange *x, struct wire *client,
	struct relay_ground *ground, size_t most, enum reason *ret_reason);

/* Send the request whose head was read to a fresh or kept upstream connection. May be called again
 * for the same head while response_begun is false. `edit` is the exchange's in any case, until the
 * response has ended; NULL: nothing is changed. place->edit is not looked at. False without memory. */
bool exchange_start(struct exchange *x, const struct forward_place *place, struct edit *edit);

/* Move what can be moved, after either wire became ready. */
enum exchange_result exchange_turn(struct exchange *x, struct wire *client, struct wire *upstream,
	struct relay_ground *ground, enum reason *ret_reason);

/* After EXCHANGE_DONE: forget the request; true when the client's connection can go on. */
bool exchange_next(struct exchange *x);

/* After EXCHANGE_DONE and before exchange_next: the upstream connection can be kept. */
bool exchange_keeps_upstream(const struct exchange *x);

#endif
