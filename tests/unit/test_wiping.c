/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "proxy/wiping.h"
#include "tests/unit/rows.h"

#include <stdlib.h>

/* What was given back, as it was then; the linker puts this free before the C library's. */
static char *watched;
static size_t watched_len;
static bool seen, clean;

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void __real_free(void *at);

void __wrap_free(void *at)
{
	if (at && watched && (char *)at <= watched && watched < (char *)at + 4096 && !seen) {
		seen = true;
		clean = true;
		for (size_t i = 0; i < watched_len; i++)
			clean = clean && watched[i] == 0;
	}
	__real_free(at);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void watch(void *at, size_t len)
{
	watched = at;
	watched_len = len;
	seen = clean = false;
}

static void the_library_gives_back_what_was_overwritten(void **state)
{
	nghttp2_mem *m = wiping_memory();
	char *bytes = m->malloc(100, NULL);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', 100);
	watch(bytes, 100);
	char *grown = m->realloc(bytes, 3000, NULL);
	assert_true(grown && seen && clean);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(grown[i], 'x');
	watch(grown, 3000);
	memset(grown, 'x', 3000);
	m->free(grown, NULL);
	assert_true(seen && clean);
	m->free(NULL, NULL);
	char *zeros = m->calloc(10, 10, NULL);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zeros[i], 0);
	m->free(zeros, NULL);
	char *fresh = m->realloc(NULL, 10, NULL);
	assert_non_null(fresh);
	m->free(fresh, NULL);
	assert_null(m->calloc(SIZE_MAX, 2, NULL));
	assert_null(m->malloc(SIZE_MAX, NULL));
}

static void fill(struct buffer *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_true(buffer_append(b, SLICE("x")));
}

/* A buffer of secrets: when it grows, when it is empty, when it is done with. */
static void buffers_overwrite_secrets(void **state)
{
	struct buffer b;

	(void)state;
	for (int way = 0; way < 3; way++) {
		buffer_init(&b, 4000);
		b.secret = true;
		fill(&b, 300);
		watch(b.ptr, 300);
		if (way == 0)
			fill(&b, 1000);
		else if (way == 1)
			buffer_take(&b, 300);
		else
			buffer_done(&b);
		assert_true(seen && clean);
		assert_int_equal(b.secret, way == 0);
		watched = NULL;
		buffer_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_gives_back_what_was_overwritten),
		cmocka_unit_test(buffers_overwrite_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
