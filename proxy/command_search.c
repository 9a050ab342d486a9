/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport search key: whether a request is a search, what it asks and under which key its answer is
 * kept, offline. */
#include "base/escape.h"
#include "policy/search.h"
#include "policy/url.h"
#include "proxy/cli.h"

#include <stdlib.h>

/* The one field that a request of the command line has. */
struct given {
	struct slice type; /* of its content; ptr NULL without */
};

static struct slice find_field(const void *owner, struct slice name, size_t nth)
{
	const struct given *g = owner;

	if (nth == 0 && slice_equal_nocase(name, SLICE("Content-Type")))
		return g->type;
	return (struct slice){NULL, 0};
}

static bool parse_url(struct slice text, struct target *ret_target, struct slice *ret_path)
{
	struct url url;

	if (!url_parse(text, &url) ||
		target_parse_host(url.authority, url.https ? 443 : 80, ret_target) != REASON_NONE)
		return false;
	*ret_path = slice_first(url.rest, slice_find(url.rest, '#'));
	return true;
}

static void write_member(const char *name, const char *text, const char *behind)
{
	printf("  \"%s\": ", name);
	if (text)
		json_write_text(stdout, slice_of(text));
	else
		fputs("null", stdout);
	fputs(behind, stdout);
}

static void write_search(const struct search *s, bool as_json)
{
	char key[SEARCH_KEY_TEXT_SIZE];

	search_key_format(&s->key, key);
	if (as_json) {
		fputs("{\n", stdout);
		write_member("provider", s->provider->name, ",\n");
		write_member("query", s->text, ",\n");
		write_member("search", s->canonical, ",\n");
		write_member("key", key, "\n}\n");
		return;
	}
	size_t size = 4 * (LIMIT_SEARCH_TEXT + LIMIT_SEARCH_CANONICAL);
	char *shown = malloc(size);
	if (!shown)
		return;
	printf("provider  %s\n", s->provider->name);
	escape_utf8(slice_of(s->text), shown, size);
	printf("query     %s\n", shown);
	escape_utf8(slice_of(s->canonical), shown, size);
	printf("search    %s\n", shown);
	printf("key       %s\n", key);
	free(shown);
}

static void write_refusal(const char *why, bool as_json)
{
	if (!as_json) {
		printf("%s\n", why);
		return;
	}
	fputs("{\n", stdout);
	write_member("provider", NULL, ",\n");
	write_member("text", why, "\n}\n");
}

/* An exit code. */
static int answer(const struct policy *p, const struct search_request *request, bool as_json)
{
	struct search search;
	const char *why = "";
	char sentence[200];

	switch (search_read(p, request, &search, &why)) {
	case SEARCH_OK:
		write_search(&search, as_json);
		search_done(&search);
		return EXIT_DONE;
	case SEARCH_NONE:
		why = "no search: no provider has this host, path and method, or the query is missing";
		break;
	case SEARCH_NEEDS_CONTENT:
		why = "the search is in the content: give it with --data";
		break;
	case SEARCH_BAD:
		snprintf(sentence, sizeof(sentence), "a search that is refused: %s", why);
		why = sentence;
		break;
	case SEARCH_NO_MEMORY:
		why = "out of memory";
		break;
	}
	write_refusal(why, as_json);
	return EXIT_REFUSED;
}

int command_search_key(const struct arguments *a)
{
	const char *data = a->given[FLAG_DATA] ? a->values[FLAG_DATA] : NULL;
	const char *method = a->given[FLAG_METHOD] ? a->values[FLAG_METHOD] : data ? "POST" : "GET";
	struct given given = {.type = {NULL, 0}};
	struct target target;
	struct request_view view = {
		.method = slice_of(method), .field = find_field, .owner = &given};
	struct search_request request = {
		.target = &target, .view = &view, .content = slice_of(data)};

	if (data)
		given.type = data[0] == '{' ? SLICE("application/json")
					    : SLICE("application/x-www-form-urlencoded");
	if (!parse_url(slice_of(a->operands[0]), &target, &view.path)) {
		fprintf(stderr,
			"sallyport: write a URL, as in https://search.example.com/search?q=words\n");
		return EXIT_USAGE;
	}
	struct config *c = cli_load(a, false);
	if (!c)
		return EXIT_REFUSED;
	int code = answer(c->policy, &request, a->given[FLAG_JSON]);
	config_free(c);
	return code;
}
