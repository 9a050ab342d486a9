/* SPDX-License-Identifier: Apache-2.0 */
/* control/call.h: one request to the control endpoint while it is answered: what handlers see, and how
 * they answer. By the time a handler runs, Host, Origin, token, role, media type and size have been
 * judged. Source: RFC 9110, RFC 9457 (problems).
 *
 *	handler ─┬─► call_reply_json, call_reply_text, call_problem      answered
 *	         └─► call_defer ─► on_event: NEWS, TIME, LEFT ─► one of the above
 *
 * A call is answered exactly once; with that the handler forgets it. */
#ifndef SALLYPORT_CONTROL_CALL_H
#define SALLYPORT_CONTROL_CALL_H

#include "control/host.h"
#include "control/role.h"

#include <jansson.h>

enum { CALL_PARTS = 2, CALL_PARAMETERS = 16, CALL_NAME_SIZE = LIMIT_DECIDER_BYTES + 1 };

struct call;
struct control;

/* One pair of the query, percent-decoded (RFC 3986 §2.1; '+' is a space), valid UTF-8 without NUL. */
struct parameter {
	struct slice name, value;
};

/* For reading; all of it is valid until the call is answered. */
struct call {
	struct control *control;
	const struct control_host *host;
	uint64_t now_ms; /* Unix time when the request was whole */
	struct slice method; /* "GET" for HEAD too: its content is left out later */
	struct slice path; /* without the query */
	struct slice
		parts[CALL_PARTS]; /* what stands at each {…} of the route's pattern, not empty */
	struct parameter query[CALL_PARAMETERS];
	size_t query_count;
	struct slice last_event_id; /* the field Last-Event-ID, RFC 9110 tchars or empty */
	json_t *body; /* an object; NULL when the request had no content. Borrowed */
	char name[CALL_NAME_SIZE]; /* who asks: the token's name; "" for nobody */
	enum role role;
	bool by_cookie; /* signed in by a browser's cookie, not a token */
};

/* ---- looking ------------------------------------------------------------------------------- */

/* The first parameter of that name; ptr NULL when there is none. */
struct slice call_parameter(const struct call *call, const char *name);
/* Plain digits up to `most`; *ret_value is `fallback` when the parameter is absent or empty. False:
 * it is anything else, and the call has been answered with 400. */
bool call_number(
	struct call *call, const char *name, uint64_t most, uint64_t fallback, uint64_t *ret_value);

/* ---- answering ----------------------------------------------------------------------------- */

/* Adds a field to the answer to come. Name and value are ours: no peer bytes. At most 1 KiB of
 * them in all; beyond that, a fault of our own (assert). */
void call_field(struct call *call, const char *name, const char *value);

/* Answers with application/json. Takes the reference to `value`, whatever happens; a NULL value (no
 * memory while building it) is answered with 503 unavailable. */
void call_reply_json(struct call *call, unsigned status, json_t *value);

/* Answers with these bytes, copied. `type` as in Content-Type; NULL with an empty body: no content
 * at all (204). */
void call_reply_text(struct call *call, unsigned status, const char *type, struct slice text);

/* Answers with an RFC 9457 problem: status 400..599, `code` one of the API's words, `sentence` one
 * sentence, valid UTF-8, peer bytes in it escaped. */
void call_problem(struct call *call, unsigned status, const char *code, const char *sentence);

/* ---- answering later ----------------------------------------------------------------------- */

enum call_event {
	CALL_NEWS, /* the watched question changed: answer, or go on waiting */
	CALL_TIME, /* wait_ms are over: answer before returning */
	CALL_LEFT, /* the client is gone or the endpoint closes: forget the call, do not answer */
};
typedef void (*call_event_cb)(struct call *call, enum call_event event, void *owner);

/* The handler will answer later, within wait_ms. on_event runs never before this returns, NEWS any
 * number of times, TIME or LEFT at most once and last, nothing after an answer. */
void call_defer(struct call *call, uint64_t wait_ms, call_event_cb on_event, void *owner);
/* A deferred call hears of this question from now on (CALL_NEWS, not from within the desk). */
void call_watch(struct call *call, uint64_t question);

/* ---- routes -------------------------------------------------------------------------------- */

/* A file of handlers exports a table of these, ended by a row without a method, and names it in
 * control/routes.c:
 *
 *	const struct route grant_routes[] = {
 *		{"GET", "/v1/grants", ROLE_VIEWER, list_grants},
 *		{"DELETE", "/v1/grants/{id}", ROLE_APPROVER, revoke_grant},
 *		{0},
 *	}; */
struct route {
	const char *method; /* "GET" stands for HEAD too */
	const char *pattern; /* exact but for {…}, which stands for one whole segment */
	enum role role; /* the least that may; ROLE_NOBODY: everybody, without a token */
	void (*handler)(struct call *call);
	/* The names of the query's parameters, a space between two; others are refused. NULL: none. Whoever
	 * serves everybody takes any. */
	const char *parameters;
};

#endif
