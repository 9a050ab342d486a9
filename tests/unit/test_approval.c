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

/* Reads a list page by page: "one two | three | ". */
static const char *paged(struct api_host *h, const char *asked)
{
	static char seen[512];
	char query[128];
	size_t len = 0;

	snprintf(query, sizeof(query), "%s", asked);
	seen[0] = '\0';
	for (int page = 0; page < 8; page++) {
		const struct called *c = api_get(h, approval_routes, LIST, query);
		size_t at;
		json_t *item;
		json_array_foreach(json_object_get(c->answer.json, "approvals"), at, item) len +=
			(size_t)snprintf(seen + len, sizeof(seen) - len, "%.1s ",
				json_string_value(json_object_get(item, "host")));
		len += (size_t)snprintf(seen + len, sizeof(seen) - len, "| ");
		const char *next = called_member(c, "next");
		if (strcmp(next, "null") == 0)
			break;
		snprintf(query, sizeof(query), "%s&after=%s", asked, next);
	}
	return seen;
}

static void pages_neither_repeat_nor_leave_out(void **state)
{
	static const char *const hosts[] = {
		"a.test:443", "b.test:443", "c.test:443", "d.test:443", "e.test:443"};
	static const struct decision_ask no = {.scope = GRANT_ALWAYS};
	static const struct {
		const char *name, *query, *pages, *later;
	} rows[] = {
		{"pending, one by one", "limit=1", "d | e | ", "e | "},
		{"pending, just all", "limit=2", "d e | ", "e | "},
		{"ended at one time, one by one", "state=denied&limit=1", "c | b | a | ",
			"d | c | b | a | "},
		{"ended, two by two", "state=denied&limit=2", "c b | a | ", "d c | b a | "},
		{"all, one by one", "state=all&limit=1", "e | d | c | b | a | ",
			"e | d | c | b | a | "},
		{"all, over the border", "state=all&limit=3", "e d c | b a | ", "e d c | b a | "},
		{"all, up to the border", "state=all&limit=2", "e d | c b | a | ",
			"e d | c b | a | "},
		{"none of them", "state=expired&limit=1", "| ", "| "},
	};
	struct api_host h;
	uint64_t ids[COUNT(hosts)];
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	for (size_t i = 0; i < COUNT(hosts); i++) {
		ask(&h.log, i + 1, hosts[i], 0);
		ids[i] = h.log.last_id;
	}
	for (size_t i = 0; i < 3; i++) {
		desks_decide(&h.log, ids[i], no, 10);
		api_host_keep(&h, h.log.desk, ids[i]);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *seen = paged(&h, rows[i].query);
		ROW_CHECK(rows[i].name, strcmp(seen, rows[i].pages) == 0, "%s", seen);
	}
	/* A place whose question is pending no more, between those of its own time. */
	char query[128];
	snprintf(query, sizeof(query), "%s",
		called_member(api_get(&h, approval_routes, LIST, "limit=1"), "next"));
	desks_decide(&h.log, ids[3], no, 20);
	api_host_keep(&h, h.log.desk, ids[3]);
	char asked[160];
	snprintf(asked, sizeof(asked), "limit=1&after=%s", query);
	assert_string_equal(listed(&h, asked), "200 e.test=pending");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *seen = paged(&h, rows[i].query);
		ROW_CHECK(rows[i].name, strcmp(seen, rows[i].later) == 0, "%s", seen);
	}
	api_host_done(&h);
}

static void places_are_read_strictly(void **state)
{
	static const struct {
		const char *name, *query, *expected;
	} rows[] = {
		{"asked", "after=asked.1.q-00000000000000ff", "200"},
		{"ended, of all", "state=all&after=ended.1.q-00000000000000ff", "200"},
		{"ended, of pending", "after=ended.1.q-00000000000000ff", "400"},
		{"a time as well",
			"state=all&after=asked.1.q-00000000000000ff&before="
			"2026-11-21T10:55:08.123Z",
			"400"},
		{"a time for pending", "before=2026-11-21T10:55:08.123Z", "400"},
		{"another word", "after=aske.1.q-00000000000000ff", "400"},
		{"no time", "after=asked..q-00000000000000ff", "400"},
		{"18 digits", "after=asked.123456789012345678.q-00000000000000ff", "200"},
		{"19 digits", "after=asked.1234567890123456789.q-00000000000000ff", "400"},
		{"a sign", "after=asked.-1.q-00000000000000ff", "400"},
		{"no question", "after=asked.1.q-0000000000000000", "400"},
		{"a grant", "after=asked.1.g-00000000000000ff", "400"},
		{"more behind it", "after=asked.1.q-00000000000000ff.", "400"},
	};
	struct api_host h;
	(void)state;
	api_host_init(&h, "unlisted = \"hold\"\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *answer = listed(&h, rows[i].query);
		ROW_CHECK(rows[i].name, strncmp(answer, rows[i].expected, 3) == 0, "%s", answer);
	}
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
		cmocka_unit_test(places_are_read_strictly),
		cmocka_unit_test(waiting_ends_with_a_decision_or_in_time),
		cmocka_unit_test(grants_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
