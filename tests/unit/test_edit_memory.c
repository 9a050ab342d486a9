/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a change of fields fails once, in turn: the request is refused, never sent with
 * half of what rules want, and nothing is left behind. The linker puts these functions before the C
 * library's. */
#include "tests/unit/edits.h"

#include <stdlib.h>
#include <sys/mman.h>

static long left = -1; /* that still succeed; -1: all */
static bool failed; /* one did not */

static bool starved(void)
{
	if (left < 0)
		return false;
	failed = failed || left == 0;
	return left == 0 || left-- == 0;
}

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
int __real_madvise(void *at, size_t len, int advice);

void *__wrap_malloc(size_t size)
{
	return starved() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return starved() ? NULL : __real_calloc(count, size);
}

int __wrap_madvise(void *at, size_t len, int advice)
{
	return starved() ? -1 : __real_madvise(at, len, advice);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void short_memory_refuses(void **state)
{
	static const char rules[] =
		RULE "\"a.test\"\n" PUT ", placeholder = \"held-outside\" }\n" RULE
		     "\"a.test\"\ninject = { header = \"x\", env = \"NONE\" }\n";
	struct edits e = {.target = rules_target("a.test:443")};
	struct request_view view =
		edits_view("GET", "/", "Authorization: Basic bWU6aGVsZC1vdXRzaWRl\n");
	enum reason reason;
	struct edit *edit;
	long failures = 0;

	(void)state;
	edits_open(&e, rules, NULL);
	do {
		left = failures;
		failed = false;
		reason = edit_new(&e.place, &view, &edit);
		left = -1;
		assert_true((reason == REASON_NONE) == (edit != NULL));
		assert_true(failed == (reason != REASON_NONE));
		if (edit) {
			assert_int_equal(edit->field_count, 2);
			assert_true(slice_equal(
				edit->fields[0].value, SLICE("Basic bWU6c2VjcmV0LTA=")));
		}
		edit_free(edit);
		failures++;
	} while (reason != REASON_NONE && failures < 100);
	assert_in_range(failures, 5, 99);
	edits_close(&e);
}

static void no_page_no_secret(void **state)
{
	(void)state;
	for (long i = 0; i <= 1; i++) {
		left = i;
		struct secret *s = secret_new(SLICE("x"), 10);
		left = -1;
		assert_true((s != NULL) == (i == 1));
		secret_unref(s);
	}
	for (long i = 0; i <= 1; i++) {
		left = i;
		struct secrets *set = secrets_new(3, 1);
		left = -1;
		assert_true((set != NULL) == (i == 1));
		secrets_unref(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_memory_refuses),
		cmocka_unit_test(no_page_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
