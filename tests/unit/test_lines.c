/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "telemetry/lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct view view;
static char directory[64], path[96], moved[96];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_lines.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/events", directory);
	snprintf(moved, sizeof(moved), "%s/events.1", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct event an_event(void)
{
	return (struct event){
		.name = EVENT_POLICY_DECISION,
		.time_ns = 1700000000000000007u,
		.decision = EVENT_DENY,
		.reason = REASON_NOT_ALLOWED,
		.host = SLICE("evil.test"),
		.port = 443,
		.user = SLICE("a\"b\\c\nd"),
		.trace_id = {0xab, [15] = 1},
		.span_id = {0xcd, [7] = 2},
	};
}

static void one_event_is_one_line(void **state)
{
	static char line[LINES_BYTES];
	struct event e = an_event();
	(void)state;
	view_of(&e, &view);
	size_t len = lines_encode(&e, &view, line);
	static const char expected[] =
		"{\"time\":\"2023-11-14T22:13:20.000000007Z\","
		"\"event_name\":\"network_proxy.policy_decision\",\"severity\":\"WARN\","
		"\"body\":\"denied evil.test:443: not_allowed\","
		"\"trace_id\":\"ab000000000000000000000000000001\","
		"\"span_id\":\"cd00000000000002\",\"attributes\":{"
		"\"network.transport.protocol\":\"http\",\"server.address\":\"evil.test\","
		"\"server.port\":443,\"user.id\":\"a\\\"b\\\\x5cc\\\\x0ad\","
		"\"network.policy.scope\":\"domain\",\"network.policy.decision\":\"deny\","
		"\"network.policy.source\":\"baseline_policy\","
		"\"network.policy.reason\":\"not_allowed\",\"network.policy.override\":false}}\n";
	line[len] = '\0';
	assert_string_equal(line, expected);
}

static void an_approval_is_one_line(void **state)
{
	static char line[LINES_BYTES];
	struct event e = an_event();
	(void)state;
	e.name = EVENT_APPROVAL;
	e.approval = EVENT_DENIED;
	e.question = 7;
	e.grant = 0xabc;
	e.waited_us = 61500000;
	e.waiters = 2;
	e.approval_scope = SLICE("ttl");
	e.approval_pattern = SLICE("evil.test:443");
	e.decider = SLICE("admin");
	e.note = SLICE("no\r\n{\"\xe2\x80\xae");
	view_of(&e, &view);
	size_t len = lines_encode(&e, &view, line);
	static const char expected[] =
		"{\"time\":\"2023-11-14T22:13:20.000000007Z\","
		"\"event_name\":\"network_proxy.approval\",\"severity\":\"WARN\","
		"\"body\":\"denied evil.test:443 for a\\\"b\\\\x5cc\\\\x0ad by admin, "
		"ttl evil.test:443: no\\\\x0d\\\\x0a{\\\"\\\\xe2\\\\x80\\\\xae\","
		"\"trace_id\":\"ab000000000000000000000000000001\","
		"\"span_id\":\"cd00000000000002\",\"attributes\":{"
		"\"network.transport.protocol\":\"http\",\"server.address\":\"evil.test\","
		"\"server.port\":443,\"user.id\":\"a\\\"b\\\\x5cc\\\\x0ad\","
		"\"network_proxy.approval.id\":\"q-0000000000000007\","
		"\"network_proxy.grant.id\":\"g-0000000000000abc\","
		"\"network_proxy.approval.state\":\"denied\","
		"\"network_proxy.approval.scope\":\"ttl\","
		"\"network_proxy.approval.pattern\":\"evil.test:443\","
		"\"network_proxy.approval.decider\":\"admin\","
		"\"network_proxy.approval.note\":"
		"\"no\\\\x0d\\\\x0a{\\\"\\\\xe2\\\\x80\\\\xae\","
		"\"network_proxy.approval.waited\":61.500000,"
		"\"network_proxy.approval.waiters\":2}}\n";
	line[len] = '\0';
	assert_string_equal(line, expected);
}

/* The line of an event with one attribute, from its value to its end, is as printf writes it. */
static void check_value(const char *name, struct view_attribute a, const char *value)
{
	static char line[LINES_BYTES];
	char expected[64];
	struct event e = an_event();
	view_of(&e, &view);
	a.key = view.attributes[0].key;
	view.attributes[0] = a;
	view.attribute_count = 1;
	size_t len = lines_encode(&e, &view, line);
	int expected_len = snprintf(expected, sizeof(expected), "\":%s}}\n", value);
	ROW_CHECK(name,
		slice_ends(slice_from(line, len), slice_from(expected, (size_t)expected_len)),
		"%.*s", (int)len, line);
}

static void values_as_printf_writes_them(void **state)
{
	static const int64_t integers[] = {0, 1, -1, 65535, INT64_MAX, INT64_MIN};
	static const uint64_t durations_us[] = {
		0, 1, 499999, 500000, 999999, 1000000, 1000001, 3661000001, 999999999999999};
	char text[32];
	(void)state;
	for (size_t i = 0; i < COUNT(integers); i++) {
		snprintf(text, sizeof(text), "%lld", (long long)integers[i]);
		check_value("integer",
			(struct view_attribute){.kind = VIEW_INTEGER, .value.integer = integers[i]},
			text);
	}
	for (size_t i = 0; i < COUNT(durations_us); i++) {
		double real = (double)durations_us[i] / 1e6;
		snprintf(text, sizeof(text), "%.6f", real);
		check_value("real", (struct view_attribute){.kind = VIEW_REAL, .value.real = real},
			text);
	}
	check_value("longest",
		(struct view_attribute){.kind = VIEW_REAL, .value.real = (double)UINT64_MAX / 1e6},
		"10000000000000.000000");
	check_value("true", (struct view_attribute){.kind = VIEW_BOOLEAN, .value.boolean = true},
		"true");
}

static void times_as_strftime_writes_them(void **state)
{
	static const uint64_t seconds[] = {0, 59, 86399, 86400, 951782400, 951868799, 1709164800,
		1735689599, 4102444800, UINT64_MAX / 1000000000u};
	static char line[LINES_BYTES];
	char expected[64];
	struct event e = an_event();
	(void)state;
	for (size_t i = 0; i < COUNT(seconds); i++) {
		time_t whole = (time_t)seconds[i];
		struct tm utc;
		e.time_ns = seconds[i] * 1000000000u + i;
		view_of(&e, &view);
		lines_encode(&e, &view, line);
		size_t len = strftime(expected, sizeof(expected), "{\"time\":\"%Y-%m-%dT%H:%M:%S.",
			gmtime_r(&whole, &utc));
		snprintf(expected + len, sizeof(expected) - len, "%09zuZ\",", i);
		ROW_CHECK(expected, memcmp(line, expected, strlen(expected)) == 0, "%.40s", line);
	}
}

static void the_largest_event_fits(void **state)
{
	static char raw[1024], line[LINES_BYTES];
	struct event e = an_event();
	(void)state;
	memset(raw, '\\', sizeof(raw));
	e.host = e.sni = e.rule_file = slice_from(raw, 256);
	e.user = e.session_id = e.actor = slice_from(raw, 128);
	e.rule = slice_from(raw, 280);
	e.text = slice_from(raw, 700);
	e.decider = slice_from(raw, 128);
	e.approval_pattern = slice_from(raw, 280);
	e.approval_scope = slice_from(raw, 256);
	e.note = slice_from(raw, 700);
	for (int name = 0; name < EVENT_NAME_COUNT; name++) {
		e.name = (enum event_name)name;
		view_of(&e, &view);
		size_t len = lines_encode(&e, &view, line);
		assert_true(len < LINES_BYTES);
		assert_memory_equal(line + len - 3, "}}\n", 3);
	}
}

static size_t count_lines(const char *file)
{
	size_t count = 0;
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	for (int c = fgetc(f); c != EOF; c = fgetc(f))
		count += c == '\n';
	fclose(f);
	return count;
}

static void a_file_is_appended_to_and_opened_anew(void **state)
{
	struct event e = an_event();
	struct stat status;
	(void)state;
	view_of(&e, &view);
	for (size_t round = 1; round <= 2; round++) {
		struct lines *l = lines_open(path);
		assert_non_null(l);
		assert_true(lines_add(l, &e, &view));
		assert_true(lines_flush(l));
		lines_close(l);
		assert_int_equal(count_lines(path), round);
	}
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640 & ~0u);
	struct lines *l = lines_open(path);
	assert_int_equal(rename(path, moved), 0);
	lines_add(l, &e, &view);
	lines_reopen(l);
	lines_add(l, &e, &view);
	assert_true(lines_flush(l));
	assert_int_equal(count_lines(moved), 3);
	assert_int_equal(count_lines(path), 1);
	lines_close(l);
	assert_null(lines_open("/nowhere/at/all"));
}

/* Lines in what the pipe holds now. */
static uint64_t read_lines(int reader)
{
	char block[65536];
	uint64_t count = 0;
	ssize_t got;
	while ((got = read(reader, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < got; i++)
			count += block[i] == '\n';
	return count;
}

static void what_a_pipe_does_not_take_waits_then_drops(void **state)
{
	struct event e = an_event();
	uint64_t added = 0, taken = 0;
	(void)state;
	view_of(&e, &view);
	snprintf(path, sizeof(path), "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	int reader = open(path, O_RDONLY | O_NONBLOCK);
	struct lines *l = lines_open(path);
	assert_non_null(l);
	while (lines_dropped(l) < 3) {
		added += lines_add(l, &e, &view);
		lines_flush(l);
	}
	assert_true(added > LIMIT_LINES_BYTES / 600);
	while (!lines_flush(l))
		taken += read_lines(reader);
	taken += read_lines(reader);
	assert_int_equal(taken, added);
	assert_true(lines_add(l, &e, &view));
	lines_close(l);
	close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_event_is_one_line),
		cmocka_unit_test(an_approval_is_one_line),
		cmocka_unit_test(values_as_printf_writes_them),
		cmocka_unit_test(times_as_strftime_writes_them),
		cmocka_unit_test(the_largest_event_fits),
		cmocka_unit_test(a_file_is_appended_to_and_opened_anew),
		cmocka_unit_test(what_a_pipe_does_not_take_waits_then_drops),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
