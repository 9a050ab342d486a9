/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/ends.h: the two ends of a TLS connection in memory, each an engine of ours or a bare
 * OpenSSL, and what carries bytes between them in pieces of any size. */
#ifndef SALLYPORT_TESTS_ENDS_H
#define SALLYPORT_TESTS_ENDS_H

#include "base/buffer.h"
#include "tests/unit/forger.h"
#include "tests/unit/rows.h"
#include "tls/facade.h"
#include "tls/upstream.h"

enum {
	ENDS_BYTES = 4 * 1024 * 1024, /* that one end keeps in a test */
	ENDS_RANDOM = -1, /* as a step: pieces of 1 to 64 bytes from a fixed seed */
};

struct end {
	struct engine *engine; /* ours, or */
	SSL *ssl; /* a bare one */
	struct buffer incoming; /* ciphertext that came and is not used yet */
	struct buffer plain; /* what was read */
	enum engine_result result; /* of the last call, for a bare one as if it were ours */
	bool done; /* the handshake is */
	unsigned long error; /* of a bare one */
};

/* Takes the engine or the SSL; end_done frees it. */
void end_of_engine(struct end *d, struct engine *e);
void end_of_ssl(struct end *d, SSL_CTX *context, bool server);
void end_done(struct end *d);

/* Ciphertext from elsewhere; then the end does what it can with it. */
void end_feed(struct end *d, struct slice bytes);
/* Plaintext; the test fails when not all is taken. */
void end_say(struct end *d, struct slice bytes);
/* close_notify. */
void end_close(struct end *d);
/* Takes the ciphertext that waits to be sent: valid until the next call on this end. */
struct slice end_output(struct end *d);
void end_sent(struct end *d, size_t len);

/* Carries bytes both ways until nothing moves, `step` bytes at a time (0: all there is). */
void ends_run(struct end *a, struct end *b, int step);

/* A root, a leaf of it for example.com, and the shared halves that trust it. */
struct ground {
	struct forged root, leaf;
	X509_STORE *roots;
	struct upstreams *upstreams;
	struct facades *facades;
	SSL_CTX *server; /* a bare server that shows the leaf, of no strictness at all */
	SSL_CTX *client; /* a bare client that trusts the root and expects nothing */
};

int ground_setup(void **state);
int ground_teardown(void **state);

/* A bare server that shows this, and `issuer` too unless NULL. The caller frees it. */
SSL_CTX *ground_server(const struct forged *leaf, const struct forged *issuer);

/* Engines of ours as most tests want them; `list` is the client's protocols ("" for none). */
struct engine *ground_upstream(struct ground *g, const char *name, struct slice list);
struct engine *ground_facade(struct ground *g, const char *name, enum alpn alpn);
/* A bare client that names this host (NULL: none) and lists these protocols. */
void ground_client(struct ground *g, struct end *d, const char *name, struct slice list);

#define LIST_BOTH   SLICE("\x02h2\x08http/1.1")
#define LIST_HTTP11 SLICE("\x08http/1.1")
#define LIST_H2     SLICE("\x02h2")

#endif
