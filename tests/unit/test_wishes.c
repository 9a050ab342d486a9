/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/configs.h"
#include "tests/unit/rules.h"

#include "control/wishes.h"

#include <stdio.h>
#include <stdlib.h>

/* A history is words: "host:port" and how it went on.
 *   +  approved   -  denied   3  expired after three asks   !  approved for any protocol */
static void add(struct wishes *w, struct slice word)
{
	char text[300];
	struct question q = {.state = QUESTION_EXPIRED, .asks = 1};
	struct grant g = {.allow = true, .has_protocol = true, .protocol = PORT_RAW};
	char end = word.ptr[word.len - 1];

	snprintf(text, sizeof(text), "%.*s", (int)word.len - 1, word.ptr);
	q.target = rules_target(text);
	if (end == '+' || end == '!')
		q.state = QUESTION_APPROVED;
	else if (end == '-')
		q.state = QUESTION_DENIED;
	else
		q.asks = (uint32_t)(end - '0');
	wishes_add(w, &q, end == '!' ? &g : NULL);
}

static void deny(struct wishes *w, const char *pattern)
{
	struct grant g = {.allow = false};
	char sentence[256];

	assert_true(pattern_parse(slice_of(pattern), &g.pattern, sentence, sizeof(sentence)));
	wishes_decided(w, &g);
}

static void add_all(struct wishes *w, const char *history)
{
	struct slice rest = slice_of(history);

	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ' '));
		add(w, word);
		rest = slice_after(rest, word.len + 1);
	}
}

/* What is suggested has to load as it is pasted, and to allow what was approved. */
static void check_it_loads(const char *name, const char *toml, const char *history)
{
	struct loaded l;
	struct slice rest = slice_of(history);
	char text[300];

	load(&l, toml, NULL);
	ROW_CHECK(name, l.config != NULL, "%s", l.fault);
	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ' '));
		snprintf(text, sizeof(text), "%.*s", (int)word.len - 1, word.ptr);
		bool approved = word.ptr[word.len - 1] == '+' && toml[0];
		ROW_CHECK(name, !approved || strcmp(judged(l.config, text), "allowed") == 0, "%s",
			text);
		rest = slice_after(rest, word.len + 1);
	}
	config_free(l.config);
}

static void suggestions_are_what_was_wanted_and_never_denied(void **state)
{
	static const struct {
		const char *name, *history, *denial, *allow, *deny;
		const char *domains; /* separated by blanks */
		const char *toml; /* a part of it, or NULL */
	} rows[] = {
		{"nothing", "", NULL, "", "", "", NULL},
		{"approved once", "a.test:443+", NULL, "", "", "a.test",
			"allowed_domains = [\n    \"a.test\",\n]\n"},
		{"asked for twice", "a.test:4432", NULL, "", "", "", NULL},
		{"asked for three times", "a.test:4433", NULL, "", "", "a.test", NULL},
		{"asked for three times in all", "a.test:4431 a.test:4432", NULL, "", "", "a.test",
			NULL},
		{"denied", "a.test:443-", NULL, "", "", "", NULL},
		{"approved, then denied", "a.test:443+ a.test:443-", NULL, "", "", "", NULL},
		{"denied by a wider decision", "a.b.test:443+", "*.b.test", "", "", "", NULL},
		{"denied on another port", "a.test:443+", "a.test:22", "", "", "a.test", NULL},
		{"denied ahead of time", "a.test:443+", "a.test:443", "", "", "", NULL},
		{"on the deny list", "a.test:443+", NULL, "", "**.test", "", NULL},
		{"on the allow list by now", "a.test:443+", NULL, "*.test", "", "", NULL},
		{"listed on another port", "a.test:22+", NULL, "a.test", "", "", NULL},
		{"80 and 443 are one", "a.test:80+ a.test:443+", NULL, "", "", "a.test", NULL},
		{"another port", "a.test:8443+", NULL, "", "", "a.test:8443",
			"    \"a.test:8443\",\n"},
		{"any protocol", "a.test:22!", NULL, "", "", "a.test:22",
			"    { domain = \"a.test:22\", protocol = \"raw\" },\n"},
		{"an address", "[2600::1]:443+ 8.8.8.8:443+", NULL, "", "", "[2600::1] 8.8.8.8",
			NULL},
		{"two siblings", "a.b.test:443+ c.b.test:443+", NULL, "", "", "a.b.test c.b.test",
			NULL},
		{"three siblings", "a.b.test:443+ c.b.test:443+ d.b.test:80+", NULL, "", "",
			"*.b.test", "    # a.b.test, c.b.test, d.b.test\n    \"*.b.test\",\n"},
		{"three, of one on two ports", "a.b.test:443+ a.b.test:80+ d.b.test:80+", NULL, "",
			"", "a.b.test d.b.test", NULL},
		{"the domain itself is not below it",
			"b.test:443+ a.b.test:443+ c.b.test:443+ d.b.test:443+", NULL, "", "",
			"b.test *.b.test", NULL},
		{"other ports stay", "a.b.test:443+ c.b.test:443+ d.b.test:443+ e.b.test:22+", NULL,
			"", "", "e.b.test:22 *.b.test", NULL},
		{"another depth", "a.x.b.test:443+ c.b.test:443+ d.b.test:443+", NULL, "", "",
			"*.b.test", NULL},
		{"one of the siblings was denied",
			"a.b.test:443+ c.b.test:443+ d.b.test:443+ e.b.test:443-", NULL, "", "",
			"a.b.test c.b.test d.b.test", NULL},
		{"something below was denied", "a.b.test:443+ c.b.test:443+ d.b.test:443+",
			"*.x.b.test", "", "", "a.b.test c.b.test d.b.test", NULL},
		{"a neighbour was denied", "a.b.test:443+ c.b.test:443+ d.b.test:443+", "*.eb.test",
			"", "", "*.b.test", NULL},
		{"below a public suffix", "a.co.uk:443+ b.co.uk:443+ c.co.uk:443+", NULL, "", "",
			"a.co.uk b.co.uk c.co.uk", NULL},
		{"below a private one",
			"a.github.io:443+ b.github.io:443+ c.github.io:443+ x.a.github.io:443+",
			NULL, "", "", "a.github.io x.a.github.io b.github.io c.github.io", NULL},
		{"sorted by owner", "z.a.test:443+ a.z.test:443+ b.a.test:443+", NULL, "", "",
			"b.a.test z.a.test a.z.test", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy *p = rules_policy(rows[i].allow, rows[i].deny, NULL);
		struct wishes *w = wishes_new();
		char domains[1024] = "";
		add_all(w, rows[i].history);
		if (rows[i].denial)
			deny(w, rows[i].denial);
		json_t *shown = wishes_suggest(w, p);
		const char *toml = json_string_value(json_object_get(shown, "toml"));
		size_t at;
		json_t *item;
		json_array_foreach(json_object_get(shown, "allowed_domains"), at, item)
			snprintf(domains + strlen(domains), sizeof(domains) - strlen(domains),
				"%s%s", at ? " " : "", json_string_value(item));
		ROW_CHECK(rows[i].name, strcmp(domains, rows[i].domains) == 0, "%s", domains);
		ROW_CHECK(rows[i].name, !rows[i].toml || strstr(toml, rows[i].toml), "%s", toml);
		if (!rows[i].denial && !rows[i].deny[0] && !rows[i].allow[0] && domains[0])
			check_it_loads(rows[i].name, toml,
				strchr(rows[i].history, '-') || strchr(rows[i].history, '[')
					? ""
					: rows[i].history);
		json_decref(shown);
		free(w);
		policy_unref(p);
	}
}

static void a_comment_lists_twenty(void **state)
{
	struct policy *p = rules_policy("", "", NULL);
	struct wishes *w = wishes_new();
	char word[64];
	(void)state;
	for (int i = 0; i < 22; i++) {
		snprintf(word, sizeof(word), "n%02d.b.test:443+", i);
		add(w, slice_of(word));
	}
	json_t *shown = wishes_suggest(w, p);
	const char *toml = json_string_value(json_object_get(shown, "toml"));
	assert_non_null(strstr(toml, "n18.b.test, n19.b.test and 2 more\n    \"*.b.test\",\n"));
	check_it_loads("twenty-two", toml, "n21.b.test:443+");
	json_decref(shown);
	free(w);
	policy_unref(p);
}

static void what_was_forgotten_is_not_widened(void **state)
{
	struct policy *p = rules_policy("", "", NULL);
	struct wishes *w = wishes_new();
	char word[64];
	(void)state;
	add_all(w, "a.b.test:443+ c.b.test:443+ d.b.test:443+");
	for (int i = 0; i < WISHES_HOSTS; i++) {
		snprintf(word, sizeof(word), "n%d.x%d.test:443-", i, i);
		add(w, slice_of(word));
	}
	json_t *shown = wishes_suggest(w, p);
	assert_int_equal(json_array_size(json_object_get(shown, "allowed_domains")), 3);
	json_decref(shown);
	for (int i = 0; i <= WISHES_DENIALS; i++) {
		snprintf(word, sizeof(word), "*.y%d.test", i);
		deny(w, word);
		/* The same once more takes no room. */
		deny(w, "*.y0.test");
	}
	shown = wishes_suggest(w, p);
	assert_int_equal(json_array_size(json_object_get(shown, "allowed_domains")), 0);
	assert_string_equal(json_string_value(json_object_get(shown, "toml")), "");
	json_decref(shown);
	free(w);
	policy_unref(p);
}

static void other_counts_are_not_added_twice(void **state)
{
	struct policy *p = rules_policy("", "", NULL);
	struct wishes *w = wishes_new();
	const struct target a = rules_target("a.test:443"), b = rules_target("b.test:443");
	(void)state;
	add_all(w, "a.test:4432 b.test:443+");
	wishes_asked(w, &a, 2, false);
	wishes_asked(w, &b, 0, true);
	json_t *shown = wishes_suggest(w, p);
	assert_int_equal(json_array_size(json_object_get(shown, "allowed_domains")), 0);
	json_decref(shown);
	wishes_asked(w, &a, 3, false);
	shown = wishes_suggest(w, p);
	assert_int_equal(json_array_size(json_object_get(shown, "allowed_domains")), 1);
	json_decref(shown);
	free(w);
	policy_unref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suggestions_are_what_was_wanted_and_never_denied),
		cmocka_unit_test(a_comment_lists_twenty),
		cmocka_unit_test(what_was_forgotten_is_not_widened),
		cmocka_unit_test(other_counts_are_not_added_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
