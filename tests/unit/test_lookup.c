/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "tests/unit/resolver_net.h"

#include <stdio.h>

static void cancel_is_silent(void **state)
{
	static const struct {
		const char *name, *host;
		int turns;
	} rows[] = {
		{"at once", "four.test", 0},
		{"under way", "slow6.test", 2},
		{"answered by the hosts file", "file.test", 0},
		{"an address", "192.0.2.1", 0},
		{"never answered", "silent.test", 1},
	};
	struct net *net = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard heard = {.net = net}, other;
		struct lookup *l =
			lookup_start(net->resolver, slice_of(rows[i].host), net_on_found, &heard);
		for (int turn = 0; turn < rows[i].turns; turn++)
			uv_run(&net->loop, UV_RUN_NOWAIT);
		lookup_cancel(l);
		net_look_up(net, "zero.test", &other);
		answer_unref(other.answer);
		ROW_CHECK(rows[i].name, heard.count == 0, "heard %d", heard.count);
	}
}

static void a_callback_may_do_anything(void **state)
{
	struct net *net = *state;
	struct heard first = {.net = net, .again = "four.test"};
	struct heard second = {.net = net};
	struct heard third = {.net = net};

	assert_non_null(lookup_start(net->resolver, SLICE("four.test"), net_on_found, &first));
	first.cancel = lookup_start(net->resolver, SLICE("four.test"), net_on_found, &second);
	assert_non_null(lookup_start(net->resolver, SLICE("four.test"), net_on_found, &third));
	net_wait(&first, 2);
	net_wait(&third, 1);
	assert_int_equal(second.count, 0);
	assert_int_equal(net->stub.asked_udp, 2);
	third.close = true;
	first.count = 0;
	assert_non_null(lookup_start(net->resolver, SLICE("zero.test"), net_on_found, &third));
	assert_non_null(lookup_start(net->resolver, SLICE("zero.test"), net_on_found, &first));
	net_wait(&third, 2);
	while (!net->closed)
		uv_run(&net->loop, UV_RUN_ONCE);
	assert_int_equal(first.count, 0);
	answer_unref(first.answer);
	answer_unref(third.answer);
}

static void close_waits_for_nothing(void **state)
{
	struct net *net = *state;
	struct heard heard = {.net = net};

	lookup_start(net->resolver, SLICE("silent.test"), net_on_found, &heard);
	lookup_start(net->resolver, SLICE("file.test"), net_on_found, &heard);
	lookup_start(net->resolver, SLICE("truncated.test"), net_on_found, &heard);
	uint64_t start_ms = uv_now(&net->loop);
	uv_run(&net->loop, UV_RUN_NOWAIT);
	int count = heard.count;
	resolver_close(net->resolver, net_on_closed, net);
	net->resolver = NULL;
	assert_false(net->closed);
	while (!net->closed)
		uv_run(&net->loop, UV_RUN_ONCE);
	assert_true(uv_now(&net->loop) - start_ms < TIMEOUT_MS / 2);
	assert_int_equal(heard.count, count);
	answer_unref(heard.answer);
}

static void lookups_are_bounded(void **state)
{
	struct net *net = *state;
	struct heard heard = {.net = net};
	struct lookup *last = NULL;
	char host[32];

	for (int i = 0; i < LIMIT_LOOKUPS; i++) {
		snprintf(host, sizeof(host), "h%d.silent.test", i % 8);
		last = lookup_start(net->resolver, slice_of(host), net_on_found, &heard);
		assert_non_null(last);
	}
	assert_null(lookup_start(net->resolver, SLICE("four.test"), net_on_found, &heard));
	lookup_cancel(last);
	assert_non_null(lookup_start(net->resolver, SLICE("four.test"), net_on_found, &heard));
	net_wait(&heard, LIMIT_LOOKUPS);
	answer_unref(heard.answer);
}

/* Cancelled lookups leave their questions under way; these are bounded too. */
static void questions_are_bounded(void **state)
{
	struct net *net = *state;
	struct heard heard = {.net = net};
	struct lookup *l = NULL;
	char host[32];
	int count = 0;

	for (; count <= LIMIT_LOOKUPS; count++) {
		snprintf(host, sizeof(host), "h%d.test", count);
		l = lookup_start(net->resolver, slice_of(host), net_on_found, &heard);
		if (!l)
			break;
		lookup_cancel(l);
	}
	assert_int_equal(count, LIMIT_LOOKUPS);
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, net_set_up, net_tear_down)
	const struct CMUnitTest tests[] = {
		NET_TEST(cancel_is_silent),
		NET_TEST(a_callback_may_do_anything),
		NET_TEST(close_waits_for_nothing),
		NET_TEST(lookups_are_bounded),
		NET_TEST(questions_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
