/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/searches.h"

#include <stdlib.h>

#define BRAVE  "GET https://api.search.brave.com/res/v1/web/search"
#define GOOGLE "GET https://www.googleapis.com/customsearch/v1"
#define BING   "GET https://api.bing.microsoft.com/v7.0/search"
#define DDG    "https://html.duckduckgo.com/html/"
#define TAVILY "POST https://api.tavily.com/search json "
#define EXA    "POST https://api.exa.ai/search json "
#define SERP   "GET https://serpapi.com/search"
#define KAGI   "https://kagi.com/api/v1/search"
#define PPLX   "POST https://api.perplexity.ai/search json "
#define SEARX  "https://searx.corp.example/search"

static const char config[] =
	"allowed_web_search_modes = [\"cached\"]\n"
	"[[search.providers]]\nname = \"searxng\"\nhosts = [\"searx.corp.example\"]\n"
	"[[search.providers]]\nname = \"corp\"\nhosts = [\"*.find.corp.example\", \"10.0.0.7:8080\"]\n"
	"paths = [\"/api/find\"]\nmethods = [\"GET\", \"POST\"]\nbody = \"json\"\nquery = [\"q\", \"words\"]\n"
	"secrets = [\"pass\"]\nignore = [\"trace\"]\nshow = [\"lang\"]\n"
	"defaults = { size = 10, order = \"best\", all = false, tags = [] }\n";

static int set_up(void **state)
{
	struct loaded *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	load(l, config, NULL);
	if (!l->config)
		print_error("%s\n", l->fault);
	assert_non_null(l->config);
	*state = l;
	return 0;
}

static int tear_down(void **state)
{
	struct loaded *l = *state;

	config_free(l->config);
	free(l);
	return 0;
}

static const struct policy *policy_of(void **state)
{
	return ((struct loaded *)*state)->config->policy;
}

/* ---- keys ---------------------------------------------------------------------------------- */

struct pair {
	const char *name, *one, *other;
};

static bool same_key(const struct policy *p, const struct pair *row)
{
	struct search one, other;
	const char *why = "no search";

	ROW_CHECK(row->name, ask(p, row->one, &one, &why) == SEARCH_OK, "%s: %s", row->one, why);
	ROW_CHECK(row->name, ask(p, row->other, &other, &why) == SEARCH_OK, "%s: %s", row->other,
		why);
	bool same = memcmp(&one.key, &other.key, sizeof(one.key)) == 0;
	ROW_CHECK(row->name, same == (strcmp(one.canonical, other.canonical) == 0), "%s | %s",
		one.canonical, other.canonical);
	search_done(&one);
	search_done(&other);
	return same;
}

static void what_is_the_same_has_one_key(void **state)
{
	static const struct pair rows[] = {
		{"order", BRAVE "?q=a&freshness=pd", BRAVE "?freshness=pd&q=a"},
		{"percent-encoding", BRAVE "?q=a%62c", BRAVE "?q=abc"},
		{"encoding in either case", BRAVE "?q=%c3%bc", BRAVE "?q=%C3%BC"},
		{"encoded name", BRAVE "?%71=a", BRAVE "?q=a"},
		{"case of a known name", BRAVE "?Q=a&Freshness=pd", BRAVE "?q=a&freshness=pd"},
		{"plus and space", BRAVE "?q=a+b", BRAVE "?q=a%20b"},
		{"white space in a row", BRAVE "?q=a++%09%0Ab", BRAVE "?q=a+b"},
		{"white space at the ends", BRAVE "?q=+a+", BRAVE "?q=a"},
		{"space of other scripts", BRAVE "?q=a%E3%80%80b%C2%A0c", BRAVE "?q=a+b+c"},
		{"composed and not", BRAVE "?q=u%CC%88", BRAVE "?q=%C3%BC"},
		{"Hangul", BRAVE "?q=%E1%84%80%E1%85%A1", BRAVE "?q=%EA%B0%80"},
		{"marks in another order", BRAVE "?q=q%CC%A3%CC%87", BRAVE "?q=q%CC%87%CC%A3"},
		{"empty pieces", BRAVE "?&q=a&&", BRAVE "?q=a"},
		{"HEAD", "HEAD https://api.search.brave.com/res/v1/web/search?q=a", BRAVE "?q=a"},
		{"slash at the end", BRAVE "/?q=a", BRAVE "?q=a"},
		{"a port said", "GET https://api.search.brave.com:443/res/v1/web/search?q=a",
			BRAVE "?q=a"},
		{"a host in capitals", "GET https://API.Search.Brave.com./res/v1/web/search?q=a",
			BRAVE "?q=a"},
		{"Brave's defaults",
			BRAVE
			"?q=a&count=20&offset=0&safesearch=moderate&country=US&search_lang=en&ui_lang=en-US&text_decorations=true&spellcheck=true",
			BRAVE "?q=a"},
		{"Google's defaults", GOOGLE "?q=a&cx=1&num=10&start=1&alt=json",
			GOOGLE "?cx=1&q=a"},
		{"Google's client", GOOGLE "?q=a&cx=1&key=s3cret&quotaUser=me&prettyPrint=false",
			GOOGLE "?q=a&cx=1"},
		{"Bing's defaults",
			BING
			"?q=a&count=10&offset=0&safeSearch=Moderate&textDecorations=false&textFormat=Raw",
			BING "?q=a"},
		{"DuckDuckGo by form", "GET " DDG "?q=a+b", "POST " DDG " form q=a%20b"},
		{"DuckDuckGo's first page",
			"POST " DDG " form q=a&b=&df=", "POST " DDG " form q=a"},
		{"DuckDuckGo's visit", "POST " DDG " form q=a&s=10&vqd=4-1",
			"POST " DDG " form s=10&q=a&vqd=4-2"},
		{"form and URL", "POST " DDG "?kl=de-de form q=a", "GET " DDG "?q=a&kl=de-de"},
		{"Lite", "GET https://lite.duckduckgo.com/lite/?q=a",
			"POST https://lite.duckduckgo.com/lite form q=a"},
		{"SearXNG's defaults", "GET " SEARX "?q=a&pageno=1&format=html",
			"GET " SEARX "?q=a"},
		{"SearXNG by form", "POST " SEARX " form q=a&format=json",
			"GET " SEARX "?q=a&format=json"},
		{"Tavily's defaults",
			TAVILY
			"{\"query\":\"a\",\"max_results\":5,\"include_answer\":false,\"include_domains\":[]}",
			TAVILY "{\"query\":\"a\"}"},
		{"Tavily's key in the content", TAVILY "{\"api_key\":\"s3cret\",\"query\":\"a\"}",
			TAVILY "{\"query\":\"a\"}"},
		{"order of members", TAVILY "{\"days\":3,\"query\":\"a\"}",
			TAVILY "{ \"query\" : \"a\" , \"days\" : 3 }"},
		{"numbers by value", TAVILY "{\"query\":\"a\",\"days\":30}",
			TAVILY "{\"query\":\"a\",\"days\":3.0e1}"},
		{"a default by value", TAVILY "{\"query\":\"a\",\"max_results\":5.0}",
			TAVILY "{\"query\":\"a\"}"},
		{"strings by value", TAVILY "{\"query\":\"\\u0061\",\"x\":\"\\u00fc\\/\"}",
			TAVILY "{\"query\":\"a\",\"x\":\"\303\274/\"}"},
		{"inner order", EXA "{\"query\":\"a\",\"contents\":{\"text\":true,\"n\":[1,2.0]}}",
			EXA "{\"query\":\"a\",\"contents\":{\"n\":[1.0,2],\"text\":true}}"},
		{"inner secrets",
			EXA "{\"query\":\"a\",\"contents\":{\"n\":1,\"api_key\":\"s3cret\"}}",
			EXA "{\"query\":\"a\",\"contents\":{\"n\":1}}"},
		{"Exa's defaults", EXA "{\"query\":\"a\",\"numResults\":10,\"type\":\"auto\"}",
			EXA "{\"query\":\"a\"}"},
		{"SerpApi's key and client",
			SERP
			"?q=a&api_key=s3cret&source=python&no_cache=true&engine=google&output=json",
			SERP "?q=a"},
		{"Kagi", "GET " KAGI "?q=a&workflow=search", "GET " KAGI "?q=a"},
		{"Perplexity's defaults", PPLX "{\"query\":\"a\",\"max_results\":10}",
			PPLX "{\"query\":\"a\"}"},
		{"white space in one of several", PPLX "{\"query\":[\"a  b\",\" c\"]}",
			PPLX "{\"query\":[\"a b\",\"c\"]}"},
		{"own defaults",
			"GET https://a.find.corp.example/api/find?q=a&size=10&order=best&all=false",
			"GET https://a.find.corp.example/api/find?q=a"},
		{"own secret and trace",
			"GET https://a.find.corp.example/api/find?q=a&PASS=x&trace=1",
			"GET https://a.find.corp.example/api/find?q=a"},
		{"own defaults in JSON",
			"POST https://a.find.corp.example/api/find json {\"words\":\"a\",\"tags\":[],\"size\":1e1,\"all\":false}",
			"POST https://a.find.corp.example/api/find json {\"words\":\"a\"}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name, same_key(policy_of(state), &rows[i]), "two keys");
}

static void what_differs_has_two_keys(void **state)
{
	static const struct pair rows[] = {
		{"query", BRAVE "?q=a", BRAVE "?q=b"},
		{"case of the query", BRAVE "?q=Apple", BRAVE "?q=apple"},
		{"a character inside", BRAVE "?q=ab", BRAVE "?q=a+b"},
		{"compatible characters", BRAVE "?q=%EF%AC%81", BRAVE "?q=fi"},
		{"zero width space", BRAVE "?q=a%E2%80%8Bb", BRAVE "?q=ab"},
		{"count", BRAVE "?q=a&count=10", BRAVE "?q=a"},
		{"a default in other digits", BRAVE "?q=a&count=020", BRAVE "?q=a"},
		{"a default said twice", BRAVE "?q=a&count=20&count=10", BRAVE "?q=a&count=10"},
		{"order of two with one name", BRAVE "?q=a&goggles=1&goggles=2",
			BRAVE "?q=a&goggles=2&goggles=1"},
		{"empty and absent", BRAVE "?q=a&freshness=", BRAVE "?q=a"},
		{"unknown and absent", BRAVE "?q=a&zz=1", BRAVE "?q=a"},
		{"unknown by value", BRAVE "?q=a&zz=1", BRAVE "?q=a&zz=2"},
		{"unknown by case", BRAVE "?q=a&zz=1", BRAVE "?q=a&ZZ=1"},
		{"unknown by what is between", BRAVE "?q=a&z=1&y=2", BRAVE "?q=a&z=1%26y%3D2"},
		{"page that a token means", BRAVE "?q=a&page_token=1", BRAVE "?q=a&page_token=2"},
		{"by JSON",
			"POST https://api.search.brave.com/res/v1/web/search json {\"q\":\"a\"}",
			BRAVE "?q=a"},
		{"by plain HTTP", "GET http://api.search.brave.com/res/v1/web/search?q=a",
			BRAVE "?q=a"},
		{"another of Google's engines", GOOGLE "?q=a&cx=1", GOOGLE "?q=a&cx=2"},
		{"another of Google's paths", GOOGLE "?q=a&cx=1", GOOGLE "/siterestrict?q=a&cx=1"},
		{"another provider", BING "?q=a", BRAVE "?q=a"},
		{"DuckDuckGo and Lite", "GET " DDG "?q=a",
			"GET https://lite.duckduckgo.com/lite/?q=a"},
		{"region", "GET " DDG "?q=a&kl=de-de", "GET " DDG "?q=a&kl=us-en"},
		{"format", "GET " SEARX "?q=a&format=json", "GET " SEARX "?q=a"},
		{"said in URL and form", "POST " SEARX "?pageno=2 form q=a&pageno=2",
			"POST " SEARX " form q=a&pageno=2"},
		{"depth", TAVILY "{\"query\":\"a\",\"search_depth\":\"advanced\"}",
			TAVILY "{\"query\":\"a\"}"},
		{"null and absent", TAVILY "{\"query\":\"a\",\"days\":null}",
			TAVILY "{\"query\":\"a\"}"},
		{"number and string", TAVILY "{\"query\":\"a\",\"days\":3}",
			TAVILY "{\"query\":\"a\",\"days\":\"3\"}"},
		{"near numbers", TAVILY "{\"query\":\"a\",\"days\":0.1}",
			TAVILY "{\"query\":\"a\",\"days\":0.10000000000000002}"},
		{"large numbers", TAVILY "{\"query\":\"a\",\"days\":9007199254740993}",
			TAVILY "{\"query\":\"a\",\"days\":9007199254740992}"},
		{"order of a list", TAVILY "{\"query\":\"a\",\"x\":[1,2]}",
			TAVILY "{\"query\":\"a\",\"x\":[2,1]}"},
		{"inner members", EXA "{\"query\":\"a\",\"contents\":{\"text\":true}}",
			EXA "{\"query\":\"a\",\"contents\":{\"text\":false}}"},
		{"parameter of the URL beside JSON",
			"POST https://api.exa.ai/search?numResults=3 json {\"query\":\"a\"}",
			EXA "{\"query\":\"a\",\"numResults\":3}"},
		{"SerpApi's engine", SERP "?q=a&engine=bing", SERP "?q=a"},
		{"SerpApi later", SERP "?q=a&async=true", SERP "?q=a"},
		{"Kagi's versions", "GET https://kagi.com/api/v0/search?q=a", "GET " KAGI "?q=a"},
		{"one and a list of one", PPLX "{\"query\":\"a\"}", PPLX "{\"query\":[\"a\"]}"},
		{"two and one with a bar", PPLX "{\"query\":[\"a\",\"b\"]}",
			PPLX "{\"query\":[\"a | b\"]}"},
		{"order of queries", PPLX "{\"query\":[\"a\",\"b\"]}",
			PPLX "{\"query\":[\"b\",\"a\"]}"},
		{"own hosts", "GET https://a.find.corp.example/api/find?q=a",
			"GET https://b.find.corp.example/api/find?q=a"},
		{"own names of the query", "GET https://a.find.corp.example/api/find?q=a",
			"GET https://a.find.corp.example/api/find?words=a"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name, !same_key(policy_of(state), &rows[i]), "one key");
}

/* A key that changes makes every store useless, so it must not change by accident. */
static void keys_stay_what_they_are(void **state)
{
	static const struct {
		const char *name, *line, *key;
	} rows[] = {
		{"GET", BRAVE "?q=hello+world",
			"7bb1674c4c547601a7ab12ee77903dc437de95b379b4616c33bf62004f606678"},
		{"JSON", TAVILY "{\"query\":\"hello world\",\"days\":3}",
			"567160728c979506c13c0a400c2dc658f5835bacc0144b0c9851f65b88c0fc7e"},
	};
	char key[SEARCH_KEY_TEXT_SIZE];
	const char *why;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s;
		struct search_key back;
		assert_int_equal(ask(policy_of(state), rows[i].line, &s, &why), SEARCH_OK);
		search_key_format(&s.key, key);
		ROW_CHECK(rows[i].name, strcmp(key, rows[i].key) == 0, "%s", key);
		assert_true(search_key_parse(slice_of(key), &back));
		assert_memory_equal(&back, &s.key, sizeof(back));
		assert_false(search_key_parse(slice_from(key, 63), &back));
		key[5] = 'g';
		assert_false(search_key_parse(slice_of(key), &back));
		search_done(&s);
	}
}

/* ---- texts --------------------------------------------------------------------------------- */

static void people_see_what_is_asked(void **state)
{
	static const struct {
		const char *name, *line, *provider, *text, *canonical;
	} rows[] = {
		{"plain", BRAVE "?q=hello++world&count=5", "brave", "hello world",
			"brave api.search.brave.com:443/res/v1/web/search count=\"5\" q=\"hello world\""},
		{"JSON",
			TAVILY
			"{\"query\":\"\\u4f60\\u597d\",\"days\":3,\"include_domains\":[\"a.test\"]}",
			"tavily", "\344\275\240\345\245\275",
			"tavily api.tavily.com:443/search days:3 include_domains:[\"a.test\"] query:\"\344\275\240\345\245\275\""},
		{"several", PPLX "{\"query\":[\"a\",\"b\"]}", "perplexity", "a | b",
			"perplexity api.perplexity.ai:443/search query[]:\"a\" query[]:\"b\""},
		{"unknown name", BRAVE "?q=a&zz=1", "brave", "a",
			"brave api.search.brave.com:443/res/v1/web/search q=\"a\" zz=#6b86b273ff34fce1"},
		{"unknown name that is no word", BRAVE "?q=a&z9=1", "brave", "a",
			"brave api.search.brave.com:443/res/v1/web/search q=\"a\" #91154e3dc6d41b78=#6b86b273ff34fce1"},
		{"value that is not UTF-8", BRAVE "?q=a&freshness=%FF", "brave", "a",
			"brave api.search.brave.com:443/res/v1/web/search freshness=#a8100ae6aa1940d0 q=\"a\""},
		{"quotes", "GET " SEARX "?q=%22a%22%5C", "searxng", "\"a\"\\",
			"searxng searx.corp.example:443/search q=\"\\\"a\\\"\\\\\""},
		{"SearXNG's root", "GET https://searx.corp.example/?q=a", "searxng", "a",
			"searxng searx.corp.example:443/ q=\"a\""},
		{"address and port", "GET http://10.0.0.7:8080/api/find?q=a&lang=de", "corp", "a",
			"corp 10.0.0.7:8080/api/find lang=\"de\" q=\"a\""},
	};
	const char *why = "";

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s;
		ROW_CHECK(rows[i].name, ask(policy_of(state), rows[i].line, &s, &why) == SEARCH_OK,
			"%s", why);
		ROW_CHECK(rows[i].name, strcmp(s.provider->name, rows[i].provider) == 0, "%s",
			s.provider->name);
		ROW_CHECK(rows[i].name, strcmp(s.text, rows[i].text) == 0, "%s", s.text);
		ROW_CHECK(rows[i].name, strcmp(s.canonical, rows[i].canonical) == 0, "%s",
			s.canonical);
		search_done(&s);
	}
}

static void secrets_are_nowhere(void **state)
{
	static const struct pair rows[] = {
		{"Google", GOOGLE "?q=a&cx=1&key=hunter2", GOOGLE "?q=a&cx=1"},
		{"Google by OAuth", GOOGLE "?q=a&cx=1&access_token=hunter2&oauth_token=hunter2",
			GOOGLE "?q=a&cx=1"},
		{"Bing", BING "?q=a&Subscription-Key=hunter2", BING "?q=a"},
		{"SerpApi", SERP "?q=a&API_KEY=hunter2", SERP "?q=a"},
		{"encoded name", SERP "?q=a&api%5Fkey=hunter2", SERP "?q=a"},
		{"twice", SERP "?api_key=hunter2&q=a&api_key=hunter2", SERP "?q=a"},
		{"Tavily", TAVILY "{\"query\":\"a\",\"api_key\":\"hunter2\"}",
			TAVILY "{\"query\":\"a\"}"},
		{"a secret that is a table",
			TAVILY "{\"query\":\"a\",\"auth\":{\"x\":\"hunter2\"}}",
			TAVILY "{\"query\":\"a\"}"},
		{"deep inside",
			EXA "{\"query\":\"a\",\"contents\":[{\"x\":{\"Api-Key\":\"hunter2\"}}]}",
			EXA "{\"query\":\"a\",\"contents\":[{\"x\":{}}]}"},
		{"in the URL beside JSON",
			"POST https://api.exa.ai/search?apikey=hunter2 json {\"query\":\"a\"}",
			EXA "{\"query\":\"a\"}"},
		{"own", "GET https://a.find.corp.example/api/find?q=a&pass=hunter2",
			"GET https://a.find.corp.example/api/find?q=a"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search s;
		const char *why = "";
		ROW_CHECK(rows[i].name, ask(policy_of(state), rows[i].one, &s, &why) == SEARCH_OK,
			"%s", why);
		ROW_CHECK(rows[i].name,
			!strstr(s.canonical, "hunter2") && !strstr(s.text, "hunter2"), "%s",
			s.canonical);
		search_done(&s);
		ROW_CHECK(rows[i].name, same_key(policy_of(state), &rows[i]), "two keys");
	}
}

/* Of an unknown parameter there is only a fingerprint. */
static void unknown_values_are_not_told(void **state)
{
	static const char *const lines[] = {
		BRAVE "?q=a&zz=hunter2",
		BRAVE "?q=a&hunter2=1",
		BRAVE "?q=a&hunter2",
		TAVILY "{\"query\":\"a\",\"zz\":{\"x\":\"hunter2\"}}",
		TAVILY "{\"query\":\"a\",\"hunter2\":1}",
	};
	const char *why;

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct search s;
		assert_int_equal(ask(policy_of(state), lines[i], &s, &why), SEARCH_OK);
		ROW_CHECK(lines[i], !strstr(s.canonical, "hunter2"), "%s", s.canonical);
		search_done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same_has_one_key),
		cmocka_unit_test(what_differs_has_two_keys),
		cmocka_unit_test(keys_stay_what_they_are),
		cmocka_unit_test(people_see_what_is_asked),
		cmocka_unit_test(secrets_are_nowhere),
		cmocka_unit_test(unknown_values_are_not_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
