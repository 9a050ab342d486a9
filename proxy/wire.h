/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/wire.h: one non-blocking stream socket on a worker's loop, and the poller that tells when
 * it is ready. Readiness is edge-triggered and kept in flags: a wire is readable until a read says
 * otherwise, so nothing is registered twice and not reading is all that back-pressure takes.
 * Source: epoll(7) Q9. Knows nothing of sessions.
 *
 * Why not uv_poll_t for each socket: its init, every change of mask and its close cost six system
 * calls more per socket than one EPOLL_CTL_ADD, which is a tenth of a whole CONNECT. So wires have
 * an epoll instance of their own, and libuv's is one more descriptor in it. Where there is no epoll
 * (or with -Dpoller=uv) the same contract is kept with a uv_poll_t for each wire. */
#ifndef SALLYPORT_PROXY_WIRE_H
#define SALLYPORT_PROXY_WIRE_H

#include "base/slice.h"

#include <uv.h>

struct poller; /* opaque; one for each loop */
struct wire;

enum wire_result {
	WIRE_OK, /* *ret_len bytes were moved, at least 1 */
	WIRE_AGAIN, /* not now; on_ready will run */
	WIRE_EOF, /* the peer has closed its side */
	WIRE_RESET, /* the connection is gone */
};

/* What stands between a wire's users and its socket, where something does: proxy/cipher.h. The
 * functions do what wire_read, wire_write and wire_shutdown promise, by way of the raw ones below. */
struct wire_layer {
	enum wire_result (*read)(struct wire *w, char *into, size_t size, size_t *ret_len);
	enum wire_result (*write)(struct wire *w, struct slice bytes, size_t *ret_len);
	void (*shutdown)(struct wire *w);
	void (*ready)(struct wire *w); /* before on_ready: something may wait to go out */
	bool (*drained)(const struct wire *w); /* nothing does */
	void (*close)(struct wire *w); /* the socket is still open; frees wire.layered */
};

/* Runs from the loop when a flag was set that may matter. */
typedef void (*wire_cb)(struct wire *w, void *owner);

/* Lives from wire_open to the turn of the loop after wire_close or wire_release: an event of the
 * same batch may still point to it. The poller owns the memory; owners only forget the pointer. */
struct wire {
	struct poller *poller;
	struct wire *next; /* of the poller's list of closed or waiting wires */
	wire_cb on_ready;
	void *owner;
	void *watch; /* the poller's own, where it needs something for each wire */
	const struct wire_layer *layer; /* NULL: bytes are the socket's */
	void *layered; /* the layer's own */
	int fd; /* -1 after wire_close */
	bool readable; /* a read may yield bytes, an end or an error */
	bool writable; /* a write may take bytes */
	bool hung_up; /* the peer closed or reset: keep reading until the read says so */
	bool queued; /* on the poller's list of wires to call again */
};

/* NULL without memory or descriptors. The loop outlives the poller. */
struct poller *poller_new(uv_loop_t *loop);
/* After the last turn, and from outside of one; all wires must be closed. NULL is fine. */
void poller_free(struct poller *p);
uv_loop_t *poller_loop(const struct poller *p);

/* The loop and its wires run by these instead of uv_run. poller_run returns when nothing of the
 * loop is alive any more; wires alone do not keep it running. poller_turn waits for the next event,
 * or only looks, tells what is ready, and returns false then. */
void poller_run(struct poller *p);
bool poller_turn(struct poller *p, bool wait);

/* For a wire's callback that started a libuv handle which waits for a descriptor: libuv is to see
 * it before the next wait. Timers and closings need no word. */
void poller_nudge(struct poller *p);

/* Start watching `fd`, which the wire owns from now on. on_ready never runs before this returns.
 * NULL with errno; then the descriptor is still the caller's. */
struct wire *wire_open(struct poller *p, int fd, wire_cb on_ready, void *owner);

/* Somebody else's from now on. Costs nothing. */
static inline void wire_own(struct wire *w, wire_cb on_ready, void *owner)
{
	w->on_ready = on_ready;
	w->owner = owner;
}

/* Give the descriptor away, still open and no longer watched. The wire is gone for its owner. Not
 * with a layer. */
int wire_release(struct wire *w);

/* Close the descriptor now; on_ready never runs again. The wire is gone for its owner. NULL is
 * fine. */
void wire_close(struct wire *w);

/* Call on_ready again on the next turn of the loop, although no new edge comes: for a reader that
 * stopped out of fairness. */
void wire_again(struct wire *w);

/* Read up to `size` bytes. A short read clears `readable`. */
enum wire_result wire_read(struct wire *w, char *into, size_t size, size_t *ret_len);

/* Write what the socket takes; a short write clears `writable`. */
enum wire_result wire_write(struct wire *w, struct slice bytes, size_t *ret_len);

/* No more will be written: the peer reads an end, behind all that was written. */
void wire_shutdown(struct wire *w);

/* Everything that was written is in the kernel's hands. */
static inline bool wire_is_drained(const struct wire *w)
{
	return !w->layer || w->layer->drained(w);
}

/* For a layer: the socket itself. */
enum wire_result wire_read_raw(struct wire *w, char *into, size_t size, size_t *ret_len);
enum wire_result wire_write_raw(struct wire *w, struct slice bytes, size_t *ret_len);
void wire_shutdown_raw(struct wire *w);

/* For moves that the wire does not make itself (splice): what an errno means for a reader or a
 * writer, with the flag cleared on EAGAIN. */
enum wire_result wire_blocked(struct wire *w, bool *flag, int error);

#endif
