/* SPDX-License-Identifier: Apache-2.0 */
/* The engine towards a client, against bare clients. */
#include "tests/unit/ends.h"

#include "base/limits.h"
#include "tls/engine_inside.h"

#include <openssl/err.h>

static void the_name_must_be_the_one_tunnelled_to(void **state)
{
	static const struct {
		const char *name, *face, *sni;
		enum tls_fault fault;
	} rows[] = {
		{"same", "example.com", "example.com", TLS_FAULT_NONE},
		{"other letter case", "example.com", "Example.COM", TLS_FAULT_NONE},
		{"dot at the end", "example.com", "example.com.", TLS_FAULT_NONE},
		{"two dots", "example.com", "example.com..", TLS_FAULT_WRONG_SNI},
		{"none", "example.com", NULL, TLS_FAULT_WRONG_SNI},
		{"another", "example.com", "example.org", TLS_FAULT_WRONG_SNI},
		{"below", "example.com", "a.example.com", TLS_FAULT_WRONG_SNI},
		{"shorter", "example.com", "example.co", TLS_FAULT_WRONG_SNI},
		{"address, none", "192.0.2.7", NULL, TLS_FAULT_NONE},
		{"address, named", "192.0.2.7", "example.com", TLS_FAULT_WRONG_SNI},
		{"address, itself", "192.0.2.7", "192.0.2.7", TLS_FAULT_WRONG_SNI},
		{"IPv6, none", "2001:db8::1", NULL, TLS_FAULT_NONE},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		ground_client(g, &client, rows[i].sni, SLICE(""));
		end_of_engine(&ours, ground_facade(g, rows[i].face, ALPN_NONE));
		ends_run(&client, &ours, i % 2 ? 1 : 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		ROW_CHECK(rows[i].name, client.done == (fault == TLS_FAULT_NONE), "client");
		if (fault != TLS_FAULT_NONE)
			ROW_CHECK(rows[i].name,
				ERR_GET_REASON(client.error) ==
					SSL_AD_REASON_OFFSET + SSL_AD_UNRECOGNIZED_NAME,
				"%s", ERR_reason_error_string(client.error));
		end_done(&client);
		end_done(&ours);
	}
}

/* A client whose key share is of a group that we do not take says hello twice. */
static void the_second_hello_is_judged_too(void **state)
{
	static const struct {
		const char *name, *second;
		enum tls_fault fault;
	} rows[] = {
		{"same name again", "example.com", TLS_FAULT_NONE},
		{"another name then", "example.org", TLS_FAULT_WRONG_SNI},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		ground_client(g, &client, "example.com", SLICE(""));
		SSL_set1_groups_list(client.ssl, "X25519:P-256");
		end_of_engine(&ours, ground_facade(g, "example.com", ALPN_NONE));
		SSL_set1_groups_list(ours.engine->ssl, "P-256");
		end_feed(&client, SLICE(""));
		end_feed(&ours, end_output(&client));
		end_sent(&client, end_output(&client).len);
		assert_int_equal(engine_fault(ours.engine), TLS_FAULT_NONE);
		SSL_set_tlsext_host_name(client.ssl, rows[i].second);
		ends_run(&client, &ours, 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		ROW_CHECK(rows[i].name, client.done == (fault == TLS_FAULT_NONE), "client");
		end_done(&client);
		end_done(&ours);
	}
}

static void the_protocol_is_the_upstreams(void **state)
{
	static const struct {
		const char *name;
		enum alpn upstream;
		struct slice list;
		enum tls_fault fault;
		const char *chosen;
	} rows[] = {
		{"h2 of both", ALPN_H2, {"\x02h2\x08http/1.1", 12}, TLS_FAULT_NONE, "h2"},
		{"http/1.1 of both", ALPN_HTTP11, {"\x02h2\x08http/1.1", 12}, TLS_FAULT_NONE,
			"http/1.1"},
		{"nothing of both", ALPN_NONE, {"\x02h2\x08http/1.1", 12}, TLS_FAULT_NONE,
			"http/1.1"},
		{"nothing of none", ALPN_NONE, {"", 0}, TLS_FAULT_NONE, ""},
		{"http/1.1 of none", ALPN_HTTP11, {"", 0}, TLS_FAULT_NONE, ""},
		{"h2 of none", ALPN_H2, {"", 0}, TLS_FAULT_NO_PROTOCOL, ""},
		{"nothing of h2", ALPN_NONE, {"\x02h2", 3}, TLS_FAULT_NO_PROTOCOL, ""},
		{"h2 of http/1.1", ALPN_H2, {"\x08http/1.1", 9}, TLS_FAULT_NO_PROTOCOL, ""},
		{"h2 of foreign", ALPN_H2, {"\x04spdy", 5}, TLS_FAULT_NO_PROTOCOL, ""},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		const unsigned char *chosen;
		unsigned len;
		ground_client(g, &client, "example.com", rows[i].list);
		end_of_engine(&ours, ground_facade(g, "example.com", rows[i].upstream));
		ends_run(&client, &ours, 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		SSL_get0_alpn_selected(client.ssl, &chosen, &len);
		if (fault == TLS_FAULT_NONE)
			ROW_CHECK(rows[i].name,
				slice_equal(slice_from((const char *)chosen, len),
					slice_of(rows[i].chosen)),
				"%.*s", (int)len, (const char *)chosen);
		end_done(&client);
		end_done(&ours);
	}
}

static void a_client_that_does_not_trust_us_says_so(void **state)
{
	struct ground *g = *state;

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct end client, ours;
		SSL_CTX *stranger = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_verify(stranger, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_max_proto_version(stranger, version);
		end_of_ssl(&client, stranger, false);
		SSL_set_tlsext_host_name(client.ssl, "example.com");
		end_of_engine(&ours, ground_facade(g, "example.com", ALPN_NONE));
		ends_run(&client, &ours, 0);
		assert_int_equal(engine_fault(ours.engine), TLS_FAULT_DISTRUSTED);
		assert_int_equal(tls_fault_reason(TLS_FAULT_DISTRUSTED, TLS_PEER_CLIENT),
			REASON_CLIENT_DISTRUSTS_CA);
		end_done(&client);
		end_done(&ours);
		SSL_CTX_free(stranger);
	}
}

static void old_clients_are_refused(void **state)
{
	static const struct {
		const char *name;
		int version;
		enum tls_fault fault;
	} rows[] = {
		{"TLS 1.0", TLS1_VERSION, TLS_FAULT_PROTOCOL_VERSION},
		{"TLS 1.1", TLS1_1_VERSION, TLS_FAULT_PROTOCOL_VERSION},
		{"TLS 1.2", TLS1_2_VERSION, TLS_FAULT_NONE},
		{"TLS 1.3", TLS1_3_VERSION, TLS_FAULT_NONE},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		ground_client(g, &client, "example.com", SLICE(""));
		SSL_set_max_proto_version(client.ssl, rows[i].version);
		end_of_engine(&ours, ground_facade(g, "example.com", ALPN_NONE));
		ends_run(&client, &ours, 0);
		enum tls_fault fault = engine_fault(ours.engine);
		ROW_CHECK(rows[i].name, fault == rows[i].fault, "%s", tls_fault_word(fault));
		end_done(&client);
		end_done(&ours);
	}
}

static void a_client_of_other_ciphers_is_refused(void **state)
{
	struct ground *g = *state;
	struct end client, ours;

	ground_client(g, &client, "example.com", SLICE(""));
	SSL_set_max_proto_version(client.ssl, TLS1_2_VERSION);
	SSL_set_cipher_list(client.ssl, "AES128-SHA");
	end_of_engine(&ours, ground_facade(g, "example.com", ALPN_NONE));
	ends_run(&client, &ours, 0);
	assert_int_equal(engine_fault(ours.engine), TLS_FAULT_HANDSHAKE_FAILED);
	end_done(&client);
	end_done(&ours);
}

/* The session of a client after one connection, to resume by. */
static SSL_SESSION *session_of(struct ground *g, const char *name, enum alpn alpn)
{
	struct end client, ours;

	ground_client(g, &client, name, LIST_BOTH);
	end_of_engine(&ours, ground_facade(g, name, alpn));
	ends_run(&client, &ours, 0);
	assert_true(client.done);
	SSL_SESSION *session = SSL_get1_session(client.ssl);
	SSL_set_shutdown(client.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	end_done(&client);
	end_done(&ours);
	assert_true(SSL_SESSION_is_resumable(session));
	return session;
}

static void a_ticket_is_good_for_its_name_and_protocol(void **state)
{
	static const struct {
		const char *name, *host;
		enum alpn alpn;
		bool resumed;
	} rows[] = {
		{"same", "example.com", ALPN_H2, true},
		{"other name", "example.org", ALPN_H2, false},
		{"other protocol", "example.com", ALPN_HTTP11, false},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct end client, ours;
		SSL_SESSION *session = session_of(g, "example.com", ALPN_H2);
		ground_client(g, &client, rows[i].host, LIST_BOTH);
		SSL_set_session(client.ssl, session);
		end_of_engine(&ours, ground_facade(g, rows[i].host, rows[i].alpn));
		ends_run(&client, &ours, 0);
		ROW_CHECK(rows[i].name, ours.done, "not done");
		ROW_CHECK(rows[i].name, engine_resumed(ours.engine) == rows[i].resumed, "not so");
		end_done(&client);
		end_done(&ours);
		SSL_SESSION_free(session);
	}
}

/* What a client sends before the handshake is done is thrown away; what follows is not. */
static void early_data_is_refused(void **state)
{
	struct ground *g = *state;
	struct end client, ours;
	SSL_SESSION *session = session_of(g, "example.com", ALPN_H2);
	size_t len = 0;

	assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
	SSL_SESSION_set_max_early_data(session, 1000);
	ground_client(g, &client, "example.com", LIST_BOTH);
	SSL_set_session(client.ssl, session);
	assert_int_equal(SSL_write_early_data(client.ssl, "GET /early", 10, &len), 1);
	end_of_engine(&ours, ground_facade(g, "example.com", ALPN_H2));
	ends_run(&client, &ours, 0);
	assert_true(client.done && ours.done);
	assert_int_equal(SSL_get_early_data_status(client.ssl), SSL_EARLY_DATA_REJECTED);
	assert_int_equal(ours.plain.len, 0);
	end_say(&client, SLICE("GET /later"));
	ends_run(&client, &ours, 0);
	assert_true(slice_equal(buffer_bytes(&ours.plain), SLICE("GET /later")));
	end_done(&client);
	end_done(&ours);
	SSL_SESSION_free(session);
}

static void a_leaf_needs_its_own_key(void **state)
{
	struct ground *g = *state;
	enum tls_fault fault = TLS_FAULT_NONE;
	struct facade_face face = {.name = SLICE("example.com"),
		.certificate = g->leaf.certificate,
		.key = g->root.key};

	assert_null(facade_open(g->facades, &face, &fault));
	assert_int_equal(fault, TLS_FAULT_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_must_be_the_one_tunnelled_to),
		cmocka_unit_test(the_second_hello_is_judged_too),
		cmocka_unit_test(the_protocol_is_the_upstreams),
		cmocka_unit_test(a_client_that_does_not_trust_us_says_so),
		cmocka_unit_test(old_clients_are_refused),
		cmocka_unit_test(a_client_of_other_ciphers_is_refused),
		cmocka_unit_test(a_ticket_is_good_for_its_name_and_protocol),
		cmocka_unit_test(early_data_is_refused),
		cmocka_unit_test(a_leaf_needs_its_own_key),
	};
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
