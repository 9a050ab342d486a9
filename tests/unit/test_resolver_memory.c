/* SPDX-License-Identifier: Apache-2.0 */
/* Every single allocation of a resolver and of a lookup fails in turn: each time there is an answer
 * or a refusal, and nothing is left behind. */
#include "tests/unit/rows.h"

#include "tests/unit/resolver_net.h"

static long allocations_left = -1; /* before the one that fails; -1: none does */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);

static bool fails(void)
{
	return allocations_left >= 0 && allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return fails() ? NULL : __real_realloc(ptr, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void a_resolver_starts_or_says_why(void **state)
{
	struct net *net = *state;
	struct resolver_options options = {.servers = &net->stub.at,
		.server_count = 1,
		.hosts_file = net->hosts,
		.timeout_ms = TIMEOUT_MS};
	struct resolver *r = NULL;
	long n = 0;

	for (; !r; n++) {
		char error[200] = "";
		assert_true(n < 100);
		allocations_left = n;
		r = resolver_new(&net->loop, &options, &net->metrics, error, sizeof(error));
		bool failed = allocations_left < 0;
		allocations_left = -1;
		/* The hosts file goes unread, with a warning, rather than the resolver unmade. */
		assert_true(r || strstr(error, "could not start"));
		if (r)
			resolver_close(r, net_on_closed, net);
		if (failed)
			r = NULL;
	}
	assert_true(n > 3);
}

static void a_lookup_ends_with_a_reason(void **state)
{
	static const char *const hosts[] = {"alias.test", "truncated.test", "no-data.test",
		"file.test", "192.0.2.1", "slow6.test"};
	struct net *net = *state;

	for (size_t i = 0; i < COUNT(hosts); i++) {
		bool failed = true;
		for (long n = 0; failed; n++) {
			struct heard heard = {.net = net};
			ROW_CHECK(hosts[i], n < 100, "no end");
			net_ask(net, &net->stub.at, 1);
			allocations_left = n;
			bool started = lookup_start(net->resolver, slice_of(hosts[i]), net_on_found,
					       &heard) != NULL;
			if (started)
				net_wait(&heard, 1);
			failed = allocations_left < 0;
			allocations_left = -1;
			enum reason reason = started ? heard.answer->reason : REASON_OUT_OF_MEMORY;
			ROW_CHECK(hosts[i],
				failed || reason == REASON_NONE || reason == REASON_DNS_NOT_FOUND,
				"%s", reason_word(reason));
			answer_unref(heard.answer);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_resolver_starts_or_says_why, net_set_up, net_tear_down),
		cmocka_unit_test_setup_teardown(
			a_lookup_ends_with_a_reason, net_set_up, net_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
