/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "telemetry/digest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MINUTE_MS = 60000, NOW_MS = 100 * MINUTE_MS + 30000 };

static struct digest *digest;
static struct digest_row rows[LIMIT_DIGEST_RECENT + 1];
static struct digest_minute minutes[LIMIT_DIGEST_MINUTES + 1];

static int make(void **state)
{
	(void)state;
	digest = digest_new();
	return digest ? 0 : -1;
}

static int unmake(void **state)
{
	(void)state;
	digest_free(digest);
	return 0;
}

static struct event decision(enum event_decision verdict, uint64_t time_ms)
{
	return (struct event){
		.name = EVENT_POLICY_DECISION,
		.decision = verdict,
		.reason = verdict == EVENT_ALLOW ? REASON_NONE : REASON_NOT_ALLOWED,
		.host = SLICE("a.test"),
		.port = 443,
		.time_ns = time_ms * 1000000,
	};
}

static void add(enum event_decision verdict, uint64_t time_ms)
{
	struct event e = decision(verdict, time_ms);
	digest_add(digest, &e);
}

static void minutes_are_a_chart(void **state)
{
	(void)state;
	add(EVENT_ALLOW, NOW_MS);
	add(EVENT_DENY, NOW_MS);
	add(EVENT_DENY, NOW_MS - 30000);
	add(EVENT_ASK, NOW_MS - 30001);
	add(EVENT_ALLOW, NOW_MS - 59 * MINUTE_MS);
	size_t count = digest_minutes(digest, NOW_MS, minutes, COUNT(minutes));
	assert_int_equal(count, LIMIT_DIGEST_MINUTES);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(minutes[i].start_ms, (41 + i) * MINUTE_MS);
	const struct digest_minute *last = &minutes[count - 1];
	assert_true(last->allowed == 1 && last->denied == 2 && last->held == 0);
	assert_true(last[-1].allowed == 0 && last[-1].denied == 0 && last[-1].held == 1);
	assert_int_equal(minutes[0].allowed, 1);
	assert_int_equal(digest_minutes(digest, NOW_MS, minutes, 1), 1);
	assert_int_equal(minutes[0].start_ms, 100 * MINUTE_MS);

	/* An hour and a minute later the slot has a new owner; what is older comes too late. */
	add(EVENT_ASK, NOW_MS + 60 * MINUTE_MS);
	add(EVENT_DENY, NOW_MS);
	count = digest_minutes(digest, NOW_MS + 60 * MINUTE_MS, minutes, COUNT(minutes));
	last = &minutes[count - 1];
	assert_true(last->allowed == 0 && last->denied == 0 && last->held == 1);
	assert_true(minutes[0].denied == 0 && minutes[0].allowed == 0);
}

static void every_field_of_a_row(void **state)
{
	const struct event e = {
		.name = EVENT_CONNECTION_CLOSED,
		.time_ns = 1700000000123456789u,
		.reason = REASON_IDLE,
		.decision = EVENT_ASK,
		.source = EVENT_DECIDER,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("a.test"),
		.port = 443,
		.method = SLICE("CONNECT"),
		.client = {4, {127, 0, 0, 1}},
		.client_port = 50000,
		.user = SLICE("local"),
		.session_id = SLICE("s\xff"),
		.connection = UINT64_MAX,
		.rule = SLICE("*.test"),
		.rule_file = SLICE("config.toml"),
		.rule_line = 12,
		.bytes_up = 1,
		.bytes_down = UINT64_MAX - 1,
		.duration_us = 3,
		.status = 200,
		.grant = UINT64_MAX - 2,
	};
	uint64_t missed = 1;
	(void)state;
	digest_add(digest, &e);
	assert_int_equal(digest_rows(digest, 0, rows, COUNT(rows), &missed), 1);
	const struct digest_row *r = &rows[0];
	assert_int_equal(missed, 0);
	assert_int_equal(r->sequence, 1);
	assert_int_equal(r->time_ms, 1700000000123);
	assert_int_equal(r->name, e.name);
	assert_int_equal(r->decision, e.decision);
	assert_int_equal(r->source, e.source);
	assert_int_equal(r->reason, e.reason);
	assert_int_equal(r->protocol, e.protocol);
	assert_int_equal(r->port, e.port);
	assert_int_equal(r->client_port, e.client_port);
	assert_int_equal(r->status, e.status);
	assert_int_equal(r->rule_line, e.rule_line);
	assert_true(r->connection == e.connection && r->bytes_up == 1);
	assert_true(r->bytes_down == e.bytes_down && r->duration_us == 3 && r->grant == e.grant);
	assert_memory_equal(&r->client, &e.client, sizeof(e.client));
	assert_string_equal(r->host, "a.test");
	assert_string_equal(r->method, "CONNECT");
	assert_string_equal(r->user, "local");
	assert_string_equal(r->session, "s\xff");
	assert_string_equal(r->rule, "*.test");
	assert_string_equal(r->rule_file, "config.toml");
}

static void long_strings_are_cut(void **state)
{
	static char text[1000];
	struct event e = decision(EVENT_DENY, NOW_MS);
	uint64_t missed;
	(void)state;
	memset(text, 'x', sizeof(text));
	e.host = e.method = e.user = e.session_id = slice_from(text, sizeof(text));
	e.rule = e.rule_file = e.host;
	digest_add(digest, &e);
	assert_int_equal(digest_rows(digest, 0, rows, 1, &missed), 1);
	assert_int_equal(strlen(rows[0].host), sizeof(rows[0].host) - 1);
	assert_int_equal(strlen(rows[0].method), sizeof(rows[0].method) - 1);
	/* A host of the longest kind leaves a rule and its file as they are. */
	e.host = slice_from(text, 253);
	e.method = SLICE("CONNECT");
	e.user = SLICE("local");
	e.session_id = SLICE("");
	e.rule = SLICE("*.packages.example.com");
	e.rule_file = SLICE("/etc/sallyport/config.toml");
	digest_add(digest, &e);
	assert_int_equal(digest_rows(digest, 1, rows, 1, &missed), 1);
	assert_int_equal(strlen(rows[0].host), 253);
	assert_string_equal(rows[0].rule, "*.packages.example.com");
	assert_string_equal(rows[0].rule_file, "/etc/sallyport/config.toml");
}

static void rows_go_on_behind_the_last(void **state)
{
	static const struct {
		const char *name;
		uint64_t after;
		size_t size, first, count, missed;
	} cases[] = {
		/* 300 rows, of which 45..300 are left. */
		{"from the start", 0, 1000, 45, 256, 44},
		{"a few", 0, 10, 45, 10, 44},
		{"one is missing", 43, 1000, 45, 256, 1},
		{"none is missing", 44, 1000, 45, 256, 0},
		{"the last", 299, 1000, 300, 1, 0},
		{"nothing new", 300, 1000, 0, 0, 0},
		{"of another process", 5000, 1000, 0, 0, 0},
		{"no room", 100, 0, 0, 0, 0},
	};
	struct event other = {.name = EVENT_APPROVAL};
	(void)state;
	for (int i = 0; i < 300; i++) {
		add(EVENT_ALLOW, NOW_MS + (uint64_t)i);
		digest_add(digest, &other);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t missed;
		size_t size = cases[i].size < COUNT(rows) ? cases[i].size : COUNT(rows);
		size_t count = digest_rows(digest, cases[i].after, rows, size, &missed);
		ROW_CHECK(cases[i].name, count == cases[i].count, "%zu", count);
		ROW_CHECK(cases[i].name, missed == cases[i].missed, "%d", (int)missed);
		for (size_t k = 0; k < count; k++) {
			ROW_CHECK(cases[i].name, rows[k].sequence == cases[i].first + k, "order");
			ROW_CHECK(cases[i].name, rows[k].time_ms == NOW_MS + rows[k].sequence - 1,
				"row");
		}
	}
}

static void denials_are_kept_apart(void **state)
{
	(void)state;
	assert_int_equal(digest_blocked(digest, rows, COUNT(rows)), 0);
	for (uint64_t i = 0; i < 10; i++)
		add(EVENT_DENY, NOW_MS + i);
	add(EVENT_ASK, NOW_MS);
	for (int i = 0; i < 1000; i++)
		add(EVENT_ALLOW, NOW_MS);
	assert_int_equal(digest_blocked(digest, rows, COUNT(rows)), 10);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(rows[i].time_ms, NOW_MS + 9 - i);
		assert_int_equal(rows[i].sequence, 10 - i);
	}
	assert_int_equal(digest_blocked(digest, rows, 3), 3);
	assert_int_equal(rows[2].sequence, 8);
	for (uint64_t i = 0; i < 300; i++)
		add(EVENT_DENY, NOW_MS + i);
	assert_int_equal(digest_blocked(digest, rows, COUNT(rows)), LIMIT_DIGEST_BLOCKED);
	assert_int_equal(rows[0].time_ms, NOW_MS + 299);
	assert_int_equal(rows[LIMIT_DIGEST_BLOCKED - 1].time_ms, NOW_MS + 44);
}

static void names_most_often_first(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		int denied, held;
	} hosts[] = {
		{"once.test", 443, 1, 0},
		{"five.test", 443, 2, 3},
		{"five.test", 80, 0, 2},
		{"three.test", 443, 3, 0},
	};
	struct digest_name names[8];
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		for (int n = 0; n < hosts[i].denied + hosts[i].held; n++) {
			struct event e =
				decision(n < hosts[i].denied ? EVENT_DENY : EVENT_ASK, NOW_MS);
			e.host = slice_of(hosts[i].host);
			e.port = hosts[i].port;
			digest_add(digest, &e);
		}
	}
	struct event malformed = decision(EVENT_DENY, NOW_MS);
	malformed.host = SLICE("");
	digest_add(digest, &malformed);
	add(EVENT_ALLOW, NOW_MS);
	assert_int_equal(digest_names(digest, names, COUNT(names)), 4);
	assert_string_equal(names[0].host, "five.test");
	assert_true(names[0].denied == 2 && names[0].held == 3 && names[0].error == 0);
	assert_int_equal(names[0].last_ms, NOW_MS);
	assert_int_equal(names[0].reason, REASON_NOT_ALLOWED);
	assert_string_equal(names[1].host, "three.test");
	assert_int_equal(names[2].port, 80);
	assert_string_equal(names[3].host, "once.test");
	assert_int_equal(digest_names(digest, names, 1), 1);
}

static void use(const char *file, uint32_t line)
{
	struct event e = decision(EVENT_ALLOW, NOW_MS);
	e.rule = SLICE("*.test");
	e.rule_file = slice_of(file);
	e.rule_line = line;
	digest_add(digest, &e);
}

static void entries_that_decided_are_used(void **state)
{
	static char long_name[300];
	(void)state;
	memset(long_name, 'f', sizeof(long_name) - 1);
	use("config.toml", 1);
	use("config.toml", 1);
	use("", 0);
	use(long_name, 7);
	assert_true(digest_entry_used(digest, SLICE("config.toml"), 1));
	assert_true(digest_entry_used(digest, SLICE(""), 0));
	/* As a record has it, which is cut and marked. */
	assert_true(digest_entry_used(digest, slice_from(long_name, 253), 7));
	assert_false(digest_entry_used(digest, SLICE("config.toml"), 2));
	assert_false(digest_entry_used(digest, SLICE("config.tom"), 1));
	assert_false(digest_entry_used(digest, SLICE("Config.toml"), 1));
	assert_false(digest_entry_used(digest, slice_from(long_name, 253), 6));
	add(EVENT_ALLOW, NOW_MS);
	assert_false(digest_entry_used(digest, SLICE(""), 1));
}

static void many_entries_stay_told_apart(void **state)
{
	size_t wrong = 0;
	(void)state;
	for (uint32_t line = 1; line <= 10000; line++)
		use("list.txt", line);
	for (uint32_t line = 1; line <= 10000; line++) {
		assert_true(digest_entry_used(digest, SLICE("list.txt"), line));
		wrong += digest_entry_used(digest, SLICE("list.txt"), 10000 + line);
		wrong += digest_entry_used(digest, SLICE("other.txt"), line);
	}
	print_message("%zu of 20000 wrongly used\n", wrong);
	assert_true(wrong < 100);
	assert_false(digest_entries_full(digest));
	for (uint32_t line = 10001; line <= 80000; line++)
		use("list.txt", line);
	assert_true(digest_entries_full(digest));
	assert_true(digest_entry_used(digest, SLICE("list.txt"), 60000));
}

/* ---- threads ------------------------------------------------------------------------------ */

enum { HAMMER = 100000 };

static _Atomic bool stop;

static void *hammer(void *argument)
{
	char host[64];
	(void)argument;
	for (uint64_t i = 1; i <= HAMMER; i++) {
		/* A name and a port that belong together, so that a torn row shows. */
		struct event e = decision(i % 3 ? EVENT_DENY : EVENT_ASK, NOW_MS + i % 600000);
		int len = snprintf(host, sizeof(host), "%llu.test", (unsigned long long)(i % 2000));
		e.host = slice_from(host, (size_t)len);
		e.port = (uint16_t)(i % 2000);
		e.rule = SLICE("*");
		e.rule_file = SLICE("list.txt");
		e.rule_line = (uint32_t)(i % 5000);
		digest_add(digest, &e);
	}
	atomic_store(&stop, true);
	return NULL;
}

static void check_host(const char *host, uint16_t port)
{
	assert_int_equal(strtoul(host, NULL, 10), port);
}

static void looking_while_it_is_fed(void **state)
{
	static struct digest_name names[20];
	pthread_t thread;
	uint64_t last = 0, seen = 0, missed;
	bool done = false;
	(void)state;
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, hammer, NULL), 0);
	while (!done) {
		done = atomic_load(&stop);
		size_t count = digest_rows(digest, last, rows, COUNT(rows), &missed);
		seen += missed + count;
		for (size_t i = 0; i < count; i++) {
			assert_true(rows[i].sequence > last);
			last = rows[i].sequence;
			check_host(rows[i].host, rows[i].port);
		}
		count = digest_blocked(digest, rows, 50);
		for (size_t i = 0; i < count; i++) {
			check_host(rows[i].host, rows[i].port);
			assert_true(i == 0 || rows[i].sequence < rows[i - 1].sequence);
		}
		count = digest_names(digest, names, COUNT(names));
		for (size_t i = 0; i < count; i++)
			check_host(names[i].host, names[i].port);
		digest_minutes(digest, NOW_MS, minutes, COUNT(minutes));
		digest_entry_used(digest, SLICE("list.txt"), 1);
	}
	pthread_join(thread, NULL);
	seen += digest_rows(digest, last, rows, COUNT(rows), &missed) + missed;
	assert_int_equal(seen, HAMMER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(minutes_are_a_chart, make, unmake),
		cmocka_unit_test_setup_teardown(every_field_of_a_row, make, unmake),
		cmocka_unit_test_setup_teardown(long_strings_are_cut, make, unmake),
		cmocka_unit_test_setup_teardown(rows_go_on_behind_the_last, make, unmake),
		cmocka_unit_test_setup_teardown(denials_are_kept_apart, make, unmake),
		cmocka_unit_test_setup_teardown(names_most_often_first, make, unmake),
		cmocka_unit_test_setup_teardown(entries_that_decided_are_used, make, unmake),
		cmocka_unit_test_setup_teardown(many_entries_stay_told_apart, make, unmake),
		cmocka_unit_test_setup_teardown(looking_while_it_is_fed, make, unmake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
