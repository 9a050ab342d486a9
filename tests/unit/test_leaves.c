/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/leaves.h"

#include "tests/unit/certs.h"

#include <pthread.h>

enum { KEPT = 4 };

struct cache {
	struct authority *authority;
	struct leaves *leaves;
};

static int make_cache(void **state)
{
	static struct cache c;
	struct trouble t;

	c.authority = authority_for("test", 365 * DAY);
	c.leaves = leaves_new(c.authority, 8 * DAY, KEPT, &t);
	*state = &c;
	return c.leaves ? 0 : 1;
}

static int drop_cache(void **state)
{
	struct cache *c = *state;

	leaves_free(c->leaves);
	authority_unref(c->authority);
	leaves_free(NULL);
	return 0;
}

/* The leaf's address, without a reference: for comparing. */
static const struct leaf *got(struct leaves *l, const char *host, int64_t now_s)
{
	struct trouble t;
	struct leaf_name name = name_of(host);
	struct leaf *leaf = leaves_get(l, &name, now_s, &t);

	if (!leaf)
		fail_msg("%s", t.text);
	leaf_unref(leaf);
	return leaf;
}

static void one_is_minted_once(void **state)
{
	struct cache *c = *state;
	const struct leaf *first = got(c->leaves, "a.test", NOW);

	assert_ptr_equal(got(c->leaves, "a.test", NOW), first);
	assert_ptr_not_equal(got(c->leaves, "b.test", NOW), first);
	struct leaves_counts counts = leaves_counts(c->leaves);
	assert_int_equal(counts.minted, 2);
	assert_int_equal(counts.found, 1);
	assert_int_equal(counts.count, 2);
	assert_int_equal(counts.failed, 0);
}

static void the_one_used_longest_ago_goes(void **state)
{
	struct cache *c = *state;
	static const char *const order[] = {
		"a.test", "b.test", "c.test", "d.test", "a.test", "e.test"};

	for (size_t i = 0; i < COUNT(order); i++)
		got(c->leaves, order[i], NOW);
	struct leaves_counts counts = leaves_counts(c->leaves);
	assert_int_equal(counts.minted, 5);
	assert_int_equal(counts.evicted, 1);
	assert_int_equal(counts.count, KEPT);
	got(c->leaves, "a.test", NOW);
	assert_int_equal(leaves_counts(c->leaves).minted, 5);
	got(c->leaves, "b.test", NOW);
	assert_int_equal(leaves_counts(c->leaves).minted, 6);
}

static void a_stale_one_is_minted_again(void **state)
{
	struct cache *c = *state;
	static const struct {
		const char *name;
		int64_t now_s;
		unsigned minted;
	} rows[] = {
		{"first", NOW, 1},
		{"fresh", NOW + 5 * DAY - 1, 1},
		{"two thirds over", NOW + 5 * DAY, 2},
		{"the new one is fresh", NOW + 9 * DAY, 2},
		{"the clock went back", NOW + 3 * DAY, 3},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		got(c->leaves, "a.test", rows[i].now_s);
		struct leaves_counts counts = leaves_counts(c->leaves);
		ROW_CHECK(rows[i].name, counts.minted == rows[i].minted, "%u",
			(unsigned)counts.minted);
		ROW_CHECK(rows[i].name, counts.count == 1, "%u", counts.count);
	}
}

static void nothing_is_remembered_of_a_failure(void **state)
{
	struct cache *c = *state;
	static const char *const hosts[] = {"192.0.2.7", "a.example", "*.test", ""};
	struct trouble t;

	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct leaf_name name = name_of(hosts[i]);
		t.text[0] = '\0';
		assert_null(leaves_get(c->leaves, &name, NOW, &t));
		assert_non_null(strstr(t.text, "no leaf for"));
	}
	struct leaves_counts counts = leaves_counts(c->leaves);
	assert_int_equal(counts.failed, COUNT(hosts));
	assert_int_equal(counts.count, 0);
}

static void another_issuer_drops_all(void **state)
{
	struct cache *c = *state;
	struct authority *next = authority_for(NULL, 365 * DAY);
	struct leaf_name name = name_of("a.test");
	struct trouble t = {""};
	struct leaf *old = leaves_get(c->leaves, &name, NOW, &t);

	got(c->leaves, "b.test", NOW);
	assert_true(leaves_set_issuer(c->leaves, next, 7 * DAY, &t));
	assert_int_equal(leaves_counts(c->leaves).count, 0);
	struct leaf *fresh = leaves_get(c->leaves, &name, NOW, &t);
	assert_int_equal(verified(fresh, authority_anchor(next), "a.test", NOW), X509_V_OK);
	assert_int_not_equal(
		verified(fresh, authority_anchor(c->authority), "a.test", NOW), X509_V_OK);
	assert_int_equal(verified(old, authority_anchor(c->authority), "a.test", NOW), X509_V_OK);
	leaf_unref(fresh);
	leaf_unref(old);
	authority_unref(next);
}

static void addresses_and_names_are_apart(void **state)
{
	struct cache *c = *state;
	struct authority *next = authority_for(NULL, 365 * DAY);
	struct trouble t;

	assert_true(leaves_set_issuer(c->leaves, next, 7 * DAY, &t));
	const struct leaf *all[] = {
		got(c->leaves, "192.0.2.7", NOW),
		got(c->leaves, "::c000:207", NOW),
		got(c->leaves, "192-0-2-7.test", NOW),
	};
	assert_int_equal(leaves_counts(c->leaves).count, COUNT(all));
	assert_ptr_equal(got(c->leaves, "192.0.2.7", NOW), all[0]);
	assert_ptr_equal(got(c->leaves, "::c000:207", NOW), all[1]);
	authority_unref(next);
}

/* ---- threads ------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 400, HOSTS = 7, TURNS = 20 };

struct worker {
	struct leaves *leaves;
	unsigned wrong;
};

static void *work(void *argument)
{
	struct worker *w = argument;
	struct trouble t;
	char host[16];

	for (int i = 0; i < ROUNDS; i++) {
		snprintf(host, sizeof(host), "h%d.test", i % HOSTS);
		struct leaf_name name = name_of(host);
		struct leaf *l = leaves_get(w->leaves, &name, NOW, &t);
		w->wrong += !l || X509_check_host(leaf_certificate(l), host, 0, 0, NULL) != 1 ||
			    X509_check_private_key(leaf_certificate(l), leaf_key(l)) != 1;
		leaf_unref(l);
	}
	return NULL;
}

static void workers_share_it(void **state)
{
	struct cache *c = *state;
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct authority *two[] = {c->authority, authority_for("test", 30 * DAY)};
	struct trouble t;

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.leaves = c->leaves};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < TURNS; i++)
		assert_true(leaves_set_issuer(c->leaves, two[i % 2], 7 * DAY, &t));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].wrong, 0);
	}
	struct leaves_counts counts = leaves_counts(c->leaves);
	assert_int_equal(counts.found + counts.minted, THREADS * ROUNDS);
	assert_true(counts.count <= KEPT);
	authority_unref(two[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_is_minted_once, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(
			the_one_used_longest_ago_goes, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(
			a_stale_one_is_minted_again, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(
			nothing_is_remembered_of_a_failure, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(another_issuer_drops_all, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(
			addresses_and_names_are_apart, make_cache, drop_cache),
		cmocka_unit_test_setup_teardown(workers_share_it, make_cache, drop_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
