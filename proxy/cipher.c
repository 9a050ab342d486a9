/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/cipher.h"

#include "base/buffer.h"

#include <stdlib.h>

struct cipher {
	struct engine *engine;
	struct cipher_ground *ground;
	struct buffer rest; /* ciphertext that the engine has not taken yet */
	bool dry; /* the socket has nothing more, whatever the wire says of the engine */
	bool ended; /* the socket has ended */
	bool closing; /* the socket's end follows the last of the output */
};

static struct cipher *cipher_of(const struct wire *w)
{
	return w->layered;
}

struct engine *cipher_engine(const struct wire *w)
{
	return cipher_of(w)->engine;
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Sends what waits, as far as the socket takes it. False when the socket is gone. */
static bool flush(struct wire *w)
{
	struct cipher *c = cipher_of(w);
	struct slice out = engine_output(c->engine);

	while (out.len > 0 && w->writable) {
		size_t put;
		enum wire_result result = wire_write_raw(w, out, &put);
		if (result == WIRE_RESET)
			return false;
		if (result == WIRE_AGAIN)
			break;
		engine_sent(c->engine, put);
		out = engine_output(c->engine);
	}
	if (c->closing && out.len == 0) {
		c->closing = false;
		wire_shutdown_raw(w);
	}
	return true;
}

static enum wire_result cipher_write(struct wire *w, struct slice bytes, size_t *ret_len)
{
	struct cipher *c = cipher_of(w);
	struct slice left = bytes;
	enum engine_result result = ENGINE_FULL;

	while (left.len > 0 && result == ENGINE_FULL) {
		if (!flush(w))
			return WIRE_RESET;
		if (!w->writable)
			break;
		result = engine_write(c->engine, &left);
		if (result == ENGINE_BAD || result == ENGINE_END)
			return WIRE_RESET;
	}
	if (!flush(w))
		return WIRE_RESET;
	*ret_len = bytes.len - left.len;
	return *ret_len > 0 ? WIRE_OK : WIRE_AGAIN;
}

static void cipher_shutdown(struct wire *w)
{
	struct cipher *c = cipher_of(w);

	engine_close(c->engine);
	c->closing = true;
	flush(w);
}

static bool cipher_drained(const struct wire *w)
{
	return engine_output(cipher_engine(w)).len == 0;
}

/* ---- in ----------------------------------------------------------------------------------- */

/* One step of the engine with the ciphertext there is: a handshake where `plain` is NULL. */
static enum engine_result step(
	struct cipher *c, struct slice *in, char *plain, size_t size, size_t *ret_len)
{
	return plain ? engine_read(c->engine, in, plain, size, ret_len)
		     : engine_handshake(c->engine, in);
}

/* Runs the engine over what was kept, then over what the socket has, until it says anything but
 * WANT, or nothing more is there: ENGINE_WANT. */
static enum engine_result feed(struct wire *w, char *plain, size_t size, size_t *ret_len)
{
	struct cipher *c = cipher_of(w);
	struct slice in = buffer_bytes(&c->rest);
	enum engine_result result = step(c, &in, plain, size, ret_len);

	buffer_take(&c->rest, c->rest.len - in.len);
	while (result == ENGINE_WANT && w->readable && !c->dry && !c->ended) {
		size_t got = 0;
		enum wire_result read =
			wire_read_raw(w, c->ground->scratch, sizeof(c->ground->scratch), &got);
		c->dry = !w->readable;
		if (read == WIRE_AGAIN)
			break;
		if (read != WIRE_OK) {
			c->ended = true;
			return engine_cut(c->engine);
		}
		in = slice_from(c->ground->scratch, got);
		result = step(c, &in, plain, size, ret_len);
		if (!buffer_append(&c->rest, in))
			return engine_starve(c->engine);
	}
	return result;
}

static enum wire_result cipher_read(struct wire *w, char *into, size_t size, size_t *ret_len)
{
	struct cipher *c = cipher_of(w);
	enum engine_result result = feed(w, into, size, ret_len);

	/* A key update is answered, a fault is told. */
	if (!flush(w))
		return WIRE_RESET;
	switch (result) {
	case ENGINE_OK:
		/* More, or an end, may have been read from the socket already. */
		w->readable = true;
		return WIRE_OK;
	case ENGINE_WANT:
		w->readable = !c->dry;
		return WIRE_AGAIN;
	case ENGINE_FULL:
		w->readable = true;
		return WIRE_AGAIN;
	case ENGINE_END:
		return WIRE_EOF;
	case ENGINE_BAD:
		break;
	}
	return WIRE_RESET;
}

/* ---- the layer ---------------------------------------------------------------------------- */

static void cipher_ready(struct wire *w)
{
	cipher_of(w)->dry = false;
	/* A reset shows in the next read as well. */
	(void)flush(w);
}

/* Without close_notify (RFC 8446 §6.1): only who shuts down says that everything was sent. */
static void cipher_close(struct wire *w)
{
	struct cipher *c = cipher_of(w);

	engine_free(c->engine);
	buffer_done(&c->rest);
	free(c);
	w->layer = NULL;
	w->layered = NULL;
}

bool cipher_begin(
	struct wire *w, struct engine *engine, struct slice early, struct cipher_ground *ground)
{
	static const struct wire_layer layer = {
		.read = cipher_read,
		.write = cipher_write,
		.shutdown = cipher_shutdown,
		.ready = cipher_ready,
		.drained = cipher_drained,
		.close = cipher_close,
	};
	struct cipher *c = malloc(sizeof(*c));

	if (!c) {
		engine_free(engine);
		return false;
	}
	*c = (struct cipher){.engine = engine, .ground = ground};
	buffer_init(&c->rest, LIMIT_READ_BYTES);
	w->layer = &layer;
	w->layered = c;
	return buffer_append(&c->rest, early);
}

enum cipher_step cipher_handshake(struct wire *w)
{
	enum engine_result result;

	do {
		result = feed(w, NULL, 0, NULL);
		if (!flush(w))
			result = engine_cut(cipher_of(w)->engine);
	} while (result == ENGINE_FULL && w->writable);
	switch (result) {
	case ENGINE_OK:
		w->readable = true;
		return CIPHER_DONE;
	case ENGINE_WANT:
	case ENGINE_FULL:
		return CIPHER_WAITS;
	case ENGINE_END:
	case ENGINE_BAD:
		break;
	}
	return CIPHER_BAD;
}
