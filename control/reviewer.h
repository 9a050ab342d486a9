/* SPDX-License-Identifier: Apache-2.0 */
/* control/reviewer.h: a program that is asked before people are: each new question goes to a webhook
 * as JSON, and a clear answer decides. Error, lateness, nonsense and overload mean that a person is
 * asked, never that somebody passes. Control thread. Source: shared design §5, docs/reviewer.md.
 *
 *	NEWS_ASKED ─► reviewer_ask ─► queue ─► post (at most `concurrency`) ─┬─► on_reviewed ─► desk_decide
 *	NEWS_DECIDED … ─► reviewer_forget                                    └─► a person is asked */
#ifndef SALLYPORT_CONTROL_REVIEWER_H
#define SALLYPORT_CONTROL_REVIEWER_H

#include "control/review.h"
#include "policy/desk.h"

#include <uv.h>

struct reviewer; /* opaque */

/* A review that decides: ALLOW or DENY, for a question that was not forgotten. Not from within
 * reviewer_ask. Must not stop the reviewer. */
typedef void (*reviewed_cb)(void *owner, uint64_t question, const struct review *review);

struct reviewer_options {
	uv_loop_t *loop;
	const char *endpoint; /* https, or this machine */
	const char *secret_file; /* NULL: questions are not signed */
	const char *ca; /* PEM file, NULL: the system's authorities */
	uint32_t timeout_ms;
	uint32_t concurrency; /* 1..64 */
	reviewed_cb on_reviewed;
	void *owner;
};

/* Copies what the options point to, reads the secret. NULL with a sentence. */
struct reviewer *reviewer_start(
	const struct reviewer_options *options, char *ret_sentence, size_t size);

/* True when the options are the ones that it was started with, down to what is in the files. */
bool reviewer_fits(const struct reviewer *r, const struct reviewer_options *options);

/* Puts the question in the queue; what is sent is as it is now. False at LIMIT_REVIEWS or without
 * memory: a person is asked, and it is counted. Asking about one that still waits in the queue
 * replaces what will be sent. */
bool reviewer_ask(struct reviewer *r, const struct question *q);
/* It is decided, expired or withdrawn: drop it, wherever it is. Unknown ones are ignored. */
void reviewer_forget(struct reviewer *r, uint64_t question);

/* The decision as the desk takes it, by the decider "reviewer"; points into `review`. Without a
 * pattern it is the exact name, and always only the asking identity. */
void review_to_ask(const struct review *review, struct decision_ask *ret_ask);

/* Since the start. asked = allowed + denied + passed + failed + forgotten + those under way. */
struct reviewer_counts {
	uint64_t asked;
	uint64_t allowed, denied; /* what it decided */
	uint64_t passed; /* it said: ask a person */
	uint64_t failed; /* no answer, or none that means something */
	uint64_t forgotten; /* decided elsewhere meanwhile */
	uint64_t crowded; /* not asked at all: the queue was full */
};
struct reviewer_counts reviewer_counts(const struct reviewer *r);

/* Drops everything; on_stopped runs later, once, with nothing left. NULL for `r` is fine: then
 * on_stopped runs at once. */
void reviewer_stop(struct reviewer *r, void (*on_stopped)(void *owner), void *owner);

#endif
