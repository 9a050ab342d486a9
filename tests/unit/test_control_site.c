/* SPDX-License-Identifier: Apache-2.0 */
/* Which Host and Origin the control endpoint answers to. */
#include "control/site.h"
#include "tests/unit/rows.h"

static struct site tcp(const char *text, uint16_t port)
{
	struct site site = {.at.port = port};

	if (!address_parse_ipv4(slice_of(text), &site.at.address))
		assert_true(address_parse_ipv6(slice_of(text), &site.at.address));
	return site;
}

static void answers_to_its_own_names(void **state)
{
	static const struct row {
		const char *name, *host;
		bool tcp, local; /* 127.0.0.1:3129; a unix socket */
	} rows[] = {
		{"name", "localhost:3129", true, true},
		{"name in capitals", "LocalHost:3129", true, true},
		{"IPv4", "127.0.0.1:3129", true, true},
		{"IPv6", "[::1]:3129", true, true},
		{"name without port", "localhost", false, true},
		{"IPv6 without port", "[::1]", false, true},
		{"another port", "localhost:3130", false, true},
		{"sallyport", "sallyport", false, true},
		{"sallyport with port", "sallyport:3129", false, true},
		{"another name", "evil.example:3129", false, false},
		{"another name without port", "evil.example", false, false},
		{"rebinding below localhost", "a.localhost:3129", false, false},
		{"localhost as a label", "localhost.evil.example:3129", false, false},
		{"with a dot at its end", "localhost.:3129", false, false},
		{"another loopback address", "127.0.0.2:3129", false, false},
		{"short IPv4", "127.1:3129", false, false},
		{"number", "2130706433:3129", false, false},
		{"long IPv6", "[0:0:0:0:0:0:0:1]:3129", false, false},
		{"bare IPv6", "::1:3129", false, false},
		{"open bracket", "[::1:3129", false, false},
		{"behind the bracket", "[::1]x:3129", false, false},
		{"unspecified", "0.0.0.0:3129", false, false},
		{"empty", "", false, false},
		{"port alone", ":3129", false, false},
		{"empty port", "localhost:", false, false},
		{"port 0", "localhost:0", false, false},
		{"leading zero", "localhost:03129", false, false},
		{"sign", "localhost:+3129", false, false},
		{"port too large", "localhost:65536", false, false},
		{"port that wraps", "localhost:68665", false, false},
		{"two ports", "localhost:3129:3129", false, false},
		{"userinfo", "localhost@evil.example:3129", false, false},
		{"space", "localhost :3129", false, false},
		{"two values", "localhost:3129, localhost:3129", false, false},
	};
	const struct site v4 = tcp("127.0.0.1", 3129), socket = {.local = true};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice host = slice_of(rows[i].host);
		ROW_CHECK(rows[i].name, site_is_host(&v4, host) == rows[i].tcp, "tcp");
		ROW_CHECK(rows[i].name, site_is_host(&socket, host) == rows[i].local, "unix");
	}
}

static void answers_to_its_own_address(void **state)
{
	const struct site other = tcp("127.0.0.5", 80), v6 = tcp("::1", 80);

	(void)state;
	assert_true(site_is_host(&other, SLICE("127.0.0.5")));
	assert_true(site_is_host(&other, SLICE("127.0.0.5:80")));
	assert_true(site_is_host(&other, SLICE("localhost")));
	assert_false(site_is_host(&other, SLICE("127.0.0.6")));
	assert_false(site_is_host(&other, SLICE("127.0.0.5:81")));
	assert_true(site_is_host(&v6, SLICE("[::1]")));
	assert_false(site_is_host(&v6, SLICE("::1")));
	assert_false(site_is_host(&v6, SLICE("[::2]")));
}

static void knows_its_own_pages(void **state)
{
	static const struct row {
		const char *name, *origin;
		bool own;
	} rows[] = {
		{"own", "http://localhost:3129", true},
		{"capitals", "http://LOCALHOST:3129", true},
		{"another port", "http://localhost:3130", false},
		{"no port", "http://localhost", false},
		{"https", "https://localhost:3129", false},
		{"another name of the same", "http://127.0.0.1:3129", false},
		{"another site", "http://evil.example", false},
		{"own as a prefix", "http://localhost:31290", false},
		{"path", "http://localhost:3129/", false},
		{"null", "null", false},
		{"empty", "", false},
		{"scheme alone", "http://", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name,
			site_is_origin(slice_of(rows[i].origin), SLICE("localhost:3129")) ==
				rows[i].own,
			"%s", rows[i].origin);
	assert_true(site_is_fetched(SLICE("")));
	assert_true(site_is_fetched(SLICE("none")));
	assert_true(site_is_fetched(SLICE("same-origin")));
	assert_false(site_is_fetched(SLICE("cross-site")));
	assert_false(site_is_fetched(SLICE("Cross-Site")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_to_its_own_names),
		cmocka_unit_test(answers_to_its_own_address),
		cmocka_unit_test(knows_its_own_pages),
	};

	return cmocka_run_group_tests_name("control_site", tests, NULL, NULL);
}
