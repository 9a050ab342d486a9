/* SPDX-License-Identifier: Apache-2.0 */
/* control/remote.h: what the command line does at a running proxy, through its control endpoint: one
 * function for each command, which asks, prints to standard output and explains itself on standard
 * error. True: done; false: refused or failed, and the sentence is printed. */
#ifndef SALLYPORT_CONTROL_REMOTE_H
#define SALLYPORT_CONTROL_REMOTE_H

#include "control/terminal.h"

struct client;
struct json_t;

struct remote {
	struct client *client;
	bool json; /* for scripts: what the API said, nothing else */
	struct terminal terminal;
};

/* Embedded. `at` and `token` as for client_new. Reaches out to nobody yet. */
bool remote_open(struct remote *r, const char *at, const char *token, bool json);
void remote_close(struct remote *r); /* a zeroed one is fine */

/* A decision as given; NULL or 0 where nothing was. Words have been checked. */
struct remote_decision {
	bool allow;
	bool everybody; /* not only whoever asks */
	const char *scope, *pattern, *note, *protocol;
	const char *subject; /* of a decision ahead of time */
	uint64_t ttl_ms;
};

/* state: a word of the API, or "all". */
bool remote_approvals(struct remote *r, const char *state);
/* Decides about a pending question.
 *   which  its id; or a host, alone or with its port, that one pending question is about */
bool remote_decide(struct remote *r, const char *which, const struct remote_decision *decision);

bool remote_grants(struct remote *r);
bool remote_grant_add(
	struct remote *r, const char *pattern, const struct remote_decision *decision);
bool remote_grant_revoke(struct remote *r, const char *id);

/* Prints a link that signs a browser in once. */
bool remote_link(struct remote *r);

/* ---- for watch.h and tail.h ---------------------------------------------------------------- */

/* The body of a decision; NULL without memory or when a text is no UTF-8. The caller drops it. */
struct json_t *remote_decision_body(const struct remote_decision *decision);
/* Posts it: the answer's body {"approval", "grant"}, or NULL with a sentence (of at least
 * CLIENT_SENTENCE_BYTES). */
struct json_t *remote_post_decision(struct remote *r, const char *id,
	const struct remote_decision *decision, char *ret_sentence);

#endif
