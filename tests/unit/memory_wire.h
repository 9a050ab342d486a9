/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/memory_wire.h: a wire without a socket: what its user reads was put there by the test,
 * and what it writes the test takes. */
#ifndef SALLYPORT_TESTS_MEMORY_WIRE_H
#define SALLYPORT_TESTS_MEMORY_WIRE_H

#include "base/buffer.h"
#include "proxy/wire.h"

struct memory_wire {
	struct wire wire; /* first: the layer finds the rest by it */
	struct buffer in; /* to be read */
	struct buffer out; /* written */
	size_t step; /* most bytes of one read; 0: all */
	bool shut; /* nothing is taken */
	bool ended; /* behind `in` comes the end */
};

static inline enum wire_result memory_read(struct wire *w, char *into, size_t size, size_t *ret_len)
{
	struct memory_wire *m = (struct memory_wire *)w;

	if (m->in.len == 0)
		return m->ended ? WIRE_EOF : WIRE_AGAIN;
	size = m->step > 0 && m->step < size ? m->step : size;
	struct slice bytes = slice_first(buffer_bytes(&m->in), size);
	memcpy(into, bytes.ptr, bytes.len);
	*ret_len = bytes.len;
	buffer_take(&m->in, bytes.len);
	return WIRE_OK;
}

static inline enum wire_result memory_write(struct wire *w, struct slice bytes, size_t *ret_len)
{
	struct memory_wire *m = (struct memory_wire *)w;

	if (m->shut || !buffer_append(&m->out, bytes))
		return WIRE_AGAIN;
	*ret_len = bytes.len;
	return WIRE_OK;
}

static inline void memory_wire_init(struct memory_wire *m)
{
	static const struct wire_layer layer = {.read = memory_read, .write = memory_write};

	/* `queued`: nobody calls it again. */
	*m = (struct memory_wire){.wire = {.layer = &layer, .fd = -1, .queued = true}};
	m->wire.readable = m->wire.writable = true;
	buffer_init(&m->in, 1 << 24);
	buffer_init(&m->out, 1 << 24);
}

static inline void memory_wire_done(struct memory_wire *m)
{
	buffer_done(&m->in);
	buffer_done(&m->out);
}

#endif
