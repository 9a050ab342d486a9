/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/metrics.h"

#include <stdlib.h>

static char *text_of(
	const struct metrics *const *workers, size_t count, const struct exporter_counts *exporter)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	metrics_write(out, workers, count, exporter);
	fclose(out);
	return text;
}

static void workers_are_summed(void **state)
{
	static struct metrics a, b;
	const struct metrics *const workers[] = {&a, &b};
	const struct exporter_counts counts = {.delivered = 5, .dropped = 2, .spooled = 3};
	static const char *const lines[] = {
		"\nsallyport_requests_total 5\n",
		"\nsallyport_sessions 1\n",
		"\n# TYPE sallyport_requests_total counter\n",
		"\nsallyport_ended_total{reason=\"not_allowed\"} 2\n",
		"\nsallyport_ended_total{reason=\"completed\"} 0\n",
		"\nsallyport_dial_seconds_bucket{le=\"0.0001\"} 1\n",
		"\nsallyport_dial_seconds_bucket{le=\"0.00025\"} 2\n",
		"\nsallyport_dial_seconds_bucket{le=\"10\"} 2\n",
		"\nsallyport_dial_seconds_bucket{le=\"+Inf\"} 3\n",
		"\nsallyport_dial_seconds_sum 20.000201\n",
		"\nsallyport_dial_seconds_count 3\n",
		"\nsallyport_telemetry_records_total{outcome=\"delivered\"} 5\n",
		"\nsallyport_telemetry_records_total{outcome=\"dropped\"} 2\n",
		"\nsallyport_telemetry_spooled_records 3\n",
	};
	(void)state;
	metrics_count(&a, COUNTER_REQUESTS, 2);
	metrics_count(&b, COUNTER_REQUESTS, 3);
	metrics_gauge(&a, GAUGE_SESSIONS, 2);
	metrics_gauge(&b, GAUGE_SESSIONS, -1);
	metrics_ended(&a, REASON_NOT_ALLOWED);
	metrics_ended(&b, REASON_NOT_ALLOWED);
	metrics_observe(&a, HISTOGRAM_DIAL_US, 100);
	metrics_observe(&a, HISTOGRAM_DIAL_US, 101);
	metrics_observe(&b, HISTOGRAM_DIAL_US, 20000000);
	char *text = text_of(workers, 2, &counts);
	for (size_t i = 0; i < COUNT(lines); i++)
		ROW_CHECK(lines[i] + 1, strstr(text, lines[i]) != NULL, "%s", text);
	free(text);
}

/* People are slower than machines: a held request has bounds of its own. */
static void held_requests_have_their_bounds(void **state)
{
	static struct metrics one;
	const struct metrics *const workers[] = {&one};
	static const char *const lines[] = {
		"\nsallyport_held_total 3\n",
		"\nsallyport_held 2\n",
		"\nsallyport_held_seconds_bucket{le=\"0.01\"} 1\n",
		"\nsallyport_held_seconds_bucket{le=\"30\"} 2\n",
		"\nsallyport_held_seconds_bucket{le=\"60\"} 3\n",
		"\nsallyport_held_seconds_bucket{le=\"900\"} 3\n",
		"\nsallyport_held_seconds_bucket{le=\"+Inf\"} 4\n",
		"\nsallyport_held_seconds_sum 960.010002\n",
	};
	(void)state;
	metrics_count(&one, COUNTER_HELD, 3);
	metrics_gauge(&one, GAUGE_HELD, 2);
	metrics_observe(&one, HISTOGRAM_HELD_US, 10000);
	metrics_observe(&one, HISTOGRAM_HELD_US, 30000000);
	metrics_observe(&one, HISTOGRAM_HELD_US, 30000001);
	metrics_observe(&one, HISTOGRAM_HELD_US, 900000001);
	char *text = text_of(workers, 1, NULL);
	for (size_t i = 0; i < COUNT(lines); i++)
		ROW_CHECK(lines[i] + 1, strstr(text, lines[i]) != NULL, "%s", text);
	free(text);
}

static void the_desk_is_shown(void **state)
{
	const struct metrics_desk desk = {1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX};
	static const char *const lines[] = {
		"\nsallyport_questions_pending 1\n",
		"\nsallyport_waiters 2\n",
		"\n# TYPE sallyport_grants gauge\nsallyport_grants 3\n",
		"\n# TYPE sallyport_questions_total counter\nsallyport_questions_total 4\n",
		"\nsallyport_approvals_total{outcome=\"approved\"} 5\n",
		"\nsallyport_approvals_total{outcome=\"denied\"} 6\n",
		"\nsallyport_approvals_total{outcome=\"expired\"} 7\n",
		"\nsallyport_approvals_total{outcome=\"withdrawn\"} 8\n",
		"\nsallyport_questions_refused_total 9\n",
		"\nsallyport_grants_revoked_total 18446744073709551615\n",
	};
	char *text;
	size_t size;
	(void)state;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	metrics_write_desk(out, &desk);
	fclose(out);
	for (size_t i = 0; i < COUNT(lines); i++)
		ROW_CHECK(lines[i] + 1, strstr(text, lines[i]) != NULL, "%s", text);
	free(text);
}

/* Every sample has its HELP and TYPE before it, every line is a comment or "name value". */
static void text_is_well_formed(void **state)
{
	static struct metrics one;
	const struct metrics *const workers[] = {&one};
	int helps = 0, types = 0;
	(void)state;
	char *text = text_of(workers, 1, NULL);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			helps++;
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			types++;
		} else {
			assert_int_equal(strncmp(line, "sallyport_", 10), 0);
			assert_true(helps > 0 && helps == types);
			assert_non_null(strrchr(line, ' '));
		}
	}
	assert_int_equal(helps, COUNTER_COUNT + GAUGE_COUNT + HISTOGRAM_COUNT + 2);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_are_summed),
		cmocka_unit_test(held_requests_have_their_bounds),
		cmocka_unit_test(the_desk_is_shown),
		cmocka_unit_test(text_is_well_formed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
