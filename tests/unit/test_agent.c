/* SPDX-License-Identifier: Apache-2.0 */
/* What the proxy answers the agent itself: from a call and a desk to a reply. */
#include "tests/unit/desks.h"

#include "control/agent.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static struct desk_log desk;

static struct agent_reply *answer(
	const struct agent_call *call, const char *allow, uint64_t *ret_question)
{
	struct config config = {.unlisted = UNLISTED_HOLD, .control_count = 1};

	config.policy = rules_policy(allow, "pastebin.com", NULL);
	struct agent_reply *r = agent_answer(desk.desk, &config, call, DESK_START_MS, ret_question);
	policy_unref(config.policy);
	return r;
}

/* The path with "ID" in it replaced by that of the last question. */
static struct agent_call *call_of(
	enum agent_method method, const char *path, const char *body, enum agent_media media)
{
	size_t len = strlen(body);
	struct agent_call *call = calloc(1, sizeof(*call) + len);
	const char *id = strstr(path, "ID");
	char ident[IDENT_SIZE];

	assert_non_null(call);
	ident_format('q', desk.last_id, ident);
	if (id)
		snprintf(call->path, sizeof(call->path), "%.*s%s%s", (int)(id - path), path, ident,
			id + 2);
	else
		snprintf(call->path, sizeof(call->path), "%s", path);
	call->method = method;
	call->media = media;
	strcpy(call->identity, "local");
	call->body_len = len;
	memcpy(call->body, body, len);
	return call;
}

static json_t *json_of(const struct agent_reply *r)
{
	json_t *json = json_loadb(r->text, r->len, JSON_REJECT_DUPLICATES, NULL);

	if (!json)
		print_error("%.*s\n", (int)r->len, r->text);
	assert_non_null(json);
	return json;
}

static void every_path_and_method_has_its_answer(void **state)
{
	static const struct {
		const char *name;
		enum agent_method method;
		const char *path, *body;
		enum agent_media media;
		uint16_t status;
		const char *code; /* or a member of the answer */
	} rows[] = {
		{"page", AGENT_GET, "/", "", AGENT_NO_MEDIA, 200, "allowed"},
		{"post to the page", AGENT_POST, "/", "x", AGENT_TEXT, 405, "method_not_allowed"},
		{"delete the page", AGENT_OTHER_METHOD, "/", "", AGENT_NO_MEDIA, 405,
			"method_not_allowed"},
		{"another path", AGENT_GET, "/x", "", AGENT_NO_MEDIA, 404, "not_found"},
		{"too long a path", AGENT_GET, "", "", AGENT_NO_MEDIA, 404, "not_found"},
		{"the list has no page of its own", AGENT_GET, "/questions", "", AGENT_NO_MEDIA,
			404, "not_found"},
		{"a question", AGENT_GET, "/questions/ID", "", AGENT_NO_MEDIA, 200, "id"},
		{"with version", AGENT_GET, "/v1/questions/ID", "", AGENT_NO_MEDIA, 200, "id"},
		{"another version", AGENT_GET, "/v2/questions/ID", "", AGENT_NO_MEDIA, 404,
			"not_found"},
		{"deeper", AGENT_GET, "/questions/ID/approve", "", AGENT_NO_MEDIA, 404,
			"not_found"},
		{"approving", AGENT_POST, "/v1/approvals/ID/approve", "{}", AGENT_JSON, 404,
			"not_found"},
		{"an unknown id", AGENT_GET, "/questions/q-0000000000000001", "", AGENT_NO_MEDIA,
			404, "not_found"},
		{"no id", AGENT_GET, "/questions/", "", AGENT_NO_MEDIA, 404, "not_found"},
		{"a grant's id", AGENT_GET, "/questions/g-0000000000000001", "", AGENT_NO_MEDIA,
			404, "not_found"},
		{"delete a question", AGENT_OTHER_METHOD, "/questions/ID", "", AGENT_NO_MEDIA, 405,
			"method_not_allowed"},
		{"JSON", AGENT_POST, "/questions/ID", "{\"justification\":\"tests\"}", AGENT_JSON,
			200, "justification"},
		{"JSON with more", AGENT_POST, "/questions/ID",
			" {\"a\":[],\"justification\":\" tests \"} ", AGENT_JSON, 200,
			"justification"},
		{"text", AGENT_POST, "/questions/ID", "\n tests\n", AGENT_TEXT, 200,
			"justification"},
		{"no type", AGENT_POST, "/questions/ID", "tests", AGENT_NO_MEDIA, 200,
			"justification"},
		{"JSON, said to be a form", AGENT_POST, "/questions/ID",
			"{\"justification\":\"tests\"}", AGENT_FORM, 200, "justification"},
		{"a form", AGENT_POST, "/questions/ID", "justification=tests", AGENT_FORM, 415,
			"unsupported_media_type"},
		{"XML", AGENT_POST, "/questions/ID", "<a/>", AGENT_OTHER_MEDIA, 415,
			"unsupported_media_type"},
		{"broken JSON", AGENT_POST, "/questions/ID", "{\"justification\":", AGENT_JSON, 400,
			"bad_request"},
		{"no JSON", AGENT_POST, "/questions/ID", "tests", AGENT_JSON, 400, "bad_request"},
		{"no body", AGENT_POST, "/questions/ID", "", AGENT_JSON, 400, "bad_request"},
		{"no text", AGENT_POST, "/questions/ID", "", AGENT_NO_MEDIA, 400, "bad_request"},
		{"another member", AGENT_POST, "/questions/ID", "{\"decision\":\"allow\"}",
			AGENT_JSON, 400, "bad_request"},
		{"not a string", AGENT_POST, "/questions/ID", "{\"justification\":true}",
			AGENT_JSON, 400, "bad_request"},
		{"a string and nothing in it", AGENT_POST, "/questions/ID",
			"{\"justification\":\" \\n\"}", AGENT_JSON, 400, "bad_request"},
		{"an array", AGENT_POST, "/questions/ID", "[\"justification\"]", AGENT_JSON, 400,
			"bad_request"},
		{"twice", AGENT_POST, "/questions/ID",
			"{\"justification\":\"a\",\"justification\":\"b\"}", AGENT_JSON, 400,
			"bad_request"},
		{"not UTF-8", AGENT_POST, "/questions/ID", "t\xe4st", AGENT_TEXT, 400,
			"bad_request"},
		{"a zero in JSON", AGENT_POST, "/questions/ID", "{\"justification\":\"a\\u0000b\"}",
			AGENT_JSON, 400, "bad_request"},
		{"not UTF-8 in JSON", AGENT_POST, "/questions/ID", "{\"justification\":\"\xe4\"}",
			AGENT_JSON, 400, "bad_request"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		desks_init(&desk, "", "");
		desks_ask(&desk, 1, "local", "new.example:443", 0);
		struct agent_call *call =
			call_of(rows[i].method, rows[i].path, rows[i].body, rows[i].media);
		uint64_t waits;
		struct agent_reply *r = answer(call, "example.com", &waits);
		ROW_CHECK(rows[i].name, r && waits == 0, "no reply");
		ROW_CHECK(rows[i].name, r->status == rows[i].status, "%u", r->status);
		ROW_CHECK(rows[i].name, (r->allow != NULL) == (r->status == 405), "Allow");
		json_t *json = json_of(r);
		const char *code = json_string_value(json_object_get(json, "code"));
		bool good = r->status == 200 ? json_object_get(json, rows[i].code) != NULL
					     : code && strcmp(code, rows[i].code) == 0;
		ROW_CHECK(rows[i].name, good, "%.*s", (int)r->len, r->text);
		if (rows[i].method == AGENT_POST && r->status == 200)
			assert_string_equal(
				desk_question(desk.desk, desk.last_id)->context.justification,
				"tests");
		else
			assert_null(desk_question(desk.desk, desk.last_id)->context.justification);
		json_decref(json);
		free(r);
		free(call);
		desks_done(&desk);
	}
}

static void a_justification_is_whole_or_refused(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		const char *last; /* behind them */
		uint16_t status;
	} rows[] = {
		{"the most", LIMIT_JUSTIFICATION_BYTES, "", 200},
		{"one more", LIMIT_JUSTIFICATION_BYTES + 1, "", 413},
		{"the most, and a line's end", LIMIT_JUSTIFICATION_BYTES, "\r\n", 200},
		{"a character over the edge", LIMIT_JUSTIFICATION_BYTES - 1, "\xc3\xa4", 413},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char body[LIMIT_AGENT_BODY_BYTES];
		uint64_t waits;
		memset(body, 'x', rows[i].len);
		snprintf(body + rows[i].len, sizeof(body) - rows[i].len, "%s", rows[i].last);
		desks_init(&desk, "", "");
		desks_ask(&desk, 1, "local", "new.example:443", 0);
		struct agent_call *call = call_of(AGENT_POST, "/questions/ID", body, AGENT_TEXT);
		struct agent_reply *r = answer(call, "", &waits);
		ROW_CHECK(rows[i].name, r->status == rows[i].status, "%u", r->status);
		size_t kept =
			slice_of(desk_question(desk.desk, desk.last_id)->context.justification).len;
		ROW_CHECK(rows[i].name, kept == (r->status == 200 ? rows[i].len : 0), "%zu", kept);
		free(r);
		free(call);
		desks_done(&desk);
	}
}

static struct agent_reply *answer_to(const char *identity, enum agent_method method,
	const char *path, uint32_t wait_ms, uint64_t *ret_question)
{
	struct agent_call *call =
		call_of(method, path, method == AGENT_POST ? "mine" : "", AGENT_TEXT);

	snprintf(call->identity, sizeof(call->identity), "%s", identity);
	call->wait_ms = wait_ms;
	struct agent_reply *r = answer(call, "", ret_question);
	free(call);
	return r;
}

static void somebody_elses_question_is_none(void **state)
{
	static const enum agent_method methods[] = {AGENT_GET, AGENT_POST, AGENT_OTHER_METHOD};
	uint64_t waits;
	(void)state;
	desks_init(&desk, "", "");
	desks_ask(&desk, 1, "192.0.2.7", "new.example:443", 0);
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct agent_reply *r =
			answer_to("local", methods[i], "/questions/ID", 1000, &waits);
		assert_int_equal(r->status, 404);
		assert_int_equal(waits, 0);
		free(r);
	}
	assert_null(desk_question(desk.desk, desk.last_id)->context.justification);
	struct agent_reply *r = answer_to("local", AGENT_GET, "/", 0, &waits);
	json_t *json = json_of(r);
	assert_int_equal(json_array_size(json_object_get(json, "questions")), 0);
	json_decref(json);
	free(r);
	desks_done(&desk);
}

static void a_pending_question_can_be_waited_for(void **state)
{
	uint64_t waits = 0;
	(void)state;
	desks_init(&desk, "", "");
	desks_ask(&desk, 1, "local", "new.example:443", 0);
	uint64_t question = desk.last_id;
	assert_null(answer_to("local", AGENT_GET, "/questions/ID", 1, &waits));
	assert_int_equal(waits, question);
	struct agent_reply *r = answer_to("local", AGENT_GET, "/questions/ID", 0, &waits);
	assert_int_equal(r->status, 200);
	assert_int_equal(waits, 0);
	free(r);
	/* A justification is answered at once. */
	r = answer_to("local", AGENT_POST, "/questions/ID", 1000, &waits);
	assert_int_equal(r->status, 200);
	free(r);
	desks_decide(&desk, question,
		(struct decision_ask){.allow = true, .decider = SLICE("admin")}, 0);
	desk.last_id = question;
	r = answer_to("local", AGENT_GET, "/questions/ID", 1000, &waits);
	json_t *json = json_of(r);
	assert_string_equal(json_string_value(json_object_get(json, "state")), "approved");
	assert_string_equal(json_string_value(json_object_get(json, "justification")), "mine");
	assert_true(json_is_null(json_object_get(json, "retry_after")));
	assert_null(json_object_get(json, "note"));
	json_decref(json);
	free(r);
	r = answer_to("local", AGENT_POST, "/questions/ID", 0, &waits);
	assert_int_equal(r->status, 410);
	free(r);
	desks_done(&desk);
}

static void the_page_shows_ones_own(void **state)
{
	uint64_t waits;
	(void)state;
	desks_init(&desk, "", "");
	desks_ask(&desk, 1, "local", "first.example:443", 0);
	uint64_t first = desk.last_id;
	desks_ask(&desk, 2, "local", "second.example:80", 1);
	desks_ask(&desk, 3, "192.0.2.7", "third.example:80", 1);
	desks_decide(&desk, first, (struct decision_ask){.decider = SLICE("admin")}, 2);
	struct agent_call *call = call_of(AGENT_GET, "/", "", AGENT_NO_MEDIA);
	struct agent_reply *r = answer(call, "example.com *.a.test:8443", &waits);
	json_t *json = json_of(r);
	const char *state_of, *host, *unlisted, *one, *two;
	int count, complete;
	assert_int_equal(json_array_size(json_object_get(json, "questions")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "decisions")), 1);
	assert_int_equal(0,
		json_unpack(json, "{s:{s:i,s:b,s:[ss]},s:s,s:[{s:s}],s:[{s:s}]}", "allowed",
			"count", &count, "complete", &complete, "patterns", &one, &two, "unlisted",
			&unlisted, "questions", "host", &host, "decisions", "state", &state_of));
	assert_int_equal(count, 2);
	assert_true(complete);
	assert_string_equal(one, "example.com");
	assert_string_equal(two, "*.a.test:8443");
	assert_string_equal(unlisted, "hold");
	assert_string_equal(host, "second.example");
	assert_string_equal(state_of, "denied");
	json_decref(json);
	free(r);
	free(call);
	desks_done(&desk);
}

static void bounds_hold_for_large_lists(void **state)
{
	char *allow = malloc(20000);
	size_t len = 0;
	uint64_t waits;
	(void)state;
	allow[0] = '\0';
	for (int i = 0; i <= LIMIT_AGENT_PATTERNS; i++)
		len += (size_t)sprintf(allow + len, i ? " a%d.test" : "a%d.test", i);
	desks_init(&desk, "", "");
	struct agent_call *call = call_of(AGENT_GET, "/", "", AGENT_NO_MEDIA);
	struct agent_reply *r = answer(call, allow, &waits);
	json_t *json = json_of(r);
	json_t *allowed = json_object_get(json, "allowed");
	assert_int_equal(
		json_array_size(json_object_get(allowed, "patterns")), LIMIT_AGENT_PATTERNS);
	assert_int_equal(
		json_integer_value(json_object_get(allowed, "count")), LIMIT_AGENT_PATTERNS + 1);
	assert_true(json_is_false(json_object_get(allowed, "complete")));
	json_decref(json);
	free(r);
	call->html = true;
	r = answer(call, allow, &waits);
	assert_int_equal(r->type, AGENT_REPLY_HTML);
	assert_true(r->len < LIMIT_AGENT_REPLY_BYTES);
	free(r);
	free(call);
	free(allow);
	desks_done(&desk);
}

/* Nothing that a peer said can be anything but text. */
static void a_page_escapes(void **state)
{
	const char *words = "<script>alert(\"1\" & '2')</script>\x1b\xe2\x80\xae";
	uint64_t waits;
	(void)state;
	desks_init(&desk, "", "");
	desks_ask(&desk, 1, "local", "new.example:443", 0);
	struct agent_call *call = call_of(AGENT_POST, "/questions/ID", words, AGENT_TEXT);
	call->html = true;
	struct agent_reply *r = answer(call, "", &waits);
	assert_int_equal(r->type, AGENT_REPLY_HTML);
	assert_null(memmem(r->text, r->len, "<script", 7));
	assert_null(memchr(r->text, 0x1b, r->len));
	assert_null(memmem(r->text, r->len, "\xe2\x80\xae", 3));
	const char *shown = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)";
	assert_non_null(memmem(r->text, r->len, shown, strlen(shown)));
	free(r);
	free(call);
	desks_done(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_and_method_has_its_answer),
		cmocka_unit_test(a_justification_is_whole_or_refused),
		cmocka_unit_test(somebody_elses_question_is_none),
		cmocka_unit_test(a_pending_question_can_be_waited_for),
		cmocka_unit_test(the_page_shows_ones_own),
		cmocka_unit_test(bounds_hold_for_large_lists),
		cmocka_unit_test(a_page_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
