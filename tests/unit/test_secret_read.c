/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "proxy/secret_read.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/sallyport-secret-XXXXXX";

static void write_file(const char *bytes, size_t len, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static struct secret *read_file(const char *name, char ret_why[128])
{
	const struct slice argument = slice_of(name);
	const struct credential c = {.source = CREDENTIAL_FILE,
		.prefix = SLICE("x "),
		.arguments = &argument,
		.argument_count = 1};

	ret_why[0] = '\0';
	return secret_read_file(&c, ret_why, 128);
}

static void files_are_read(void **state)
{
	static char full[LIMIT_CREDENTIAL_BYTES + 1];
	static const struct {
		const char *name, *bytes;
		size_t len;
		mode_t mode;
		const char *value, *why;
	} rows[] = {
		{"the owner's", "abc\n", 4, 0600, "x abc", ""},
		{"the group's too", "abc", 3, 0640, "x abc", ""},
		{"readable by everybody", "abc", 3, 0644, "x abc", ""},
		{"writable by everybody", "abc", 3, 0602, NULL,
			"may be written by everybody: chmod o-w"},
		{"empty", "", 0, 0600, NULL, "is empty"},
		{"two lines", "a\nb\n", 4, 0600, NULL,
			"has a line break or another control character"},
		{"as long as may be", full, LIMIT_CREDENTIAL_BYTES, 0600, "", ""},
		{"longer", full, LIMIT_CREDENTIAL_BYTES + 1, 0600, NULL, "is too long"},
	};
	char why[128];

	(void)state;
	memset(full, 'a', sizeof(full));
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file(rows[i].bytes, rows[i].len, rows[i].mode);
		struct secret *s = read_file(path, why);
		ROW_CHECK(rows[i].name, (s != NULL) == (rows[i].value != NULL), "%s", why);
		ROW_CHECK(rows[i].name, strcmp(why, rows[i].why) == 0, "%s", why);
		ROW_CHECK(rows[i].name,
			!s || rows[i].value[0] == '\0' ||
				slice_equal(secret_value(s), slice_of(rows[i].value)),
			"%.*s", (int)secret_value(s).len, secret_value(s).ptr);
		secret_unref(s);
	}
}

static void what_is_no_file_is_not_read(void **state)
{
	static const struct {
		const char *path, *why;
	} rows[] = {
		{"/nonexistent/file", "No such file or directory"},
		{"/tmp", "is not a regular file"},
		{"/dev/null", "is not a regular file"},
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_null(read_file(rows[i].path, why));
		ROW_CHECK(rows[i].path, strcmp(why, rows[i].why) == 0, "%s", why);
	}
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(read_file(path, why));
	assert_string_equal(why, "is not a regular file");
	unlink(path);
}

static struct secret *take(
	struct variables *v, const char *name, const char *prefix, char ret_why[128])
{
	const struct slice argument = slice_of(name);
	const struct credential c = {.source = CREDENTIAL_ENVIRONMENT,
		.prefix = slice_of(prefix),
		.arguments = &argument,
		.argument_count = 1};

	ret_why[0] = '\0';
	return variables_take(v, &c, ret_why, 128);
}

static void variables_are_taken_once(void **state)
{
	struct variables v = {NULL};
	char why[128];

	(void)state;
	setenv("SECRET_A", "abc", 1);
	setenv("SECRET_B", "a\nb", 1);
	unsetenv("SECRET_C");
	struct secret *first = take(&v, "SECRET_A", "x ", why);
	assert_non_null(first);
	assert_true(slice_equal(secret_value(first), SLICE("x abc")));
	/* It is here and nowhere else from now on. */
	assert_string_equal(getenv("SECRET_A"), "");
	struct secret *second = take(&v, "SECRET_A", "longer ", why);
	assert_non_null(second);
	assert_true(slice_equal(secret_value(second), SLICE("longer abc")));
	assert_null(take(&v, "SECRET_B", "", why));
	assert_string_equal(why, "has a line break or another control character");
	assert_null(take(&v, "SECRET_C", "", why));
	assert_string_equal(why, "is not set");
	secret_unref(first);
	secret_unref(second);
	variables_done(&v);
	assert_null(take(&v, "SECRET_A", "", why));
	assert_string_equal(why, "is empty");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(what_is_no_file_is_not_read),
		cmocka_unit_test(variables_are_taken_once),
	};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
