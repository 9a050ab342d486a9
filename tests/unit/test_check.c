/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that only look: check, rules, traffic, insights, health. */
#include "tests/unit/api_host.h"

#include "control/handlers.h"

#include <stdio.h>

static const char CONFIG[] = "unlisted = \"hold\"\n"
			     "allowed_domains = [\"good.test\",\n"
			     "  \"*.fine.test\"]\n"
			     "denied_domains = [\"*.evil.test\"]\n"
			     "[listen]\nproxy = [\"127.0.0.1:3128\", \"[::1]:3128\"]\n"
			     "control = [\"unix:/run/x.sock\"]\n"
			     "[approvals]\npending_ttl = \"90s\"\n";

static void check_says_who_decides(void **state)
{
	static const struct {
		const char *name, *query;
		const char *host, *port, *decision, *reason, *source;
		const char *by; /* the rule's pattern, or the grant's */
	} rows[] = {
		{"listed", "host=good.test", "good.test", "443", "allow", "null", "baseline_policy",
			"good.test"},
		{"with a port", "host=good.test&port=80", "good.test", "80", "allow", "null",
			"baseline_policy", "good.test"},
		{"port inside", "host=good.test:80", "good.test", "80", "allow", "null",
			"baseline_policy", "good.test"},
		{"as a URL", "host=http://a.fine.test/x?y", "a.fine.test", "80", "allow", "null",
			"baseline_policy", "*.fine.test"},
		{"in capitals", "host=GOOD.Test.", "good.test", "443", "allow", "null",
			"baseline_policy", "good.test"},
		{"other port", "host=good.test&port=22", "good.test", "22", "deny",
			"port_not_allowed", "baseline_policy", "good.test"},
		{"denied", "host=x.evil.test", "x.evil.test", "443", "deny", "denied",
			"baseline_policy", "*.evil.test"},
		{"local", "host=127.0.0.1", "127.0.0.1", "443", "deny", "local_address",
			"baseline_policy", ""},
		{"bare IPv6 with a port", "host=2600::1&port=443", "2600::1", "443", "ask",
			"not_allowed", "baseline_policy", ""},
		{"IPv6 in brackets", "host=[2600::1]&port=443", "2600::1", "443", "ask",
			"not_allowed", "baseline_policy", ""},
		{"malformed", "host=a..test", "null", "null", "deny", "bad_target",
			"baseline_policy", ""},
		{"two ports", "host=good.test:80&port=443", "null", "null", "deny", "bad_target",
			"baseline_policy", ""},
		{"unlisted", "host=new.test", "new.test", "443", "ask", "not_allowed",
			"baseline_policy", ""},
		{"granted", "host=given.test", "given.test", "443", "allow", "null", "decider",
			"given.test:443"},
		{"granted, not to this one", "host=given.test&identity=10.0.0.1", "given.test",
			"443", "ask", "not_allowed", "baseline_policy", ""},
		{"granted, not on this port", "host=given.test&port=80", "given.test", "80", "ask",
			"not_allowed", "baseline_policy", ""},
		{"denied by somebody", "host=taken.test&identity=10.0.0.1", "taken.test", "443",
			"deny", "approval_denied", "decider", "taken.test:443"},
	};
	struct api_host h;
	(void)state;
	api_host_init(&h, CONFIG);
	desks_grant(&h.log, "local",
		(struct decision_ask){
			.allow = true, .scope = GRANT_ALWAYS, .pattern = SLICE("given.test:443")},
		0);
	desks_grant(&h.log, "",
		(struct decision_ask){.scope = GRANT_ALWAYS,
			.everybody = true,
			.pattern = SLICE("taken.test:443")},
		0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct called *c = api_get(&h, check_routes, "/v1/check", rows[i].query);
		const char *const wanted[][2] = {{"host", rows[i].host}, {"port", rows[i].port},
			{"decision", rows[i].decision}, {"reason", rows[i].reason},
			{"source", rows[i].source}};
		assert_int_equal(c->answer.status, 200);
		for (size_t j = 0; j < COUNT(wanted); j++) {
			const char *got = called_member(c, wanted[j][0]);
			ROW_CHECK(rows[i].name, strcmp(got, wanted[j][1]) == 0, "%s: %s",
				wanted[j][0], got);
		}
		bool granted = strcmp(rows[i].source, "decider") == 0;
		const char *by = called_member(c, granted ? "grant.pattern" : "rule.pattern");
		ROW_CHECK(rows[i].name, strcmp(by, rows[i].by) == 0, "%s", by);
		const char *other = called_member(c, granted ? "rule" : "grant");
		ROW_CHECK(rows[i].name, strcmp(other, "null") == 0, "%s", other);
		ROW_CHECK(rows[i].name, strlen(called_member(c, "text")) > 10, "no text");
	}
	static const char *const faults[] = {
		"", "host=", "host=a.test&port=x", "host=a.test&port=65536"};
	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct called *c = api_get(&h, check_routes, "/v1/check", faults[i]);
		ROW_CHECK(faults[i], c->answer.status == 400, "%u", c->answer.status);
	}
	api_host_done(&h);
}

static void the_rules_are_shown_and_loaded_anew(void **state)
{
	struct api_host h;
	const struct called *c;
	(void)state;
	api_host_init(&h, CONFIG);
	c = api_get(&h, rules_routes, "/v1/policy", "");
	assert_string_equal(called_member(c, "mode"), "full");
	assert_string_equal(called_member(c, "unlisted"), "hold");
	assert_string_equal(called_member(c, "allow_entries"), "2");
	assert_string_equal(called_member(c, "deny_entries"), "1");
	assert_string_equal(called_member(c, "files"), "[\"c.toml\"]");
	assert_string_equal(called_member(c, "approvals.pending_ttl"), "90");
	assert_string_equal(called_member(c, "approvals.reviewer"), "user");
	assert_string_equal(
		called_member(c, "listen.proxy"), "[\"127.0.0.1:3128\",\"[::1]:3128\"]");
	assert_string_equal(called_member(c, "listen.control"), "[\"unix:/run/x.sock\"]");

	c = api_ask(&h, (struct api_request){rules_routes, "POST", "/v1/reload", "", "", NULL});
	assert_string_equal(called_member(c, "changed"), "admin did it");
	c = api_ask(&h,
		(struct api_request){rules_routes, "POST", "/v1/reload", "", "", "{\"now\":true}"});
	assert_int_equal(c->answer.status, 400);
	h.reload_fails = true;
	c = api_ask(&h, (struct api_request){rules_routes, "POST", "/v1/reload", "", "", "{}"});
	assert_int_equal(c->answer.status, 422);
	assert_string_equal(called_member(c, "detail"), "c.toml:1:1: fault");
	api_host_done(&h);
}

/* The workers' rows may come in time, late, or after the client left. */
static void connections_are_asked_of_the_workers(void **state)
{
	static const struct {
		const char *name;
		enum call_event before; /* NEWS: nothing that matters */
		unsigned status; /* 0: no answer */
	} rows[] = {
		{"in time", CALL_NEWS, 200},
		{"late", CALL_TIME, 503},
		{"client left", CALL_LEFT, 0},
	};
	const struct connection_row row = {
		.id = 7, .phase = "RELAY", .host = "a.test", .port = 443};
	struct api_host h;
	struct called c;
	(void)state;
	api_host_init(&h, CONFIG);
	for (size_t i = 0; i < COUNT(rows); i++) {
		called_init(&c, &h.host, "limit=5", NULL);
		called_run(&c, traffic_routes, "GET", "/v1/connections", "");
		ROW_CHECK(rows[i].name, c.answer.wait_ms > 0 && c.answer.count == 0, "no wait");
		c.answer.on_event(&c.call, rows[i].before, c.answer.owner);
		h.on_rows(h.caller, &row, 1, 9);
		ROW_CHECK(rows[i].name, c.answer.status == rows[i].status, "%u", c.answer.status);
		if (rows[i].status == 200)
			assert_string_equal(called_member(&c, "total"), "9");
		called_done(&c);
	}
	assert_int_equal(h.most, 5);
	h.no_workers = true;
	assert_int_equal(api_get(&h, traffic_routes, "/v1/connections", "")->answer.status, 503);
	assert_int_equal(h.most, 200);
	api_host_done(&h);
}

static void happened(
	struct api_host *h, enum event_decision decision, const char *host, uint32_t line)
{
	struct event e = {.name = EVENT_POLICY_DECISION,
		.time_ns = UINT64_C(1000000) * CALL_NOW_MS,
		.decision = decision,
		.reason = decision == EVENT_ALLOW ? REASON_NONE : REASON_NOT_ALLOWED,
		.host = slice_of(host),
		.port = 443,
		.rule = line ? SLICE("rule") : SLICE(""),
		.rule_file = line ? SLICE("c.toml") : SLICE(""),
		.rule_line = line};

	digest_add(h->host.digest, &e);
}

static void insights_say_what_happened_and_what_to_list(void **state)
{
	struct api_host h;
	const struct called *c;
	(void)state;
	api_host_init(&h, CONFIG);
	happened(&h, EVENT_ALLOW, "good.test", 2);
	happened(&h, EVENT_DENY, "x.evil.test", 4);
	for (int i = 0; i < 3; i++)
		happened(&h, EVENT_ASK, "often.test", 0);
	desks_ask(&h.log, 1, "local", "yes.test:443", 0);
	uint64_t id = h.log.last_id;
	desks_decide(&h.log, id, (struct decision_ask){.allow = true, .scope = GRANT_ALWAYS}, 1000);
	api_host_keep(&h, h.log.desk, id);
	desks_ask(&h.log, 1, "local", "no.test:443", 0);
	id = h.log.last_id;
	desks_decide(&h.log, id, (struct decision_ask){.scope = GRANT_ALWAYS}, 3000);
	api_host_keep(&h, h.log.desk, id);

	c = api_get(&h, insight_routes, "/v1/insights", "");
	assert_int_equal(c->answer.status, 200);
	const json_t *minutes = json_object_get(c->answer.json, "minutes");
	assert_int_equal(json_array_size(minutes), 60);
	const json_t *now = json_array_get(minutes, 59);
	assert_int_equal(json_integer_value(json_object_get(now, "allowed")), 1);
	assert_int_equal(json_integer_value(json_object_get(now, "denied")), 1);
	assert_int_equal(json_integer_value(json_object_get(now, "held")), 3);
	const json_t *worst = json_array_get(json_object_get(c->answer.json, "most_blocked"), 0);
	assert_string_equal(json_string_value(json_object_get(worst, "host")), "often.test");
	assert_string_equal(called_member(c, "approvals.approved"), "1");
	assert_string_equal(called_member(c, "approvals.denied"), "1");
	assert_string_equal(called_member(c, "approvals.expired"), "0");
	assert_string_equal(called_member(c, "unused_entries"),
		"[{\"pattern\":\"*.fine.test\",\"file\":\"c.toml\",\"line\":3}]");
	assert_string_equal(
		called_member(c, "suggested.allowed_domains"), "[\"often.test\",\"yes.test\"]");
	assert_string_equal(called_member(c, "suggested.toml"),
		"allowed_domains = [\n    \"often.test\",\n    \"yes.test\",\n]\n");

	c = api_get(&h, traffic_routes, "/v1/blocked", "limit=1");
	const json_t *blocked = json_object_get(c->answer.json, "blocked");
	assert_int_equal(json_array_size(blocked), 1);
	api_host_done(&h);
}

static void what_watches_is_told(void **state)
{
	struct api_host h;
	const struct called *c;
	(void)state;
	api_host_init(&h, CONFIG);
	assert_string_equal(
		called_member(api_get(&h, health_routes, "/healthz", ""), "status"), "ok");
	assert_string_equal(
		called_member(api_get(&h, health_routes, "/readyz", ""), "status"), "ready");
	h.not_ready = true;
	c = api_get(&h, health_routes, "/readyz", "");
	assert_int_equal(c->answer.status, 503);
	assert_string_equal(called_member(c, "status"), "draining");
	desks_ask(&h.log, 1, "local", "cdn.test:443", 0);
	c = api_get(&h, health_routes, "/metrics", "");
	assert_non_null(strstr(c->answer.text, "sallyport_up 1\n"));
	assert_non_null(strstr(c->answer.text, " 1\n"));
	assert_true(strlen(c->answer.text) > 100);
	c = api_get(&h, health_routes, "/openapi.json", "");
	assert_int_equal(c->answer.text[0], '{');
	api_host_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_says_who_decides),
		cmocka_unit_test(the_rules_are_shown_and_loaded_anew),
		cmocka_unit_test(connections_are_asked_of_the_workers),
		cmocka_unit_test(insights_say_what_happened_and_what_to_list),
		cmocka_unit_test(what_watches_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
