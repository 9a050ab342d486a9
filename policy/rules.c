/* SPDX-License-Identifier: Apache-2.0 */
/* [[network.rules]] as the files have them: collected, and built into the policy when all is known. */
#include "policy/rules.h"

#include "policy/credential_read.h"
#include "policy/path.h"
#include "policy/requests.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 256 * 1024 }; /* of one rule in config show */

bool rules_collect(struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	struct config_trace *t = l->trace;

	if (value->type != TOML_ARRAY)
		return loading_fail(l, value->key_place,
			"%s are tables of their own: write [[network.rules]] above each",
			row->name);
	for (const struct toml_value *v = value->first; v; v = v->next) {
		if (v->type != TOML_TABLE)
			return loading_fail(l, v->place,
				"a rule is a table: write [[network.rules]] and below it domain = \"example.com\" and action = \"allow\"");
		if (t->rule_count == t->rule_size) {
			size_t size = t->rule_size ? t->rule_size * 2 : 8;
			struct rule_item *grown = realloc(t->rules, size * sizeof(*grown));
			if (!grown)
				return loading_out_of_memory(l);
			t->rules = grown;
			t->rule_size = size;
		}
		t->rules[t->rule_count++] =
			(struct rule_item){.from = loading_origin(l, v->place), .value = v};
	}
	return true;
}

void rules_free(struct config_trace *trace)
{
	for (size_t i = 0; i < trace->rule_count; i++)
		free(trace->rules[i].text);
	free(trace->rules);
}

/* ---- one rule ------------------------------------------------------------------------------ */

/* A rule as it is read; the lists in it are of slices of the document. */
struct reading {
	struct loading *l;
	struct request_rule rule;
	const struct toml_value *conditional; /* the first key that is a condition, or NULL */
	const struct toml_value *editing; /* the first key that changes fields, or NULL */
	bool has_action;
	struct slice *texts; /* for all lists of the rule */
	struct condition *conditions;
	size_t text_count, condition_count;
};

/* What the texts of a list are. */
struct kind {
	const char *wanted; /* a sentence */
	bool (*check)(const struct reading *r, struct slice text, char *ret_sentence, size_t size);
};

static bool check_domain(
	const struct reading *r, struct slice text, char *ret_sentence, size_t size)
{
	return request_rule_check_domain(text, &r->rule, ret_sentence, size);
}

static bool check_method(
	const struct reading *r, struct slice text, char *ret_sentence, size_t size)
{
	(void)r;
	return request_rule_check_method(text, ret_sentence, size);
}

static bool check_path(const struct reading *r, struct slice text, char *ret_sentence, size_t size)
{
	(void)r;
	return path_check_pattern(text, ret_sentence, size);
}

static bool check_stripped(
	const struct reading *r, struct slice text, char *ret_sentence, size_t size)
{
	(void)r;
	return credential_check_header(text, ret_sentence, size);
}

static const struct kind domains = {"domain must be a pattern or a list of patterns", check_domain};
static const struct kind methods = {
	"methods must be a list such as [\"GET\", \"HEAD\"]", check_method};
static const struct kind paths = {
	"paths must be a list such as [\"/octo/\", \"/**/info/refs\"]", check_path};
static const struct kind stripped = {
	"strip_headers must be a list such as [\"authorization\"]", check_stripped};
static const struct kind condition_values = {
	"a condition must be a value, a list of values, or true for any value", NULL};

static bool read_text(struct reading *r, const struct toml_value *v, const struct kind *kind)
{
	char sentence[400];

	if (v->type != TOML_TEXT)
		return loading_fail(r->l, v->place, "%s", kind->wanted);
	if (kind->check && !kind->check(r, v->text, sentence, sizeof(sentence)))
		return loading_fail(r->l, v->place, "%s", sentence);
	r->texts[r->text_count++] = v->text;
	return true;
}

/* A text, or a list of texts that is not empty. */
static bool read_texts(struct reading *r, const struct toml_value *value, const struct kind *kind,
	const struct slice **ret_texts, size_t *ret_count)
{
	size_t first = r->text_count;

	if (value->type != TOML_ARRAY) {
		if (!read_text(r, value, kind))
			return false;
	} else if (!value->first) {
		return loading_fail(r->l, value->place,
			"an empty list fits nothing: leave %s out, or write what is meant",
			quote(value->key).text);
	}
	for (const struct toml_value *v = value->type == TOML_ARRAY ? value->first : NULL; v;
		v = v->next) {
		if (r->text_count - first == LIMIT_RULE_TEXTS)
			return loading_fail(r->l, v->place,
				"more than %d in one list: write a second rule for the rest",
				LIMIT_RULE_TEXTS);
		if (!read_text(r, v, kind))
			return false;
	}
	*ret_texts = r->texts + first;
	*ret_count = r->text_count - first;
	return true;
}

static bool read_condition(struct reading *r, const struct toml_value *v, bool headers)
{
	struct condition *c = &r->conditions[r->condition_count++];
	char sentence[400];

	*c = (struct condition){.name = v->key};
	if (v->key.len == 0)
		return loading_fail(r->l, v->key_place, "a condition needs a name");
	if (headers && !request_rule_check_field(v->key, sentence, sizeof(sentence)))
		return loading_fail(r->l, v->key_place, "%s", sentence);
	if (v->type == TOML_BOOLEAN && v->boolean)
		return true;
	return read_texts(r, v, &condition_values, &c->values, &c->value_count);
}

static bool read_conditions(struct reading *r, const struct toml_value *table, bool headers,
	const struct condition **ret_conditions, size_t *ret_count)
{
	size_t first = r->condition_count;

	if (table->type != TOML_TABLE || !table->first)
		return loading_fail(r->l, table->place, "%s must be a table: write %s",
			quote(table->key).text,
			headers ? "headers = { \"content-type\" = \"application/json\" }"
				: "query = { name = \"value\" }");
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (!read_condition(r, v, headers))
			return false;
	*ret_conditions = r->conditions + first;
	*ret_count = r->condition_count - first;
	return true;
}

static bool read_action(struct reading *r, const struct toml_value *v)
{
	static const enum request_action actions[] = {
		REQUEST_ALLOW, REQUEST_DENY, REQUEST_HOLD, REQUEST_TUNNEL};
	int word = v->type == TOML_TEXT ? words_find("allow|deny|hold|tunnel", v->text) : -1;

	r->has_action = true;
	if (word < 0)
		return loading_fail(r->l, v->place,
			"action must be \"allow\", \"deny\", \"hold\" or \"tunnel\"");
	r->rule.action = actions[word];
	return true;
}

static bool read_boolean(struct reading *r, const struct toml_value *v, bool *ret_value)
{
	if (v->type != TOML_BOOLEAN)
		return loading_fail(r->l, v->place, "%s must be true or false", quote(v->key).text);
	*ret_value = v->boolean;
	return true;
}

static const char known_keys[] =
	"domain|methods|paths|query|headers|action|record_path|public_suffix|strip_headers|inject";

static bool unknown_key(struct reading *r, const struct toml_value *v)
{
	struct slice near = words_nearest(known_keys, v->key);

	if (near.len > 0)
		return loading_fail(r->l, v->key_place,
			"a rule has no \"%s\": did you mean \"%.*s\"?", quote(v->key).text,
			(int)near.len, near.ptr);
	return loading_fail(r->l, v->key_place,
		"a rule has no \"%s\": it may have domain, methods, paths, query, headers, action, record_path, public_suffix, strip_headers and inject",
		quote(v->key).text);
}

/* Its arguments stand among the texts of the rule. */
static bool read_inject(struct reading *r, const struct toml_value *v)
{
	bool read = credential_read(r->l, v, r->texts + r->text_count, &r->rule.inject);

	r->text_count += r->rule.inject.argument_count;
	return read;
}

static bool read_key(struct reading *r, const struct toml_value *v)
{
	struct request_rule *rule = &r->rule;

	/* Read before the others, because the domains depend on them. */
	if (slice_equal(v->key, SLICE("action")) || slice_equal(v->key, SLICE("public_suffix")) ||
		slice_equal(v->key, SLICE("record_path")))
		return true;
	if (slice_equal(v->key, SLICE("domain")))
		return read_texts(r, v, &domains, &rule->domains, &rule->domain_count);
	if (!r->conditional)
		r->conditional = v;
	if (slice_equal(v->key, SLICE("methods")))
		return read_texts(r, v, &methods, &rule->methods, &rule->method_count);
	if (slice_equal(v->key, SLICE("paths")))
		return read_texts(r, v, &paths, &rule->paths, &rule->path_count);
	if (slice_equal(v->key, SLICE("query")))
		return read_conditions(r, v, false, &rule->query, &rule->query_count);
	if (slice_equal(v->key, SLICE("headers")))
		return read_conditions(r, v, true, &rule->headers, &rule->header_count);
	if (!r->editing)
		r->editing = v;
	if (slice_equal(v->key, SLICE("strip_headers")))
		return read_texts(r, v, &stripped, &rule->strip, &rule->strip_count);
	if (slice_equal(v->key, SLICE("inject")))
		return read_inject(r, v);
	return unknown_key(r, v);
}

static bool read_rule(struct reading *r, const struct toml_value *table)
{
	for (const struct toml_value *v = table->first; v; v = v->next) {
		if (slice_equal(v->key, SLICE("action")) && !read_action(r, v))
			return false;
		if (slice_equal(v->key, SLICE("public_suffix")) &&
			!read_boolean(r, v, &r->rule.public_suffix))
			return false;
		if (slice_equal(v->key, SLICE("record_path")) &&
			!read_boolean(r, v, &r->rule.record_path))
			return false;
	}
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (!read_key(r, v))
			return false;
	if (r->rule.domain_count == 0)
		return loading_fail(r->l, table->place,
			"a rule without domain: write domain = \"example.com\" or a list of patterns");
	if (!r->has_action)
		return loading_fail(r->l, table->place,
			"a rule without action: write action = \"allow\", \"deny\", \"hold\" or \"tunnel\"");
	if (r->rule.action == REQUEST_TUNNEL && r->conditional)
		return loading_fail(r->l, r->conditional->key_place,
			"a tunnel is not looked into, so a rule with action = \"tunnel\" has no conditions: leave %s out",
			quote(r->conditional->key).text);
	if (r->rule.action != REQUEST_ALLOW && r->rule.action != REQUEST_HOLD && r->editing)
		return loading_fail(r->l, r->editing->key_place,
			"%s changes what a rule with action = \"allow\" or \"hold\" lets pass: leave it out here",
			quote(r->editing->key).text);
	return true;
}

/* Bounds how many slices and conditions a rule can need. */
static size_t count_values(const struct toml_value *value)
{
	size_t count = 1;

	for (const struct toml_value *v = value->first; v; v = v->next)
		count += count_values(v);
	return count;
}

/* What `config show` prints. */
static bool keep_text(struct loading *l, struct rule_item *item)
{
	struct buffer out;

	buffer_init(&out, TEXT_BYTES);
	for (const struct toml_value *v = item->value->first; v; v = v->next) {
		buffer_append(&out, v->key);
		buffer_append(&out, SLICE(" = "));
		if (slice_equal(v->key, SLICE("inject")))
			credential_write(v, &out);
		else
			lists_write_value(v, &out);
		buffer_append(&out, SLICE("\n"));
	}
	struct slice text = buffer_bytes(&out);
	item->text = out.failed ? NULL : strndup(text.ptr, text.len);
	buffer_done(&out);
	return item->text ? true : loading_out_of_memory(l);
}

static bool build_rule(struct loading *l, struct policy_builder *b, struct rule_item *item)
{
	size_t count = count_values(item->value);
	struct reading r = {.l = l,
		.rule = {.layer = item->from.layer == LAYER_REQUIREMENTS ? REQUEST_REQUIRED
									 : REQUEST_LOCAL,
			.file = slice_of(item->from.file),
			.line = item->from.place.line},
		.texts = calloc(count, sizeof(struct slice)),
		.conditions = calloc(count, sizeof(struct condition))};
	struct fault fault;

	l->file = item->from.file;
	bool built =
		r.texts && r.conditions ? read_rule(&r, item->value) : loading_out_of_memory(l);
	built = built && keep_text(l, item);
	if (built && !policy_builder_add_rule(b, &r.rule, &fault))
		built = loading_fail(l, item->from.place, "%s", fault.text);
	free(r.texts);
	free(r.conditions);
	return built;
}

bool rules_build(struct loading *l, struct policy_builder *b)
{
	for (size_t i = 0; i < l->trace->rule_count; i++)
		if (!build_rule(l, b, &l->trace->rules[i]))
			return false;
	return true;
}
