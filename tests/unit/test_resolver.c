/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "tests/unit/resolver_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Addresses sorted by text (their order is the machine's affair), then " via " and the aliases. */
static const char *format(const struct answer *answer, char *ret_text, size_t size)
{
	char texts[LIMIT_ADDRESSES][ADDRESS_TEXT_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < answer->address_count; i++)
		address_format(&answer->addresses[i], texts[i]);
	qsort(texts, answer->address_count, sizeof(texts[0]),
		(int (*)(const void *, const void *))strcmp);
	ret_text[0] = '\0';
	for (size_t i = 0; i < answer->address_count; i++)
		len += (size_t)snprintf(ret_text + len, size - len, "%s%s", i ? " " : "", texts[i]);
	for (size_t i = 0; i < answer->alias_count; i++)
		len += (size_t)snprintf(
			ret_text + len, size - len, "%s%s", i ? " " : " via ", answer->aliases[i]);
	return ret_text;
}

static void each_reply_has_its_answer(void **state)
{
	static const struct {
		const char *name, *host;
		enum reason reason;
		const char *found;
		int udp, tcp; /* questions that the server saw; -1: any */
		uint32_t ttl_s;
		uint32_t least_ms, most_ms;
	} rows[] = {
		{"one family has none", "four.test", REASON_NONE, "192.0.2.1 192.0.2.2", 2, 0,
			.ttl_s = 60},
		{"letter case of the reply", "mixed-case.test", REASON_NONE, "192.0.2.1", 2, 0,
			.ttl_s = 60},
		{"TTL 0", "zero.test", REASON_NONE, "192.0.2.1", 2, 0, .ttl_s = 0},
		{"chain", "alias.test", REASON_NONE, "192.0.2.1 via next.test last.test", 2, 0,
			.ttl_s = 60},
		{"chain backwards", "backward.test", REASON_NONE,
			"192.0.2.1 via next.test last.test", 2, 0, .ttl_s = 60},
		{"16 aliases", "c0.test", REASON_NONE,
			"192.0.2.1 via c1.test c2.test c3.test c4.test c5.test c6.test c7.test "
			"c8.test c9.test c10.test c11.test c12.test c13.test c14.test c15.test "
			"c16.test",
			-1, -1, .ttl_s = 60},
		{"17 aliases", "d.test", REASON_DNS_FAILED, "", -1, -1, .ttl_s = 1},
		{"chain that loops", "loop.test", REASON_DNS_FAILED, "", 2, 0, .ttl_s = 1},
		{"chain to nowhere", "dangling.test", REASON_DNS_NOT_FOUND, "", 2, 0, .ttl_s = 0},
		{"another name's address", "foreign.test", REASON_DNS_NOT_FOUND, "", 2, 0,
			.ttl_s = 0},
		{"no such name", "nowhere.test", REASON_DNS_NOT_FOUND, "", 2, 0, .ttl_s = 0},
		{"no addresses", "no-data.test", REASON_DNS_NOT_FOUND, "", 2, 0, .ttl_s = 30},
		{"SERVFAIL", "servfail.test", REASON_DNS_FAILED, "", -1, 0, .ttl_s = 1},
		{"REFUSED", "refused.test", REASON_DNS_FAILED, "", -1, 0, .ttl_s = 1},
		{"FORMERR", "formerr.test", REASON_DNS_FAILED, "", 2, 0, .ttl_s = 1},
		{"one family fails", "half-servfail.test", REASON_NONE, "192.0.2.1", -1, 0,
			.ttl_s = 30},
		{"one fails, one has none", "half-no-data.test", REASON_DNS_FAILED, "", -1, 0,
			.ttl_s = 1},
		{"one fails, one knows no such name", "half-nxdomain.test", REASON_DNS_NOT_FOUND,
			"", -1, 0, .ttl_s = 0},
		{"IPv6 comes within the delay", "brisk6.test", REASON_NONE, "192.0.2.1 2001:db8::1",
			2, 0, .ttl_s = 60},
		{"IPv6 is too slow", "slow6.test", REASON_NONE, "192.0.2.1", -1, 0, .ttl_s = 30,
			.least_ms = LIMIT_RESOLUTION_DELAY_MS, .most_ms = SLOW_MS - 1},
		{"IPv4 is too slow", "slow4.test", REASON_NONE, "2001:db8::1", -1, 0, .ttl_s = 30,
			.least_ms = LIMIT_RESOLUTION_DELAY_MS, .most_ms = SLOW_MS - 1},
		{"IPv6 never comes", "silent6.test", REASON_NONE, "192.0.2.1", -1, 0, .ttl_s = 30,
			.least_ms = LIMIT_RESOLUTION_DELAY_MS, .most_ms = SLOW_MS - 1},
		{"no answer", "silent.test", REASON_DNS_TIMEOUT, "", -1, 0, .ttl_s = 1,
			.least_ms = TIMEOUT_MS / 2, .most_ms = 2 * TIMEOUT_MS},
		{"bytes that are no message", "garbage.test", REASON_DNS_TIMEOUT, "", -1, 0,
			.ttl_s = 1, .least_ms = TIMEOUT_MS / 2, .most_ms = 2 * TIMEOUT_MS},
		{"another id", "wrong-id.test", REASON_DNS_TIMEOUT, "", -1, 0, .ttl_s = 1,
			.least_ms = TIMEOUT_MS / 2, .most_ms = 2 * TIMEOUT_MS},
		{"cut inside a record", "cut.test", REASON_DNS_FAILED, "", 2, 0, .ttl_s = 1},
		{"truncated", "truncated.test", REASON_NONE, "192.0.2.1", 2, 2, .ttl_s = 60},
		{"truncated over TCP too", "truncated-always.test", REASON_DNS_FAILED, "", 2, 2,
			.ttl_s = 1},
		{"400 addresses", "huge.test", REASON_NONE,
			"192.0.2.0 192.0.2.1 192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 "
			"192.0.2.14 192.0.2.15 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 "
			"192.0.2.7 192.0.2.8 192.0.2.9",
			2, 1, .ttl_s = 60},
		{"single label", "single", REASON_NONE, "192.0.2.1", 2, 0, .ttl_s = 60},
		{"hosts file, any case there", "file.test", REASON_NONE, "192.0.2.50 2001:db8::50",
			0, 0, .ttl_s = 0},
		{"hosts file goes first", "both.test", REASON_NONE, "192.0.2.51", 0, 0, .ttl_s = 0},
		{"localhost", "localhost", REASON_NONE, "127.0.0.1 ::1", 0, 0, .ttl_s = 0},
		{"below localhost", "a.localhost", REASON_NONE, "127.0.0.1 ::1", 0, 0, .ttl_s = 0},
		{"IPv4 text", "192.0.2.7", REASON_NONE, "192.0.2.7", 0, 0, .ttl_s = 0},
		{"IPv6 text", "2001:db8::7", REASON_NONE, "2001:db8::7", 0, 0, .ttl_s = 0},
	};
	struct net *net = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard heard;
		char text[1024];
		net->stub.asked_udp = net->stub.asked_tcp = 0;
		uint64_t took = net_look_up(net, rows[i].host, &heard);
		ROW_CHECK(rows[i].name, heard.answer->reason == rows[i].reason, "%s",
			reason_word(heard.answer->reason));
		format(heard.answer, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].found) == 0, "%s", text);
		ROW_CHECK(rows[i].name, heard.answer->ttl_s == rows[i].ttl_s, "ttl %u",
			heard.answer->ttl_s);
		ROW_CHECK(rows[i].name, rows[i].udp < 0 || net->stub.asked_udp == rows[i].udp,
			"%d over UDP", net->stub.asked_udp);
		ROW_CHECK(rows[i].name, rows[i].tcp < 0 || net->stub.asked_tcp == rows[i].tcp,
			"%d over TCP", net->stub.asked_tcp);
		ROW_CHECK(rows[i].name,
			took >= rows[i].least_ms &&
				took <= (rows[i].most_ms ? rows[i].most_ms : TIMEOUT_MS),
			"%d ms", (int)took);
		answer_unref(heard.answer);
	}
}

static void equal_questions_share_one_query(void **state)
{
	struct net *net = *state;
	struct heard heard[3] = {{.net = net}, {.net = net}, {.net = net}};

	for (int i = 0; i < 3; i++)
		assert_non_null(
			lookup_start(net->resolver, SLICE("zero.test"), net_on_found, &heard[i]));
	for (int i = 0; i < 3; i++)
		net_wait(&heard[i], 1);
	assert_int_equal(net->stub.asked_udp, 2);
	assert_ptr_equal(heard[0].answer, heard[2].answer);
	assert_int_equal(net->metrics.counter[COUNTER_DNS_QUERIES], 1);
	assert_int_equal(net->metrics.counter[COUNTER_DNS_CACHE_HITS], 0);
	for (int i = 0; i < 3; i++)
		answer_unref(heard[i].answer);
	/* TTL 0 was good for those under way only. */
	const struct answer *answer;
	assert_false(resolver_cached(net->resolver, SLICE("zero.test"), &answer));
	net_look_up(net, "zero.test", &heard[0]);
	assert_int_equal(net->stub.asked_udp, 4);
	answer_unref(heard[0].answer);
}

static void a_cached_answer_asks_nobody(void **state)
{
	struct net *net = *state;
	const struct answer *answer;
	struct heard heard;

	assert_false(resolver_cached(net->resolver, SLICE("four.test"), &answer));
	net_look_up(net, "four.test", &heard);
	answer_unref(heard.answer);
	assert_true(resolver_cached(net->resolver, SLICE("four.test"), &answer));
	assert_int_equal(answer->address_count, 2);
	net_look_up(net, "four.test", &heard);
	answer_unref(heard.answer);
	net_look_up(net, "no-data.test", &heard);
	answer_unref(heard.answer);
	assert_true(resolver_cached(net->resolver, SLICE("no-data.test"), &answer));
	assert_int_equal(answer->reason, REASON_DNS_NOT_FOUND);
	assert_int_equal(net->stub.asked_udp, 4);
	assert_int_equal(net->metrics.counter[COUNTER_DNS_QUERIES], 2);
	assert_int_equal(net->metrics.counter[COUNTER_DNS_CACHE_HITS], 3);
	assert_true(resolver_cached(net->resolver, SLICE("192.0.2.9"), &answer));
	assert_true(resolver_cached(net->resolver, SLICE("file.test"), &answer));
	assert_int_equal(answer->address_count, 2);
	assert_int_equal(net->metrics.counter[COUNTER_DNS_CACHE_HITS], 3);
}

static void a_late_family_completes_the_cache(void **state)
{
	struct net *net = *state;
	const struct answer *answer = NULL;
	struct heard heard;
	char text[200];

	net_look_up(net, "slow6.test", &heard);
	answer_unref(heard.answer);
	assert_true(resolver_cached(net->resolver, SLICE("slow6.test"), &answer));
	assert_int_equal(answer->address_count, 1);
	for (int i = 0; answer->address_count == 1; i++) {
		assert_true(i < 1000);
		uv_run(&net->loop, UV_RUN_ONCE);
		assert_true(resolver_cached(net->resolver, SLICE("slow6.test"), &answer));
	}
	assert_string_equal(format(answer, text, sizeof(text)), "192.0.2.1 2001:db8::1");
	assert_int_equal(answer->ttl_s, 60);
}

static void other_servers_take_over(void **state)
{
	static const struct stub_row failing[] = {
		{"four.test", 0, .rcode = 2},
		{"zero.test", 0, .quirk = QUIRK_SILENT},
		{0},
	};
	static const char *const hosts[] = {"four.test", "zero.test"};
	struct net *net = *state;
	struct dns_stub first;

	dns_stub_open(&first, &net->loop, failing);
	struct endpoint servers[2] = {first.at, net->stub.at};
	net_ask(net, servers, 2);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct heard heard;
		net_look_up(net, hosts[i], &heard);
		ROW_CHECK(hosts[i], heard.answer->reason == REASON_NONE, "%s",
			reason_word(heard.answer->reason));
		answer_unref(heard.answer);
	}
	assert_true(first.asked_udp >= 4);
	dns_stub_close(&first);
	uv_run(&net->loop, UV_RUN_NOWAIT);
}

/* Nothing listens there any more: the kernel says so at once. */
static void a_dead_server_is_a_failure(void **state)
{
	static const struct stub_row none[] = {{0}};
	struct net *net = *state;
	struct dns_stub dead;
	struct heard heard;

	dns_stub_open(&dead, &net->loop, none);
	dns_stub_close(&dead);
	uv_run(&net->loop, UV_RUN_NOWAIT);
	net_ask(net, &dead.at, 1);
	net_look_up(net, "four.test", &heard);
	assert_int_equal(heard.answer->reason, REASON_DNS_FAILED);
	answer_unref(heard.answer);
}

static void the_system_must_name_a_server(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
	} rows[] = {
		{"one", "search corp.test\nnameserver 127.0.0.1\n", true},
		{"IPv6", "nameserver\t::1", true},
		{"none", "search corp.test\noptions ndots:5\n", false},
		{"commented out", "#nameserver 127.0.0.1\n;nameserver 127.0.0.1\n", false},
		{"no address", "nameserver dns.test\nnameserver\n", false},
		{"empty", "", false},
	};
	struct net *net = *state;
	char path[] = "/tmp/resolv.XXXXXX";
	struct resolver_options options = {
		.resolv_conf = path, .hosts_file = net->hosts, .timeout_ms = TIMEOUT_MS};
	close(mkstemp(path));
	for (size_t i = 0; i < COUNT(rows); i++) {
		char error[200] = "";
		FILE *file = fopen(path, "w");
		fputs(rows[i].text, file);
		fclose(file);
		struct resolver *r =
			resolver_new(&net->loop, &options, &net->metrics, error, sizeof(error));
		ROW_CHECK(rows[i].name, (r != NULL) == rows[i].ok, "%s", error);
		ROW_CHECK(rows[i].name,
			r || (strstr(error, "no name server is configured") && strstr(error, path)),
			"%s", error);
		if (r)
			resolver_close(r, net_on_closed, net);
	}
	unlink(path);
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, net_set_up, net_tear_down)
	const struct CMUnitTest tests[] = {
		NET_TEST(each_reply_has_its_answer),
		NET_TEST(equal_questions_share_one_query),
		NET_TEST(a_cached_answer_asks_nobody),
		NET_TEST(a_late_family_completes_the_cache),
		NET_TEST(other_servers_take_over),
		NET_TEST(a_dead_server_is_a_failure),
		NET_TEST(the_system_must_name_a_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
