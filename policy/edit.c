/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/edit.h"

#include "policy/placeholder.h"
#include "policy/snapshot.h"

#include <stdlib.h>

static struct secret *secret_of(const struct edit_place *place, uint32_t rule)
{
	const struct policy *p = place->policy;

	return secrets_at(place->secrets, p->generation, p->requests.rules[rule].credential);
}

/* What is to be done to one request. */
struct plan {
	const struct request_rules *set;
	const struct request_view *view;
	struct edit_rules edits; /* all rules that change something */
	uint32_t chosen[LIMIT_EDIT_RULES]; /* those whose credential is put in */
	size_t chosen_count;
};

static const struct request_rule *rule_at(const struct plan *p, uint32_t rule)
{
	return &p->set->rules[rule].rule;
}

/* ---- which credentials --------------------------------------------------------------------- */

static bool carries(const struct request_view *v, const struct credential *c)
{
	struct slice value;

	for (size_t nth = 0; value = request_view_field(v, c->header, nth), value.ptr; nth++)
		if (placeholder_stands(c->placeholder, value))
			return true;
	return false;
}

/* Of the rules from the given one on that inject into the same field; REQUEST_RULE_NONE for none. */
static uint32_t pick(const struct plan *p, size_t from)
{
	struct slice header = rule_at(p, p->edits.rules[from])->inject.header;
	bool there = request_view_field(p->view, header, 0).ptr != NULL;
	uint32_t usual = REQUEST_RULE_NONE;

	for (size_t i = from; i < p->edits.count; i++) {
		const struct credential *c = &rule_at(p, p->edits.rules[i])->inject;
		if (c->source == CREDENTIAL_NONE || !slice_equal_nocase(c->header, header))
			continue;
		if (c->placeholder.len > 0 && there && carries(p->view, c))
			return p->edits.rules[i];
		if (usual == REQUEST_RULE_NONE && (there || c->placeholder.len == 0))
			usual = p->edits.rules[i];
	}
	return usual;
}

/* The rule that puts something into the field; NULL: none does. */
static const struct request_rule *chosen_for(const struct plan *p, struct slice name)
{
	for (size_t i = 0; i < p->chosen_count; i++)
		if (slice_equal_nocase(rule_at(p, p->chosen[i])->inject.header, name))
			return rule_at(p, p->chosen[i]);
	return NULL;
}

static void choose(struct plan *p)
{
	for (size_t i = 0; i < p->edits.count; i++) {
		const struct credential *c = &rule_at(p, p->edits.rules[i])->inject;
		if (c->source == CREDENTIAL_NONE || chosen_for(p, c->header))
			continue;
		uint32_t rule = pick(p, i);
		if (rule != REQUEST_RULE_NONE)
			p->chosen[p->chosen_count++] = rule;
	}
}

/* ---- what stands in the way ---------------------------------------------------------------- */

/* The placeholder stands where nobody replaces it. */
static bool is_misplaced(const struct plan *p, struct slice placeholder)
{
	const struct request_view *v = p->view;
	struct slice name, value;

	if (placeholder_stands(placeholder, v->path))
		return true;
	for (size_t i = 0; v->at && v->at(v->owner, i, &name, &value); i++) {
		const struct request_rule *r = chosen_for(p, name);
		bool replaced = r && slice_equal(r->inject.placeholder, placeholder);
		if (!replaced && placeholder_stands(placeholder, value))
			return true;
	}
	return false;
}

static enum reason find_misplaced(const struct plan *p, uint32_t *ret_entry)
{
	for (size_t i = 0; i < p->set->credential_count; i++) {
		uint32_t rule = p->set->credentials[i];
		struct slice placeholder = rule_at(p, rule)->inject.placeholder;
		if (placeholder.len == 0 || !is_misplaced(p, placeholder))
			continue;
		*ret_entry = ENTRY_REQUEST + rule;
		return REASON_CREDENTIAL_MISPLACED;
	}
	return REASON_NONE;
}

static enum reason find_missing(
	const struct plan *p, const struct edit_place *place, uint32_t *ret_entry)
{
	for (size_t i = 0; i < p->chosen_count; i++) {
		if (place->verified && (place->ahead || secret_of(place, p->chosen[i])))
			continue;
		*ret_entry = ENTRY_REQUEST + p->chosen[i];
		return place->verified ? REASON_CREDENTIAL_UNAVAILABLE
				       : REASON_CREDENTIAL_NEEDS_TLS;
	}
	return REASON_NONE;
}

static enum reason make_plan(const struct edit_place *place, const struct request_view *v,
	struct plan *ret_plan, uint32_t *ret_entry)
{
	*ret_plan = (struct plan){.set = &place->policy->requests, .view = v};
	*ret_entry = ENTRY_NONE;
	if (ret_plan->set->edit_count == 0)
		return REASON_NONE;
	/* What is inside a CONNECT comes later, request by request. */
	if (!slice_equal(v->method, SLICE("CONNECT"))) {
		if (!request_rules_edits(ret_plan->set, place->target, v, &ret_plan->edits))
			return REASON_CREDENTIAL_UNAVAILABLE;
		choose(ret_plan);
	}
	enum reason reason = find_misplaced(ret_plan, ret_entry);
	return reason != REASON_NONE ? reason : find_missing(ret_plan, place, ret_entry);
}

enum reason edit_judge(
	const struct edit_place *place, const struct request_view *v, uint32_t *ret_entry)
{
	struct plan plan;

	return make_plan(place, v, &plan, ret_entry);
}

/* ---- the changes --------------------------------------------------------------------------- */

/* The first Basic of the client that has the placeholder says in which form the secret goes. */
static bool fill(const struct plan *p, const struct credential *c, struct edit_field *f)
{
	struct secret **made = &f->held[1];
	struct slice value;

	for (size_t nth = 0; c->placeholder.len > 0 && !*made; nth++) {
		value = request_view_field(p->view, c->header, nth);
		if (!value.ptr)
			break;
		if (!placeholder_fill_basic(c->placeholder, value, f->held[0], made))
			return false;
	}
	f->value = secret_value(*made ? *made : f->held[0]);
	return true;
}

static bool add(struct edit *e, const struct plan *p, const struct edit_place *place, uint32_t rule)
{
	const struct credential *c = &rule_at(p, rule)->inject;
	struct edit_field *f = &e->fields[e->field_count++];
	*f = (struct edit_field){.name = c->header,
		.instead = c->placeholder.len > 0 ? c->placeholder : SLICE("redacted"),
		.held = {secret_ref(secret_of(place, rule)), NULL}};
	return fill(p, c, f);
}

enum reason edit_new(
	const struct edit_place *place, const struct request_view *v, struct edit **ret_edit)
{
	struct plan plan;
	uint32_t entry;
	enum reason reason = make_plan(place, v, &plan, &entry);

	*ret_edit = NULL;
	if (reason != REASON_NONE || plan.edits.count == 0)
		return reason;
	struct edit *e = calloc(1, sizeof(*e));
	if (!e)
		return REASON_OUT_OF_MEMORY;
	/* Immutable but for its references. */
	e->policy = policy_ref((struct policy *)(uintptr_t)place->policy);
	e->rule_count = plan.edits.count;
	for (size_t i = 0; i < plan.edits.count; i++)
		e->rules[i] = rule_at(&plan, plan.edits.rules[i]);
	for (size_t i = 0; i < plan.chosen_count; i++) {
		if (!add(e, &plan, place, plan.chosen[i])) {
			edit_free(e);
			return REASON_OUT_OF_MEMORY;
		}
	}
	*ret_edit = e;
	return REASON_NONE;
}

void edit_free(struct edit *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->field_count; i++) {
		secret_unref(e->fields[i].held[0]);
		secret_unref(e->fields[i].held[1]);
	}
	policy_unref(e->policy);
	free(e);
}

bool edit_keeps(const struct edit *e, struct slice name)
{
	for (size_t i = 0; e && i < e->rule_count; i++) {
		const struct request_rule *r = e->rules[i];
		if (r->inject.source != CREDENTIAL_NONE &&
			slice_equal_nocase(r->inject.header, name))
			return false;
		for (size_t j = 0; j < r->strip_count; j++)
			if (slice_equal_nocase(r->strip[j], name))
				return false;
	}
	return true;
}

/* What a response must not have: the secret, and what was made of it, without its scheme. */
static struct slice hidden(const struct edit_field *f, size_t which)
{
	return f->held[which] ? secret_bytes(f->held[which]) : slice_from(NULL, 0);
}

size_t edit_find(
	const struct edit *e, struct slice value, size_t *ret_len, struct slice *ret_instead)
{
	size_t first = value.len;

	for (size_t i = 0; e && i < 2 * e->field_count; i++) {
		const struct edit_field *f = &e->fields[i / 2];
		struct slice secret = hidden(f, i % 2);
		const char *hit = NULL;
		if (secret.len > 0 && value.len > 0)
			hit = memmem(value.ptr, value.len, secret.ptr, secret.len);
		if (!hit || (size_t)(hit - value.ptr) >= first)
			continue;
		first = (size_t)(hit - value.ptr);
		*ret_len = secret.len;
		*ret_instead = f->instead;
	}
	return first;
}
