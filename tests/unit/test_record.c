/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/record.h"

/* Through the bytes of a record, which *ret_event borrows until the next call. */
static void pass(const struct event *e, struct event *ret_event)
{
	static _Alignas(8) char bytes[LIMIT_EVENT_BYTES];
	uint32_t len = record_encode(e, 1, bytes);
	assert_true(len <= sizeof(bytes) && len % 8 == 0);
	assert_true(record_valid(bytes, len));
	assert_false(record_valid(bytes, len - 8));
	assert_true(record_decode(bytes, ret_event));
}

static void every_field_comes_back(void **state)
{
	struct event in = {
		.name = EVENT_CONNECTION_CLOSED,
		.time_ns = 1700000000123456789u,
		.reason = REASON_SNI_MISMATCH,
		.decision = EVENT_DENY,
		.source = EVENT_PROXY_STATE,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.scope = EVENT_SCOPE_NON_DOMAIN,
		.host = SLICE("evil.test"),
		.port = 65535,
		.method = SLICE("CONNECT"),
		.client = {6, {0x20, 1, 0xd, 0xb8, [15] = 7}},
		.client_port = 50000,
		.user = SLICE("agent-7"),
		.session_id = SLICE("s\0s"),
		.trace_id = {1, 2, [15] = 16},
		.span_id = {8, [7] = 1},
		.trace_flags = 1,
		.connection = UINT64_MAX,
		.rule = SLICE("*.evil.test"),
		.rule_file = SLICE("/etc/x.toml"),
		.rule_line = 123456,
		.bytes_up = 1,
		.bytes_down = UINT64_MAX - 1,
		.duration_us = 77,
		.upstream = {4, {192, 0, 2, 7}},
		.sni = SLICE("a\r\n\xff"),
		.status = 200,
		.text = SLICE("text"),
		.actor = SLICE("SIGHUP"),
		.refused = true,
		.count = 42,
		.approval = EVENT_REVOKED,
		.question = UINT64_MAX,
		.grant = 1,
		.override = true,
	};
	struct event out;
	(void)state;
	memset(&out, 0, sizeof(out));
	pass(&in, &out);
#define SAME(field)      assert_memory_equal(&out.field, &in.field, sizeof(in.field))
#define SAME_TEXT(field) assert_true(slice_equal(out.field, in.field))
	SAME(name), SAME(time_ns), SAME(reason), SAME(decision), SAME(source), SAME(protocol);
	SAME(scope), SAME(port), SAME(client), SAME(client_port), SAME(trace_id), SAME(span_id);
	SAME(trace_flags), SAME(connection), SAME(rule_line), SAME(bytes_up), SAME(bytes_down);
	SAME(duration_us), SAME(upstream), SAME(status), SAME(refused), SAME(count);
	SAME_TEXT(host), SAME_TEXT(method), SAME_TEXT(user), SAME_TEXT(session_id);
	SAME_TEXT(rule), SAME_TEXT(rule_file), SAME_TEXT(sni), SAME_TEXT(text), SAME_TEXT(actor);
	SAME(approval), SAME(question), SAME(grant), SAME(override);
	assert_true(out.note.len == 0 && out.approval_scope.len == 0);
	assert_true(out.waited_us == 0 && out.waiters == 0);
}

/* Its strings stand where others have theirs, and those are empty then, whatever was there. */
static void an_approval_has_strings_of_its_own(void **state)
{
	struct event in = {
		.name = EVENT_APPROVAL,
		.approval = EVENT_WITHDRAWN,
		.host = SLICE("a.test"),
		.user = SLICE("local"),
		.session_id = SLICE("s"),
		.approval_scope = SLICE("always"),
		.approval_pattern = SLICE("**.a.test:443"),
		.subject = EVENT_SUBJECT_REQUEST,
		.subject_text = SLICE("POST /in/"),
		.decider = SLICE("admin"),
		.note = SLICE("why\0not"),
		.waited_us = UINT64_MAX,
		.waiters = UINT32_MAX,
	};
	struct event out;
	(void)state;
	memset(&out, 0xff, sizeof(out));
	pass(&in, &out);
	SAME(name), SAME(approval), SAME(waited_us), SAME(waiters), SAME(duration_us), SAME(count);
	SAME_TEXT(host), SAME_TEXT(user), SAME_TEXT(session_id), SAME_TEXT(approval_scope);
	SAME_TEXT(approval_pattern), SAME_TEXT(decider), SAME_TEXT(note);
	SAME(subject), SAME_TEXT(subject_text), SAME_TEXT(path);
	SAME_TEXT(rule), SAME_TEXT(rule_file), SAME_TEXT(sni), SAME_TEXT(text), SAME_TEXT(actor);
}

static void a_decision_may_have_a_path(void **state)
{
	struct event in = {.name = EVENT_POLICY_DECISION, .rule = SLICE("x"), .path = SLICE("/a")};
	struct event out;
	(void)state;
	memset(&out, 0xff, sizeof(out));
	pass(&in, &out);
	SAME_TEXT(path), SAME_TEXT(text), SAME_TEXT(rule), SAME_TEXT(subject_text);
}

static void values_of_another_build_are_refused(void **state)
{
	static _Alignas(8) char bytes[LIMIT_EVENT_BYTES];
	struct record *r = (struct record *)bytes;
	struct event e = {.name = EVENT_APPROVAL}, out;
	(void)state;
	record_encode(&e, 1, bytes);
	r->approval = EVENT_REVOKED;
	assert_true(record_decode(bytes, &out));
	r->approval = EVENT_REVOKED + 1;
	assert_false(record_decode(bytes, &out));
	r->approval = 0;
	r->decision = EVENT_ASK + 1;
	assert_false(record_decode(bytes, &out));
	r->decision = EVENT_ASK;
	r->source = EVENT_DECIDER;
	assert_true(record_decode(bytes, &out));
	r->source = EVENT_DECIDER + 1;
	assert_false(record_decode(bytes, &out));
}

static void long_strings_are_cut_and_marked(void **state)
{
	static char long_text[5000];
	struct event e, out;
	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	struct slice s = slice_from(long_text, sizeof(long_text));
	e = (struct event){.time_ns = 1};
	e.host = e.method = e.user = e.session_id = e.rule = e.rule_file = e.sni = e.actor = s;
	e.text = s;
	pass(&e, &out);
	const struct slice cut[] = {out.host, out.method, out.user, out.session_id, out.rule,
		out.rule_file, out.sni, out.actor, out.text};
	for (size_t i = 0; i < COUNT(cut); i++)
		assert_true(cut[i].len >= 32 && slice_ends(cut[i], SLICE("x...")));
	e = (struct event){.name = EVENT_APPROVAL};
	e.host = e.user = e.session_id = e.approval_pattern = e.decider = e.note = s;
	pass(&e, &out);
	const struct slice of_approval[] = {
		out.host, out.user, out.session_id, out.approval_pattern, out.decider, out.note};
	for (size_t i = 0; i < COUNT(of_approval); i++)
		assert_true(of_approval[i].len >= 63 && slice_ends(of_approval[i], SLICE("x...")));
	/* LIMIT_NOTE_BYTES, whatever stands beside it. */
	e.note = slice_first(s, 511);
	pass(&e, &out);
	assert_true(slice_equal(out.note, e.note));
	e = (struct event){.time_ns = 2};
	e.host = slice_first(s, 256);
	e.sni = slice_first(s, 257);
	pass(&e, &out);
	assert_true(slice_equal(out.host, e.host));
	assert_true(out.sni.len == 256 && slice_ends(out.sni, SLICE("x...")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(an_approval_has_strings_of_its_own),
		cmocka_unit_test(a_decision_may_have_a_path),
		cmocka_unit_test(values_of_another_build_are_refused),
		cmocka_unit_test(long_strings_are_cut_and_marked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
