/* SPDX-License-Identifier: Apache-2.0 */
/* bench/control.h: calls to sallyport's control endpoint on loopback, one connection each, waiting
 * for the whole answer: what happens in between waits in its socket and is not lost. */
#ifndef SALLYPORT_BENCH_CONTROL_H
#define SALLYPORT_BENCH_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control {
	uint16_t port; /* 0: there is none */
	const char *token;
};

/* One call: what is asked, and what room there is for the answer. */
struct control_call {
	const char *method, *path;
	const char *body; /* JSON; NULL: none */
	char *answer; /* gets what fits of the content, NUL-terminated */
	size_t size; /* of it; 0: not wanted */
};

/* The status, or 0 when there is no answer. */
unsigned control_call(const struct control *c, const struct control_call *call);

/* The connections that wait for a decision; -1 when it does not say. */
long control_held(const struct control *c);

/* Waits until `count` connections are held; false, with a sentence, after 10 s without news. */
bool control_await_held(const struct control *c, long count);

#endif
