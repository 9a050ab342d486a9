/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "proxy/secret_run.h"
#include "tests/unit/rows.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

static struct secret *run(const char *script, bool ends, char ret_why[128])
{
	const struct slice arguments[] = {SLICE("sh"), SLICE("-c"), slice_of(script)};
	const struct credential c = {.source = CREDENTIAL_COMMAND,
		.prefix = SLICE("Bearer "),
		.arguments = arguments,
		.argument_count = 3};
	atomic_bool ending = ends;

	ret_why[0] = '\0';
	return secret_run(&c, &ending, ret_why, 128);
}

static void commands_print_secrets(void **state)
{
	static const struct {
		const char *name, *script, *value, *why;
	} rows[] = {
		{"printed", "printf abc", "Bearer abc", ""},
		{"with a line break", "echo abc", "Bearer abc", ""},
		{"in two pieces", "printf a; sleep 0.05; printf b", "Bearer ab", ""},
		{"while a child has the pipe", "sleep 20 & echo abc", "Bearer abc", ""},
		{"complains, and is heard by nobody", "echo no >&2; echo abc", "Bearer abc", ""},
		{"nothing to read", "cat; echo abc", "Bearer abc", ""},
		{"no descriptor of ours", "ls /proc/self/fd | wc -l", "Bearer 4", ""},
		{"a group of its own", "test $(ps -o pgid= $$) = $$ && echo yes", "Bearer yes", ""},
		{"failed", "echo abc; exit 3", NULL, "failed with exit code 3"},
		{"ended by a signal", "echo abc; kill -TERM $$", NULL, "was ended by a signal"},
		{"nothing", "true", NULL, "printed a secret that is empty"},
		{"two lines", "echo a; echo b", NULL,
			"printed a secret that has a line break or another control character"},
		{"as long as may be", "head -c 8192 /dev/zero | tr '\\0' a", "", ""},
		{"longer", "head -c 8193 /dev/zero | tr '\\0' a", NULL,
			"printed a secret that is too long"},
		{"without an end", "yes", NULL, "printed a secret that is too long"},
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret *s = run(rows[i].script, false, why);
		ROW_CHECK(rows[i].name, (s != NULL) == (rows[i].value != NULL), "%s", why);
		ROW_CHECK(rows[i].name, strcmp(why, rows[i].why) == 0, "%s", why);
		ROW_CHECK(rows[i].name,
			!s || rows[i].value[0] == '\0' ||
				slice_equal(secret_value(s), slice_of(rows[i].value)),
			"%.*s", (int)secret_value(s).len, secret_value(s).ptr);
		secret_unref(s);
	}
	assert_int_equal(LIMIT_CREDENTIAL_BYTES, 8192);
}

static void a_program_that_is_not_there(void **state)
{
	const struct slice arguments[] = {SLICE("/nonexistent/program")};
	const struct credential c = {
		.source = CREDENTIAL_COMMAND, .arguments = arguments, .argument_count = 1};
	const atomic_bool ending = false;
	char why[128];

	(void)state;
	assert_null(secret_run(&c, &ending, why, sizeof(why)));
	assert_string_equal(why, "cannot be run: No such file or directory");
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whoever waits for it waits no longer, and it is gone, with its children. */
static void the_end_of_the_process_ends_it(void **state)
{
	uint64_t began = now_ms();
	char why[128];

	(void)state;
	assert_null(run("sleep 60 & sleep 60", true, why));
	assert_true(now_ms() - began < 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_print_secrets),
		cmocka_unit_test(a_program_that_is_not_there),
		cmocka_unit_test(the_end_of_the_process_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
