/* SPDX-License-Identifier: Apache-2.0 */
/* What `config show` and `config help` print, as people and programs read it back. */
#include "tests/unit/configs.h"

#include <jansson.h>
#include <stdlib.h>

static const char rich[] =
	"workers = 3\n"
	"unlisted = \"deny\"\n"
	"allowed_domains = [\"a.example\", { domain = \"git.example:22\", protocol = \"raw\" }]\n"
	"denied_domains = [{ domain = \"**.corp.example\", except = [\"jira.corp.example\"] }]\n"
	"[listen]\nproxy = [\"[::1]:0\"]\ncontrol = [\"unix:/run/a \\\"b\\\".sock\"]\n"
	"[dns]\nservers = [\"192.0.2.53\"]\n"
	"[otel]\nlog = \"./e.jsonl\"\nspool_size = \"1GiB\"\n"
	"[otel.exporter.otlp-http]\nheaders = { x-key = \"hunter2\" }\n"
	"[state]\ndirectory = \"/s\\\\t\"\n";

static char *shown(const struct config *c, bool json)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_show(c, out, json);
	fclose(out);
	return text;
}

static char *helped(enum option_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_help(out, format);
	fclose(out);
	return text;
}

static void what_is_shown_loads_again(void **state)
{
	static const char *const configs[] = {"", rich, "otel.exporter = \"none\"\nworkers = 1\n"};
	struct loaded before, after;
	char difference[512];
	(void)state;
	for (size_t i = 0; i < COUNT(configs); i++) {
		load(&before, configs[i], NULL);
		assert_non_null(before.config);
		char *text = shown(before.config, false);
		assert_null(strstr(text, "hunter2"));
		load(&after, text, NULL);
		ROW_CHECK(configs[i], after.config, "%s in\n%s", after.fault, text);
		config_difference(before.config, after.config, difference, sizeof(difference));
		bool same = strcmp(difference, "nothing changed") == 0 ||
			    strcmp(difference, "otel.exporter.otlp-http.headers changed"
					       " (from the next start on)") == 0;
		ROW_CHECK(configs[i], same, "%s", difference);
		free(text);
		config_free(before.config);
		config_free(after.config);
	}
}

static void each_value_says_where_it_comes_from(void **state)
{
	static const char *const lines[] = {
		"workers = 3  # c.toml:1\n",
		"\"a.example\",  # c.toml:3\n",
		"{ domain = \"git.example:22\", protocol = \"raw\" },  # c.toml:3\n",
		"control = [\"unix:/run/a \\\"b\\\".sock\"]  # c.toml:7\n",
		"headers = { \"x-key\" = \"***\" }  # c.toml:14\n",
		"idle = \"1h\"  # default\n",
		"# resource_attributes is not set\n",
		"directory = \"/s\\\\t\"  # c.toml:16\n",
	};
	struct loaded l;
	(void)state;
	load(&l, rich, NULL);
	assert_non_null(l.config);
	char *text = shown(l.config, false);
	for (size_t i = 0; i < COUNT(lines); i++)
		ROW_CHECK(lines[i], strstr(text, lines[i]), "\n%s", text);
	free(text);
	config_free(l.config);

	load(&l, "allowed_domains = [\"a.example\"]\nallowed_domains_files = [\"/nowhere\"]\n",
		"managed_allowed_domains_only = true\n");
	assert_non_null(l.config);
	text = shown(l.config, false);
	assert_non_null(strstr(
		text, "# \"a.example\",  # c.toml:1, ignored: managed_allowed_domains_only\n"));
	free(text);
	config_free(l.config);
}

static void json_is_json(void **state)
{
	struct loaded l;
	(void)state;
	load(&l, rich, NULL);
	assert_non_null(l.config);
	char *text = shown(l.config, true);
	json_t *all = json_loads(text, 0, NULL);
	assert_non_null(all);
	json_t *options = json_object_get(all, "options");
	json_t *control = json_object_get(options, "listen.control");
	assert_string_equal(json_string_value(json_array_get(json_object_get(control, "value"), 0)),
		"unix:/run/a \"b\".sock");
	assert_int_equal(json_integer_value(json_object_get(control, "line")), 7);
	assert_string_equal(json_string_value(json_object_get(control, "source")), "config");
	json_t *headers = json_object_get(options, "otel.exporter.otlp-http.headers");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(headers, "value"), "x-key")),
		"***");
	assert_true(json_is_null(
		json_object_get(json_object_get(options, "otel.resource_attributes"), "value")));
	json_t *entries = json_object_get(all, "entries");
	assert_int_equal(json_array_size(entries), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(entries, 0), "entry")),
		"a.example");
	json_decref(all);
	free(text);
	config_free(l.config);
}

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;

	while ((text = strstr(text, word))) {
		count++;
		text++;
	}
	return count;
}

static void every_option_is_in_every_format(void **state)
{
	char *pages[] = {[OPTION_TEXT] = helped(OPTION_TEXT),
		[OPTION_MARKDOWN] = helped(OPTION_MARKDOWN),
		[OPTION_MAN] = helped(OPTION_MAN),
		[OPTION_JSON] = helped(OPTION_JSON)};
	json_t *all = json_loads(pages[OPTION_JSON], 0, NULL);
	size_t options = 0;
	char label[128];
	(void)state;
	assert_non_null(all);
	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		if (row->effect == OPTION_FOREIGN)
			continue;
		snprintf(label, sizeof(label), "  %s = ", row->name);
		ROW_CHECK(row->name, strstr(pages[OPTION_TEXT], label), "text");
		snprintf(label, sizeof(label), "| `%s` | ", row->name);
		ROW_CHECK(row->name, strstr(pages[OPTION_MARKDOWN], label), "Markdown");
		const char *name =
			json_string_value(json_object_get(json_array_get(all, options++), "name"));
		ROW_CHECK(row->name, name && strcmp(name, row->name) == 0, "JSON");
	}
	assert_int_equal(json_array_size(all), options);
	assert_int_equal(occurrences(pages[OPTION_MAN], ".TP\n"), options);
	assert_int_equal(occurrences(pages[OPTION_MARKDOWN], "\n| `"), options);
	assert_non_null(strstr(pages[OPTION_TEXT], "(duration from 10ms to 1d)"));
	assert_non_null(strstr(pages[OPTION_TEXT], "(word: full, limited)"));
	assert_non_null(strstr(pages[OPTION_TEXT],
		"(size from 1MiB to 1TiB; a change counts from the next start on)"));
	assert_non_null(
		strstr(pages[OPTION_MARKDOWN], " *A change counts from the next start on.* |\n"));
	assert_non_null(strstr(pages[OPTION_TEXT], "; no effect in this version)"));
	assert_non_null(strstr(pages[OPTION_MAN], "client\\-private\\-key = none\n"));
	json_decref(all);
	for (size_t i = 0; i < COUNT(pages); i++)
		free(pages[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_loads_again),
		cmocka_unit_test(each_value_says_where_it_comes_from),
		cmocka_unit_test(json_is_json),
		cmocka_unit_test(every_option_is_in_every_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
