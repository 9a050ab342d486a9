/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "tests/unit/pair.h"

#include "proxy/pool.h"

#include <errno.h>

static const struct address somewhere = {.family = 4, .bytes = {192, 0, 2, 7}};

static struct target target_of(struct slice host, uint16_t port)
{
	struct target t;

	assert_int_equal(target_parse_host(host, port, &t), REASON_NONE);
	return t;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void only_the_same_target_gets_the_connection(void **state)
{
	struct target a = target_of(SLICE("a.test"), 80), b = target_of(SLICE("a.test"), 8080);
	struct address address = {0};
	struct pool p;
	int fds[2];
	(void)state;
	pool_init(&p);
	pair_open(fds);
	assert_int_equal(pool_take(&p, &a, &address), -1);
	pool_give(&p, &a, &somewhere, fds[0], 1);
	assert_int_equal(pool_take(&p, &b, &address), -1);
	assert_int_equal(pool_take(&p, &a, &address), fds[0]);
	assert_true(address_equal(&address, &somewhere));
	assert_int_equal(pool_take(&p, &a, &address), -1);
	close(fds[0]);
	close(fds[1]);
	pool_done(&p);
}

static void a_dead_connection_is_never_given(void **state)
{
	struct target a = target_of(SLICE("a.test"), 80);
	struct address address;
	struct pool p;
	int ended[2], spoke[2];
	(void)state;
	pool_init(&p);
	pair_open(ended);
	pair_open(spoke);
	pool_give(&p, &a, &somewhere, ended[0], 1);
	pool_give(&p, &a, &somewhere, spoke[0], 1);
	close(ended[1]);
	assert_int_equal(send(spoke[1], "x", 1, 0), 1);
	assert_int_equal(pool_take(&p, &a, &address), -1);
	assert_false(is_open(ended[0]) || is_open(spoke[0]));
	close(spoke[1]);
	pool_done(&p);
}

static void bounds_close_the_oldest(void **state)
{
	struct target a = target_of(SLICE("a.test"), 80);
	int first[LIMIT_POOL_TARGET + 1][2], rest[LIMIT_POOL][2];
	struct pool p;
	(void)state;
	pool_init(&p);
	for (size_t i = 0; i < COUNT(first); i++) {
		pair_open(first[i]);
		pool_give(&p, &a, &somewhere, first[i][0], i);
	}
	assert_int_equal(p.count, LIMIT_POOL_TARGET);
	assert_false(is_open(first[0][0]));
	assert_true(is_open(first[1][0]));
	for (size_t i = 0; i < COUNT(rest); i++) {
		struct target other = target_of(SLICE("b.test"), (uint16_t)(1000 + i));
		pair_open(rest[i]);
		pool_give(&p, &other, &somewhere, rest[i][0], 100 + i);
	}
	assert_int_equal(p.count, LIMIT_POOL);
	assert_false(is_open(first[LIMIT_POOL_TARGET][0]));
	assert_true(is_open(rest[0][0]));
	pool_expire(&p, 100 + 10);
	assert_false(is_open(rest[9][0]));
	assert_true(is_open(rest[10][0]));
	pool_done(&p);
	assert_false(is_open(rest[10][0]));
	for (size_t i = 0; i < COUNT(first); i++)
		close(first[i][1]);
	for (size_t i = 0; i < COUNT(rest); i++)
		close(rest[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same_target_gets_the_connection),
		cmocka_unit_test(a_dead_connection_is_never_given),
		cmocka_unit_test(bounds_close_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
