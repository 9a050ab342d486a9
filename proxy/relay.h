/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/relay.h: bytes between two wires, both ways at once, at the kernel's speed: small amounts
 * through the worker's shared buffer, bulk by splice. Reads only what the other side can take, so
 * memory is bounded; passes a half-close on and lets the other direction drain.
 * An idle relay owns no buffer and no pipe. Knows nothing of sessions. */
#ifndef SALLYPORT_PROXY_RELAY_H
#define SALLYPORT_PROXY_RELAY_H

#include "base/buffer.h"
#include "base/limits.h"
#include "proxy/pipes.h"
#include "proxy/wire.h"

/* What the relays of one worker share; nothing in it outlives a turn except idle pipes. */
struct relay_ground {
	char scratch[LIMIT_READ_BYTES];
	struct pipes pipes;
};

/* One direction. */
struct flow {
	struct buffer held; /* read, not yet written; read on only when it is empty */
	struct pipe_ends pipe; /* while bulk flows, else -1 */
	uint32_t piped; /* bytes in the pipe */
	uint32_t burst; /* bytes spliced since the source was last empty */
	bool bulk; /* the source fills buffers: splice instead of copying */
	bool ended; /* the source said its end */
	bool closed; /* and the end was passed on */
	bool last; /* the other direction has ended: the close that follows passes this end on */
	uint64_t bytes; /* written to the destination */
};

struct relay {
	struct wire *client;
	struct wire *upstream;
	struct relay_ground *ground;
	struct flow up; /* client to upstream */
	struct flow down; /* upstream to client */
};

enum relay_result {
	RELAY_GOING,
	RELAY_DONE, /* both directions ended and drained */
	RELAY_CLIENT_RESET,
	RELAY_UPSTREAM_RESET,
};

/* Embedded. Both wires are open and stay the caller's. */
void relay_init(
	struct relay *r, struct wire *client, struct wire *upstream, struct relay_ground *ground);
void relay_done(struct relay *r);

/* Bytes that were read before the relay began; they go first. False beyond LIMIT_HELD_BYTES or
 * without memory. */
bool relay_begin(struct relay *r, struct slice to_upstream, struct slice to_client);

/* Move what can be moved, after on_ready of either wire. Stops after LIMIT_TURN_READS rounds for
 * each direction and then asks to be called again (wire_again on the source). */
enum relay_result relay_turn(struct relay *r);

/* Nothing is held on the way: what was read was written. */
bool relay_drained(const struct relay *r);

#endif
