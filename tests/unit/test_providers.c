/* SPDX-License-Identifier: Apache-2.0 */
/* [[search.providers]] of two files and the built-in ones, as one set. */
#include "policy/providers.h"
#include "tests/unit/searches.h"

#include <stdlib.h>

#define CORP                                                                                       \
	"[[search.providers]]\nname = \"corp\"\nhosts = [\"find.corp.example\"]\npaths = "         \
	"[\"/find\"]\nquery = \"q\"\n"

/* "NAME", or "none". */
static const char *provider_of(const struct loaded *l, const char *line)
{
	static char name[64];
	struct search s;
	const char *why = "";

	enum search_result result = ask(l->config->policy, line, &s, &why);
	if (result != SEARCH_OK)
		return result == SEARCH_NONE ? "none" : why;
	snprintf(name, sizeof(name), "%s", s.provider->name);
	search_done(&s);
	return name;
}

static void files_and_table_are_one_set(void **state)
{
	static const char brave[] = "GET https://api.search.brave.com/res/v1/web/search?q=a";
	static const struct {
		const char *name, *config, *requirements, *line, *provider;
	} rows[] = {
		{"built-in", "", NULL, brave, "brave"},
		{"own", CORP, NULL, "GET https://find.corp.example/find?q=a", "corp"},
		{"own, of the requirements", "", CORP, "GET https://find.corp.example/find?q=a",
			"corp"},
		{"own beside built-in", CORP, NULL, brave, "brave"},
		{"template without hosts", "", NULL, "GET https://find.corp.example/search?q=a",
			"none"},
		{"template with hosts",
			"[[search.providers]]\nname = \"searxng\"\nhosts = [\"find.corp.example\"]\n",
			NULL, "GET https://find.corp.example/search?q=a", "searxng"},
		{"like a template",
			"[[search.providers]]\nname = \"corp\"\nlike = \"searxng\"\nhosts = [\"find.corp.example\"]\n",
			NULL, "GET https://find.corp.example/search?q=a", "corp"},
		{"built-in elsewhere",
			"[[search.providers]]\nname = \"brave\"\nhosts = [\"brave.corp.example\"]\n",
			NULL, "GET https://brave.corp.example/res/v1/web/search?q=a", "brave"},
		{"and no more where it was",
			"[[search.providers]]\nname = \"brave\"\nhosts = [\"brave.corp.example\"]\n",
			NULL, brave, "none"},
		{"own one before a built-in one",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\n", NULL, brave,
			"corp"},
		{"requirements before the configuration",
			"[[search.providers]]\nname = \"one\"\nlike = \"brave\"\n",
			"[[search.providers]]\nname = \"two\"\nlike = \"brave\"\n", brave, "two"},
		{"requirements pin a provider", CORP,
			"[[search.providers]]\nname = \"corp\"\nhosts = [\"x.example\"]\npaths = [\"/\"]\nquery = \"q\"\n",
			"GET https://find.corp.example/find?q=a", "none"},
		{"only the requirements open names", CORP, "managed_allowed_domains_only = true\n",
			"GET https://find.corp.example/find?q=a", "none"},
		{"they open theirs", "", "managed_allowed_domains_only = true\n" CORP,
			"GET https://find.corp.example/find?q=a", "corp"},
		{"an ignored one leaves the built-in one alone",
			"[[search.providers]]\nname = \"brave\"\nhosts = [\"x.example\"]\n",
			"managed_allowed_domains_only = true\n", brave, "brave"},
		{"a host below",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"*.corp.example\"]\n",
			NULL, "GET https://a.b.corp.example/res/v1/web/search?q=a", "corp"},
		{"not the host itself",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"*.corp.example\"]\n",
			NULL, "GET https://corp.example/res/v1/web/search?q=a", "none"},
		{"the host and below",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"**.corp.example\"]\n",
			NULL, "GET https://corp.example/res/v1/web/search?q=a", "corp"},
		{"not what ends like it",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"**.corp.example\"]\n",
			NULL, "GET https://evilcorp.example/res/v1/web/search?q=a", "none"},
		{"a port",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"corp.example:8080\"]\n",
			NULL, "GET http://corp.example:8080/res/v1/web/search?q=a", "corp"},
		{"not the usual ports then",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"corp.example:8080\"]\n",
			NULL, "GET http://corp.example/res/v1/web/search?q=a", "none"},
		{"an address in another form",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"10.0.0.7\"]\n",
			NULL, "GET http://[::ffff:10.0.0.7]/res/v1/web/search?q=a", "corp"},
		{"not another address",
			"[[search.providers]]\nname = \"corp\"\nlike = \"brave\"\nhosts = [\"10.0.0.7\"]\n",
			NULL, "GET http://10.0.0.8/res/v1/web/search?q=a", "none"},
	};
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		load(&l, rows[i].config, rows[i].requirements);
		ROW_CHECK(rows[i].name, l.config, "%s", l.fault);
		const char *provider = provider_of(&l, rows[i].line);
		ROW_CHECK(rows[i].name, strcmp(provider, rows[i].provider) == 0, "%s", provider);
		config_free(l.config);
	}
}

static void operators_hear_what_is_ignored(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, "unlisted = \"deny\"\n" CORP, "managed_allowed_domains_only = true\n");
	assert_non_null(l.config);
	assert_non_null(strstr(l.notices,
		"c.toml:2: provider \"corp\" is ignored: managed_allowed_domains_only\n"));
	config_free(l.config);
	load(&l, CORP, CORP);
	assert_non_null(l.config);
	assert_non_null(
		strstr(l.notices, "c.toml:1: provider \"corp\" is ignored: r.toml:1 pins it\n"));
	config_free(l.config);
}

/* Every built-in one is whole, and what it says of itself is read back. */
static void the_table_is_sound(void **state)
{
	const struct provider *p;
	char sentence[400];
	struct loaded l;
	size_t without = 0, i;

	(void)state;
	load(&l, "", NULL);
	for (i = 0; (p = provider_builtin(i)) != NULL; i++) {
		ROW_CHECK(p->name, provider_builtin_named(slice_of(p->name)) == p, "named twice");
		ROW_CHECK(p->name, strlen(p->name) <= LIMIT_PROVIDER_NAME, "too long");
		ROW_CHECK(p->name,
			((p->methods & PROVIDER_POST) != 0) == (p->body != PROVIDER_NO_BODY),
			"POST and body");
		without += !p->hosts[0];
		for (struct slice rest = slice_of(p->hosts); rest.len > 0;)
			ROW_CHECK(p->name,
				providers_check_host(
					provider_word(&rest), sentence, sizeof(sentence)),
				"%s", sentence);
		const char *const lists[] = {p->query, p->shown, p->ignored};
		for (size_t k = 0; k < COUNT(lists); k++)
			for (struct slice rest = slice_of(lists[k]), name; rest.len > 0;) {
				name = provider_word(&rest);
				ROW_CHECK(p->name, name.len > 0 && !provider_is_secret(name),
					"%.*s", (int)name.len, name.ptr);
			}
		const struct provider *stored =
			policy_provider_named(l.config->policy, slice_of(p->name));
		ROW_CHECK(p->name, (stored != NULL) == (p->hosts[0] != '\0'), "stored");
	}
	assert_int_equal(without, 1);
	assert_non_null(policy_provider(l.config->policy, i - 2));
	assert_null(policy_provider(l.config->policy, i - 1));
	config_free(l.config);
}

static void secrets_have_many_names(void **state)
{
	static const struct {
		const char *name;
		bool secret;
	} rows[] = {
		{"key", true},
		{"api_key", true},
		{"apikey", true},
		{"API-Key", true},
		{"x-api-key", true},
		{"token", true},
		{"access_token", true},
		{"accessToken", true},
		{"subscription-key", true},
		{"Ocp-Apim-Subscription-Key", true},
		{"password", true},
		{"client_secret", true},
		{"Authorization", true},
		{"sessionid", true},
		{"keyword", false},
		{"keys", false},
		{"pageToken", false},
		{"next_page_token", false},
		{"q", false},
		{"max_tokens", false},
		{"session_topic", false},
		{"", false},
		{"_", false},
		{"a-name-that-is-longer-than-all-of-them-together", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		ROW_CHECK(rows[i].name,
			provider_is_secret(slice_of(rows[i].name)) == rows[i].secret, "%d",
			!rows[i].secret);
}

static void what_is_shown_loads_again(void **state)
{
	static const char own[] = CORP
		"methods = [\"GET\", \"POST\"]\nbody = \"json\"\nsecrets = \"pin\"\n"
		"ignore = [\"a\", \"b\"]\ndefaults = { size = 10, way = \"up\", all = true, tags = [] }\n"
		"results = { list = \"r\", url = \"u.v\" }\n";
	struct loaded first, again;
	char *text = NULL, difference[256];
	size_t size;

	(void)state;
	load(&first, own, NULL);
	assert_non_null(first.config);
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	config_show(first.config, out, false);
	fclose(out);
	assert_non_null(strstr(text, "\n[[search.providers]]  # c.toml:1\nname = \"corp\"\n"));
	load(&again, text, NULL);
	if (!again.config)
		print_error("%s\n", again.fault);
	assert_non_null(again.config);
	const struct provider *p = policy_provider_named(again.config->policy, SLICE("corp"));
	assert_non_null(p);
	assert_string_equal(p->defaults, "size=10\nway=\"up\"\nall=true\ntags=[]");
	assert_string_equal(p->url, "u.v");
	assert_string_equal(p->file, "c.toml");
	config_difference(first.config, again.config, difference, sizeof(difference));
	assert_string_equal(difference, "nothing changed");
	config_free(again.config);
	load(&again, CORP, NULL);
	config_difference(first.config, again.config, difference, sizeof(difference));
	assert_string_equal(difference, "search providers: changed, 1 before and 1 now");
	config_free(again.config);
	config_free(first.config);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_table_are_one_set),
		cmocka_unit_test(operators_hear_what_is_ignored),
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(secrets_have_many_names),
		cmocka_unit_test(what_is_shown_loads_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
