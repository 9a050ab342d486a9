/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets by name and port, their bounds, and the lists of protocols. */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "tls/alpn.h"
#include "tls/tickets.h"

#include <openssl/ssl.h>
#include <stdio.h>

/* A session as one of this version would leave it. */
static SSL_SESSION *session_of(int version)
{
	static const unsigned char id[] = "an identifier of 32 bytes or so.";
	SSL_SESSION *session = SSL_SESSION_new();

	SSL_SESSION_set_protocol_version(session, version);
	SSL_SESSION_set1_id(session, id, 32);
	assert_true(SSL_SESSION_is_resumable(session));
	return session;
}

static void put(struct tickets *t, const char *name, uint16_t port, int version)
{
	SSL_SESSION *session = session_of(version);

	tickets_put(t, slice_of(name), port, session, 1000);
	SSL_SESSION_free(session);
}

static bool take(struct tickets *t, const char *name, uint16_t port, int64_t now_s)
{
	SSL_SESSION *session = tickets_take(t, slice_of(name), port, now_s);

	SSL_SESSION_free(session);
	return session != NULL;
}

static void a_ticket_is_found_by_name_and_port(void **state)
{
	struct tickets t;

	(void)state;
	tickets_init(&t);
	put(&t, "a.test", 443, TLS1_2_VERSION);
	assert_false(take(&t, "a.test", 444, 0));
	assert_false(take(&t, "a.tes", 443, 0));
	assert_false(take(&t, "b.test", 443, 0));
	assert_true(take(&t, "a.test", 443, 0));
	assert_true(take(&t, "a.test", 443, 999));
	assert_int_equal(t.count, 1);
	assert_false(take(&t, "a.test", 443, 1000));
	assert_int_equal(t.count, 0);
	tickets_done(&t);
}

static void one_of_the_newer_version_is_given_once(void **state)
{
	struct tickets t;

	(void)state;
	tickets_init(&t);
	put(&t, "a.test", 443, TLS1_3_VERSION);
	put(&t, "a.test", 443, TLS1_3_VERSION);
	assert_true(take(&t, "a.test", 443, 0));
	assert_true(take(&t, "a.test", 443, 0));
	assert_false(take(&t, "a.test", 443, 0));
	tickets_done(&t);
}

static void the_oldest_goes_at_each_bound(void **state)
{
	struct tickets t;
	char name[32];

	(void)state;
	tickets_init(&t);
	for (int i = 0; i <= LIMIT_TICKETS_TARGET; i++)
		put(&t, "a.test", 443, TLS1_3_VERSION);
	assert_int_equal(t.count, LIMIT_TICKETS_TARGET);
	for (int i = 0; i < LIMIT_TICKETS; i++) {
		snprintf(name, sizeof(name), "%d.test", i);
		put(&t, name, 443, TLS1_2_VERSION);
	}
	assert_int_equal(t.count, LIMIT_TICKETS);
	assert_false(take(&t, "a.test", 443, 0));
	assert_true(take(&t, "0.test", 443, 0));
	/* Used, and so not the next to go. */
	put(&t, "b.test", 443, TLS1_2_VERSION);
	assert_true(take(&t, "0.test", 443, 0));
	assert_false(take(&t, "1.test", 443, 0));
	tickets_done(&t);
	assert_int_equal(t.count, 0);
}

static void a_spoilt_ticket_is_not_given(void **state)
{
	struct tickets t;
	SSL_SESSION *spoilt = SSL_SESSION_new();

	(void)state;
	tickets_init(&t);
	put(&t, "a.test", 443, TLS1_2_VERSION);
	tickets_put(&t, SLICE("a.test"), 443, spoilt, 1000);
	assert_false(SSL_SESSION_is_resumable(spoilt));
	assert_true(take(&t, "a.test", 443, 0));
	assert_int_equal(t.count, 1);
	SSL_SESSION_free(spoilt);
	tickets_done(&t);
}

static void lists_of_protocols_are_met(void **state)
{
	static const struct {
		const char *name;
		struct slice list, offer;
	} rows[] = {
		{"none", {"", 0}, {"", 0}},
		{"both", {"\x02h2\x08http/1.1", 12}, {"\x02h2\x08http/1.1", 12}},
		{"their order", {"\x08http/1.1\x02h2", 12}, {"\x08http/1.1\x02h2", 12}},
		{"foreign", {"\x02h3\x04spdy", 8}, {"", 0}},
		{"among foreign", {"\x02h3\x02h2\x03h2c", 10}, {"\x02h2", 3}},
		{"twice", {"\x02h2\x02h2", 6}, {"\x02h2", 3}},
		{"other letter case", {"\x02H2", 3}, {"", 0}},
		{"longer", {"\x03h2\0", 4}, {"", 0}},
		{"HTTP/1.0", {"\x08http/1.0", 9}, {"", 0}},
		{"cut", {"\x02h2\x08http", 8}, {"\x02h2", 3}},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct alpn_offer offer = alpn_meet(rows[i].list);
		struct slice bytes = slice_from(offer.bytes, offer.len);
		ROW_CHECK(rows[i].name, slice_equal(bytes, rows[i].offer), "%.*s", offer.len,
			offer.bytes);
		ROW_CHECK(rows[i].name,
			alpn_listed(rows[i].list, ALPN_H2) == alpn_listed(bytes, ALPN_H2), "h2");
	}
	assert_true(slice_equal(alpn_name(ALPN_NONE), SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_found_by_name_and_port),
		cmocka_unit_test(one_of_the_newer_version_is_given_once),
		cmocka_unit_test(the_oldest_goes_at_each_bound),
		cmocka_unit_test(a_spoilt_ticket_is_not_given),
		cmocka_unit_test(lists_of_protocols_are_met),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
