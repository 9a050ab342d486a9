/* SPDX-License-Identifier: Apache-2.0 */
/* The relay between two real TCP connections on loopback: client = outer[0], upstream = outer[1]. */
#include "tests/unit/rows.h"

#include "tests/unit/pair.h"

#include "proxy/relay.h"

#include <stdlib.h>

/* Turns of the loop that a test may take before it has failed. */
enum { TURNS = 200000 };

struct bench {
	uv_loop_t loop;
	uv_timer_t alive; /* wires alone keep no loop running */
	struct poller *poller;
	struct wire *client, *upstream;
	struct relay relay;
	struct relay_ground *ground;
	enum relay_result result;
	int outer[2]; /* what a client and an origin hold */
};

static void on_never(uv_timer_t *timer)
{
	(void)timer;
	fail();
}

static void on_ready(struct wire *w, void *owner)
{
	struct bench *b = owner;

	(void)w;
	if (b->result == RELAY_GOING)
		b->result = relay_turn(&b->relay);
}

static void bench_open(struct bench *b)
{
	int client[2], upstream[2];

	*b = (struct bench){.result = RELAY_GOING};
	b->ground = calloc(1, sizeof(*b->ground));
	assert_non_null(b->ground);
	pipes_init(&b->ground->pipes);
	assert_int_equal(uv_loop_init(&b->loop), 0);
	uv_timer_init(&b->loop, &b->alive);
	uv_timer_start(&b->alive, on_never, 600 * 1000, 0);
	b->poller = poller_new(&b->loop);
	assert_non_null(b->poller);
	pair_open(client);
	pair_open(upstream);
	b->outer[0] = client[0];
	b->outer[1] = upstream[0];
	b->client = wire_open(b->poller, client[1], on_ready, b);
	b->upstream = wire_open(b->poller, upstream[1], on_ready, b);
	assert_true(b->client && b->upstream);
	relay_init(&b->relay, b->client, b->upstream, b->ground);
}

static void bench_close(struct bench *b)
{
	relay_done(&b->relay);
	wire_close(b->client);
	wire_close(b->upstream);
	uv_close((uv_handle_t *)&b->alive, NULL);
	poller_run(b->poller);
	poller_free(b->poller);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	pipes_done(&b->ground->pipes);
	free(b->ground);
	for (int i = 0; i < 2; i++)
		if (b->outer[i] >= 0)
			close(b->outer[i]);
}

static void turn(struct bench *b)
{
	poller_turn(b->poller, false);
}

/* Waits for `len` bytes at `fd`, turning the loop. */
static void expect(struct bench *b, int fd, const char *bytes, size_t len)
{
	char got[64];
	size_t have = 0;

	assert_true(len <= sizeof(got));
	for (int i = 0; i < TURNS && have < len; i++) {
		turn(b);
		ssize_t n = recv(fd, got + have, len - have, 0);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(have, len);
	assert_memory_equal(got, bytes, len);
}

static void expect_end(struct bench *b, int fd)
{
	char byte;
	ssize_t n = -1;

	for (int i = 0; i < TURNS && n < 0; i++) {
		turn(b);
		n = recv(fd, &byte, 1, 0);
	}
	assert_int_equal(n, 0);
}

static void expect_result(struct bench *b, enum relay_result result)
{
	for (int i = 0; i < TURNS && b->result == RELAY_GOING; i++)
		turn(b);
	assert_int_equal(b->result, result);
}

static void small_messages_pass_both_ways_and_leave_nothing(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send(b.outer[0], "ping", 4, 0), 4);
		expect(&b, b.outer[1], "ping", 4);
		assert_int_equal(send(b.outer[1], "pong!", 5, 0), 5);
		expect(&b, b.outer[0], "pong!", 5);
	}
	assert_int_equal(b.relay.up.bytes, 12);
	assert_int_equal(b.relay.down.bytes, 15);
	assert_true(relay_drained(&b.relay));
	assert_null(b.relay.up.held.ptr);
	assert_int_equal(b.relay.up.pipe.read_fd, -1);
	bench_close(&b);
}

static void early_bytes_go_first(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	assert_true(relay_begin(&b.relay, SLICE("first "), SLICE("hello ")));
	assert_int_equal(send(b.outer[0], "second", 6, 0), 6);
	assert_int_equal(send(b.outer[1], "world", 5, 0), 5);
	expect(&b, b.outer[1], "first second", 12);
	expect(&b, b.outer[0], "hello world", 11);
	bench_close(&b);
}

static void a_half_close_passes_and_the_other_way_drains(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	assert_int_equal(send(b.outer[0], "last", 4, 0), 4);
	shutdown(b.outer[0], SHUT_WR);
	expect(&b, b.outer[1], "last", 4);
	expect_end(&b, b.outer[1]);
	assert_int_equal(b.result, RELAY_GOING);
	assert_int_equal(send(b.outer[1], "answer", 6, 0), 6);
	expect(&b, b.outer[0], "answer", 6);
	shutdown(b.outer[1], SHUT_WR);
	expect_result(&b, RELAY_DONE);
	bench_close(&b);
}

static void a_reset_says_whose_it_was(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	pair_reset(b.outer[0]);
	b.outer[0] = -1;
	expect_result(&b, RELAY_CLIENT_RESET);
	bench_close(&b);

	bench_open(&b);
	pair_reset(b.outer[1]);
	b.outer[1] = -1;
	expect_result(&b, RELAY_UPSTREAM_RESET);
	bench_close(&b);
}

/* Pseudo-random, so that a byte lost or doubled anywhere shows. */
static unsigned char pattern(uint64_t at)
{
	return (unsigned char)((at * 2654435761u) >> 13);
}

/* 32 MiB in one direction, the reader slower than the writer, then the end. */
static void bulk(struct bench *b, int from, int to)
{
	enum { TOTAL = 32 * 1024 * 1024, PIECE = 256 * 1024 };
	unsigned char *piece = malloc(PIECE);
	uint64_t sent = 0, got = 0;
	bool ended = false, pipe_used = false;

	assert_non_null(piece);
	for (int i = 0; i < TURNS && !ended; i++) {
		size_t want = TOTAL - sent < PIECE ? (size_t)(TOTAL - sent) : PIECE;
		for (size_t j = 0; j < want; j++)
			piece[j] = pattern(sent + j);
		ssize_t n = want > 0 ? send(from, piece, want, 0) : -1;
		sent += n > 0 ? (uint64_t)n : 0;
		if (sent == TOTAL)
			shutdown(from, SHUT_WR);
		turn(b);
		pipe_used = pipe_used || b->ground->pipes.count > 0 ||
			    b->relay.up.pipe.read_fd >= 0 || b->relay.down.pipe.read_fd >= 0;
		assert_true(b->relay.up.held.len <= LIMIT_HELD_BYTES);
		n = recv(to, piece, PIECE / 2, 0);
		/* The last direction's end is passed on by closing, which is the owner's. */
		ended = n == 0 || (b->result == RELAY_DONE && got == TOTAL);
		for (ssize_t j = 0; j < n; j++)
			assert_int_equal(piece[j], pattern(got + (uint64_t)j));
		got += n > 0 ? (uint64_t)n : 0;
	}
	assert_true(ended);
	assert_int_equal(got, TOTAL);
	assert_true(pipe_used);
	free(piece);
}

static void bulk_is_whole_in_each_direction(void **state)
{
	struct bench b;
	(void)state;
	bench_open(&b);
	bulk(&b, b.outer[0], b.outer[1]);
	bulk(&b, b.outer[1], b.outer[0]);
	expect_result(&b, RELAY_DONE);
	assert_int_equal(b.relay.up.bytes, b.relay.down.bytes);
	assert_int_equal(b.relay.up.pipe.read_fd, -1);
	bench_close(&b);
}

/* A reader that does not read must stop its writer, and nothing else. */
static void a_slow_reader_is_waited_for_within_bounds(void **state)
{
	struct bench b;
	static char block[1024 * 1024];
	uint64_t sent = 0;
	(void)state;
	bench_open(&b);
	for (int idle = 0; idle < 50;) {
		ssize_t n = send(b.outer[0], block, sizeof(block), 0);
		sent += n > 0 ? (uint64_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		turn(&b);
		assert_true(sent < 64u * sizeof(block));
	}
	assert_int_equal(send(b.outer[1], "still here", 10, 0), 10);
	expect(&b, b.outer[0], "still here", 10);
	assert_int_equal(b.result, RELAY_GOING);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_messages_pass_both_ways_and_leave_nothing),
		cmocka_unit_test(early_bytes_go_first),
		cmocka_unit_test(a_half_close_passes_and_the_other_way_drains),
		cmocka_unit_test(a_reset_says_whose_it_was),
		cmocka_unit_test(bulk_is_whole_in_each_direction),
		cmocka_unit_test(a_slow_reader_is_waited_for_within_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
