/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/heads.h"

#include "proxy/agent_call.h"

#include <stdlib.h>

static const struct claimant agent = {{"local", 5}, {"run-7", 5}};

static struct agent_call *read_call(const char *start, const char *lines, const char *path)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: sallyport.internal\r\n%s\r\n", start,
		lines);
	struct message *m = read_head(MESSAGE_REQUEST, text, "");
	struct agent_call *call =
		agent_call_new(message_head(m), slice_of(path), &agent, SLICE("body"));
	assert_non_null(call);
	message_free(m);
	return call;
}

static void a_page_is_for_who_wants_one(void **state)
{
	static const struct {
		const char *name, *lines;
		bool html;
	} rows[] = {
		{"nothing said", "", false},
		{"anything", "Accept: */*\r\n", false},
		{"JSON", "Accept: application/json\r\n", false},
		{"HTML", "Accept: text/html\r\n", true},
		{"any text", "Accept: text/*\r\n", true},
		{"a browser",
			"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n",
			true},
		{"both alike", "Accept: text/html, application/json\r\n", false},
		{"JSON less", "Accept: application/json;q=0.5, TEXT/HTML\r\n", true},
		{"JSON a little less", "Accept: text/html;q=0.100, application/json;q=0.099\r\n",
			true},
		{"JSON a little more", "Accept: text/html;q=0.099, application/json;q=0.1\r\n",
			false},
		{"the specific range counts",
			"Accept: text/*;q=0.9, text/html;q=0.1, */*;q=0.5\r\n", false},
		{"none of HTML", "Accept: text/html;q=0, */*\r\n", false},
		{"with a parameter", "Accept: text/html;level=1;q=0.7, */*;q=0.3\r\n", true},
		{"a weight that is none", "Accept: application/json;q=high, text/html;q=0.5\r\n",
			false},
		{"empty", "Accept:\r\n", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct agent_call *call = read_call("GET /", rows[i].lines, "/");
		ROW_CHECK(rows[i].name, call->html == rows[i].html, "%d", call->html);
		free(call);
	}
}

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void path_and_query_are_told_apart(void **state)
{
	static const struct {
		const char *name, *path, *plain;
		uint32_t wait_ms;
		bool bad_wait;
	} rows[] = {
		{"root", "/", "/", 0, false},
		{"no path", "", "/", 0, false},
		{"only a query", "?wait=1", "/", 1000, false},
		{"a question", "/questions/q-1?wait=25", "/questions/q-1", 25000, false},
		{"0", "/?wait=0", "/", 0, false},
		{"60", "/?wait=60", "/", 60000, false},
		{"61", "/?wait=61", "/", 0, true},
		{"too many digits", "/?wait=000000", "/", 0, true},
		{"empty", "/?wait=", "/", 0, true},
		{"a sign", "/?wait=+1", "/", 0, true},
		{"a fraction", "/?wait=1.5", "/", 0, true},
		{"behind others", "/?a=b&wait=2&c", "/", 2000, false},
		{"the first of two", "/?wait=2&wait=x", "/", 2000, false},
		{"another name", "/?await=2&wait", "/", 0, false},
		{"just fits", "/" X60 "xx", "/" X60 "xx", 0, false},
		{"too long", "/" X60 "xxx", "", 0, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct agent_call *call = read_call("GET /", "", rows[i].path);
		ROW_CHECK(rows[i].name, strcmp(call->path, rows[i].plain) == 0, "%s", call->path);
		ROW_CHECK(rows[i].name, call->wait_ms == rows[i].wait_ms, "%u", call->wait_ms);
		ROW_CHECK(rows[i].name, call->bad_wait == rows[i].bad_wait, "%d", call->bad_wait);
		assert_string_equal(call->identity, "local");
		assert_string_equal(call->session, "run-7");
		assert_memory_equal(call->body, "body", call->body_len);
		free(call);
	}
}

static void methods_and_types_have_their_values(void **state)
{
	static const struct {
		const char *start, *lines;
		enum agent_method method;
		enum agent_media media;
	} rows[] = {
		{"GET /", "", AGENT_GET, AGENT_NO_MEDIA},
		{"HEAD /", "", AGENT_GET, AGENT_NO_MEDIA},
		{"PUT /", "Content-Type: text/html\r\n", AGENT_OTHER_METHOD, AGENT_OTHER_MEDIA},
		{"POST /", "Content-Type: Application/JSON ; charset=utf-8\r\n", AGENT_POST,
			AGENT_JSON},
		{"POST /", "Content-Type: text/plain\r\n", AGENT_POST, AGENT_TEXT},
		{"POST /", "Content-Type: application/x-www-form-urlencoded\r\n", AGENT_POST,
			AGENT_FORM},
		{"POST /", "Content-Type: application/jsonp\r\n", AGENT_POST, AGENT_OTHER_MEDIA},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct agent_call *call = read_call(rows[i].start, rows[i].lines, "/");
		ROW_CHECK(rows[i].lines, call->method == rows[i].method, "%d", (int)call->method);
		ROW_CHECK(rows[i].lines, call->media == rows[i].media, "%d", (int)call->media);
		free(call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_for_who_wants_one),
		cmocka_unit_test(path_and_query_are_told_apart),
		cmocka_unit_test(methods_and_types_have_their_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
