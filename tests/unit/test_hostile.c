/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that break the protocol, before and behind the handshake. */
#include "tests/unit/ends.h"

#include "base/limits.h"
#include "tls/engine_inside.h"

#include <openssl/err.h>
#include <stdlib.h>

/* ---- before the handshake ------------------------------------------------------------------ */

/* What an engine says of these first bytes; by byte too. */
static enum tls_fault first_bytes(struct engine *e, struct slice bytes, int step)
{
	struct end d;

	end_of_engine(&d, e);
	end_feed(&d, SLICE(""));
	while (bytes.len > 0 && d.result != ENGINE_BAD) {
		struct slice part = step ? slice_first(bytes, (size_t)step) : bytes;
		end_feed(&d, part);
		bytes = slice_after(bytes, part.len);
	}
	enum tls_fault fault = engine_fault(d.engine);
	if (fault == TLS_FAULT_NONE) {
		engine_cut(d.engine);
		fault = engine_fault(d.engine);
	}
	assert_false(d.done);
	end_done(&d);
	return fault;
}

#define MALFORMED TLS_FAULT_MALFORMED
#define CUT       TLS_FAULT_CUT_HANDSHAKE

static void garbage_is_malformed(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		enum tls_fault upstream, client;
	} rows[] = {
		{"nothing", {"", 0}, CUT, CUT},
		{"http reply", {"HTTP/1.1 400 Bad Request\r\n\r\n", 28}, MALFORMED, MALFORMED},
		{"http request", {"GET / HTTP/1.1\r\n\r\n", 18}, MALFORMED, MALFORMED},
		{"http CONNECT", {"CONNECT a:443 HTTP/1.1\r\n\r\n", 26}, MALFORMED, MALFORMED},
		{"http2 preface", {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24}, MALFORMED, MALFORMED},
		{"ssh", {"SSH-2.0-OpenSSH_9.2\r\n", 21}, MALFORMED, MALFORMED},
		{"zeros", {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16}, MALFORMED, MALFORMED},
		{"half a header", {"\x16\x03\x03", 3}, CUT, CUT},
		{"record of 2^16-1", {"\x16\x03\x03\xff\xff\x02\0\0\0\0\0\0", 12}, MALFORMED,
			MALFORMED},
		{"record above 2^14+2048", {"\x16\x03\x03\x49\0\x02\0\0\0\0\0\0", 12}, MALFORMED,
			MALFORMED},
		{"application data", {"\x17\x03\x03\0\x05hello", 10}, MALFORMED, MALFORMED},
		{"change of ciphers", {"\x14\x03\x03\0\x01\x01", 6}, MALFORMED, MALFORMED},
		{"handshake of 16 MiB", {"\x16\x03\x03\0\x04\x02\xff\xff\xff", 9}, MALFORMED,
			MALFORMED},
		{"alert of version", {"\x15\x03\x03\0\x02\x02\x46", 7}, TLS_FAULT_PROTOCOL_VERSION,
			MALFORMED},
		{"alert of handshake", {"\x15\x03\x03\0\x02\x02\x28", 7},
			TLS_FAULT_HANDSHAKE_FAILED, MALFORMED},
		{"alert of certificate wanted", {"\x15\x03\x03\0\x02\x02\x74", 7},
			TLS_FAULT_CLIENT_CERTIFICATE_WANTED, MALFORMED},
		{"close at once", {"\x15\x03\x03\0\x02\x01\0", 7}, CUT, MALFORMED},
		{"alert cut", {"\x15\x03\x03\0\x01\x02", 6}, MALFORMED, MALFORMED},
		{"alert of no level", {"\x15\x03\x03\0\x02\x07\x28", 7}, MALFORMED, MALFORMED},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		for (int step = 0; step < 3; step++) {
			enum tls_fault fault = first_bytes(
				ground_upstream(g, "example.com", SLICE("")), rows[i].bytes, step);
			ROW_CHECK(rows[i].name, fault == rows[i].upstream, "upstream by %d: %s",
				step, tls_fault_word(fault));
			fault = first_bytes(
				ground_facade(g, "example.com", ALPN_NONE), rows[i].bytes, step);
			ROW_CHECK(rows[i].name, fault == rows[i].client, "client by %d: %s", step,
				tls_fault_word(fault));
		}
}

/* ---- behind it ----------------------------------------------------------------------------- */

/* An engine towards a bare server, done. */
static void join_server(struct ground *g, struct end *ours, struct end *server, int version)
{
	end_of_engine(ours, ground_upstream(g, "example.com", SLICE("")));
	end_of_ssl(server, g->server, true);
	SSL_set_max_proto_version(server->ssl, version);
	ends_run(ours, server, 0);
	assert_true(ours->done && server->done);
}

static void join_client(struct ground *g, struct end *client, struct end *ours, int version)
{
	ground_client(g, client, "example.com", SLICE(""));
	SSL_set_max_proto_version(client->ssl, version);
	end_of_engine(ours, ground_facade(g, "example.com", ALPN_NONE));
	ends_run(client, ours, 0);
	assert_true(ours->done && client->done);
}

static void records_behind_the_handshake_are_checked(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
	} rows[] = {
		{"plain data", {"\x17\x03\x03\0\x05hello", 10}},
		{"plain alert", {"\x15\x03\x03\0\x02\x01\0", 7}},
		{"oversized", {"\x17\x03\x03\x45\0hello", 10}},
		{"empty", {"\x17\x03\x03\0\0", 5}},
		{"http", {"HTTP/1.1 200 OK\r\n", 17}},
		{"forged", {"\x17\x03\x03\0\x20"
			    "0123456789abcdef0123456789abcdef",
				   37}},
		{"handshake in the clear", {"\x16\x03\x03\0\x04\0\0\0\0", 9}},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
			struct end ours, server;
			join_server(g, &ours, &server, version);
			end_say(&server, SLICE("before"));
			ends_run(&ours, &server, 0);
			end_feed(&ours, rows[i].bytes);
			ROW_CHECK(rows[i].name, ours.result == ENGINE_BAD, "%d", ours.result);
			enum tls_fault fault = engine_fault(ours.engine);
			ROW_CHECK(rows[i].name, fault == TLS_FAULT_MALFORMED, "%s",
				tls_fault_word(fault));
			ROW_CHECK(rows[i].name, ours.plain.len == 6, "%zu", ours.plain.len);
			end_done(&ours);
			end_done(&server);
		}
}

/* The fault when one bit at `at` is changed in a stream of a record and the end. */
static enum tls_fault change_bit(struct ground *g, int version, size_t at, size_t *ret_len)
{
	struct end ours, server;
	char bytes[512];

	join_server(g, &ours, &server, version);
	end_say(&server, SLICE("some bytes"));
	end_close(&server);
	struct slice out = end_output(&server);
	assert_true(out.len < sizeof(bytes) && at < out.len);
	memcpy(bytes, out.ptr, out.len);
	bytes[at] ^= 1;
	*ret_len = out.len;
	end_feed(&ours, slice_from(bytes, out.len));
	engine_cut(ours.engine);
	enum tls_fault fault = engine_fault(ours.engine);
	end_done(&ours);
	end_done(&server);
	return fault;
}

static void a_changed_bit_is_found(void **state)
{
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		size_t len = 1;
		for (size_t at = 0; at < len; at++)
			ROW_CHECK("bit", change_bit(*state, version, at, &len) != TLS_FAULT_NONE,
				"at %zu", at);
	}
}

static void an_alert_ends_it(void **state)
{
	struct ground *g = *state;

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct end ours, server;
		join_server(g, &ours, &server, version);
		end_say(&server, SLICE("said"));
		/* A forged record makes the server send one. */
		end_feed(&server, SLICE("\x17\x03\x03\0\x14"
					"01234567890123456789"));
		ends_run(&ours, &server, 0);
		assert_int_equal(ours.plain.len, 4);
		assert_int_equal(ours.result, ENGINE_BAD);
		assert_int_equal(engine_fault(ours.engine), TLS_FAULT_ALERT);
		end_done(&ours);
		end_done(&server);
	}
}

static void nobody_negotiates_again(void **state)
{
	struct ground *g = *state;
	struct end ours, server, client;

	/* A server asks: it is told no, by a warning that OpenSSL's takes for the end. */
	join_server(g, &ours, &server, TLS1_2_VERSION);
	SSL_renegotiate(server.ssl);
	SSL_do_handshake(server.ssl);
	ends_run(&ours, &server, 0);
	assert_int_equal(ERR_GET_REASON(server.error), SSL_R_NO_RENEGOTIATION);
	assert_int_equal(engine_fault(ours.engine), TLS_FAULT_ALERT);
	assert_int_equal(SSL_num_renegotiations(ours.engine->ssl), 0);
	end_done(&ours);
	end_done(&server);

	/* A client begins: the same. */
	join_client(g, &client, &ours, TLS1_2_VERSION);
	SSL_renegotiate(client.ssl);
	SSL_do_handshake(client.ssl);
	ends_run(&client, &ours, 0);
	assert_int_equal(ERR_GET_REASON(client.error), SSL_R_NO_RENEGOTIATION);
	assert_int_equal(engine_fault(ours.engine), TLS_FAULT_ALERT);
	assert_int_equal(SSL_num_renegotiations(ours.engine->ssl), 0);
	end_done(&ours);
	end_done(&client);
}

/* Sends `count` key updates, each of which wants one back or not. */
static void update_keys(struct end *d, int count, bool wanted)
{
	for (int i = 0; i < count; i++) {
		SSL_key_update(
			d->ssl, wanted ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
		assert_int_equal(SSL_do_handshake(d->ssl), 1);
	}
}

static void keys_are_updated(void **state)
{
	struct ground *g = *state;

	for (int wanted = 0; wanted < 2; wanted++) {
		struct end ours, server;
		join_server(g, &ours, &server, TLS1_3_VERSION);
		for (int i = 0; i < 100; i++) {
			update_keys(&server, 1, wanted);
			end_say(&server, SLICE("x"));
			ends_run(&ours, &server, i % 2);
			end_say(&ours, SLICE("y"));
			ends_run(&ours, &server, 0);
		}
		assert_int_equal(ours.plain.len, 100);
		assert_int_equal(server.plain.len, 100);
		end_done(&ours);
		end_done(&server);
	}
}

static void messages_without_plaintext_are_counted(void **state)
{
	static const struct {
		const char *name;
		int count;
		enum tls_fault fault;
	} rows[] = {
		{"as many as may be", LIMIT_ENGINE_MESSAGES, TLS_FAULT_NONE},
		{"one more", LIMIT_ENGINE_MESSAGES + 1, TLS_FAULT_FLOOD},
		{"many", 5000, TLS_FAULT_FLOOD},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		join_client(g, &client, &ours, TLS1_3_VERSION);
		update_keys(&client, rows[i].count, true);
		ends_run(&client, &ours, 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		ROW_CHECK(rows[i].name, (ours.result == ENGINE_BAD) == (fault != TLS_FAULT_NONE),
			"%d", ours.result);
		end_done(&client);
		end_done(&ours);
	}
}

/* Half of a message behind the handshake: what is written waits, and goes when the rest is there. */
static void half_a_message_holds_writing_up(void **state)
{
	struct ground *g = *state;
	struct end ours, server;
	char bytes[4096];

	end_of_engine(&ours, ground_upstream(g, "example.com", SLICE("")));
	end_of_ssl(&server, g->server, true);
	SSL_set_max_send_fragment(server.ssl, 512);
	SSL_set_num_tickets(server.ssl, 0);
	ends_run(&ours, &server, 0);
	SSL_set_split_send_fragment(server.ssl, 512);
	/* A ticket with this in it is longer than a record. */
	SSL_new_session_ticket(server.ssl);
	SSL_SESSION_set1_ticket_appdata(SSL_get0_session(server.ssl), bytes, 1000);
	assert_int_equal(SSL_do_handshake(server.ssl), 1);
	struct slice out = end_output(&server);
	assert_true(out.len > 1100 && out.len < sizeof(bytes));
	memcpy(bytes, out.ptr, out.len);
	size_t len = out.len;
	end_feed(&ours, slice_from(bytes, 600));
	assert_int_equal(ours.result, ENGINE_WANT);
	struct slice said = SLICE("waits");
	assert_int_equal(engine_write(ours.engine, &said), ENGINE_WANT);
	assert_int_equal(said.len, 5);
	assert_int_equal(engine_close(ours.engine), ENGINE_WANT);
	end_feed(&ours, slice_from(bytes + 600, len - 600));
	assert_int_equal(engine_write(ours.engine, &said), ENGINE_OK);
	ends_run(&ours, &server, 0);
	assert_int_equal(server.plain.len, 5);
	end_done(&ours);
	end_done(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_malformed),
		cmocka_unit_test(records_behind_the_handshake_are_checked),
		cmocka_unit_test(a_changed_bit_is_found),
		cmocka_unit_test(an_alert_ends_it),
		cmocka_unit_test(nobody_negotiates_again),
		cmocka_unit_test(keys_are_updated),
		cmocka_unit_test(messages_without_plaintext_are_counted),
		cmocka_unit_test(half_a_message_holds_writing_up),
	};
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
