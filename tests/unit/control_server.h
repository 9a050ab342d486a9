/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/control_server.h: the real control endpoint on a unix socket and on loopback TCP, in a
 * directory and a loop of its own, and clients of it, in one thread: while a client waits the loop
 * turns. */
#ifndef SALLYPORT_TESTS_CONTROL_SERVER_H
#define SALLYPORT_TESTS_CONTROL_SERVER_H

#include "base/buffer.h"
#include "control/caller.h"

/* The text of tokens with each role; the test writes them to the file. */
#define TOKEN_VIEWER   "viewer-token"
#define TOKEN_APPROVER "approver-token"
#define TOKEN_ADMIN    "admin-token"
#define AS(token)      "Authorization: Bearer " token "\r\n"

struct server {
	uv_loop_t loop;
	struct control *control;
	struct control_host host; /* owner, desk, functions: the test's, before server_start */
	char directory[64];
	uint16_t port;
};

/* One connection. */
struct client {
	int fd;
	struct buffer in; /* what came and was not taken */
	bool ended;
};

/* What the digest says, to whoever asks for rows behind `sequence`; linked with own_digest. */
extern struct digest_row *server_rows;
extern size_t server_row_count;
extern uint64_t server_rows_missed;
/* Whether the endpoint said that traffic is watched, and how often it changed its mind. */
extern bool server_watched;
extern unsigned server_watches;

void server_start(struct server *s);
/* Closes the endpoint and checks that nothing is left of it. */
void server_stop(struct server *s);
/* Turns the loop until nothing is ready. */
void server_turn(struct server *s);

/* By the unix socket, or TCP. */
struct client client_open(struct server *s, bool tcp);
void client_close(struct server *s, struct client *c);
void client_send(struct server *s, struct client *c, struct slice bytes);
/* The next response, head and content, as a string that the next call overwrites; "" when the
 * connection ended before one was whole. */
const char *client_response(struct server *s, struct client *c);
/* The same, of a response to HEAD. */
const char *client_head(struct server *s, struct client *c);
/* What came until `wanted`, which it ends with; fails the test when it never does. */
const char *client_until(struct server *s, struct client *c, const char *wanted);
/* Turns until the server ends the connection; false: it does not. */
bool client_ends(struct server *s, struct client *c);

/* One request on a connection of its own, by the unix socket. */
const char *server_ask(struct server *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
