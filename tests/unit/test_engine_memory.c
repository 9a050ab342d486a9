/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of two engines fails once, in turn, OpenSSL's and ours: the connection comes about
 * all the same or ends with a fault, and nothing that was not said is read (the sanitized run watches
 * that nothing is left behind). The linker puts these functions before the C library's. */
#include "tests/unit/ends.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

static long left = -1; /* allocations that still succeed; -1: all */
static bool was_starved;

static bool starved(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	/* Only this one fails: what comes next must cope. */
	left = -1;
	was_starved = true;
	return true;
}

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size)
{
	return starved() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return starved() ? NULL : __real_realloc(at, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void *theirs_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 || starved() ? NULL : __real_malloc(size);
}

static void *theirs_realloc(void *at, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return starved() ? NULL : __real_realloc(at, size);
}

static void theirs_free(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

/* One connection from its beginning to its end; true when all of it came about. */
static bool connection(struct ground *g, struct engine **ret_pair)
{
	enum tls_fault fault = TLS_FAULT_NONE;
	struct upstream_target target = {
		.name = SLICE("example.com"), .port = 443, .alpn = LIST_BOTH};
	struct facade_face face = {.name = SLICE("example.com"),
		.alpn = ALPN_H2,
		.certificate = g->leaf.certificate,
		.key = g->leaf.key};
	char plain[64];
	size_t len = 0;

	ret_pair[0] = upstream_open(g->upstreams, &target, &fault);
	assert_true(ret_pair[0] || fault == TLS_FAULT_MEMORY);
	ret_pair[1] = facade_open(g->facades, &face, &fault);
	assert_true(ret_pair[1] || fault == TLS_FAULT_MEMORY || fault == TLS_FAULT_INTERNAL);
	if (!ret_pair[0] || !ret_pair[1])
		return false;
	enum engine_result results[2] = {ENGINE_WANT, ENGINE_WANT};
	for (int turn = 0; turn < 8; turn++) {
		int me = turn % 2;
		struct slice in = engine_output(ret_pair[!me]);
		size_t all = in.len;
		results[me] = engine_handshake(ret_pair[me], &in);
		engine_sent(ret_pair[!me], all - in.len);
	}
	if (results[0] != ENGINE_OK || results[1] != ENGINE_OK)
		return false;
	struct slice said = SLICE("words");
	bool wrote = engine_write(ret_pair[1], &said) == ENGINE_OK;
	wrote = wrote && engine_close(ret_pair[1]) == ENGINE_OK;
	struct slice in = engine_output(ret_pair[1]);
	if (engine_read(ret_pair[0], &in, plain, sizeof(plain), &len) != ENGINE_OK)
		return false;
	assert_true(len == 5 && memcmp(plain, "words", 5) == 0);
	return wrote && engine_read(ret_pair[0], &in, plain, sizeof(plain), &len) == ENGINE_END;
}

static void memory_may_run_out_at_any_time(void **state)
{
	long count = 0, faults[TLS_FAULT_COUNT] = {0};

	do {
		struct engine *pair[2];
		left = count++;
		was_starved = false;
		bool whole = connection(*state, pair);
		left = -1;
		for (int i = 0; i < 2; i++)
			if (pair[i])
				faults[engine_fault(pair[i])]++;
		/* Whole, or somebody says why. */
		assert_true(whole || !pair[0] || !pair[1] || engine_fault(pair[0]) ||
			    engine_fault(pair[1]));
		engine_free(pair[0]);
		engine_free(pair[1]);
		ERR_clear_error();
	} while (was_starved);
	assert_true(count > 100);
	assert_true(faults[TLS_FAULT_MEMORY] > 0);
}

static void shared_halves_are_made_or_not(void **state)
{
	struct ground *g = *state;
	long count = 0;

	do {
		left = count++;
		was_starved = false;
		struct upstreams *u = upstreams_new(g->roots);
		bool starved_once = was_starved;
		struct facades *f = facades_new();
		left = -1;
		assert_true(was_starved || (u && f));
		assert_true(u || starved_once);
		upstreams_free(u);
		facades_free(f);
		ERR_clear_error();
	} while (was_starved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_may_run_out_at_any_time),
		cmocka_unit_test(shared_halves_are_made_or_not),
	};
	if (!CRYPTO_set_mem_functions(theirs_malloc, theirs_realloc, theirs_free))
		return 1;
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
