/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are no search, or none that has one reading; and where searches may go. */
#include "tests/unit/searches.h"

#define BRAVE  "https://api.search.brave.com/res/v1/web/search"
#define TAVILY "POST https://api.tavily.com/search json "

static const char config[] =
	"[[search.providers]]\nname = \"searxng\"\nhosts = [\"searx.corp.example\"]\n";

static void load_config(struct loaded *l, const char *text)
{
	load(l, text, NULL);
	if (!l->config)
		print_error("%s\n", l->fault);
	assert_non_null(l->config);
}

static void others_are_no_search(void **state)
{
	static const struct {
		const char *name, *line;
		enum search_result result;
	} rows[] = {
		{"another host", "GET https://www.example.com/res/v1/web/search?q=a", SEARCH_NONE},
		{"a host above", "GET https://search.brave.com/res/v1/web/search?q=a", SEARCH_NONE},
		{"a host below", "GET https://x.api.search.brave.com/res/v1/web/search?q=a",
			SEARCH_NONE},
		{"another port", "GET https://api.search.brave.com:8443/res/v1/web/search?q=a",
			SEARCH_NONE},
		{"another path", "GET https://api.search.brave.com/res/v1/suggest/search?q=a",
			SEARCH_NONE},
		{"a path below", "GET " BRAVE "/x?q=a", SEARCH_NONE},
		{"a path in capitals", "GET https://api.search.brave.com/res/v1/web/Search?q=a",
			SEARCH_NONE},
		{"two slashes at the end", "GET " BRAVE "//?q=a", SEARCH_NONE},
		{"a path with two readings",
			"GET https://api.search.brave.com/res/v1/web/%73earch?q=a", SEARCH_NONE},
		{"a dot segment", "GET https://api.search.brave.com/res/v1/x/../web/search?q=a",
			SEARCH_NONE},
		{"path parameters", "GET " BRAVE ";x?q=a", SEARCH_NONE},
		{"another method", "PUT " BRAVE "?q=a", SEARCH_NONE},
		{"a method in small letters", "get " BRAVE "?q=a", SEARCH_NONE},
		{"OPTIONS", "OPTIONS " BRAVE "?q=a", SEARCH_NONE},
		{"a method that the provider has not", "GET https://api.tavily.com/search?query=a",
			SEARCH_NONE},
		{"no query string", "GET " BRAVE, SEARCH_NONE},
		{"no query", "GET " BRAVE "?count=1", SEARCH_NONE},
		{"no query in the content", TAVILY "{\"days\":1}", SEARCH_NONE},
		{"DuckDuckGo's first page", "GET https://html.duckduckgo.com/html/", SEARCH_NONE},
		{"the root of SearXNG", "GET https://searx.corp.example/", SEARCH_NONE},
		{"SearXNG's autocompleter", "GET https://searx.corp.example/autocompleter?q=a",
			SEARCH_NONE},
		{"content to come, JSON", "POST https://api.tavily.com/search",
			SEARCH_NEEDS_CONTENT},
		{"content to come, form", "POST https://html.duckduckgo.com/html/",
			SEARCH_NEEDS_CONTENT},
		{"content to come, query in the URL", "POST https://html.duckduckgo.com/html/?q=a",
			SEARCH_NEEDS_CONTENT},
		{"no content", "POST https://html.duckduckgo.com/html/?q=a form ", SEARCH_OK},
	};
	struct loaded l;

	(void)state;
	load_config(&l, config);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s = {.provider = NULL};
		const char *why = "";
		struct asked_fields fields = {
			.type = strstr(rows[i].line, "tavily")
					? SLICE("application/json; charset=UTF-8")
					: SLICE("application/x-www-form-urlencoded")};
		enum search_result got = ask_with(l.config->policy, rows[i].line, fields, &s, &why);
		ROW_CHECK(rows[i].name, got == rows[i].result, "%d %s", got, why);
		search_done(&s);
	}
	config_free(l.config);
}

static void what_has_two_readings_is_refused(void **state)
{
	static const struct {
		const char *name, *line, *why;
	} rows[] = {
		{"empty query", "GET " BRAVE "?q=", "the query is empty"},
		{"query of white space", "GET " BRAVE "?q=+%09", "the query is empty"},
		{"query without a value", "GET " BRAVE "?q", "the query is empty"},
		{"two queries", "GET " BRAVE "?q=a&q=b", "the search has more than one query"},
		{"the same query twice", "GET " BRAVE "?q=a&q=a",
			"the search has more than one query"},
		{"two by case", "GET " BRAVE "?q=a&Q=b", "the search has more than one query"},
		{"two by encoding", "GET " BRAVE "?q=a&%71=b",
			"the search has more than one query"},
		{"query in URL and JSON", "POST " BRAVE "?q=a json {\"q\":\"a\"}",
			"the search has more than one query"},
		{"a percent sign", "GET " BRAVE "?q=100%",
			"a \"%\" stands without two hexadecimal digits"},
		{"one digit behind it", "GET " BRAVE "?q=%4",
			"a \"%\" stands without two hexadecimal digits"},
		{"no digits", "GET " BRAVE "?q=a&x=%zz",
			"a \"%\" stands without two hexadecimal digits"},
		{"in a name", "GET " BRAVE "?q=a&%=1",
			"a \"%\" stands without two hexadecimal digits"},
		{"not UTF-8", "GET " BRAVE "?q=%FF",
			"the query is not UTF-8, or has a control character"},
		{"overlong", "GET " BRAVE "?q=%C0%AF",
			"the query is not UTF-8, or has a control character"},
		{"surrogate", "GET " BRAVE "?q=%ED%A0%80",
			"the query is not UTF-8, or has a control character"},
		{"NUL", "GET " BRAVE "?q=a%00b",
			"the query is not UTF-8, or has a control character"},
		{"escape", "GET " BRAVE "?q=%1B[31m",
			"the query is not UTF-8, or has a control character"},
		{"control of two bytes", "GET " BRAVE "?q=%C2%9B",
			"the query is not UTF-8, or has a control character"},
		{"content behind GET", "GET " BRAVE "?q=a form x=1",
			"a search by GET has no content"},
		{"no JSON", TAVILY "query=a",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"nothing", TAVILY,
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"a list", TAVILY "[\"a\"]",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"a name twice", TAVILY "{\"query\":\"a\",\"query\":\"b\"}",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"a name twice inside", TAVILY "{\"query\":\"a\",\"x\":{\"y\":1,\"y\":2}}",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"something behind", TAVILY "{\"query\":\"a\"} x",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"NUL in JSON", TAVILY "{\"query\":\"a\\u0000\"}",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"half a character", TAVILY "{\"query\":\"\\ud800\"}",
			"the content is no JSON object, has a name twice, or is nested too deep"},
		{"two by case in JSON", TAVILY "{\"query\":\"a\",\"Query\":\"b\"}",
			"the search has more than one query"},
		{"query that is a number", TAVILY "{\"query\":1}", "the query is no text"},
		{"query that is null", TAVILY "{\"query\":null}", "the query is no text"},
		{"query that is an empty list", TAVILY "{\"query\":[]}", "the query is no text"},
		{"query that is a mixed list", TAVILY "{\"query\":[\"a\",1]}",
			"the query is no text"},
		{"list with an empty query", TAVILY "{\"query\":[\"a\",\"\"]}",
			"the query is empty"},
		{"control in JSON", TAVILY "{\"query\":\"a\\u001b\"}",
			"the query is not UTF-8, or has a control character"},
		{"form for JSON", "POST https://api.tavily.com/search form query=a",
			"the content of this search must be application/json in UTF-8"},
		{"JSON for a form", "POST https://html.duckduckgo.com/html/ json {\"q\":\"a\"}",
			"the content of this search must be application/x-www-form-urlencoded in UTF-8"},
		{"no type", "POST https://api.tavily.com/search none {\"query\":\"a\"}",
			"the content of this search must be application/json in UTF-8"},
	};
	struct loaded l;

	(void)state;
	load_config(&l, config);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s;
		const char *why = "not set";
		enum search_result got = ask(l.config->policy, rows[i].line, &s, &why);
		ROW_CHECK(rows[i].name, got == SEARCH_BAD, "%d", got);
		ROW_CHECK(rows[i].name, strcmp(why, rows[i].why) == 0, "%s", why);
	}
	config_free(l.config);
}

static void fields_of_the_head_count(void **state)
{
	static const struct {
		const char *name, *line;
		struct asked_fields fields;
		enum search_result result;
	} rows[] = {
		{"type in capitals", "POST https://api.tavily.com/search none {\"query\":\"a\"}",
			{.type = {"Application/JSON", 16}}, SEARCH_OK},
		{"charset", "POST https://api.tavily.com/search none {\"query\":\"a\"}",
			{.type = {"application/json ; charset=\"utf-8\"", 34}}, SEARCH_OK},
		{"another charset", "POST https://api.tavily.com/search none {\"query\":\"a\"}",
			{.type = {"application/json; charset=utf-16", 32}}, SEARCH_BAD},
		{"compressed", TAVILY "{\"query\":\"a\"}", {.coding = {"gzip", 4}}, SEARCH_BAD},
		{"compressed, content to come", "POST https://api.tavily.com/search",
			{.type = {"application/json", 16}, .coding = {"br", 2}}, SEARCH_BAD},
		{"not compressed", TAVILY "{\"query\":\"a\"}", {.coding = {"identity", 8}},
			SEARCH_OK},
		{"GET of no length", "GET " BRAVE "?q=a", {.length = {"0", 1}}, SEARCH_OK},
		{"GET of some length", "GET " BRAVE "?q=a", {.length = {"1", 1}}, SEARCH_BAD},
	};
	struct loaded l;

	(void)state;
	load_config(&l, config);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s = {.provider = NULL};
		const char *why = "";
		enum search_result got =
			ask_with(l.config->policy, rows[i].line, rows[i].fields, &s, &why);
		ROW_CHECK(rows[i].name, got == rows[i].result, "%d %s", got, why);
		search_done(&s);
	}
	config_free(l.config);
}

/* `before`, then `count` times `text`, then `behind`. */
static enum search_result ask_long(const struct policy *p, const char *before, const char *text,
	size_t count, const char *behind)
{
	struct buffer line;
	struct search s = {.provider = NULL};
	const char *why;

	buffer_init(&line, 4 * 1024 * 1024);
	buffer_append(&line, slice_of(before));
	for (size_t i = 0; i < count; i++)
		buffer_append(&line, slice_of(text));
	buffer_append(&line, slice_of(behind));
	buffer_append(&line, slice_from("", 1));
	assert_false(line.failed);
	enum search_result result = ask(p, buffer_bytes(&line).ptr, &s, &why);
	search_done(&s);
	buffer_done(&line);
	return result;
}

static void bounds_hold(void **state)
{
	struct loaded l;

	(void)state;
	load_config(&l, config);
	const struct policy *p = l.config->policy;
	assert_int_equal(ask_long(p, "GET " BRAVE "?q=", "a", LIMIT_SEARCH_TEXT, ""), SEARCH_OK);
	assert_int_equal(
		ask_long(p, "GET " BRAVE "?q=", "a", LIMIT_SEARCH_TEXT + 1, ""), SEARCH_BAD);
	assert_int_equal(ask_long(p, "GET " BRAVE "?q=a", "&x=1", LIMIT_SEARCH_PARAMETERS - 1, ""),
		SEARCH_OK);
	assert_int_equal(
		ask_long(p, "GET " BRAVE "?q=a", "&x=1", LIMIT_SEARCH_PARAMETERS, ""), SEARCH_BAD);
	/* What does not count is not counted. */
	assert_int_equal(ask_long(p, "GET " BRAVE "?q=a", "&key=1", 200, ""), SEARCH_OK);
	/* One level is the object itself. */
	assert_int_equal(ask_long(p, TAVILY "{\"query\":\"a\",\"x\":", "[", LIMIT_SEARCH_DEPTH, ""),
		SEARCH_BAD);
	char closing[LIMIT_SEARCH_DEPTH + 2];
	memset(closing, ']', sizeof(closing));
	closing[LIMIT_SEARCH_DEPTH - 1] = '}';
	closing[LIMIT_SEARCH_DEPTH] = '\0';
	assert_int_equal(
		ask_long(p, TAVILY "{\"query\":\"a\",\"x\":", "[", LIMIT_SEARCH_DEPTH - 1, closing),
		SEARCH_OK);
	closing[LIMIT_SEARCH_DEPTH - 1] = ']';
	closing[LIMIT_SEARCH_DEPTH] = '}';
	closing[LIMIT_SEARCH_DEPTH + 1] = '\0';
	assert_int_equal(
		ask_long(p, TAVILY "{\"query\":\"a\",\"x\":", "[", LIMIT_SEARCH_DEPTH, closing),
		SEARCH_BAD);
	assert_int_equal(
		ask_long(p, TAVILY "{\"query\":\"a\",\"x\":\"", "a", LIMIT_SEARCH_BODY, "\"}"),
		SEARCH_BAD);
	assert_int_equal(
		ask_long(p, TAVILY "{\"query\":\"a\",\"x\":\"", "a", LIMIT_SEARCH_BODY - 21, "\"}"),
		SEARCH_OK);
	/* Numbers that are longer in their one form. */
	assert_int_equal(
		ask_long(p, TAVILY "{\"query\":\"a\",\"x\":[0", ",1e15", 13000, "]}"), SEARCH_OK);
	config_free(l.config);
}

static void modes_say_where_searches_go(void **state)
{
	static const struct {
		const char *name, *config, *requirements;
		bool set, cached, live;
	} rows[] = {
		{"nothing said", "", NULL, false, false, false},
		{"empty", "allowed_web_search_modes = []", NULL, true, false, false},
		{"disabled", "allowed_web_search_modes = [\"disabled\"]", NULL, true, false, false},
		{"cached", "allowed_web_search_modes = [\"cached\"]", NULL, true, true, false},
		{"live", "allowed_web_search_modes = [\"live\"]", NULL, true, false, true},
		{"both", "allowed_web_search_modes = [\"live\", \"cached\"]", NULL, true, true,
			true},
		{"disabled is no mode", "allowed_web_search_modes = [\"disabled\", \"cached\"]",
			NULL, true, true, false},
		{"pinned", "allowed_web_search_modes = [\"live\"]",
			"allowed_web_search_modes = [\"cached\"]", true, true, false},
		{"pinned to nothing", "allowed_web_search_modes = [\"live\"]",
			"allowed_web_search_modes = []", true, false, false},
	};
	struct target brave = {.kind = TARGET_NAME}, other;
	struct loaded l;

	(void)state;
	assert_int_equal(
		target_parse_authority(SLICE("api.search.brave.com:443"), &brave), REASON_NONE);
	assert_int_equal(target_parse_authority(SLICE("www.example.com:443"), &other), REASON_NONE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		assert_non_null(l.config);
		struct search_modes modes = policy_search_modes(l.config->policy);
		ROW_CHECK(rows[i].name, modes.set == rows[i].set, "%d", modes.set);
		ROW_CHECK(rows[i].name, modes.cached == rows[i].cached, "%d", modes.cached);
		ROW_CHECK(rows[i].name, modes.live == rows[i].live, "%d", modes.live);
		bool searches = policy_searches(l.config->policy, &brave);
		ROW_CHECK(rows[i].name, searches == rows[i].set, "%d", searches);
		ROW_CHECK(rows[i].name, !policy_searches(l.config->policy, &other), "another host");
		config_free(l.config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_no_search),
		cmocka_unit_test(what_has_two_readings_is_refused),
		cmocka_unit_test(fields_of_the_head_count),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(modes_say_where_searches_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
