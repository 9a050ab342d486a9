/* SPDX-License-Identifier: Apache-2.0 */
/* control/client.h: an HTTP client of the control endpoint, over a unix socket or loopback TCP. Waits
 * for its answers: for the command line, never for the proxy itself. Knows JSON, status and problem
 * documents (RFC 9457), not what the API means. */
#ifndef SALLYPORT_CONTROL_CLIENT_H
#define SALLYPORT_CONTROL_CLIENT_H

#include "base/slice.h"

struct client; /* opaque */
struct json_t;

enum { CLIENT_SENTENCE_BYTES = 512, CLIENT_PATH_BYTES = 1024 };

/* A client of the endpoint `at`: "unix:/path" or "/path", "127.0.0.1:3129" or "http://localhost:3129",
 * "https://host". Plain HTTP beyond this machine is refused, because it would show the token.
 *   token  printable ASCII without spaces; copied, as `at` is
 * NULL with a sentence. Connects nothing yet. */
struct client *client_new(
	const char *at, const char *token, char ret_sentence[CLIENT_SENTENCE_BYTES]);
void client_free(struct client *c); /* NULL is fine */

struct client_request {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *path; /* with its query, already percent-encoded */
	const struct json_t *body; /* NULL: none */
};
struct client_answer {
	long status; /* 0: there was no answer */
	struct json_t *body; /* NULL: none, or not with an error. The caller drops its reference */
	char code[32]; /* of a problem document, "" without one */
	char sentence[CLIENT_SENTENCE_BYTES]; /* what went wrong, safe for a terminal */
};
/* Asks and waits, at most LIMIT_CLIENT_MS. True with 2xx; an answer beyond LIMIT_ANSWER_BYTES or one
 * that is no JSON is an error. */
bool client_call(
	struct client *c, const struct client_request *request, struct client_answer *ret_answer);

/* Appends `text` to a path with all but unreserved characters percent-encoded (RFC 3986 §2.3). False
 * when it does not fit. */
bool client_path_add(char path[CLIENT_PATH_BYTES], struct slice text);

/* A sentence for a status and body that are no success, as client_call makes them. */
void client_explain(struct client_answer *answer, struct slice body);
/* A sentence for no answer at all: the place, what libcurl says of `easy` and its `code`, and what to
 * do about it. */
void client_no_answer(
	const struct client *c, void *easy, int code, struct client_answer *ret_answer);

/* ---- for the event stream (follow.h) ------------------------------------------------------- */

struct curl_api;
struct curl_slist;
const struct curl_api *client_api(const struct client *c);
/* A libcurl handle with everything set but method, body and where the bytes go; NULL without
 * memory. The caller ends it, before the client. */
void *client_easy(struct client *c, const char *path);
/* The fields that every request has, for more to be added; NULL without memory. The caller's. */
struct curl_slist *client_fields(const struct client *c);

#endif
