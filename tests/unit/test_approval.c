/* SPDX-License-Identifier: Apache-2.0 */
/* The calls about questions and grants. */
#include "tests/unit/api_host.h"

#include "control/handlers.h"

#include <stdio.h>

#define ONE  "/v1/approvals/{id}"
#define YES  "/v1/approvals/{id}/approve"
#define NO   "/v1/approvals/{id}/deny"
#define LIST "/v1/approvals"

/* Asks, and gives the id as the API writes it; h->log.last_id is the number. */
static const char *ask(struct desk_log *l, uint64_t waiter, const char *target, uint64_t after_ms)
{
	static char id[IDENT_SIZE];

	assert_int_equal(desks_ask(l, waiter, "local", target, after_ms), DESK_HELD);
	ident_format('q', l->last_id, id);
	return id;
}

static const char *decide(struct api_host *h, const char *pattern, const char *id, const char *body)
{
	static char text[32];
	const struct called *c =
		api_ask(h, (struct api_request){approval_routes, "POST", pattern, id, "", body});

	snprintf(text, sizeof(text), "%u %s", c->answer.status, called_member(c, "code"));
	return text;
}

/* "cdn.test pending, …" of a list. */
static const char *listed(struct api_host *h, const char *query)
{
	static char text[1024];
	const struct called *c = api_get(h, approval_routes, LIST, query);
	size_t at;
	json_t *item;

	snprintf(text, sizeof(text), "%u", c->answer.status);
	json_array_foreach(json_object_get(c->answer.json, "approvals"), at, item)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s=%s",
			json_string_value(json_object_get(item, "host")),
			json_string_value(json_object_get(item, "state")));
	return text;
}

static void a_question_is_decided_once(void **state)
{
	struct api_host h;
	const struct called *c;
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	const char *id = ask(&h.log, 1, "cdn.new.test:443", 0);
	c = api_ask(&h, (struct api_request){approval_routes, "GET", ONE, id, "", NULL});
	assert_int_equal(c->answer.status, 200);
	assert_string_equal(called_member(c, "state"), "pending");
	assert_string_equal(called_member(c, "waiters"), "1");

	assert_string_equal(decide(&h, YES, id, "{\"scope\":\"ever\"}"), "422 bad_request");
	assert_string_equal(
		decide(&h, YES, id, "{\"pattern\":\"*.test\",\"ttl\":9}"), "422 bad_pattern");
	c = api_ask(&h, (struct api_request){approval_routes, "GET", ONE, id, "", NULL});
	assert_string_equal(called_member(c, "state"), "pending");

	c = api_ask(
		&h, (struct api_request){approval_routes, "POST", YES, id, "",
			    "{\"scope\":\"always\",\"pattern\":\"*.new.test\",\"note\":\"fine\"}"});
	assert_int_equal(c->answer.status, 200);
	assert_string_equal(called_member(c, "approval.state"), "approved");
	assert_string_equal(called_member(c, "approval.waiters"), "0");
	assert_string_equal(called_member(c, "approval.decision.decider"), "admin");
	assert_string_equal(called_member(c, "approval.decision.note"), "fine");
	assert_string_equal(called_member(c, "grant.pattern"), "*.new.test:443");
	assert_string_equal(called_member(c, "grant.scope"), "always");
	assert_string_equal(called_member(c, "grant.question"), id);

	assert_string_equal(decide(&h, YES, id, NULL), "409 already_decided");
	assert_string_equal(decide(&h, NO, id, NULL), "409 already_decided");
	api_host_done(&h);
}

static void other_ids_are_none(void **state)
{
	static const char *const ids[] = {"q-00000000000000ff", "q-0000000000000000", "q-67", "101",
		"q-", "Q-0000000000000067", "%71-0000000000000067"};
	struct api_host h;
	char text[40];
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	const char *id = ask(&h.log, 1, "cdn.new.test:443", 0);
	for (size_t i = 0; i < COUNT(ids) + 2; i++) {
		snprintf(text, sizeof(text), i < COUNT(ids) ? "%s" : "%sx",
			i < COUNT(ids) ? ids[i] : id);
		if (i == COUNT(ids) + 1)
			snprintf(text, sizeof(text), "g%s", id + 1);
		ROW_CHECK(
			text, strcmp(decide(&h, YES, text, NULL), "404 not_found") == 0, "decided");
		const struct called *c = api_ask(
			&h, (struct api_request){approval_routes, "GET", ONE, text, "", NULL});
		ROW_CHECK(text, c->answer.status == 404, "%u", c->answer.status);
	}
	api_host_done(&h);
}

static void rules_and_failures_win(void **state)
{
	struct api_host h;
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\ndenied_domains = [\"*.evil.test\"]\n");
	const char *id = ask(&h.log, 1, "a.evil.test:443", 0);
	assert_string_equal(decide(&h, YES, id, NULL), "409 refused_by_policy");
	id = ask(&h.log, 2, "a.good.test:443", 0);
	h.log.keep_fails = true;
	assert_string_equal(decide(&h, YES, id, NULL), "503 not_stored");
	h.log.keep_fails = false;
	assert_string_equal(decide(&h, NO, id, NULL), "200 ");
	api_host_done(&h);
}

/* As an earlier process left them: yes.test approved, late.test expired. */
static void leave_history(
	struct api_host *h, char ret_approved[IDENT_SIZE], char ret_expired[IDENT_SIZE])
{
	struct desk_log earlier;

	desks_init(&earlier, "", "");
	earlier.last_id = 5000;
	strcpy(ret_approved, ask(&earlier, 1, "yes.test:443", 0));
	uint64_t id = earlier.last_id;
	desks_decide(&earlier, id, (struct decision_ask){.allow = true, .scope = GRANT_ALWAYS}, 10);
	api_host_keep(h, earlier.desk, id);
	strcpy(ret_expired, ask(&earlier, 2, "late.test:443", 20));
	id = earlier.last_id;
	desk_tick(earlier.desk, DESK_START_MS + 1000000);
	api_host_keep(h, earlier.desk, id);
	desks_done(&earlier);
}

static void ended_questions_are_remembered(void **state)
{
	struct api_host h;
	const struct called *c;
	char approved[IDENT_SIZE], expired[IDENT_SIZE];
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	leave_history(&h, approved, expired);
	c = api_ask(
		&h, (struct api_request){approval_routes, "GET", ONE, approved, "wait=60", NULL});
	assert_string_equal(called_member(c, "state"), "approved");
	assert_string_equal(called_member(c, "decision.decider"), "ann");
	assert_string_equal(decide(&h, NO, approved, NULL), "409 already_decided");
	assert_string_equal(decide(&h, YES, expired, NULL), "410 gone");

	ask(&h.log, 1, "now.test:443", 0);
	ask(&h.log, 2, "next.test:443", 1);
	assert_string_equal(listed(&h, ""), "200 now.test=pending next.test=pending");
	assert_string_equal(listed(&h, "limit=1"), "200 now.test=pending");
	assert_string_equal(listed(&h, "state=approved"), "200 yes.test=approved");
	assert_string_equal(listed(&h, "state=expired"), "200 late.test=expired");
	assert_string_equal(listed(&h, "state=denied"), "200");
	assert_string_equal(listed(&h, "state=all"),
		"200 next.test=pending now.test=pending late.test=expired yes.test=approved");
	assert_string_equal(listed(&h, "state=open"), "400");
	assert_string_equal(listed(&h, "state=all&before=yesterday"), "400");
	assert_string_equal(listed(&h, "limit=1001"), "400");
	api_host_done(&h);
}

/* Pages of one row each, over two that ended at the same time. */
static void pages_neither_repeat_nor_leave_out(void **state)
{
	struct api_host h;
	char query[64] = "state=denied&limit=1";
	char seen[256] = "";
	uint64_t ids[3];
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	static const char *const hosts[] = {"old.test:443", "a.b.test:443", "c.b.test:443"};
	for (size_t i = 0; i < COUNT(hosts); i++) {
		ask(&h.log, i + 1, hosts[i], 0);
		ids[i] = h.log.last_id;
	}
	desks_decide(&h.log, ids[0], (struct decision_ask){.scope = GRANT_ALWAYS}, 10);
	desks_decide(&h.log, ids[1],
		(struct decision_ask){.scope = GRANT_ALWAYS, .pattern = SLICE("*.b.test")}, 20);
	for (size_t i = 0; i < COUNT(hosts); i++)
		api_host_keep(&h, h.log.desk, ids[i]);
	for (int page = 0; page < 3; page++) {
		const struct called *c = api_get(&h, approval_routes, LIST, query);
		size_t at;
		json_t *item;
		json_array_foreach(json_object_get(c->answer.json, "approvals"), at, item)
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.3s ",
				json_string_value(json_object_get(item, "host")));
		strcat(seen, "| ");
		const char *next = called_member(c, "next");
		if (strcmp(next, "null") == 0)
			break;
		snprintf(query, sizeof(query), "state=denied&limit=1&before=%s", next);
	}
	ROW_CHECK("pages",
		strcmp(seen, "a.b c.b | old | ") == 0 || strcmp(seen, "c.b a.b | old | ") == 0,
		"%s", seen);
	api_host_done(&h);
}

static void waiting_ends_with_a_decision_or_in_time(void **state)
{
	struct api_host h;
	struct called c;
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	const char *id = ask(&h.log, 1, "cdn.test:443", 0);
	uint64_t number = h.log.last_id;
	for (int decided = 0; decided < 2; decided++) {
		called_init(&c, &h.host, "wait=30", NULL);
		called_run(&c, approval_routes, "GET", ONE, id);
		assert_int_equal(c.answer.count, 0);
		assert_int_equal(c.answer.wait_ms, 30000);
		assert_int_equal(c.answer.watched, number);
		/* Another waiter came: not what was waited for. */
		c.answer.on_event(&c.call, CALL_NEWS, c.answer.owner);
		assert_int_equal(c.answer.count, 0);
		if (decided)
			desks_decide(
				&h.log, number, (struct decision_ask){.scope = GRANT_ALWAYS}, 10);
		c.answer.on_event(&c.call, decided ? CALL_NEWS : CALL_TIME, c.answer.owner);
		assert_int_equal(c.answer.status, 200);
		assert_string_equal(called_member(&c, "state"), decided ? "denied" : "pending");
		called_done(&c);
	}
	called_init(&c, &h.host, "wait=61", NULL);
	called_run(&c, approval_routes, "GET", ONE, id);
	assert_int_equal(c.answer.status, 400);
	called_done(&c);
	api_host_done(&h);
}

static const struct called *give(struct api_host *h, const char *body)
{
	return api_ask(h, (struct api_request){grant_routes, "POST", "/v1/grants", "", "", body});
}

static const struct called *take_back(struct api_host *h, const char *id)
{
	return api_ask(
		h, (struct api_request){grant_routes, "DELETE", "/v1/grants/{id}", id, "", NULL});
}

static size_t grants_listed(struct api_host *h)
{
	const struct called *c = api_get(h, grant_routes, "/v1/grants", "");

	return json_array_size(json_object_get(c->answer.json, "grants"));
}

static void grants_come_and_go(void **state)
{
	struct api_host h;
	const struct called *c;
	char id[IDENT_SIZE];
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\ndenied_domains = [\"*.evil.test\"]\n");
	c = give(&h,
		"{\"decision\":\"allow\",\"pattern\":\"*.new.test:8443\",\"ttl\":60,\"identity\":\"local\"}");
	assert_int_equal(c->answer.status, 201);
	strcpy(id, called_member(c, "id"));
	assert_string_equal(called_member(c, "identity"), "local");
	assert_string_equal(called_member(c, "question"), "null");
	assert_string_equal(called_member(c, "expires_at"), "1970-01-01T00:17:41.000Z");
	c = give(&h, "{\"decision\":\"allow\",\"pattern\":\"x.evil.test\",\"ttl\":60}");
	assert_string_equal(called_member(c, "code"), "refused_by_policy");
	c = give(&h, "{\"decision\":\"allow\",\"pattern\":\"*.com\",\"ttl\":60}");
	assert_string_equal(called_member(c, "code"), "bad_pattern");

	assert_int_equal(grants_listed(&h), 1);
	h.log.keep_fails = true;
	assert_string_equal(called_member(take_back(&h, id), "code"), "not_stored");
	h.log.keep_fails = false;
	c = take_back(&h, id);
	assert_int_equal(c->answer.status, 200);
	assert_string_equal(called_member(c, "pattern"), "*.new.test:8443");
	assert_int_equal(take_back(&h, id)->answer.status, 404);
	assert_int_equal(take_back(&h, "g-")->answer.status, 404);
	assert_int_equal(grants_listed(&h), 0);
	api_host_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_decided_once),
		cmocka_unit_test(other_ids_are_none),
		cmocka_unit_test(rules_and_failures_win),
		cmocka_unit_test(ended_questions_are_remembered),
		cmocka_unit_test(pages_neither_repeat_nor_leave_out),
		cmocka_unit_test(waiting_ends_with_a_decision_or_in_time),
		cmocka_unit_test(grants_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
