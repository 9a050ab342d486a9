/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_results.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>

/* Results as lines "title|url|snippet". */
struct lines {
	char text[4096];
	size_t len, count;
};

static void on_text(void *owner, const struct search_text *t)
{
	struct lines *l = owner;

	l->count++;
	int len = snprintf(l->text + l->len, sizeof(l->text) - l->len, "%.*s|%.*s|%.*s\n",
		(int)t->title.len, t->title.ptr, (int)t->url.len, t->url.ptr, (int)t->snippet.len,
		t->snippet.ptr);
	l->len = l->len + (size_t)len < sizeof(l->text) ? l->len + (size_t)len : l->len;
}

static const struct provider *named(const char *name)
{
	const struct provider *p = provider_builtin_named(slice_of(name));

	assert_non_null(p);
	return p;
}

#define HTML_LINK(to) "<a rel=\"nofollow\" class=\"result__a\" href=\"" to "\">"

static void answers_have_results(void **state)
{
	static const struct {
		const char *name, *provider, *body, *lines;
	} rows[] = {
		{"Brave", "brave",
			"{\"type\":\"search\",\"web\":{\"results\":[{\"title\":\"A &amp; <strong>B</strong>\",\"url\":\"https://a.test/\",\"description\":\"x  <strong>y</strong>\"},{\"title\":\"<b>C\",\"url\":\"http://c.test/?a=1&b=2\"}]}}",
			"A & B|https://a.test/|x y\nC|http://c.test/?a=1&b=2|\n"},
		{"Google", "google",
			"{\"items\":[{\"title\":\"T\",\"link\":\"https://a.test\",\"snippet\":\"s\\n t\"}]}",
			"T|https://a.test|s t\n"},
		{"Bing", "bing",
			"{\"webPages\":{\"value\":[{\"name\":\"T\",\"url\":\"https://a.test\",\"snippet\":\"s\"}]}}",
			"T|https://a.test|s\n"},
		{"SearXNG", "searxng",
			"{\"query\":\"q\",\"results\":[{\"url\":\"https://a.test\",\"title\":\"T\",\"content\":\"s\"}],\"answers\":[]}",
			"T|https://a.test|s\n"},
		{"SearXNG's page", "searxng", "<html><a href=\"https://a.test\">", ""},
		{"Tavily", "tavily",
			"{\"results\":[{\"url\":\"https://a.test\",\"title\":\"T\",\"content\":\"s\",\"score\":0.9}]}",
			"T|https://a.test|s\n"},
		{"SerpApi", "serpapi",
			"{\"organic_results\":[{\"position\":1,\"title\":\"T\",\"link\":\"https://a.test\",\"snippet\":\"s\"}]}",
			"T|https://a.test|s\n"},
		{"Exa", "exa", "{\"results\":[{\"title\":null,\"url\":\"https://a.test\"}]}",
			"|https://a.test|\n"},
		{"Kagi", "kagi",
			"{\"data\":{\"search\":[{\"url\":\"https://a.test\",\"title\":\"T\",\"snippet\":\"s\"}]}}",
			"T|https://a.test|s\n"},
		{"Kagi, related searches", "kagi-v0",
			"{\"data\":[{\"t\":0,\"url\":\"https://a.test\",\"title\":\"T\"},{\"t\":1,\"list\":[\"x\"]}]}",
			"T|https://a.test|\n"},
		{"Perplexity, several queries", "perplexity",
			"{\"results\":[[{\"title\":\"A\",\"url\":\"https://a.test\",\"snippet\":\"s\"}],[{\"title\":\"B\",\"url\":\"https://b.test\",\"snippet\":\"s\"}]]}",
			"A|https://a.test|s\nB|https://b.test|s\n"},
		{"tags that a result is about", "tavily",
			"{\"results\":[{\"url\":\"https://a.test\",\"title\":\"The <script> tag\",\"content\":\"a < b\"}]}",
			"The <script> tag|https://a.test|a < b\n"},
		{"addresses that are none", "tavily",
			"{\"results\":[{\"url\":\"javascript:alert(1)\",\"title\":\"T\"},{\"url\":\"ftp://a.test\"},{\"url\":7},{}]}",
			""},
		{"control characters", "tavily",
			"{\"results\":[{\"url\":\"https://a.test\",\"title\":\"a\\u001b[31m\\u0000b\"}]}",
			""},
		{"no JSON", "tavily", "{\"results\":[{", ""},
		{"a list that is none", "tavily", "{\"results\":{}}", ""},
		{"nothing", "tavily", "", ""},
		{"DuckDuckGo", "duckduckgo",
			"<div class=\"result results_links\"><h2 class=\"result__title\">" HTML_LINK(
				"//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.test%2Fx%3Fy%3D1%26z&amp;rut=0a") "The <b>A</b> &amp; B</a></h2>"
													    "<a class=\"result__url\" href=\"x\"> a.test/x </a>"
													    "<a class=\"result__snippet\" href=\"x\">one <b>two</b>\n three&#x27;s</a></div>"
													    "<div class=\"result\">" HTML_LINK(
														    "https://b.test/") "B</a></div>",
			"The A & B|https://a.test/x?y=1&z|one two three's\nB|https://b.test/|\n"},
		{"DuckDuckGo's advertisements", "duckduckgo",
			HTML_LINK("//duckduckgo.com/y.js?ad_domain=c.test") "Ad</a>", ""},
		{"DuckDuckGo without results", "duckduckgo",
			"<div class=\"no-results\">No results.</div>", ""},
		{"Lite", "duckduckgo-lite",
			"<table><tr><td>1.&nbsp;</td><td><a rel=\"nofollow\" href=\"//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.test%2F&amp;rut=1\" class='result-link'>The <b>A</b></a></td></tr>"
			"<tr><td>&nbsp;</td><td class='result-snippet'>\n one <b>two</b>\n</td></tr>"
			"<tr><td><span class='link-text'>a.test</span></td></tr></table>",
			"The A|https://a.test/|one two\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct lines l = {.len = 0};
		search_results_read(named(rows[i].provider), slice_of(rows[i].body), on_text, &l);
		ROW_CHECK(rows[i].name, strcmp(l.text, rows[i].lines) == 0, "%s", l.text);
	}
	struct lines l = {.len = 0};
	search_results_read(NULL, SLICE("{}"), on_text, &l);
	assert_int_equal(l.count, 0);
}

/* `count` results whose URL has `len` bytes. */
static size_t count_results(size_t count, size_t len)
{
	struct lines *l = calloc(1, sizeof(*l));
	size_t size = count * (len + 16) + 64, used;
	char *body = malloc(size);

	assert_true(l && body);
	used = (size_t)snprintf(body, size, "{\"results\":[{}");
	for (size_t i = 0; i < count; i++) {
		used += (size_t)snprintf(body + used, size - used, ",{\"url\":\"https://");
		memset(body + used, 'a', len - 8);
		used += len - 8;
		used += (size_t)snprintf(body + used, size - used, "\"}");
	}
	used += (size_t)snprintf(body + used, size - used, "]}");
	search_results_read(named("tavily"), slice_from(body, used), on_text, l);
	size_t told = l->count;
	free(body);
	free(l);
	return told;
}

static void bounds_hold(void **state)
{
	(void)state;
	assert_int_equal(count_results(1, LIMIT_SEARCH_RESULT_BYTES), 1);
	assert_int_equal(count_results(1, LIMIT_SEARCH_RESULT_BYTES + 1), 0);
	assert_int_equal(count_results(LIMIT_SEARCH_RESULTS, 20), LIMIT_SEARCH_RESULTS);
	assert_int_equal(count_results(LIMIT_SEARCH_RESULTS + 1, 20), LIMIT_SEARCH_RESULTS);
	assert_int_equal(count_results(1, LIMIT_SEARCH_ANSWER), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_have_results),
		cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
