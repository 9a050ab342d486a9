/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/calls.h: calls of the control endpoint without an endpoint: a request from a few words,
 * and what the handler answered. Stands in for control/call.c. */
#ifndef SALLYPORT_TESTS_CALLS_H
#define SALLYPORT_TESTS_CALLS_H

#include "control/call.h"
#include "tests/unit/rows.h"

/* Just behind the beginning of a desk of tests/unit/desks.h. */
enum { CALL_NOW_MS = 1001000 };

struct answer {
	unsigned count; /* times answered: at most 1 */
	unsigned status;
	json_t *json; /* of call_reply_json; a problem has "code" and "detail" */
	char *text; /* of call_reply_text */
	uint64_t wait_ms; /* of call_defer; 0: not deferred */
	call_event_cb on_event;
	void *owner;
	uint64_t watched;
};

/* The call and its answer; one at a time. */
struct called {
	struct call call;
	struct answer answer;
};

/* From a query like "a=b&c=d", of which nothing is decoded, and JSON or NULL. All of it lives until
 * called_done. */
void called_init(
	struct called *c, const struct control_host *host, const char *query, const char *body);
void called_done(struct called *c);

/* The route of this pattern in a table, run with this part of the path. */
void called_run(struct called *c, const struct route *table, const char *method,
	const char *pattern, const char *part);

/* A text in the answer, by a path like "grant.id"; "" when there is none. Numbers and words as JSON. */
const char *called_member(const struct called *c, const char *path);

#endif
