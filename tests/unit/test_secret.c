/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "policy/secrets.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>

static void only_field_values_are_sealed(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		const char *value, *fault;
	} rows[] = {
		{"plain", {"abc", 3}, "abc", NULL},
		{"one byte", {"a", 1}, "a", NULL},
		{"with a space inside", {"a b", 3}, "a b", NULL},
		{"beyond ASCII", {"a\xc3\xa9", 3}, "a\xc3\xa9", NULL},
		{"line break at its end", {"abc\n", 4}, "abc", NULL},
		{"line break of DOS", {"abc\r\n", 5}, "abc", NULL},
		{"two line breaks", {"abc\n\n", 5}, NULL,
			"has a line break or another control character"},
		{"line break inside", {"a\nb", 3}, NULL,
			"has a line break or another control character"},
		{"NUL", {"a\0b", 3}, NULL, "has a line break or another control character"},
		{"tab", {"a\tb", 3}, NULL, "has a line break or another control character"},
		{"DEL", {"a\x7f", 2}, NULL, "has a line break or another control character"},
		{"nothing", {"", 0}, NULL, "is empty"},
		{"a line break alone", {"\n", 1}, NULL, "is empty"},
		{"space at its front", {" a", 2}, NULL, "begins or ends with a space"},
		{"space at its end", {"a \n", 3}, NULL, "begins or ends with a space"},
		{"as long as may be", {"12345678", 8}, "12345678", NULL},
		{"longer", {"123456789", 9}, NULL, "is too long"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct secret *s = secret_new(SLICE("Bearer "), 8);
		char value[64];
		assert_non_null(s);
		memcpy(secret_room(s), rows[i].bytes.ptr, rows[i].bytes.len);
		const char *fault = secret_seal(s, rows[i].bytes.len);
		ROW_CHECK(rows[i].name, (fault == NULL) == (rows[i].fault == NULL), "%s", fault);
		ROW_CHECK(rows[i].name, !fault || strcmp(fault, rows[i].fault) == 0, "%s", fault);
		if (!fault) {
			snprintf(value, sizeof(value), "Bearer %s", rows[i].value);
			assert_true(slice_equal(secret_value(s), slice_of(value)));
			assert_true(slice_equal(secret_bytes(s), slice_of(rows[i].value)));
		}
		secret_unref(s);
	}
}

/* The flags that the kernel has for the page. */
static bool page_has(const void *at, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512];
	bool here = false, found = false;

	assert_non_null(maps);
	while (!found && fgets(line, sizeof(line), maps)) {
		unsigned long first, last;
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
			here = first <= (uintptr_t)at && (uintptr_t)at < last;
		found = here && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, flag);
	}
	fclose(maps);
	return found;
}

static void no_core_has_it(void **state)
{
	struct secret *s = secret_new(SLICE(""), LIMIT_CREDENTIAL_BYTES);

	(void)state;
	assert_non_null(s);
	assert_true(page_has(secret_room(s), " dd"));
	assert_true(page_has(secret_room(s) + LIMIT_CREDENTIAL_BYTES, " dd"));
	secret_unref(s);
}

static struct secret *sealed(const char *prefix, const char *bytes)
{
	struct secret *s = secret_new(slice_of(prefix), strlen(bytes));

	assert_non_null(s);
	memcpy(secret_room(s), bytes, strlen(bytes));
	assert_null(secret_seal(s, strlen(bytes)));
	return s;
}

static void the_same_secret_is_equal(void **state)
{
	struct secret *a = sealed("x ", "abc"), *b = sealed("x ", "abc");
	struct secret *c = sealed("x ", "abd"), *d = sealed("y ", "abc");

	(void)state;
	assert_true(secret_equal(a, a) && secret_equal(a, b) && secret_equal(NULL, NULL));
	assert_false(secret_equal(a, c) || secret_equal(a, d) || secret_equal(a, NULL));
	secret_unref(a);
	secret_unref(b);
	secret_unref(c);
	secret_unref(d);
	secret_unref(NULL);
}

static void a_set_is_of_one_policy(void **state)
{
	struct secrets *set = secrets_new(2, 7);
	struct secret *s = sealed("", "abc");

	(void)state;
	assert_non_null(set);
	secrets_put(set, 1, s);
	secret_unref(s);
	assert_null(secrets_at(set, 7, 0));
	assert_ptr_equal(secrets_at(set, 7, 1), s);
	assert_null(secrets_at(set, 7, 2));
	assert_null(secrets_at(set, 8, 1));
	assert_null(secrets_at(NULL, 7, 1));
	secrets_unref(secrets_ref(set));
	secrets_unref(set);
	secrets_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_field_values_are_sealed),
		cmocka_unit_test(no_core_has_it),
		cmocka_unit_test(the_same_secret_is_equal),
		cmocka_unit_test(a_set_is_of_one_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
