/* SPDX-License-Identifier: Apache-2.0 */
/* Engines of both sides against each other: handshakes, plaintext, ends. */
#include "tests/unit/ends.h"

#include "base/limits.h"

#include <stdlib.h>

static const int steps[] = {0, 1, 7, 1000, ENDS_RANDOM};

/* An upstream's engine talks to a client's engine: both are ours. */
static void join(struct ground *g, struct end *client, struct end *server, int step)
{
	end_of_engine(client, ground_upstream(g, "example.com", LIST_BOTH));
	end_of_engine(server, ground_facade(g, "example.com", ALPN_H2));
	ends_run(client, server, step);
	assert_true(client->done && server->done);
}

static void both_sides_shake_hands_in_any_pieces(void **state)
{
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct end client, server;
		join(g, &client, &server, steps[i]);
		assert_int_equal(engine_alpn(client.engine), ALPN_H2);
		assert_int_equal(engine_alpn(server.engine), ALPN_H2);
		assert_string_equal(engine_version(client.engine), "TLSv1.3");
		assert_int_equal(engine_resumed(client.engine), i > 0);
		assert_int_equal(engine_resumed(server.engine), i > 0);
		assert_int_equal(engine_fault(client.engine), TLS_FAULT_NONE);
		end_done(&client);
		end_done(&server);
	}
}

/* Says `text` in parts as the output allows, and carries all over. */
static void say_long(struct end *from, struct end *to, struct slice text, int step)
{
	while (text.len > 0) {
		enum engine_result result = engine_write(from->engine, &text);
		assert_true(result == ENGINE_OK || result == ENGINE_FULL);
		assert_true(engine_output(from->engine).len <= LIMIT_ENGINE_OUTPUT_BYTES);
		ends_run(from, to, step);
	}
}

static void plaintext_of_any_length_arrives(void **state)
{
	static const size_t lengths[] = {1, 2, 16383, 16384, 16385, 65536, 300000};
	struct ground *g = *state;
	char *text = malloc(300000);

	for (size_t i = 0; i < 300000; i++)
		text[i] = (char)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct end client, server;
		join(g, &client, &server, steps[i]);
		for (size_t n = 0; n < COUNT(lengths); n++) {
			if (steps[i] == 1 && lengths[n] > 20000)
				continue;
			struct slice said = slice_from(text, lengths[n]);
			say_long(&client, &server, said, steps[i]);
			assert_true(slice_equal(buffer_bytes(&server.plain), said));
			say_long(&server, &client, said, steps[i]);
			assert_true(slice_equal(buffer_bytes(&client.plain), said));
			buffer_take(&server.plain, said.len);
			buffer_take(&client.plain, said.len);
		}
		end_done(&client);
		end_done(&server);
	}
	free(text);
}

static void a_full_output_takes_nothing(void **state)
{
	struct end client, server;
	char *text = calloc(1, 100000);
	struct slice rest = slice_from(text, 100000);

	join(*state, &client, &server, 0);
	assert_int_equal(engine_write(client.engine, &rest), ENGINE_FULL);
	assert_true(rest.len > 0 && rest.len < 100000);
	size_t left = rest.len;
	assert_int_equal(engine_write(client.engine, &rest), ENGINE_FULL);
	assert_int_equal(rest.len, left);
	assert_int_equal(engine_close(client.engine), ENGINE_FULL);
	ends_run(&client, &server, 0);
	assert_int_equal(server.plain.len, 100000 - left);
	rest = slice_first(rest, 16384);
	assert_int_equal(engine_write(client.engine, &rest), ENGINE_OK);
	ends_run(&client, &server, 0);
	assert_int_equal(server.plain.len, 100000 - left + 16384);
	/* Idle, neither owns a buffer. */
	assert_null(engine_output(client.engine).ptr);
	end_done(&client);
	end_done(&server);
	free(text);
}

/* With a small place for plaintext, what was not taken stays the caller's ciphertext or comes first
 * with the next call. */
static void a_slow_reader_gets_all(void **state)
{
	struct end client, server;
	char text[5000], taken[5000], bit[7];
	size_t len = 0, got = 0;

	memset(text, 'x', sizeof(text));
	join(*state, &client, &server, 0);
	for (int i = 0; i < 5; i++)
		end_say(&client, slice_from(text + i * 1000, 1000));
	struct slice in = end_output(&client);
	while (engine_read(server.engine, &in, bit, sizeof(bit), &got) == ENGINE_OK) {
		assert_true(got > 0 && got <= sizeof(bit) && len + got <= sizeof(taken));
		memcpy(taken + len, bit, got);
		len += got;
	}
	assert_int_equal(in.len, 0);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(taken, text, sizeof(text));
	end_done(&client);
	end_done(&server);
}

static void each_direction_ends_by_itself(void **state)
{
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct end client, server;
		join(g, &client, &server, steps[i]);
		end_say(&client, SLICE("last words"));
		end_close(&client);
		end_close(&client);
		ends_run(&client, &server, steps[i]);
		assert_int_equal(server.result, ENGINE_END);
		assert_int_equal(server.plain.len, 10);
		/* The other direction goes on. */
		end_say(&server, SLICE("an answer"));
		ends_run(&client, &server, steps[i]);
		assert_int_equal(client.plain.len, 9);
		assert_int_equal(client.result, ENGINE_WANT);
		end_close(&server);
		ends_run(&client, &server, steps[i]);
		assert_int_equal(client.result, ENGINE_END);
		assert_int_equal(engine_cut(client.engine), ENGINE_END);
		assert_int_equal(engine_cut(server.engine), ENGINE_END);
		end_done(&client);
		end_done(&server);
	}
}

/* A stream that is cut anywhere before the last byte of close_notify is told from a whole one. */
static void a_cut_stream_is_not_an_end(void **state)
{
	struct ground *g = *state;
	size_t len = 1;

	for (size_t cut = 0; cut <= len; cut++) {
		struct end client, server;
		join(g, &client, &server, 0);
		end_say(&server, SLICE("some bytes"));
		end_say(&server, SLICE("and more"));
		end_close(&server);
		struct slice out = end_output(&server);
		len = out.len;
		end_feed(&client, slice_first(out, cut));
		enum engine_result result = engine_cut(client.engine);
		ROW_CHECK("cut", result == (cut < len ? ENGINE_BAD : ENGINE_END), "at %zu of %zu",
			cut, len);
		if (cut < len) {
			char byte;
			size_t got;
			struct slice none = SLICE("");
			assert_int_equal(engine_fault(client.engine), TLS_FAULT_TRUNCATED);
			assert_int_equal(
				engine_read(client.engine, &none, &byte, 1, &got), ENGINE_BAD);
			assert_int_equal(engine_write(client.engine, &none), ENGINE_BAD);
			assert_int_equal(engine_close(client.engine), ENGINE_BAD);
			assert_int_equal(engine_handshake(client.engine, &none), ENGINE_BAD);
			assert_int_equal(engine_cut(client.engine), ENGINE_BAD);
		}
		end_done(&client);
		end_done(&server);
	}
}

/* Where the handshake's own bytes stop. */
static void a_cut_handshake_has_its_own_fault(void **state)
{
	struct ground *g = *state;
	struct end client, server;

	end_of_engine(&client, ground_upstream(g, "example.com", LIST_BOTH));
	end_of_engine(&server, ground_facade(g, "example.com", ALPN_H2));
	end_feed(&client, SLICE(""));
	end_feed(&server, slice_first(end_output(&client), 40));
	assert_int_equal(engine_close(server.engine), ENGINE_OK);
	assert_int_equal(end_output(&server).len, 0);
	assert_int_equal(engine_cut(client.engine), ENGINE_BAD);
	assert_int_equal(engine_fault(client.engine), TLS_FAULT_CUT_HANDSHAKE);
	assert_int_equal(engine_cut(server.engine), ENGINE_BAD);
	assert_int_equal(engine_fault(server.engine), TLS_FAULT_CUT_HANDSHAKE);
	end_done(&client);
	end_done(&server);
}

/* Everything a client sent at once, its first request too: nothing is lost between the calls. */
static void bytes_behind_the_handshake_are_left_for_read(void **state)
{
	struct ground *g = *state;
	struct end client, server;
	char plain[100];
	size_t len = 0;

	end_of_engine(&client, ground_upstream(g, "example.com", LIST_HTTP11));
	end_of_engine(&server, ground_facade(g, "example.com", ALPN_HTTP11));
	end_feed(&client, SLICE(""));
	end_feed(&server, end_output(&client));
	end_sent(&client, end_output(&client).len);
	end_feed(&client, end_output(&server));
	end_sent(&server, end_output(&server).len);
	assert_true(client.done && !server.done);
	end_say(&client, SLICE("GET / HTTP/1.1\r\n\r\n"));
	struct slice in = end_output(&client);
	assert_int_equal(engine_handshake(server.engine, &in), ENGINE_OK);
	assert_true(in.len > 0);
	assert_int_equal(engine_handshake(server.engine, &in), ENGINE_OK);
	assert_int_equal(engine_read(server.engine, &in, plain, sizeof(plain), &len), ENGINE_OK);
	assert_int_equal(len, 18);
	assert_int_equal(engine_read(server.engine, &in, plain, sizeof(plain), &len), ENGINE_WANT);
	end_done(&client);
	end_done(&server);
}

static void every_fault_has_its_words_and_reasons(void **state)
{
	(void)state;
	for (int i = 0; i < TLS_FAULT_COUNT; i++) {
		const char *word = tls_fault_word((enum tls_fault)i);
		enum reason upstream = tls_fault_reason((enum tls_fault)i, TLS_PEER_UPSTREAM);
		enum reason client = tls_fault_reason((enum tls_fault)i, TLS_PEER_CLIENT);
		ROW_CHECK(word, word[0] != '\0', "empty");
		ROW_CHECK(word, (upstream == REASON_NONE) == (i == 0), "upstream");
		ROW_CHECK(word, (client == REASON_NONE) == (i == 0), "client");
		ROW_CHECK(word, i == 0 || reason_row(upstream)->status >= 502, "no reply");
	}
	engine_free(NULL);
	upstreams_free(NULL);
	facades_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_shake_hands_in_any_pieces),
		cmocka_unit_test(plaintext_of_any_length_arrives),
		cmocka_unit_test(a_full_output_takes_nothing),
		cmocka_unit_test(a_slow_reader_gets_all),
		cmocka_unit_test(each_direction_ends_by_itself),
		cmocka_unit_test(a_cut_stream_is_not_an_end),
		cmocka_unit_test(a_cut_handshake_has_its_own_fault),
		cmocka_unit_test(bytes_behind_the_handshake_are_left_for_read),
		cmocka_unit_test(every_fault_has_its_words_and_reasons),
	};
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
