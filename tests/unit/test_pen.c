/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/pen.h"

#include <inttypes.h>
#include <stdio.h>

static char memory[128];

static struct pen new_pen(void)
{
	memset(memory, '#', sizeof(memory));
	return (struct pen){memory, memory + sizeof(memory)};
}

static void numbers_as_printf_writes_them(void **state)
{
	static const struct {
		const char *name;
		uint64_t number;
	} rows[] = {
		{"zero", 0},
		{"nine", 9},
		{"ten", 10},
		{"99", 99},
		{"100", 100},
		{"four digits", 1234},
		{"32 bits", UINT32_MAX},
		{"33 bits", (uint64_t)UINT32_MAX + 1},
		{"19 digits", 9999999999999999999u},
		{"20 digits", 10000000000000000000u},
		{"most", UINT64_MAX},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pen p = new_pen();
		char expected[32];
		snprintf(expected, sizeof(expected), "%" PRIu64, rows[i].number);
		pen_number(&p, rows[i].number);
		ROW_CHECK(rows[i].name,
			slice_equal(pen_since(&p, memory), slice_of(expected)) && *p.at == '#',
			"%.*s", (int)(p.at - memory), memory);
	}
}

static void digits_keep_their_zeros(void **state)
{
	static const struct {
		const char *name;
		uint64_t number;
		unsigned digits;
		const char *text;
	} rows[] = {
		{"none", 7, 0, ""},
		{"zeros", 0, 3, "000"},
		{"one digit", 7, 3, "007"},
		{"all", 999, 3, "999"},
		{"more than fit", 1234, 3, "234"},
		{"nanoseconds", 1, 9, "000000001"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pen p = new_pen();
		pen_digits(&p, rows[i].number, rows[i].digits);
		ROW_CHECK(rows[i].name,
			slice_equal(pen_since(&p, memory), slice_of(rows[i].text)) && *p.at == '#',
			"%.*s", (int)(p.at - memory), memory);
	}
}

static void one_after_the_other(void **state)
{
	struct pen p = new_pen();
	(void)state;
	pen_put(&p, SLICE("a "));
	pen_put(&p, slice_from(NULL, 0));
	pen_address(&p, &(struct address){0});
	pen_address(&p, &(struct address){4, {127, 0, 0, 1}});
	pen_put(&p, SLICE(" "));
	pen_address(&p, &(struct address){6, {[15] = 1}});
	const char *start = p.at;
	pen_escaped(&p, SLICE("\n"));
	assert_true(slice_equal(pen_since(&p, start), SLICE("\\x0a")));
	assert_true(slice_equal(pen_since(&p, memory), SLICE("a 127.0.0.1 ::1\\x0a")));
}

/* What fits exactly is written, to the last byte. */
static void the_last_byte_is_used(void **state)
{
	struct pen p = new_pen();
	(void)state;
	p.end = memory + 6;
	pen_put(&p, SLICE("abc"));
	pen_number(&p, 12);
	pen_digits(&p, 3, 1);
	assert_ptr_equal(p.at, p.end);
	assert_memory_equal(memory, "abc123#", 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_as_printf_writes_them),
		cmocka_unit_test(digits_keep_their_zeros),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(the_last_byte_is_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
