/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "base/escape.h"
#include "policy/requests.h"
#include "policy/search.h"
#include "policy/snapshot.h"
#include "policy/suffix.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_SIZE = 120, TEXT_SIZE = 4 * LIMIT_PATTERN_BYTES + 1 };

struct policy_builder {
	struct ruleset rules;
	struct request_rules requests;
	struct providers providers;
};

struct policy_builder *policy_builder_new(void)
{
	struct policy_builder *b = calloc(1, sizeof(*b));

	if (b && !ruleset_init(&b->rules)) {
		free(b);
		return NULL;
	}
	return b;
}

void policy_builder_free(struct policy_builder *b)
{
	if (!b)
		return;
	ruleset_done(&b->rules);
	request_rules_done(&b->requests);
	providers_done(&b->providers);
	free(b);
}

/* Writes a sentence that begins with the pattern. Always false, to be returned. */
__attribute__((format(printf, 3, 4))) static bool refuse(
	struct fault *f, struct slice pattern, const char *format, ...)
{
	char shown[SHOWN_SIZE];
	va_list arguments;

	escape_text(pattern, shown, sizeof(shown));
	int len = snprintf(f->text, sizeof(f->text), "\"%s\" ", shown);
	va_start(arguments, format);
	vsnprintf(f->text + len, sizeof(f->text) - (size_t)len, format, arguments);
	va_end(arguments);
	return false;
}

static bool refuse_result(struct fault *f, struct slice pattern, enum ruleset_result result)
{
	if (result == RULESET_NO_MEMORY)
		return refuse(f, pattern, "does not fit into memory: shorten the lists.");
	return refuse(f, pattern,
		"is one too many: at most %d entries in all, %d for one name and %d files are held.",
		LIMIT_PATTERNS, LIMIT_NAME_ENTRIES, LIMIT_PATTERN_FILES);
}

/* Which keys an entry may have depends on its list. */
static bool check_keys(const struct entry *e, struct fault *f)
{
	bool allow = e->list == LIST_ALLOW;

	if (allow && e->except_count > 0)
		return refuse(f, e->pattern,
			"has exceptions, which only deny entries may have: list what is allowed instead.");
	if (!allow && e->address_count > 0)
		return refuse(f, e->pattern,
			"names addresses, which only allow entries may: deny the range by an entry of its own.");
	if (!allow && e->has_protocol)
		return refuse(f, e->pattern,
			"has a protocol, which only allow entries may have: deny the port, as in \"example.com:22\".");
	if (e->address_count > LIMIT_ENTRY_PATTERNS || e->except_count > LIMIT_ENTRY_PATTERNS)
		return refuse(f, e->pattern,
			"has too many exceptions or addresses: write at most %d, or wider ones.",
			LIMIT_ENTRY_PATTERNS);
	return true;
}

static bool check_breadth(const struct entry *e, const struct pattern *p, struct fault *f)
{
	if (e->list == LIST_DENY) {
		if (p->kind == PATTERN_ANY)
			return refuse(f, e->pattern,
				"would deny every name: write unlisted = \"deny\" to refuse whatever no list names.");
		return true;
	}
	bool wildcard =
		p->kind == PATTERN_BELOW || p->kind == PATTERN_FROM || p->kind == PATTERN_HOLE;
	if (!wildcard || e->public_suffix)
		return true;
	/* A hole without a base stands at the root, above every public suffix. */
	struct slice base = pattern_base(p);
	if (base.len > 0 && !suffix_is_public(base.ptr))
		return true;
	return refuse(f, e->pattern,
		"covers names that anybody may register, because \"%s\" is a public suffix: write the names that are meant, or add public_suffix = true to the entry.",
		base.len > 0 ? base.ptr : ".");
}

/* True when the deny entry covers at least a part of what the exception does. */
static bool excepts(const struct record *denied, const struct pattern *p)
{
	struct slice base = record_base(denied);
	struct slice inner = pattern_base(p);

	if (p->kind == PATTERN_RANGE)
		return record_matches_address(denied, &p->network);
	if (p->kind == PATTERN_NAME)
		return record_matches_name(denied, inner);
	if (denied->kind == PATTERN_HOLE)
		return slice_equal(
			slice_from(record_host(denied), (size_t)denied->base_start + base.len),
			slice_from(p->host, p->host_len));
	if (denied->kind != PATTERN_BELOW && denied->kind != PATTERN_FROM)
		return false;
	return slice_equal(inner, base) ||
	       (slice_ends(inner, base) && inner.ptr[inner.len - base.len - 1] == '.');
}

static bool append(struct policy_builder *b, const struct pattern *p,
	const struct record_meta *meta, struct slice pattern, struct fault *f)
{
	enum ruleset_result result = ruleset_append(&b->rules, p, meta);

	return result == RULESET_DONE || refuse_result(f, pattern, result);
}

/* Attached records need no text, line or file; as of the deny list they cover every port. */
static bool append_attached(
	struct policy_builder *b, const struct entry *e, size_t place, struct fault *f)
{
	struct record_meta meta = {.list = LIST_DENY, .text = SLICE("")};
	struct pattern p;

	for (size_t i = 0; i < e->address_count; i++) {
		if (!pattern_parse_range(e->addresses[i], &p, f->text, sizeof(f->text)))
			return false;
		if (!append(b, &p, &meta, e->addresses[i], f))
			return false;
	}
	for (size_t i = 0; i < e->except_count; i++) {
		if (!pattern_parse(e->except[i], &p, f->text, sizeof(f->text)))
			return false;
		if (p.kind == PATTERN_ANY)
			return refuse(f, e->except[i],
				"would except everything: leave the deny entry out.");
		if (!excepts(ruleset_record(&b->rules, (uint32_t)place), &p))
			return refuse(f, e->except[i],
				"is not covered by the entry that it is an exception of: leave it out, or correct it.");
		if (!append(b, &p, &meta, e->except[i], f))
			return false;
	}
	return true;
}

static bool append_entry(
	struct policy_builder *b, const struct entry *e, const struct pattern *p, struct fault *f)
{
	char text[TEXT_SIZE];
	struct record_meta meta = {
		.list = e->list,
		.protocol = e->has_protocol ? (uint8_t)(e->protocol + 1) : 0,
		.line = e->line,
		.attached = (uint16_t)(e->address_count + e->except_count),
		.text = {text, escape_text(e->pattern, text, sizeof(text))},
	};
	size_t place = b->rules.len;

	enum ruleset_result result = ruleset_file(&b->rules, e->file, &meta.file);
	if (result != RULESET_DONE)
		return refuse_result(f, e->pattern, result);
	if (!append(b, p, &meta, e->pattern, f) || !append_attached(b, e, place, f)) {
		ruleset_cut(&b->rules, place);
		return false;
	}
	result = ruleset_enter(&b->rules, (uint32_t)place);
	if (result == RULESET_DONE)
		return true;
	ruleset_cut(&b->rules, place);
	return result == RULESET_KNOWN || refuse_result(f, e->pattern, result);
}

bool policy_builder_add(
	struct policy_builder *b, const struct entry *entry, struct fault *ret_fault)
{
	struct fault f = {0};
	struct pattern p;

	if (check_keys(entry, &f) && pattern_parse(entry->pattern, &p, f.text, sizeof(f.text)) &&
		check_breadth(entry, &p, &f) && append_entry(b, entry, &p, &f))
		return true;
	*ret_fault = f;
	return false;
}

bool policy_builder_add_rule(
	struct policy_builder *b, const struct request_rule *rule, struct fault *ret_fault)
{
	struct fault f = {0};

	switch (request_rules_add(&b->requests, rule, f.text, sizeof(f.text))) {
	case REQUEST_RULES_DONE:
		return true;
	case REQUEST_RULES_REFUSED:
		break;
	case REQUEST_RULES_NO_MEMORY:
		snprintf(f.text, sizeof(f.text), "out of memory");
		break;
	}
	*ret_fault = f;
	return false;
}

bool policy_builder_add_provider(
	struct policy_builder *b, const struct provider *provider, struct fault *ret_fault)
{
	struct fault f = {0};

	switch (providers_add(&b->providers, provider, f.text, sizeof(f.text))) {
	case PROVIDERS_DONE:
		return true;
	case PROVIDERS_REFUSED:
		break;
	case PROVIDERS_NO_MEMORY:
		snprintf(f.text, sizeof(f.text), "out of memory");
		break;
	}
	*ret_fault = f;
	return false;
}

struct policy *policy_builder_finish(
	struct policy_builder *b, const struct policy_settings *settings)
{
	static _Atomic uint64_t generations;
	struct policy *p = calloc(1, sizeof(*p));

	if (p && ruleset_trim(&b->rules) && providers_finish(&b->providers) &&
		own_add(&p->own, settings->own, settings->own_count)) {
		p->references = 1;
		p->generation = ++generations;
		p->mode = settings->mode;
		p->unlisted = settings->unlisted;
		p->nobody_answers = settings->nobody_answers;
		p->allow_local_binding = settings->allow_local_binding;
		p->rules = b->rules;
		request_rules_finish(&b->requests);
		p->requests = b->requests;
		p->providers = b->providers;
		p->searches = settings->searches;
		free(b);
		return p;
	}
	if (p)
		own_done(&p->own);
	free(p);
	policy_builder_free(b);
	return NULL;
}
