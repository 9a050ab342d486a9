/* SPDX-License-Identifier: Apache-2.0 */
/* Records and requests read back by protobuf-c; tests/integration/test_telemetry.py reads them with
 * the official schema. */
#include "tests/unit/rows.h"

#include "logs.pb-c.h"
#include "telemetry/batch.h"
#include "telemetry/resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct view view;
static struct otlp_origin origin;

static struct slice text_of(ProtobufCBinaryData data)
{
	return slice_from((const char *)data.data, data.len);
}

static const struct view_attribute *attribute(const struct view *v, const char *key)
{
	for (size_t i = 0; i < v->attribute_count; i++)
		if (slice_equal(view_key_name(v->attributes[i].key), slice_of(key)))
			return &v->attributes[i];
	return NULL;
}

static struct event base_event(void)
{
	return (struct event){
		.name = EVENT_POLICY_DECISION,
		.time_ns = 5,
		.host = SLICE("a.test"),
		.port = 443,
		.client = {4, {127, 0, 0, 1}},
	};
}

static void lines_for_people(void **state)
{
	struct event allowed = base_event();
	struct event denied = base_event();
	struct event literal = base_event();
	struct event malformed = {.decision = EVENT_DENY, .reason = REASON_BAD_TARGET};
	struct event refused = {.name = EVENT_CONFIG_CHANGED,
		.refused = true,
		.text = SLICE("x.toml:3:1: unknown key")};
	struct event lost = {.name = EVENT_RECORDS_DROPPED, .count = 1, .text = SLICE("why")};
	struct event ended = {.name = EVENT_CONNECTION_CLOSED,
		.reason = REASON_IDLE,
		.host = SLICE("a.test"),
		.port = 80,
		.duration_us = 61000999,
		.bytes_up = UINT64_MAX};
	denied.decision = EVENT_DENY;
	denied.reason = REASON_NOT_ALLOWED;
	literal.host = SLICE("2001:db8::1");
	literal.client = (struct address){6, {[15] = 1}};
	struct event held = base_event();
	held.decision = EVENT_ASK;
	held.reason = REASON_NOT_ALLOWED;
	const struct {
		const char *name;
		const struct event *event;
		const char *body, *severity;
	} rows[] = {
		{"held", &held, "held a.test:443 for 127.0.0.1: not_allowed", "INFO"},
		{"allowed", &allowed, "allowed a.test:443 for 127.0.0.1", "INFO"},
		{"denied", &denied, "denied a.test:443 for 127.0.0.1: not_allowed", "WARN"},
		{"IPv6", &literal, "allowed [2001:db8::1]:443 for ::1", "INFO"},
		{"malformed", &malformed, "denied a malformed target: bad_target", "WARN"},
		{"refused", &refused, "configuration refused: x.toml:3:1: unknown key", "WARN"},
		{"lost", &lost, "1 event record lost: why", "WARN"},
		{"ended", &ended,
			"closed a.test:80 after 61.000 s, 18446744073709551615 bytes sent, 0 received: "
			"idle",
			"INFO"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		view_of(rows[i].event, &view);
		ROW_CHECK(rows[i].name, slice_equal(view.body, slice_of(rows[i].body)), "%.*s",
			(int)view.body.len, view.body.ptr);
		ROW_CHECK(rows[i].name, slice_equal(view.severity_text, slice_of(rows[i].severity)),
			"severity");
	}
}

static struct event an_approval(enum event_approval approval)
{
	return (struct event){
		.name = EVENT_APPROVAL,
		.approval = approval,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("cdn.test"),
		.port = 443,
		.user = SLICE("local"),
		.session_id = SLICE("s-1"),
		.question = 0x1f,
		.waiters = 3,
	};
}

static void lines_of_approvals(void **state)
{
	struct event asked = an_approval(EVENT_ASKED), approved = an_approval(EVENT_APPROVED);
	struct event denied = an_approval(EVENT_DENIED), expired = an_approval(EVENT_EXPIRED);
	struct event withdrawn = an_approval(EVENT_WITHDRAWN);
	struct event ahead = {.name = EVENT_APPROVAL,
		.approval = EVENT_APPROVED,
		.approval_scope = SLICE("always"),
		.approval_pattern = SLICE("*.x.test:443"),
		.decider = SLICE("admin")};
	approved.decider = SLICE("ann");
	approved.approval_scope = SLICE("ttl");
	approved.approval_pattern = SLICE("**.cdn.test:443");
	approved.note = SLICE("needed\nhere");
	denied.decider = SLICE("reviewer");
	struct event revoked = ahead;
	revoked.approval = EVENT_REVOKED;
	revoked.user = SLICE("10.0.0.7");
	struct event over = approved;
	over.approval = EVENT_EXPIRED;
	over.decider = over.note = SLICE("");
	over.grant = 7;
	const struct {
		const char *name;
		const struct event *event;
		const char *body, *severity;
	} rows[] = {
		{"asked", &asked, "asked about cdn.test:443 for local", "INFO"},
		{"approved", &approved,
			"approved cdn.test:443 for local by ann, ttl **.cdn.test:443: "
			"needed\\x0ahere",
			"INFO"},
		{"denied", &denied, "denied cdn.test:443 for local by reviewer", "WARN"},
		{"expired", &expired, "nobody decided about cdn.test:443 for local", "WARN"},
		{"a decision's time is over", &over,
			"no longer decided about cdn.test:443 for local, ttl **.cdn.test:443",
			"INFO"},
		{"withdrawn", &withdrawn, "no longer asked about cdn.test:443 for local", "INFO"},
		{"ahead of time", &ahead, "approved *.x.test:443 by admin, always", "INFO"},
		{"revoked", &revoked, "revoked *.x.test:443 for 10.0.0.7 by admin, always", "WARN"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		view_of(rows[i].event, &view);
		ROW_CHECK(rows[i].name, slice_equal(view.body, slice_of(rows[i].body)), "%.*s",
			(int)view.body.len, view.body.ptr);
		ROW_CHECK(rows[i].name, slice_equal(view.severity_text, slice_of(rows[i].severity)),
			"severity");
	}
}

static struct slice text_attribute(const char *key)
{
	const struct view_attribute *a = attribute(&view, key);

	return a ? a->value.text : SLICE("absent");
}

/* The states can be told apart by their attributes alone. */
static void attributes_of_approvals(void **state)
{
	static const struct {
		const char *word;
		enum event_approval approval;
		bool waited, waiters;
	} rows[] = {
		{"asked", EVENT_ASKED, false, true},
		{"approved", EVENT_APPROVED, true, true},
		{"denied", EVENT_DENIED, true, true},
		{"expired", EVENT_EXPIRED, true, true},
		{"withdrawn", EVENT_WITHDRAWN, true, true},
		{"revoked", EVENT_REVOKED, false, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = an_approval(rows[i].approval);
		view_of(&e, &view);
		ROW_CHECK(rows[i].word,
			slice_equal(text_attribute("network_proxy.approval.state"),
				slice_of(rows[i].word)),
			"state");
		ROW_CHECK(rows[i].word,
			!attribute(&view, "network_proxy.approval.waited") == !rows[i].waited,
			"waited");
		ROW_CHECK(rows[i].word,
			!attribute(&view, "network_proxy.approval.waiters") == !rows[i].waiters,
			"waiters");
		assert_null(attribute(&view, "network_proxy.grant.id"));
		assert_true(slice_equal(
			text_attribute("network_proxy.approval.id"), SLICE("q-000000000000001f")));
	}
	struct event e = base_event();
	e.source = EVENT_DECIDER;
	e.override = true;
	e.grant = UINT64_MAX - 1;
	view_of(&e, &view);
	assert_true(slice_equal(text_attribute("network.policy.source"), SLICE("decider")));
	assert_true(
		slice_equal(text_attribute("network_proxy.grant.id"), SLICE("g-fffffffffffffffe")));
	assert_true(attribute(&view, "network.policy.override")->value.boolean);
	e.name = EVENT_CONNECTION_CLOSED;
	view_of(&e, &view);
	assert_non_null(attribute(&view, "network_proxy.grant.id"));
	assert_null(attribute(&view, "network_proxy.approval.id"));
}

static void absent_fields_are_absent(void **state)
{
	struct event e = {.name = EVENT_CONNECTION_CLOSED};
	(void)state;
	view_of(&e, &view);
	assert_null(attribute(&view, "server.address"));
	assert_null(attribute(&view, "server.port"));
	assert_null(attribute(&view, "client.address"));
	assert_null(attribute(&view, "network.peer.address"));
	assert_null(attribute(&view, "network.peer.port"));
	assert_null(attribute(&view, "http.response.status_code"));
	assert_int_equal(attribute(&view, "network_proxy.bytes_sent")->value.integer, 0);
	assert_true(attribute(&view, "network_proxy.duration")->value.real == 0);
	e = base_event();
	e.rule = SLICE("a.test");
	view_of(&e, &view);
	assert_true(
		slice_equal(attribute(&view, "network.policy.rule")->value.text, SLICE("a.test")));
	e.rule_file = SLICE("command line");
	view_of(&e, &view);
	assert_true(slice_equal(attribute(&view, "network.policy.rule")->value.text,
		SLICE("a.test (command line)")));
}

/* The worst that fits a ring: every byte of every string escapes to four. */
static void the_largest_event_fits_everything(void **state)
{
	static char raw[LIMIT_EVENT_BYTES];
	static char plain[OTLP_RECORD_BYTES];
	(void)state;
	memset(raw, 0xff, sizeof(raw));
	for (int name = 0; name < EVENT_NAME_COUNT; name++) {
		struct event e = base_event();
		e.name = (enum event_name)name;
		e.host = e.sni = e.rule_file = slice_from(raw, 256);
		e.method = slice_from(raw, 32);
		e.user = e.session_id = e.actor = slice_from(raw, 128);
		e.rule = slice_from(raw, 280);
		e.text = slice_from(raw, 700);
		e.decider = slice_from(raw, 128);
		e.approval_pattern = slice_from(raw, 280);
		e.approval_scope = slice_from(raw, 256);
		e.note = slice_from(raw, 700);
		e.question = e.grant = e.waited_us = UINT64_MAX;
		e.count = e.connection = e.bytes_up = e.bytes_down = UINT64_MAX;
		view_of(&e, &view);
		assert_true(view.pen.at < view.pen.end);
		size_t len = otlp_encode_record(&e, &view, 1, plain);
		assert_true(len < sizeof(plain));
		for (size_t i = 0; i < view.attribute_count; i++)
			for (size_t j = 0; j < i; j++)
				assert_ptr_not_equal(
					view.attributes[i].key, view.attributes[j].key);
	}
}

static void a_request_reads_back(void **state)
{
	struct batch b = {0};
	struct event e = base_event();
	(void)state;
	assert_true(resource_init(&origin, "sallyport", "1", "a=b"));
	for (uint64_t i = 0; i < 300; i++) {
		e.time_ns = i;
		e.connection = i + 1;
		view_of(&e, &view);
		assert_true(batch_add(&b, &e, &view, 7));
	}
	batch_seal(&b, &origin);
	Otlp__ExportLogsServiceRequest *r = otlp__export_logs_service_request__unpack(
		NULL, b.body.len, (const uint8_t *)b.body.ptr);
	assert_non_null(r);
	assert_int_equal(r->n_resource_logs, 1);
	assert_int_equal(r->resource_logs[0]->n_scope_logs, 1);
	const Otlp__ScopeLogs *logs = r->resource_logs[0]->scope_logs[0];
	assert_true(slice_equal(text_of(logs->scope->name), SLICE("sallyport")));
	assert_int_equal(logs->n_log_records, 300);
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(logs->log_records[i]->time_unix_nano, i);
	assert_int_equal(logs->log_records[0]->observed_time_unix_nano, 7);
	assert_int_equal(logs->log_records[0]->trace_id.len, 0);
	otlp__export_logs_service_request__free_unpacked(r, NULL);
	batch_clear(&b);
	batch_rest(&b);
}

static void batches_end_at_their_bounds(void **state)
{
	static char long_text[1200];
	struct packer packer = {0};
	struct batch b = {0};
	struct event e = base_event();
	(void)state;
	view_of(&e, &view);
	for (int i = 0; i < LIMIT_BATCH_RECORDS; i++) {
		assert_false(batch_full(&b));
		assert_true(batch_add(&b, &e, &view, 1));
	}
	assert_true(batch_full(&b));
	batch_clear(&b);
	memset(long_text, '\n', sizeof(long_text));
	e = (struct event){
		.name = EVENT_CONFIG_CHANGED, .text = slice_from(long_text, sizeof(long_text))};
	view_of(&e, &view);
	while (!batch_full(&b))
		assert_true(batch_add(&b, &e, &view, 1));
	assert_true(b.records < LIMIT_BATCH_RECORDS && b.records_len >= LIMIT_BATCH_BYTES);
	/* The exporter's own still fit, and even what cannot be compressed is packed. */
	while (batch_add(&b, &e, &view, 1))
		;
	for (size_t i = 0; i < b.records_len; i++)
		b.memory[OTLP_HEAD_BYTES + i] = (char)rand();
	batch_seal(&b, &origin);
	batch_pack(&b, &packer);
	assert_true(b.gzip && b.body.len > b.records_len / 2);
	batch_clear(&b);
	batch_rest(&b);
	packer_rest(&packer);
}

static void answers_are_read_with_care(void **state)
{
	static const struct {
		const char *name;
		struct slice body;
		uint64_t rejected;
	} rows[] = {
		{"empty", {"", 0}, 0},
		{"no partial success", {"\x0a\x00", 2}, 0},
		{"two rejected", {"\x0a\x02\x08\x02", 4}, 2},
		{"with a message", {"\x0a\x06\x08\x02\x12\x02no", 8}, 2},
		{"only a message", {"\x0a\x04\x12\x02no", 6}, 0},
		{"negative", {"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13}, 0},
		{"unknown field too", {"\x0a\x02\x08\x02\x78\x01", 6}, 2},
		{"cut", {"\x0a\x06\x08", 3}, 0},
		{"not protobuf", {"{}", 2}, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name, otlp_rejected(rows[i].body) == rows[i].rejected, "%d",
			(int)otlp_rejected(rows[i].body));
}

/* The value of a resource attribute, "" when it is not there. Static, until the next call. */
static const char *resource_value(const char *key)
{
	static char text[2048];
	Otlp__Resource *r =
		otlp__resource__unpack(NULL, origin.resource_len, (const uint8_t *)origin.resource);
	assert_non_null(r);
	text[0] = '\0';
	for (size_t i = 0; i < r->n_attributes; i++)
		if (slice_equal(text_of(r->attributes[i]->key), slice_of(key)))
			snprintf(text, sizeof(text), "%.*s",
				(int)r->attributes[i]->value->string_value.len,
				(const char *)r->attributes[i]->value->string_value.data);
	otlp__resource__free_unpacked(r, NULL);
	return text;
}

static void resource_attributes_of_the_environment(void **state)
{
	static const struct {
		const char *name, *service, *extra, *key, *value;
	} rows[] = {
		{"none", "sallyport", NULL, "service.name", "sallyport"},
		{"plain", "sallyport", "team=a", "team", "a"},
		{"spaces around", "sallyport", " team = a , x=y", "team", "a"},
		{"last one", "sallyport", "a=1,b=2,", "b", "2"},
		{"percent", "sallyport", "team=a%2Cb%3dc", "team", "a,b=c"},
		{"percent cut", "sallyport", "team=a,x=%2", "team", ""},
		{"percent wrong", "sallyport", "x=%zz,team=a", "team", ""},
		{"no equals", "sallyport", "team=a,oops", "team", ""},
		{"no key", "sallyport", "=a,team=a", "team", ""},
		{"empty value", "sallyport", "team=,x=1", "x", "1"},
		{"name of ours", "sallyport", "service.name=other", "service.name", "other"},
		{"name of theirs", "mine", "service.name=other", "service.name", "mine"},
		{"version is ours", "mine", "service.version=9", "service.version", "1.2"},
		{"host of theirs", "mine", "host.name=h", "host.name", "h"},
		{"control bytes", "mine", "team=%0d%0a", "team", "\\x0d\\x0a"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(resource_init(&origin, rows[i].service, "1.2", rows[i].extra));
		const char *value = resource_value(rows[i].key);
		ROW_CHECK(rows[i].name, strcmp(value, rows[i].value) == 0, "%s", value);
	}
	char first[64];
	snprintf(first, sizeof(first), "%s", resource_value("service.instance.id"));
	assert_int_equal(strlen(first), 36);
	assert_true(resource_init(&origin, "x", "1", NULL));
	assert_string_not_equal(first, resource_value("service.instance.id"));
}

static void a_resource_too_large_is_left_out(void **state)
{
	static char extra[20000];
	(void)state;
	memset(extra, 'a', sizeof(extra) - 1);
	extra[1] = '=';
	assert_true(resource_init(&origin, "x", "1", extra));
	assert_string_equal(resource_value("a"), "");
	for (size_t i = 0; i + 4 < sizeof(extra); i += 4)
		memcpy(extra + i, "a=b,", 4);
	assert_true(resource_init(&origin, "x", "1", extra));
	assert_string_equal(resource_value("a"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_for_people),
		cmocka_unit_test(lines_of_approvals),
		cmocka_unit_test(attributes_of_approvals),
		cmocka_unit_test(absent_fields_are_absent),
		cmocka_unit_test(the_largest_event_fits_everything),
		cmocka_unit_test(a_request_reads_back),
		cmocka_unit_test(batches_end_at_their_bounds),
		cmocka_unit_test(answers_are_read_with_care),
		cmocka_unit_test(resource_attributes_of_the_environment),
		cmocka_unit_test(a_resource_too_large_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
