/* SPDX-License-Identifier: Apache-2.0 */
/* bench/loop.h: the smallest edge-triggered epoll loop for programs that load a proxy. Readiness is
 * a hint: a watch may be told once too often (its slot was reused within one turn), never too
 * seldom, so callbacks try their system calls and take EAGAIN for "not yet". */
#ifndef SALLYPORT_BENCH_LOOP_H
#define SALLYPORT_BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch {
	int fd; /* -1: closed */
	void (*on_ready)(struct watch *w);
};

struct loop {
	int epoll;
	bool stopped; /* set by a callback to end loop_run */
	uint64_t progress; /* callbacks count what they achieved here; loop_run watches it */
};

bool loop_open(struct loop *l);
void loop_done(struct loop *l);

/* Watch `fd` for reading and writing, edge-triggered, once for its whole life. The watch must stay
 * readable memory until loop_done: pools, not malloc and free. False at a kernel limit. */
bool loop_watch(struct loop *l, struct watch *w, int fd, void (*on_ready)(struct watch *w));

/* Close the descriptor; nothing happens on a closed watch. */
void loop_close(struct watch *w);

/* Turn until a callback stops the loop. False when nothing progressed for stall_ms. */
bool loop_run(struct loop *l, int stall_ms);

/* One turn, waiting at most wait_ms. */
void loop_turn(struct loop *l, int wait_ms);

/* One turn, waiting until the monotonic time `until_ns` at most. */
void loop_turn_until(struct loop *l, uint64_t until_ns);

/* Monotonic time, nanoseconds. */
uint64_t loop_now_ns(void);

/* A connected-to-be, non-blocking TCP socket without Nagle's delay to a loopback port. `source`
 * spreads the client's ports over 127.0.0.x, so that a million connections do not run out of them.
 * -1 with errno. */
int loop_dial(uint16_t port, uint32_t source);
/* The same, connected, and its calls wait. */
int loop_dial_blocking(uint16_t port, uint32_t source);

/* A listening non-blocking TCP socket on 127.0.0.1; port 0: the kernel chooses, *ret_port says.
 * -1 with errno. */
int loop_listen(uint16_t port, uint16_t *ret_port);

#endif
