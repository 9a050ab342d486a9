/* SPDX-License-Identifier: Apache-2.0 */
/* How a set of rules grows. */
#include "policy/request_rules.h"

#include "base/escape.h"
#include "policy/path.h"
#include "policy/request_subject.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_SIZE = 256 };

void request_rules_done(struct request_rules *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		free(set->rules[i].block);
	free(set->rules);
	free(set->scopes);
	*set = (struct request_rules){0};
}

/* Where the parts of a rule go; measured first with everything NULL. */
struct packer {
	struct condition *conditions;
	struct slice *slices;
	char *bytes;
	size_t condition_count, slice_count, byte_count;
};

static struct slice pack_text(struct packer *p, struct slice text)
{
	struct slice copy = {NULL, text.len};

	if (p->bytes) {
		copy.ptr = p->bytes + p->byte_count;
		if (text.len > 0)
			memcpy(p->bytes + p->byte_count, text.ptr, text.len);
		p->bytes[p->byte_count + text.len] = '\0';
	}
	p->byte_count += text.len + 1;
	return copy;
}

static const struct slice *pack_texts(struct packer *p, const struct slice *texts, size_t count)
{
	struct slice *at = p->slices ? p->slices + p->slice_count : NULL;

	p->slice_count += count;
	for (size_t i = 0; i < count; i++) {
		struct slice copy = pack_text(p, texts[i]);
		if (at)
			at[i] = copy;
	}
	return at;
}

static const struct condition *pack_conditions(
	struct packer *p, const struct condition *list, size_t count)
{
	struct condition *at = p->conditions ? p->conditions + p->condition_count : NULL;

	p->condition_count += count;
	for (size_t i = 0; i < count; i++) {
		struct condition copy = list[i];
		copy.name = pack_text(p, list[i].name);
		copy.values = pack_texts(p, list[i].values, list[i].value_count);
		if (at)
			at[i] = copy;
	}
	return at;
}

static void pack(struct packer *p, const struct request_rule *r, struct slice text,
	struct stored_rule *ret_stored)
{
	struct request_rule *copy = &ret_stored->rule;

	*copy = *r;
	copy->query = pack_conditions(p, r->query, r->query_count);
	copy->headers = pack_conditions(p, r->headers, r->header_count);
	copy->domains = pack_texts(p, r->domains, r->domain_count);
	copy->methods = pack_texts(p, r->methods, r->method_count);
	copy->paths = pack_texts(p, r->paths, r->path_count);
	copy->strip = pack_texts(p, r->strip, r->strip_count);
	copy->inject.arguments = pack_texts(p, r->inject.arguments, r->inject.argument_count);
	copy->inject.header = pack_text(p, r->inject.header);
	copy->inject.prefix = pack_text(p, r->inject.prefix);
	copy->inject.placeholder = pack_text(p, r->inject.placeholder);
	copy->file = pack_text(p, r->file);
	ret_stored->text = pack_text(p, text).ptr;
}

static bool store(const struct request_rule *r, struct slice text, struct stored_rule *ret_stored)
{
	struct packer p = {0};

	pack(&p, r, text, ret_stored);
	size_t conditions = p.condition_count * sizeof(*p.conditions);
	size_t slices = p.slice_count * sizeof(*p.slices);
	ret_stored->bytes = conditions + slices + p.byte_count;
	char *block = malloc(ret_stored->bytes);
	if (!block)
		return false;
	p = (struct packer){.conditions = (struct condition *)(void *)block,
		.slices = (struct slice *)(void *)(block + conditions),
		.bytes = block + conditions + slices};
	pack(&p, r, text, ret_stored);
	ret_stored->block = block;
	return true;
}

/* Appends `"text"`, cut where there is no more room. */
static void say(char *text, size_t *len, const char *before, struct slice part, const char *behind)
{
	char shown[80];

	escape_text(part, shown, sizeof(shown));
	int added = snprintf(text + *len, TEXT_SIZE - *len, "%s%s%s", before, shown, behind);
	*len = added < 0 || *len + (size_t)added >= TEXT_SIZE ? TEXT_SIZE - 1
							      : *len + (size_t)added;
}

static struct slice describe(const struct request_rule *r, char text[TEXT_SIZE])
{
	static const struct slice actions[] = {
		[REQUEST_ALLOW] = {"allow", 5},
		[REQUEST_DENY] = {"deny", 4},
		[REQUEST_HOLD] = {"hold", 4},
		[REQUEST_TUNNEL] = {"tunnel", 6},
	};
	size_t len = 0;

	say(text, &len, "", actions[r->action], "");
	for (size_t i = 0; i < r->method_count; i++)
		say(text, &len, i > 0 ? "|" : " ", r->methods[i], "");
	say(text, &len, " ", r->domains[0], r->domain_count > 1 ? "…" : "");
	if (r->path_count > 0)
		say(text, &len, "", r->paths[0], r->path_count > 1 ? "…" : "");
	if (r->query_count > 0)
		say(text, &len, "?", r->query[0].name, "");
	return slice_from(text, len);
}

static bool same_texts(const struct slice *a, size_t a_count, const struct slice *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++)
		if (!slice_equal(a[i], b[i]))
			return false;
	return a_count == b_count;
}

static bool same_conditions(
	const struct condition *a, size_t a_count, const struct condition *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++)
		if (!slice_equal(a[i].name, b[i].name) ||
			!same_texts(a[i].values, a[i].value_count, b[i].values, b[i].value_count))
			return false;
	return a_count == b_count;
}

static bool same_rule(const struct request_rule *a, const struct request_rule *b)
{
	return a->layer == b->layer && a->action == b->action &&
	       same_texts(a->domains, a->domain_count, b->domains, b->domain_count) &&
	       same_texts(a->methods, a->method_count, b->methods, b->method_count) &&
	       same_texts(a->paths, a->path_count, b->paths, b->path_count) &&
	       same_conditions(a->query, a->query_count, b->query, b->query_count) &&
	       same_conditions(a->headers, a->header_count, b->headers, b->header_count) &&
	       same_texts(a->strip, a->strip_count, b->strip, b->strip_count) &&
	       slice_equal_nocase(a->inject.header, b->inject.header) &&
	       slice_equal(a->inject.placeholder, b->inject.placeholder) &&
	       credential_same_source(&a->inject, &b->inject);
}

/* Room for one rule and its patterns. */
static bool reserve(struct request_rules *set, size_t scopes)
{
	if (set->rule_count == set->rule_size) {
		size_t size = set->rule_size ? set->rule_size * 2 : 8;
		struct stored_rule *grown = realloc(set->rules, size * sizeof(*grown));
		if (!grown)
			return false;
		set->rules = grown;
		set->rule_size = size;
	}
	if (set->scope_count + scopes > set->scope_size) {
		size_t size = set->scope_size * 2 + scopes;
		struct rule_scope *grown = realloc(set->scopes, size * sizeof(*grown));
		if (!grown)
			return false;
		set->scopes = grown;
		set->scope_size = size;
	}
	return true;
}

static bool check_edits(const struct request_rule *r, char *ret_sentence, size_t size)
{
	const struct credential *c = &r->inject;

	for (size_t i = 0; i < r->strip_count; i++)
		if (!credential_check_header(r->strip[i], ret_sentence, size))
			return false;
	if (c->source == CREDENTIAL_NONE)
		return true;
	for (size_t i = 0; i < r->domain_count; i++)
		if (!credential_check_domain(r->domains[i], ret_sentence, size))
			return false;
	return credential_check_header(c->header, ret_sentence, size) &&
	       credential_check_prefix(c->prefix, ret_sentence, size) &&
	       (c->placeholder.len == 0 ||
		       credential_check_placeholder(c->placeholder, ret_sentence, size));
}

static bool check_parts(const struct request_rule *r, char *ret_sentence, size_t size)
{
	for (size_t i = 0; i < r->domain_count; i++)
		if (!request_rule_check_domain(r->domains[i], r, ret_sentence, size))
			return false;
	for (size_t i = 0; i < r->method_count; i++)
		if (!request_rule_check_method(r->methods[i], ret_sentence, size))
			return false;
	for (size_t i = 0; i < r->path_count; i++)
		if (!path_check_pattern(r->paths[i], ret_sentence, size))
			return false;
	for (size_t i = 0; i < r->header_count; i++)
		if (!request_rule_check_field(r->headers[i].name, ret_sentence, size))
			return false;
	if (r->action == REQUEST_HOLD && !request_subject_has_room(r)) {
		snprintf(ret_sentence, size,
			"a rule with action = \"hold\" is shown to whoever decides, and this one is too long for that: split it, or shorten its paths and conditions");
		return false;
	}
	return check_edits(r, ret_sentence, size);
}

/* Counts what the rule just stored does to fields. */
static void count_edits(struct request_rules *set)
{
	uint32_t place = (uint32_t)set->rule_count;
	struct stored_rule *s = &set->rules[place];
	bool injects = s->rule.inject.source != CREDENTIAL_NONE;

	set->edit_count += injects || s->rule.strip_count > 0;
	if (!injects)
		return;
	s->credential = (uint32_t)set->credential_count;
	set->credentials[set->credential_count++] = place;
}

enum request_rules_result request_rules_add(
	struct request_rules *set, const struct request_rule *r, char *ret_sentence, size_t size)
{
	char text[TEXT_SIZE], sentence[TEXT_SIZE];

	assert(r->domain_count > 0);
	if (!check_parts(r, ret_sentence, size))
		return REQUEST_RULES_REFUSED;
	if (set->rule_count == LIMIT_REQUEST_RULES) {
		snprintf(ret_sentence, size, "more than %d rules: join some of them",
			LIMIT_REQUEST_RULES);
		return REQUEST_RULES_REFUSED;
	}
	if (r->inject.source != CREDENTIAL_NONE && set->credential_count == LIMIT_CREDENTIALS) {
		snprintf(ret_sentence, size, "more than %d rules with inject: join some of them",
			LIMIT_CREDENTIALS);
		return REQUEST_RULES_REFUSED;
	}
	for (size_t i = 0; i < set->rule_count; i++) {
		if (!same_rule(&set->rules[i].rule, r))
			continue;
		snprintf(ret_sentence, size,
			"the same rule stands in line %u already: leave one of them out",
			set->rules[i].rule.line);
		return REQUEST_RULES_REFUSED;
	}
	if (!reserve(set, r->domain_count) ||
		!store(r, describe(r, text), &set->rules[set->rule_count]))
		return REQUEST_RULES_NO_MEMORY;
	for (size_t i = 0; i < r->domain_count; i++) {
		struct rule_scope *scope = &set->scopes[set->scope_count++];
		scope->rule = (uint32_t)set->rule_count;
		if (!pattern_parse(r->domains[i], &scope->pattern, sentence, sizeof(sentence)))
			assert(false); /* it was checked above */
	}
	count_edits(set);
	set->bytes += set->rules[set->rule_count++].bytes;
	return REQUEST_RULES_DONE;
}

static bool by_base(const struct pattern *p)
{
	return p->kind == PATTERN_NAME || p->kind == PATTERN_BELOW || p->kind == PATTERN_FROM;
}

int request_rules_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_scopes(const void *a, const void *b)
{
	const struct rule_scope *left = a, *right = b;
	int order = by_base(&right->pattern) - by_base(&left->pattern);

	if (order == 0 && by_base(&left->pattern))
		order = request_rules_compare(
			pattern_base(&left->pattern), pattern_base(&right->pattern));
	return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

void request_rules_finish(struct request_rules *set)
{
	if (set->scope_count > 0)
		qsort(set->scopes, set->scope_count, sizeof(*set->scopes), compare_scopes);
	for (set->named = 0; set->named < set->scope_count; set->named++)
		if (!by_base(&set->scopes[set->named].pattern))
			break;
}

size_t request_rules_size(const struct request_rules *set)
{
	return set->bytes + set->rule_size * sizeof(*set->rules) +
	       set->scope_size * sizeof(*set->scopes);
}
