/* SPDX-License-Identifier: Apache-2.0 */
/* tests/soak/caller.h: one client connection that carries out a scenario step by step and checks
 * what the proxy does. A step is a function and a number; scenarios are rows of them. */
#ifndef SALLYPORT_TESTS_CALLER_H
#define SALLYPORT_TESTS_CALLER_H

#include "bench/loop.h"
#include "bench/secure.h"

/* Where a scenario wants to go; each leads to an origin that behaves in its own way. */
enum place {
	PLACE_GOOD, /* answers, then waits for the client's end */
	PLACE_HALF, /* answers, half-closes, reads on */
	PLACE_RESET, /* answers, resets */
	PLACE_RESET_AT_ONCE, /* resets before it reads */
	PLACE_BIG, /* a long answer */
	PLACE_PLAIN, /* plain HTTP */
	PLACE_INSIDE, /* TLS, looked into: GET is allowed there, POST is not */
	PLACE_DEAD, /* nobody listens */
	PLACE_LISTENED, /* how many of the above have a port */
	PLACE_RAW = PLACE_LISTENED, /* the good origin, on a port without a check of first bytes */
	PLACE_REFUSED, /* on the deny list */
	/* On no list. The first two lead to the good origin and the plain one. */
	PLACE_HELD, /* approved after a moment, for those who wait then */
	PLACE_HELD_PLAIN, /* the same */
	PLACE_DENIED, /* denied after a moment, and for a second */
	PLACE_UNANSWERED, /* nobody decides */
	PLACE_INSIDE_RESET, /* looked into; the origin resets before it reads */
	PLACE_COUNT,
};

#define CALLER_ANSWER     1024 /* bytes of the origins' answers */
#define CALLER_BIG_ANSWER (200 * 1024) /* of PLACE_BIG */

enum outcome { OUTCOME_DONE, OUTCOME_WAIT, OUTCOME_WRONG };

struct caller;

struct step {
	enum outcome (*run)(struct caller *c, size_t argument);
	size_t argument;
};

#define CALLER_STEPS 10

struct scenario {
	const char *name;
	unsigned weight; /* share in the mix */
	struct step
		steps[CALLER_STEPS]; /* up to the first without a function; then a plain close */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

struct caller {
	struct watch watch;
	const struct scenario *scenario;
	unsigned step;
	size_t done; /* bytes sent or read within the step */
	size_t content; /* bytes of a response after its head */
	unsigned matched; /* of the blank line that ends a head */
	unsigned status;
	SSL *ssl; /* NULL outside of inspected tunnels */
	/* The scenario ended; `wrong` when a step was. The descriptor is closed already. */
	void (*on_ended)(struct caller *c, bool wrong);
};

/* Make what callers send. `ports` has PLACE_LISTENED entries. False when TLS cannot be had. */
bool caller_prepare(const uint16_t *ports);
/* Name and port as a client writes them. */
struct place_name {
	const char *host;
	unsigned port;
};
struct place_name caller_place(size_t place);
/* Takes reply bytes up to the end of the head; how many. */
size_t caller_take_head(struct caller *c, const char *bytes, size_t len);
/* For the scenarios that look inside. */
bool caller_prepare_secure(void);

/* Begin the scenario; false when there is no socket. */
bool caller_start(struct caller *c, struct loop *l, uint16_t proxy_port, uint32_t source);

/* The steps. Sending ones take it that a short message fits the socket's buffer. */
enum outcome send_head(struct caller *c, size_t place); /* CONNECT */
enum outcome send_half_head(struct caller *c, size_t place);
enum outcome send_head_in_pieces(struct caller *c, size_t place);
enum outcome send_malformed(struct caller *c, size_t which); /* any number */
enum outcome expect_reply(struct caller *c, size_t status); /* its head; goes on */
enum outcome expect_refusal(struct caller *c, size_t status); /* to the end */
enum outcome send_hello(struct caller *c, size_t place);
enum outcome send_half_hello(struct caller *c, size_t unused);
enum outcome send_hello_in_pieces(struct caller *c, size_t unused);
enum outcome send_hello_in_records(struct caller *c, size_t record_bytes); /* 3..255 */
enum outcome send_wrong_hello(struct caller *c, size_t unused); /* another listed name */
enum outcome send_nameless_hello(struct caller *c, size_t unused);
enum outcome send_noise(struct caller *c, size_t bytes); /* not TLS */
enum outcome read_answer(struct caller *c, size_t bytes);
enum outcome read_response(struct caller *c, size_t bytes); /* 200 with this much content */
enum outcome upload(struct caller *c, size_t bytes);
enum outcome expect_end(struct caller *c, size_t unused); /* whatever comes before it */
enum outcome expect_silence(struct caller *c, size_t unused); /* the end without a byte */
enum outcome send_get(struct caller *c, size_t place); /* absolute form */
enum outcome send_post(struct caller *c, size_t place);
enum outcome send_inner_get(struct caller *c, size_t place); /* origin form */
enum outcome half_close(struct caller *c, size_t unused);
enum outcome handshake(struct caller *c, size_t unused); /* with the proxy, in its tunnel */
enum outcome get_inside(struct caller *c, size_t place);
enum outcome post_inside(struct caller *c, size_t place);
enum outcome read_inside(struct caller *c, size_t bytes); /* 200 with this much content */
enum outcome expect_inside(struct caller *c, size_t status); /* a refusal, to the end */
enum outcome reset(struct caller *c, size_t unused);

#endif
