/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a load fails once, in turn: the load is refused or works, and nothing is left
 * behind (the sanitized run watches that). The linker puts these functions before the C library's. */
#include "tests/unit/searches.h"

#include <stdlib.h>

static long left = -1; /* allocations that still succeed; -1: all */

static bool starved(void)
{
	if (left < 0)
		return false;
	return left == 0 || left-- == 0;
}

/* The names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__real__Znwm(size_t size);
void _ZSt17__throw_bad_allocv(void) __attribute__((noreturn));

void *__wrap_malloc(size_t size)
{
	return starved() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return starved() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return starved() ? NULL : __real_realloc(at, size);
}

char *__wrap_strdup(const char *text)
{
	return starved() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
	return starved() ? NULL : __real_strndup(text, len);
}

/* operator new(unsigned long) of the C++ file. */
void *__wrap__Znwm(size_t size)
{
	if (starved())
		_ZSt17__throw_bad_allocv();
	return __real__Znwm(size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void out_of_memory_refuses_the_load(void **state)
{
	static const char config[] =
		"allowed_domains = [\"a.example\", { domain = \"wiki.example\", addresses = "
		"[\"10.0.0.0/8\"] }]\nsandbox_mode = \"x\"\nhttp_port = 1\n"
		"[listen]\ncontrol = [\"unix:/run/s.sock\"]\n"
		"[otel.exporter.otlp-http]\nheaders = { key = \"value\" }\n"
		"[state]\ndirectory = \"/s\"\n"
		"[[search.providers]]\nname = \"corp\"\nlike = \"exa\"\nhosts = [\"a.test\"]\n"
		"defaults = { a = 1 }\n";
	static const char requirements[] =
		"managed_allowed_domains_only = true\nstate.directory = \"/t\"\n"
		"[network.domains]\n\"b.example\" = \"allow\"\n\"c.example\" = \"deny\"\n"
		"[[network.rules]]\ndomain = \"c.example\"\nmethods = [\"GET\"]\n"
		"query = { a = [\"b\", \"c\"] }\naction = \"allow\"\n"
		"strip_headers = [\"d\"]\ninject = { header = \"e\", file = \"/f\" }\n"
		"[[network.rules]]\ndomain = \"c.example\"\naction = \"allow\"\n"
		"inject = { header = \"g\", command = [\"h\", \"i\"], placeholder = \"12345678\" }\n";
	struct loaded l;
	long refused = 0;
	(void)state;
	for (long at = 0;; at++) {
		left = at;
		load(&l, config, requirements);
		bool enough = left > 0;
		left = -1;
		if (l.config && enough) {
			config_free(l.config);
			break;
		}
		/* A starved notice may be left out; a starved value may not. */
		if (l.config)
			assert_string_equal(judged(l.config, "a.example:443"), "not_allowed");
		else
			assert_true(l.fault[0] != '\0');
		refused += !l.config;
		config_free(l.config);
	}
	assert_true(refused > 50);
}

static void out_of_memory_refuses_the_search(void **state)
{
	static const char *const lines[] = {
		"GET https://api.search.brave.com/res/v1/web/search?q=%C3%BCber+a&count=3&x=1",
		"POST https://api.perplexity.ai/search json {\"query\":[\"a\",\"b\"],\"x\":{\"y\":[1.0]}}"};
	struct loaded l;
	(void)state;
	load(&l, "", "");
	for (size_t i = 0; i < COUNT(lines); i++) {
		enum search_result result = SEARCH_NONE;
		for (long at = 0; result != SEARCH_OK; at++) {
			struct search s = {.provider = NULL};
			const char *why = "";
			left = at;
			result = ask(l.config->policy, lines[i], &s, &why);
			left = -1;
			assert_true(result == SEARCH_OK || result == SEARCH_NO_MEMORY);
			search_done(&s);
		}
	}
	config_free(l.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(out_of_memory_refuses_the_load),
		cmocka_unit_test(out_of_memory_refuses_the_search)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
