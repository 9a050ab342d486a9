/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/moment.h"

static void times_are_parsed(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
		uint64_t ms;
	} rows[] = {
		{"first", "1970-01-01T00:00:00Z", true, 0},
		{"before", "1969-12-31T23:59:59Z", false, 0},
		{"milliseconds", "1970-01-01T00:00:01.023Z", true, 1023},
		{"one digit", "1970-01-01T00:00:00.5Z", true, 500},
		{"microseconds are cut", "1970-01-01T00:00:00.123999Z", true, 123},
		{"no digit", "1970-01-01T00:00:00.Z", false, 0},
		{"leap day", "2024-02-29T00:00:00Z", true, 1709164800000},
		{"no leap day", "2023-02-29T00:00:00Z", false, 0},
		{"century", "2100-02-29T00:00:00Z", false, 0},
		{"four centuries", "2000-03-01T00:00:00Z", true, 951868800000},
		{"a day of ours", "2026-11-21T10:55:08.123Z", true, 1795258508123},
		{"end of a year", "2026-12-31T23:59:59.999Z", true, 1798761599999},
		{"month 0", "2026-00-01T00:00:00Z", false, 0},
		{"month 13", "2026-13-01T00:00:00Z", false, 0},
		{"day 0", "2026-01-00T00:00:00Z", false, 0},
		{"day 32", "2026-01-32T00:00:00Z", false, 0},
		{"hour 24", "2026-01-01T24:00:00Z", false, 0},
		{"minute 60", "2026-01-01T00:60:00Z", false, 0},
		{"second 60", "2026-01-01T00:00:60Z", false, 0},
		{"offset", "2026-01-01T00:00:00+01:00", false, 0},
		{"no zone", "2026-01-01T00:00:00", false, 0},
		{"more behind", "2026-01-01T00:00:00Zx", false, 0},
		{"sign", "2026-01-01T00:00:+0Z", false, 0},
		{"space", "2026-01-01 00:00:00Z", false, 0},
		{"short", "2026-01-01T", false, 0},
		{"empty", "", false, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ms = 7;
		bool ok = moment_parse(slice_of(rows[i].text), &ms);
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(
			rows[i].name, ms == (ok ? rows[i].ms : 7), "%llu", (unsigned long long)ms);
	}
}

static void times_are_written_and_come_back(void **state)
{
	static const struct {
		const char *name;
		uint64_t ms;
		const char *text;
	} rows[] = {
		{"the beginning", 0, "1970-01-01T00:00:00.000Z"},
		{"a leap day", UINT64_C(1709164800001), "2024-02-29T00:00:00.001Z"},
		{"a day", UINT64_C(1795258508123), "2026-11-21T10:55:08.123Z"},
		{"the end", UINT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
		{"beyond it", UINT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[MOMENT_SIZE];
		uint64_t back;
		moment_format(rows[i].ms, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].text) == 0, "%s", text);
		assert_true(moment_parse(slice_of(text), &back));
		moment_format(back, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].text) == 0, "back: %s", text);
	}
}

static void spans_are_rounded_down(void **state)
{
	static const struct {
		const char *name;
		uint64_t ms;
		const char *text;
	} rows[] = {
		{"nothing", 0, "0s"},
		{"nearly a second", 999, "0s"},
		{"seconds go on", 119999, "119s"},
		{"minutes", 120000, "2m"},
		{"minutes go on", 7199999, "119m"},
		{"hours", 7200000, "2h"},
		{"hours go on", 172799999, "47h"},
		{"days", 172800000, "2d"},
		{"most", UINT64_MAX, "213503982334d"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[MOMENT_TEXT_SIZE];
		moment_span(rows[i].ms, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].text) == 0, "%s", text);
	}
}

static void relative_times_have_a_direction(void **state)
{
	static const struct {
		const char *name;
		uint64_t ms, now_ms;
		const char *text;
	} rows[] = {
		{"same second", 5999, 5000, "now"},
		{"ago", 5000, 9000, "4s ago"},
		{"to come", 9000, 5000, "in 4s"},
		{"longest", UINT64_MAX, 0, "in 213503982334d"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[MOMENT_TEXT_SIZE];
		moment_relative(rows[i].ms, rows[i].now_ms, text);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].text) == 0, "%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_parsed),
		cmocka_unit_test(times_are_written_and_come_back),
		cmocka_unit_test(spans_are_rounded_down),
		cmocka_unit_test(relative_times_have_a_direction),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
