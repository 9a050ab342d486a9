/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/event.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"

static void traceparent_is_strict(void **state)
{
	static const struct {
		const char *name, *text;
		bool ok;
	} rows[] = {
		{"sampled", "00-" TRACE "-" SPAN "-01", true},
		{"not sampled", "00-" TRACE "-" SPAN "-00", true},
		{"later version", "cc-" TRACE "-" SPAN "-01", true},
		{"later version with more", "cc-" TRACE "-" SPAN "-01-what", true},
		{"later version with more, no dash", "cc-" TRACE "-" SPAN "-01.what", false},
		{"version 0 with more", "00-" TRACE "-" SPAN "-01-what", false},
		{"version ff", "ff-" TRACE "-" SPAN "-01", false},
		{"upper case", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false},
		{"zero trace", "00-00000000000000000000000000000000-" SPAN "-01", false},
		{"zero span", "00-" TRACE "-0000000000000000-01", false},
		{"no hex", "00-" TRACE "-" SPAN "-0x", false},
		{"one short", "00-" TRACE "-" SPAN "-0", false},
		{"dash moved", "00-" TRACE "0-" SPAN "01", false},
		{"empty", "", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = {.trace_flags = 7, .span_id = {9}};
		bool ok = event_traceparent(&e, slice_of(rows[i].text));
		ROW_CHECK(rows[i].name, ok == rows[i].ok, "ok=%d", ok);
		ROW_CHECK(rows[i].name, ok || (e.trace_flags == 7 && e.span_id[0] == 9), "touched");
		ROW_CHECK(rows[i].name, !ok || (e.trace_id[0] == 0x0a && e.span_id[7] == 0x31),
			"bytes");
	}
}

static void names_have_their_prefix(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_NAME_COUNT; i++)
		assert_true(slice_starts(
			slice_of(event_name_text((enum event_name)i)), SLICE("network_proxy.")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traceparent_is_strict),
		cmocka_unit_test(names_have_their_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
