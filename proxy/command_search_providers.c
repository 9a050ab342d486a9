/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport search providers: which web searches are known, offline. */
#include "base/escape.h"
#include "policy/search.h"
#include "proxy/cli.h"

static const char *methods_of(const struct provider *p)
{
	if (p->methods == PROVIDER_GET)
		return "GET";
	if (p->methods == PROVIDER_POST)
		return p->body == PROVIDER_JSON ? "POST json" : "POST form";
	return p->body == PROVIDER_JSON ? "GET, POST json" : "GET, POST form";
}

/* ---- text ---------------------------------------------------------------------------------- */

static void write_row(const struct provider *p)
{
	char file[200];

	printf("%-16s %-15s %s\n", p->name, methods_of(p), p->hosts);
	printf("%-16s %-15s %s\n", "", p->query, p->paths);
	if (!p->file)
		return;
	escape_text(slice_of(p->file), file, sizeof(file));
	printf("%-16s %-15s %s:%u\n", "", "", file, p->line);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void write_words(const char *name, const char *words)
{
	struct slice rest = slice_of(words);
	const char *between = "";

	printf(", \"%s\": [", name);
	while (rest.len > 0) {
		fputs(between, stdout);
		json_write_text(stdout, provider_word(&rest));
		between = ", ";
	}
	fputs("]", stdout);
}

static void write_defaults(const char *lines)
{
	struct slice rest = slice_of(lines);
	const char *between = "";

	fputs(", \"defaults\": {", stdout);
	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));
		struct slice name = slice_first(line, slice_find(line, '='));
		struct slice value = slice_after(line, name.len + 1);
		fputs(between, stdout);
		json_write_text(stdout, name);
		printf(": %.*s", (int)value.len, value.ptr);
		rest = slice_after(rest, line.len + 1);
		between = ", ";
	}
	fputs("}", stdout);
}

static void write_json(const struct provider *p, const char *between)
{
	printf("%s    {\"name\": \"%s\"", between, p->name);
	write_words("hosts", p->hosts);
	write_words("paths", p->paths);
	printf(", \"methods\": [%s%s%s]", p->methods & PROVIDER_GET ? "\"GET\"" : "",
		p->methods == (PROVIDER_GET | PROVIDER_POST) ? ", " : "",
		p->methods & PROVIDER_POST ? "\"POST\"" : "");
	printf(", \"body\": %s", p->body == PROVIDER_NO_BODY ? "null"
				 : p->body == PROVIDER_JSON  ? "\"json\""
							     : "\"form\"");
	write_words("query", p->query);
	write_words("secrets", p->secrets);
	write_words("ignore", p->ignored);
	write_words("show", p->shown);
	write_defaults(p->defaults);
	fputs(", \"file\": ", stdout);
	if (p->file)
		json_write_text(stdout, slice_of(p->file));
	else
		fputs("null", stdout);
	printf(", \"line\": %u}", p->line);
}

/* ---- Markdown: the built-in ones, for the page --------------------------------------------- */

/* Returns what stands between these and further ones. */
static const char *write_code(const char *words, char separator, const char *between)
{
	struct slice rest = slice_of(words);

	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, separator));
		printf("%s`%.*s`", between, (int)word.len, word.ptr);
		rest = slice_after(rest, word.len + 1);
		between = ", ";
	}
	return between;
}

static void write_page(void)
{
	const struct provider *p;

	fputs("# Built-in search providers\n\n"
	      "The web searches that are known without configuration; [search.md](search.md) says what "
	      "that means and how to add one. "
	      "One without hosts needs `hosts` in a `[[search.providers]]` table of its name.\n"
	      "This page is written by `sallyport search providers --markdown` from "
	      "`policy/provider_table.def`.\n\n"
	      "| name | hosts | paths | requests | query | defaults | left out |\n"
	      "|---|---|---|---|---|---|---|\n",
		stdout);
	for (size_t i = 0; (p = provider_builtin(i)) != NULL; i++) {
		printf("| `%s` | ", p->name);
		write_code(p->hosts, ' ', "");
		fputs(" | ", stdout);
		write_code(p->paths, ' ', "");
		printf(" | %s | ", methods_of(p));
		write_code(p->query, ' ', "");
		fputs(" | ", stdout);
		write_code(p->defaults, '\n', "");
		fputs(" | ", stdout);
		write_code(p->ignored, ' ', write_code(p->secrets, ' ', ""));
		fputs(" |\n", stdout);
	}
}

int command_search_providers(const struct arguments *a)
{
	const struct provider *p;

	if (a->given[FLAG_MARKDOWN]) {
		write_page();
		return EXIT_DONE;
	}
	struct config *c = cli_load(a, false);
	if (!c)
		return EXIT_REFUSED;
	if (a->given[FLAG_JSON])
		fputs("{\n  \"providers\": [", stdout);
	for (size_t i = 0; (p = policy_provider(c->policy, i)) != NULL; i++) {
		if (a->given[FLAG_JSON])
			write_json(p, i > 0 ? ",\n" : "\n");
		else
			write_row(p);
	}
	if (a->given[FLAG_JSON])
		fputs("\n  ]\n}\n", stdout);
	config_free(c);
	return EXIT_DONE;
}
