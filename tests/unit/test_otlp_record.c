/* SPDX-License-Identifier: Apache-2.0 */
/* Records byte for byte as protobuf-c packs them. */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "logs.pb-c.h"
#include "telemetry/otlp.h"

#include <float.h>

static struct view view;
static char written[OTLP_RECORD_BYTES];
static uint8_t packed[OTLP_RECORD_BYTES + 16];

static ProtobufCBinaryData binary(const void *bytes, size_t len)
{
	return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
}

static ProtobufCBinaryData text(struct slice s)
{
	return binary(s.ptr, s.len);
}

static void set_value(Otlp__AnyValue *value, const struct view_attribute *a)
{
	switch (a->kind) {
	case VIEW_TEXT:
		value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
		value->string_value = text(a->value.text);
		break;
	case VIEW_INTEGER:
		value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
		value->int_value = a->value.integer;
		break;
	case VIEW_REAL:
		value->value_case = OTLP__ANY_VALUE__VALUE_DOUBLE_VALUE;
		value->double_value = a->value.real;
		break;
	case VIEW_BOOLEAN:
		value->value_case = OTLP__ANY_VALUE__VALUE_BOOL_VALUE;
		value->bool_value = a->value.boolean;
		break;
	}
}

static void set_trace(Otlp__LogRecord *record, const struct event *e)
{
	static const uint8_t none[sizeof(e->trace_id)];

	if (memcmp(e->trace_id, none, sizeof(none)) == 0)
		return;
	record->trace_id = binary(e->trace_id, sizeof(e->trace_id));
	record->span_id = binary(e->span_id, sizeof(e->span_id));
	record->flags = e->trace_flags;
}

/* A ScopeLogs of this one record: what the writer appends to a request. Returns its length. */
static size_t pack(const struct event *e, uint64_t observed_ns)
{
	Otlp__AnyValue values[VIEW_ATTRIBUTES], body;
	Otlp__KeyValue pairs[VIEW_ATTRIBUTES], *attributes[VIEW_ATTRIBUTES];
	Otlp__LogRecord record = OTLP__LOG_RECORD__INIT, *records[] = {&record};
	Otlp__ScopeLogs logs = OTLP__SCOPE_LOGS__INIT;
	for (size_t i = 0; i < view.attribute_count; i++) {
		otlp__any_value__init(&values[i]);
		otlp__key_value__init(&pairs[i]);
		set_value(&values[i], &view.attributes[i]);
		pairs[i].key = text(view_key_name(view.attributes[i].key));
		pairs[i].value = &values[i];
		attributes[i] = &pairs[i];
	}
	otlp__any_value__init(&body);
	body.value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	body.string_value = text(view.body);
	record.time_unix_nano = e->time_ns;
	record.observed_time_unix_nano = observed_ns;
	record.severity_number = view.severity;
	record.severity_text = text(view.severity_text);
	record.event_name = text(view.name);
	record.body = &body;
	record.n_attributes = view.attribute_count;
	record.attributes = attributes;
	set_trace(&record, e);
	logs.n_log_records = 1;
	logs.log_records = records;
	assert_true(otlp__scope_logs__get_packed_size(&logs) <= sizeof(packed));
	return otlp__scope_logs__pack(&logs, packed);
}

static void compare(const char *name, const struct event *e, uint64_t observed_ns)
{
	size_t expected = pack(e, observed_ns);
	memset(written, '#', sizeof(written));
	size_t len = otlp_encode_record(e, &view, observed_ns, written);
	ROW_CHECK(name, len == expected && memcmp(written, packed, len) == 0, "%zu, not %zu bytes",
		len, expected);
}

static struct event full_event(void)
{
	return (struct event){
		.time_ns = 1700000000000000007u,
		.reason = REASON_NOT_ALLOWED,
		.decision = EVENT_DENY,
		.source = EVENT_PROXY_STATE,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("2001:db8::1"),
		.port = 65535,
		.method = SLICE("CONNECT"),
		.client = {4, {192, 0, 2, 255}},
		.client_port = 1,
		.user = SLICE("a\"b\\c\nd\xff"),
		.session_id = SLICE("s"),
		.trace_id = {[15] = 1},
		.span_id = {[0] = 2},
		.trace_flags = 1,
		.connection = UINT64_MAX,
		.rule = SLICE("*.example.com"),
		.rule_file = SLICE("config.toml"),
		.rule_line = 12,
		.bytes_up = (uint64_t)1 << 35,
		.bytes_down = 127,
		.duration_us = 1500000,
		.upstream = {6, {0x20, 1, [15] = 1}},
		.sni = SLICE("example.com"),
		.status = 200,
		.text = SLICE("why"),
		.actor = SLICE("who"),
		.refused = true,
		.count = 128,
		.approval = EVENT_APPROVED,
		.question = 1,
		.grant = UINT64_MAX,
		.approval_scope = SLICE("ttl"),
		.approval_pattern = SLICE("**.example.com:443"),
		.decider = SLICE("admin"),
		.note = SLICE("a\\note\xff"),
		.waited_us = 2500000,
		.waiters = 3,
		.override = true,
	};
}

static void every_kind_of_event(void **state)
{
	(void)state;
	for (int name = 0; name < EVENT_NAME_COUNT; name++) {
		struct event full = full_event(), bare = {.host = SLICE("a.test"), .port = 80};
		struct event empty = {0}, no_flags = full;
		full.name = bare.name = empty.name = no_flags.name = (enum event_name)name;
		no_flags.trace_flags = 0;
		no_flags.refused = false;
		no_flags.decision = EVENT_ALLOW;
		no_flags.host = SLICE("example.com");
		view_of(&full, &view);
		compare("full", &full, 7);
		view_of(&bare, &view);
		compare("bare", &bare, UINT64_MAX);
		view_of(&empty, &view);
		compare("empty", &empty, 0);
		view_of(&no_flags, &view);
		compare("no flags", &no_flags, 1);
	}
}

/* Each kind of value on both sides of where its bytes become more. */
static void values_at_their_bounds(void **state)
{
	static const int64_t integers[] = {0, 1, 127, 128, 16383, 16384, INT32_MAX,
		(int64_t)INT32_MAX + 1, INT64_MAX, -1, INT64_MIN};
	static const double reals[] = {0, -0.0, 1.5, 1e-6, DBL_MAX, -DBL_MIN};
	struct event e = {.time_ns = 1};
	(void)state;
	view_of(&e, &view);
	view.attribute_count = 1;
	view.attributes[0].kind = VIEW_INTEGER;
	for (size_t i = 0; i < COUNT(integers); i++) {
		view.attributes[0].value.integer = integers[i];
		compare("integer", &e, 1);
	}
	view.attributes[0].kind = VIEW_REAL;
	for (size_t i = 0; i < COUNT(reals); i++) {
		view.attributes[0].value.real = reals[i];
		compare("real", &e, 1);
	}
	view.attributes[0].kind = VIEW_BOOLEAN;
	for (int i = 0; i < 2; i++) {
		view.attributes[0].value.boolean = i == 1;
		compare("boolean", &e, 1);
	}
}

/* Texts of every length up to past the second byte of their own, their pair's and the record's
 * length, and around the record's third. */
static void lengths_at_their_bounds(void **state)
{
	static char letters[17000];
	struct event e = {.time_ns = 1};
	(void)state;
	memset(letters, 'a', sizeof(letters));
	view_of(&e, &view);
	view.attribute_count = 1;
	view.attributes[0].kind = VIEW_TEXT;
	for (size_t len = 0; len < sizeof(letters); len += len == 300 ? 15900 : 1) {
		view.body = SLICE("");
		view.attributes[0].value.text = slice_from(letters, len);
		compare("attribute", &e, 1);
		view.attributes[0].value.text = SLICE("");
		view.body = slice_from(letters, len);
		compare("body", &e, 1);
	}
	view.attribute_count = 0;
	view.name = view.severity_text = SLICE("n");
	view.body = SLICE("");
	compare("next to nothing", &e, 0);
}

/* The worst that fits a ring: every byte of every string escapes to four. */
static void the_largest_events(void **state)
{
	static char raw[LIMIT_EVENT_BYTES];
	(void)state;
	memset(raw, 0xff, sizeof(raw));
	for (int name = 0; name < EVENT_NAME_COUNT; name++) {
		struct event e = full_event();
		e.name = (enum event_name)name;
		e.host = e.sni = e.rule_file = slice_from(raw, 256);
		e.user = e.session_id = e.actor = slice_from(raw, 128);
		e.rule = slice_from(raw, 280);
		e.text = slice_from(raw, 700);
		e.decider = slice_from(raw, 128);
		e.approval_pattern = slice_from(raw, 280);
		e.approval_scope = slice_from(raw, 256);
		e.note = slice_from(raw, 700);
		view_of(&e, &view);
		compare("largest", &e, UINT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_event),
		cmocka_unit_test(values_at_their_bounds),
		cmocka_unit_test(lengths_at_their_bounds),
		cmocka_unit_test(the_largest_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
