/* SPDX-License-Identifier: Apache-2.0 */
/* One table of [[search.providers]] as a provider. */
#include "policy/path.h"
#include "policy/provider_items.h"
#include "policy/providers.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 64, TEXT_BYTES = 64 * 1024, SENTENCE_SIZE = 400 };

void provider_reading_free(struct provider_reading *r)
{
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
}

/* Keeps what was written as a text of the provider. */
static bool keep(struct provider_reading *r, struct buffer *b, const char **ret_text)
{
	struct slice bytes = buffer_bytes(b);
	char *copy = b->failed ? NULL : strndup(bytes.ptr ? bytes.ptr : "", bytes.len);

	buffer_done(b);
	if (!copy)
		return loading_out_of_memory(r->l);
	r->texts[r->text_count++] = copy;
	*ret_text = copy;
	return true;
}

/* ---- what the words of a list may be ------------------------------------------------------- */

typedef bool (*word_check)(struct slice word, char *ret_sentence, size_t size);

static bool check_host(struct slice word, char *ret_sentence, size_t size)
{
	return providers_check_host(word, ret_sentence, size);
}

static bool check_path(struct slice word, char *ret_sentence, size_t size)
{
	const char *wrong = NULL;

	if (word.len == 0 || word.ptr[0] != '/')
		wrong = "does not begin with a slash";
	else if (slice_find(word, '?') < word.len || slice_find(word, '#') < word.len)
		wrong = "holds a query or fragment: write the path only";
	else if (slice_find(word, ' ') < word.len || (word.len > 1 && !path_is_plain(word)))
		wrong = "is read differently by different servers: write it in its plain form";
	if (wrong)
		snprintf(ret_sentence, size, "\"%s\" %s", quote(word).text, wrong);
	return !wrong;
}

static bool check_name(struct slice word, char *ret_sentence, size_t size)
{
	bool good = word.len > 0 && word.len <= NAME_BYTES;

	for (size_t i = 0; i < word.len; i++)
		good = good && word.ptr[i] > 0x20 && word.ptr[i] < 0x7f && word.ptr[i] != '=' &&
		       word.ptr[i] != '"';
	if (!good)
		snprintf(ret_sentence, size,
			"\"%s\" is no name of a parameter: write 1 to %d letters, digits and signs",
			quote(word).text, NAME_BYTES);
	return good;
}

/* Names whose values are kept or shown. */
static bool check_open_name(struct slice word, char *ret_sentence, size_t size)
{
	if (!check_name(word, ret_sentence, size))
		return false;
	if (provider_is_secret(word))
		snprintf(ret_sentence, size,
			"\"%s\" is always secret: it can be neither the query nor a part of the key",
			quote(word).text);
	return !provider_is_secret(word);
}

/* A text or a list of texts, as one text of words. */
static bool read_words(struct provider_reading *r, const struct toml_value *value, word_check check,
	const char **ret_words)
{
	const struct toml_value *first = value->type == TOML_ARRAY ? value->first : value;
	char sentence[SENTENCE_SIZE];
	struct buffer words;

	buffer_init(&words, TEXT_BYTES);
	for (const struct toml_value *v = first; v;
		v = value->type == TOML_ARRAY ? v->next : NULL) {
		const char *wrong = NULL;
		if (v->type != TOML_TEXT)
			wrong = "must be a string or a list of strings";
		else if (!check(v->text, sentence, sizeof(sentence)))
			wrong = sentence;
		if (wrong) {
			buffer_done(&words);
			return loading_fail(r->l, v->place, "%s%s%s",
				wrong == sentence ? "" : quote(value->key).text,
				wrong == sentence ? "" : " ", wrong);
		}
		buffer_append(&words, words.len > 0 ? SLICE(" ") : SLICE(""));
		buffer_append(&words, v->text);
	}
	return keep(r, &words, ret_words);
}

/* ---- the keys ------------------------------------------------------------------------------ */

static bool read_name(struct provider_reading *r, const struct toml_value *v, const char **ret_name)
{
	bool good = v->type == TOML_TEXT && v->text.len > 0 && v->text.len <= LIMIT_PROVIDER_NAME;
	struct buffer name;

	for (size_t i = 0; good && i < v->text.len; i++) {
		char c = v->text.ptr[i];
		good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
	}
	if (!good)
		return loading_fail(r->l, v->place,
			"the name of a provider is 1 to %d small letters, digits and dashes",
			LIMIT_PROVIDER_NAME);
	buffer_init(&name, TEXT_BYTES);
	buffer_append(&name, v->text);
	return keep(r, &name, ret_name);
}

static bool read_methods(struct provider_reading *r, const struct toml_value *value)
{
	r->provider.methods = 0;
	for (const struct toml_value *v = value->type == TOML_ARRAY ? value->first : NULL; v;
		v = v->next) {
		int word = v->type == TOML_TEXT ? words_find("GET|POST", v->text) : -1;
		if (word < 0)
			return loading_fail(
				r->l, v->place, "a provider's methods are \"GET\" and \"POST\"");
		r->provider.methods |= (uint8_t)(word == 0 ? PROVIDER_GET : PROVIDER_POST);
	}
	if (r->provider.methods == 0)
		return loading_fail(r->l, value->place,
			"methods must be a list such as [\"GET\"] or [\"GET\", \"POST\"]");
	return true;
}

static bool read_body(struct provider_reading *r, const struct toml_value *v)
{
	int word = v->type == TOML_TEXT ? words_find("form|json", v->text) : -1;

	if (word < 0)
		return loading_fail(r->l, v->place, "body must be \"form\" or \"json\"");
	r->provider.body = word == 0 ? PROVIDER_FORM : PROVIDER_JSON;
	return true;
}

/* A text that JSON writes as it is, so that it can be compared without reading it. */
static bool is_plain_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static bool write_default(struct buffer *out, const struct toml_value *v)
{
	buffer_append(out, out->len > 0 ? SLICE("\n") : SLICE(""));
	buffer_append(out, v->key);
	buffer_append(out, SLICE("="));
	if (v->type == TOML_TEXT && is_plain_text(v->text))
		buffer_format(out, "\"%.*s\"", (int)v->text.len, v->text.ptr ? v->text.ptr : "");
	else if (v->type == TOML_INTEGER)
		buffer_format(out, "%lld", (long long)v->integer);
	else if (v->type == TOML_BOOLEAN)
		buffer_append(out, v->boolean ? SLICE("true") : SLICE("false"));
	else if (v->type == TOML_ARRAY && !v->first)
		buffer_append(out, SLICE("[]"));
	else
		return false;
	return true;
}

static bool read_defaults(struct provider_reading *r, const struct toml_value *table)
{
	char sentence[SENTENCE_SIZE];
	struct buffer lines;

	if (table->type != TOML_TABLE)
		return loading_fail(r->l, table->place,
			"defaults must be a table: write defaults = { count = 10 }");
	buffer_init(&lines, TEXT_BYTES);
	for (const struct toml_value *v = table->first; v; v = v->next) {
		bool named = check_open_name(v->key, sentence, sizeof(sentence));
		if (named && write_default(&lines, v))
			continue;
		buffer_done(&lines);
		return loading_fail(r->l, named ? v->place : v->key_place, "%s",
			named ? "a default is a plain string, a whole number, true, false or []"
			      : sentence);
	}
	return keep(r, &lines, &r->provider.defaults);
}

static bool read_results(struct provider_reading *r, const struct toml_value *table)
{
	struct provider *p = &r->provider;
	const char **const at[] = {&p->list, &p->title, &p->url, &p->snippet};

	if (table->type != TOML_TABLE)
		return loading_fail(r->l, table->place,
			"results must be a table: write results = { list = \"results\", title = \"title\", url = \"url\", snippet = \"content\" }");
	for (const struct toml_value *v = table->first; v; v = v->next) {
		int word = words_find("list|title|url|snippet", v->key);
		if (word < 0)
			return loading_fail(r->l, v->key_place,
				"results has no \"%s\": it may have list, title, url and snippet",
				quote(v->key).text);
		if (v->type != TOML_TEXT)
			return loading_fail(
				r->l, v->place, "%s must be a string", quote(v->key).text);
		if (!read_words(r, v, check_name, at[word]))
			return false;
	}
	p->answer = PROVIDER_ANSWER_JSON;
	return true;
}

static bool unknown_key(struct provider_reading *r, const struct toml_value *v)
{
	static const char known[] =
		"name|like|hosts|paths|methods|query|body|secrets|ignore|show|defaults|results";
	struct slice near = words_nearest(known, v->key);

	if (near.len > 0)
		return loading_fail(r->l, v->key_place,
			"a provider has no \"%s\": did you mean \"%.*s\"?", quote(v->key).text,
			(int)near.len, near.ptr);
	return loading_fail(r->l, v->key_place,
		"a provider has no \"%s\": it may have name, like, hosts, paths, methods, query, body, secrets, ignore, show, defaults and results",
		quote(v->key).text);
}

static bool read_key(struct provider_reading *r, const struct toml_value *v)
{
	struct provider *p = &r->provider;

	if (slice_equal(v->key, SLICE("name")) || slice_equal(v->key, SLICE("like")))
		return true; /* read before */
	if (slice_equal(v->key, SLICE("hosts")))
		return read_words(r, v, check_host, &p->hosts);
	if (slice_equal(v->key, SLICE("paths")))
		return read_words(r, v, check_path, &p->paths);
	if (slice_equal(v->key, SLICE("methods")))
		return read_methods(r, v);
	if (slice_equal(v->key, SLICE("query")))
		return read_words(r, v, check_open_name, &p->query);
	if (slice_equal(v->key, SLICE("body")))
		return read_body(r, v);
	if (slice_equal(v->key, SLICE("secrets")))
		return read_words(r, v, check_name, &p->secrets);
	if (slice_equal(v->key, SLICE("ignore")))
		return read_words(r, v, check_name, &p->ignored);
	if (slice_equal(v->key, SLICE("show")))
		return read_words(r, v, check_open_name, &p->shown);
	if (slice_equal(v->key, SLICE("defaults")))
		return read_defaults(r, v);
	if (slice_equal(v->key, SLICE("results")))
		return read_results(r, v);
	return unknown_key(r, v);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* What the provider begins with: nothing, or the built-in one that it is like or has the name of. */
static bool begin(struct provider_reading *r, const struct toml_value *table)
{
	const struct toml_value *like = NULL, *named = NULL;
	const char *name;

	for (const struct toml_value *v = table->first; v; v = v->next) {
		like = slice_equal(v->key, SLICE("like")) ? v : like;
		named = slice_equal(v->key, SLICE("name")) ? v : named;
	}
	if (!named)
		return loading_fail(r->l, table->place,
			"a provider without name: write name = \"corp\", by which events and commands call it");
	if (!read_name(r, named, &name))
		return false;
	const struct provider *base = provider_builtin_named(named->text);
	if (like) {
		base = like->type == TOML_TEXT ? provider_builtin_named(like->text) : NULL;
		if (!base)
			return loading_fail(r->l, like->place,
				"like must be the name of a built-in provider, such as \"searxng\"");
	}
	r->provider = base ? *base
			   : (struct provider){.methods = PROVIDER_GET,
				     .hosts = "",
				     .paths = "",
				     .query = "",
				     .secrets = "",
				     .ignored = "",
				     .shown = "",
				     .defaults = "",
				     .list = "",
				     .title = "",
				     .url = "",
				     .snippet = ""};
	r->provider.name = name;
	return true;
}

static bool check_whole(struct provider_reading *r, const struct toml_value *table)
{
	const struct provider *p = &r->provider;
	const char *wrong = NULL;

	if (!p->hosts[0])
		wrong = "without hosts: write hosts = [\"search.example.com\"]";
	else if (!p->paths[0])
		wrong = "without paths: write paths = [\"/search\"]";
	else if (!p->query[0])
		wrong = "without query: write query = \"q\", the parameter that is searched for";
	else if ((p->methods & PROVIDER_POST) && p->body == PROVIDER_NO_BODY)
		wrong = "with POST but without body: write body = \"form\" or \"json\"";
	else if (!(p->methods & PROVIDER_POST) && p->body != PROVIDER_NO_BODY)
		wrong = "with body but without POST: write methods = [\"POST\"], or [\"GET\", \"POST\"]";
	else if (p->answer == PROVIDER_ANSWER_JSON && !(p->list[0] && p->url[0]))
		wrong = "with results, but they need list and url at least";
	if (wrong)
		return loading_fail(r->l, table->place, "a provider %s", wrong);
	return true;
}

bool provider_reading_table(struct provider_reading *r, const struct toml_value *table)
{
	if (!begin(r, table))
		return false;
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (!read_key(r, v))
			return false;
	return check_whole(r, table);
}
