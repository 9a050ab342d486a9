/* SPDX-License-Identifier: Apache-2.0 */
/* One allocation after another of a process's way through certs/ fails, OpenSSL's too: each step
 * fails with a sentence or works, and nothing is left behind (the sanitized run watches that). */
#include "certs/bundle.h"
#include "certs/leaves.h"
#include "certs/vault.h"
#include "tests/unit/certs.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <unistd.h>

static long left = -1; /* allocations that still succeed; -1: all */
static char directory[64];

static bool starved(void)
{
	if (left < 0)
		return false;
	return left == 0 || left-- == 0;
}

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return starved() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return starved() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
	return starved() ? NULL : __real_strdup(text);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void *take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return starved() ? NULL : __real_malloc(size);
}

static void *take_again(void *at, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return starved() ? NULL : realloc(at, size);
}

static void give(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

/* ---- the way ------------------------------------------------------------------------------- */

static const char *const hosts[] = {"a.test", "b.test", "192.0.2.7", "c.test"};

static bool mint(struct vault_view *view, struct trouble *t)
{
	struct leaves *leaves = leaves_new(view->issuer, 7 * DAY, 2, t);
	bool good = leaves != NULL;

	for (size_t i = 0; good && i < COUNT(hosts); i++) {
		struct leaf_name name = name_of(hosts[i]);
		struct leaf *l = leaves_get(leaves, &name, NOW, t);
		good = l != NULL;
		leaf_unref(l);
	}
	good = good && leaves_set_issuer(leaves, view->issuer, 7 * DAY, t);
	leaves_free(leaves);
	return good;
}

/* Opens, mints, exports. True when all of it went well. */
static bool go(enum vault_how how, struct trouble *t)
{
	const struct vault_settings settings = {
		.directory = "ca", .lifetime_s = 365 * DAY, .host = "h", .permitted = ""};
	struct vault_view view = {.issuer = NULL};
	struct vault *v = vault_open(&settings, how, NOW, t);
	struct roots *roots = NULL;
	bool good = v != NULL;

	if (good)
		view = vault_view(v);
	good = good && mint(&view, t);
	if (good)
		roots = roots_load(&(struct roots_sources){.file = "roots.pem"}, t);
	good = roots && bundle_export("ca", &view, roots, t);
	roots_unref(roots);
	vault_view_done(&view);
	vault_close(v);
	return good;
}

/* With so many allocations. */
static bool go_with(long allocations, enum vault_how how, struct trouble *t)
{
	t->text[0] = '\0';
	left = allocations;
	bool good = go(how, t);
	left = -1;
	ERR_clear_error();
	return good;
}

/* `step` is a prime: the thousands of allocations are too many for an ordinary run, and neighbours are
 * much alike. */
static void memory_may_run_out_anywhere(enum vault_how how, long step)
{
	struct trouble t;
	long most = 1;

	/* Once with plenty, so that what OpenSSL keeps for ever is there. */
	assert_true(go_with(-1, how, &t));
	while (!go_with(most, how, &t)) {
		if (t.text[0] == '\0')
			fail_msg("nothing is said of allocation %ld", most);
		most += step;
	}
	assert_true(most > 100);
	/* What a failed way left on disk does no harm. */
	assert_true(go_with(-1, VAULT_CREATE, &t));
}

static void one_that_is_there_is_read(void **state)
{
	(void)state;
	memory_may_run_out_anywhere(VAULT_CREATE, 29);
}

static void a_new_one_is_made(void **state)
{
	(void)state;
	memory_may_run_out_anywhere(VAULT_ANEW, 31);
}

static int make(void **state)
{
	struct trouble t;
	(void)state;
	if (chdir(make_directory(directory)) != 0)
		return 1;
	struct authority *root = authority_for(NULL, DAY);
	BIO *out = BIO_new_file("roots.pem", "w");
	PEM_write_bio_X509(out, authority_certificate(root));
	BIO_free(out);
	authority_unref(root);
	return go_with(-1, VAULT_CREATE, &t) ? 0 : 1;
}

static int drop(void **state)
{
	(void)state;
	if (chdir("/") != 0)
		return 1;
	remove_directory(directory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_there_is_read),
		cmocka_unit_test(a_new_one_is_made),
	};
	/* Before OpenSSL took any. */
	if (CRYPTO_set_mem_functions(take, take_again, give) != 1)
		return 1;
	return cmocka_run_group_tests(tests, make, drop);
}
