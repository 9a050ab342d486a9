/* SPDX-License-Identifier: Apache-2.0 */
/* control/post.h: HTTP POSTs to one URL, several at once, on a libuv loop that never waits for them.
 * TLS is verified, no redirect is followed, no proxy is used: it would most likely be this one. Knows
 * nothing of what is posted.
 *
 *	post_start ─► libcurl ◄─► sockets and one timer of the loop ─► on_posted */
#ifndef SALLYPORT_CONTROL_POST_H
#define SALLYPORT_CONTROL_POST_H

#include "base/slice.h"

#include <uv.h>

struct poster; /* where to, and the connections that are kept */
struct post; /* one of them under way */

struct poster_options {
	uv_loop_t *loop;
	const char *url; /* http or https */
	const char *ca; /* PEM file, NULL: the system's authorities */
	uint32_t timeout_ms; /* for one post, name lookup and handshake included */
	uint32_t connections; /* most at once, also kept idle; the caller starts no more posts */
	size_t answer_bytes; /* a longer answer is a failure */
};

/* Copies what the options point to. NULL with a sentence. */
struct poster *poster_new(const struct poster_options *options, char *ret_sentence, size_t size);
/* Every post must have ended or been cancelled. on_closed runs later, once, with nothing left. */
void poster_close(struct poster *p, void (*on_closed)(void *owner), void *owner);

/* How it ended. */
struct posted {
	long status; /* 0: no answer */
	struct slice answer; /* borrowed during the call */
	bool late, large; /* why there is none */
	const char *failure; /* a sentence of libcurl's where there is none, else NULL */
};
typedef void (*posted_cb)(void *owner, const struct posted *posted);

/* Posts `body` as application/json, copied, with one more field line, or NULL. on_posted runs once,
 * never before this returns, never after post_cancel. NULL without memory. */
struct post *post_start(
	struct poster *p, struct slice body, const char *field, posted_cb on_posted, void *owner);
void post_cancel(struct post *post);

#endif
