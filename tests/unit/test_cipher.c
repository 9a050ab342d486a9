/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as the layer of a wire, where its socket fails it. */
#include "tests/unit/ends.h"
#include "tests/unit/pair.h"

#include "proxy/cipher.h"
#include "proxy/poller.h"

#include <stdlib.h>

struct bench {
	uv_loop_t loop;
	struct poller *poller;
	struct wire *wire;
	struct cipher_ground *ground;
	int peer;
};

static void on_ready(struct wire *w, void *owner)
{
	(void)w;
	(void)owner;
}

/* An upstream's engine on a wire whose socket is ready to be written to. */
static void bench_open(struct bench *b, struct ground *g)
{
	int ends[2];

	pair_open(ends);
	b->peer = ends[1];
	assert_int_equal(uv_loop_init(&b->loop), 0);
	b->poller = poller_new(&b->loop);
	b->wire = wire_open(b->poller, ends[0], on_ready, NULL);
	b->ground = malloc(sizeof(*b->ground));
	for (int i = 0; i < 8 && !b->wire->writable; i++)
		poller_turn(b->poller, false);
	assert_true(b->wire->writable && !b->wire->readable);
	assert_true(cipher_begin(
		b->wire, ground_upstream(g, "example.com", SLICE("")), SLICE(""), b->ground));
}

static void bench_close(struct bench *b)
{
	wire_close(b->wire);
	poller_run(b->poller);
	poller_free(b->poller);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	free(b->ground);
}

/* The reset is there, the loop has not told of it, and the hello is what finds it. */
static void a_reset_before_the_hello_is_a_fault(void **state)
{
	struct bench b;

	bench_open(&b, *state);
	pair_reset(b.peer);
	assert_int_equal(cipher_handshake(b.wire), CIPHER_BAD);
	assert_int_equal(engine_fault(cipher_engine(b.wire)), TLS_FAULT_CUT_HANDSHAKE);
	bench_close(&b);
}

static void an_end_before_the_hello_is_answered_is_a_fault(void **state)
{
	struct bench b;

	bench_open(&b, *state);
	assert_int_equal(cipher_handshake(b.wire), CIPHER_WAITS);
	close(b.peer);
	for (int i = 0; i < 1000 && !b.wire->readable; i++)
		poller_turn(b.poller, false);
	assert_int_equal(cipher_handshake(b.wire), CIPHER_BAD);
	assert_int_equal(engine_fault(cipher_engine(b.wire)), TLS_FAULT_CUT_HANDSHAKE);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_before_the_hello_is_a_fault),
		cmocka_unit_test(an_end_before_the_hello_is_answered_is_a_fault),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
