/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/request_rules.h"

#include "policy/condition.h"
#include "policy/path.h"
#include "policy/request_subject.h"

/* ---- which of them fit a request ----------------------------------------------------------- */

enum fit { FITS_NOT, FITS, FITS_PERHAPS };

struct inquiry {
	const struct request_view *view;
	struct slice path, query; /* of the view */
	/* The path has one reading; looked at when the first rule asks. */
	enum { PLAIN_UNKNOWN, PLAIN, AMBIGUOUS } plain;
	struct layer_finding {
		bool tunnel;
		/* The first of each kind, or REQUEST_RULE_NONE. */
		uint32_t denies, may_deny, allows, may_allow, holds, may_hold, any_allow,
			holds_broadly;
	} layers[REQUEST_LAYERS];
};

static bool lists_method(const struct request_rule *r, struct slice method)
{
	for (size_t i = 0; i < r->method_count; i++)
		if (slice_equal(r->methods[i], method))
			return true;
	return false;
}

/* A request whose field names another method is of both. */
static bool fits_method(const struct request_rule *r, const struct request_view *v, bool broad)
{
	struct slice other;

	if (r->method_count == 0)
		return true;
	bool fits = lists_method(r, v->method);
	for (size_t nth = 0; other = request_view_other_method(v, nth), other.ptr; nth++)
		fits = broad ? fits || lists_method(r, other) : fits && lists_method(r, other);
	return fits;
}

static enum fit fits_path(const struct request_rule *r, struct inquiry *q, bool broad)
{
	if (r->path_count == 0)
		return FITS;
	if (q->plain == PLAIN_UNKNOWN)
		q->plain = q->path.len == 0 || path_is_plain(q->path) ? PLAIN : AMBIGUOUS;
	if (q->plain == AMBIGUOUS)
		return FITS_PERHAPS;
	for (size_t i = 0; i < r->path_count; i++)
		if (path_matches(r->paths[i], q->path, broad ? PATH_BROAD : PATH_NARROW))
			return FITS;
	return FITS_NOT;
}

static enum fit fits(const struct request_rule *r, struct inquiry *q, bool broad)
{
	if (!fits_method(r, q->view, broad))
		return FITS_NOT;
	for (size_t i = 0; i < r->query_count; i++)
		if (!condition_fits_query(&r->query[i], q->query, broad))
			return FITS_NOT;
	for (size_t i = 0; i < r->header_count; i++)
		if (!condition_fits_field(&r->headers[i], q->view, broad))
			return FITS_NOT;
	return fits_path(r, q, broad);
}

static void note(uint32_t *first, uint32_t rule)
{
	if (rule < *first)
		*first = rule;
}

/* What is held has to be just what is asked about; but nothing slips past by being spelled otherwise. */
static void note_hold(
	struct layer_finding *found, const struct request_rule *r, uint32_t rule, struct inquiry *q)
{
	enum fit fit = fits(r, q, false);

	if (fit == FITS_NOT) {
		fit = fits(r, q, true);
		if (fit != FITS_NOT)
			note(fit == FITS ? &found->holds_broadly : &found->may_hold, rule);
		return;
	}
	note(fit == FITS ? &found->holds : &found->may_hold, rule);
}

static void on_covering(void *owner, const struct stored_rule *s, uint32_t rule)
{
	struct inquiry *q = owner;
	struct layer_finding *found = &q->layers[s->rule.layer];
	enum fit fit;

	switch (s->rule.action) {
	case REQUEST_TUNNEL:
		found->tunnel = true;
		break;
	case REQUEST_HOLD:
		note_hold(found, &s->rule, rule, q);
		break;
	case REQUEST_ALLOW:
		fit = fits(&s->rule, q, false);
		note(&found->any_allow, rule);
		if (fit != FITS_NOT)
			note(fit == FITS ? &found->allows : &found->may_allow, rule);
		break;
	case REQUEST_DENY:
		fit = fits(&s->rule, q, true);
		if (fit != FITS_NOT)
			note(fit == FITS ? &found->denies : &found->may_deny, rule);
		break;
	}
}

static enum reason conclude(const struct layer_finding *found, uint32_t *ret_rule)
{
	const struct {
		uint32_t rule;
		enum reason reason;
	} order[] = {
		{found->denies, REASON_RULE_DENIED},
		{found->may_deny, REASON_PATH_AMBIGUOUS},
		{found->allows, REASON_NONE},
		{found->may_allow, REASON_PATH_AMBIGUOUS},
		{found->holds, REASON_RULE_HELD},
		{found->may_hold, REASON_PATH_AMBIGUOUS},
		{found->any_allow, REASON_RULE_NOT_ALLOWED},
		{found->holds_broadly, REASON_RULE_HELD},
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !found->tunnel; i++) {
		if (order[i].rule == REQUEST_RULE_NONE)
			continue;
		*ret_rule = order[i].rule;
		return order[i].reason;
	}
	return REASON_NONE;
}

/* Denied before asked about before allowed. */
static int strictness(enum reason reason)
{
	if (reason == REASON_NONE)
		return 0;
	return reason == REASON_RULE_HELD ? 1 : 2;
}

enum reason request_rules_judge(const struct request_rules *set, const struct target *t,
	const struct request_view *v, uint32_t *ret_rule)
{
	const struct layer_finding nothing = {false, REQUEST_RULE_NONE, REQUEST_RULE_NONE,
		REQUEST_RULE_NONE, REQUEST_RULE_NONE, REQUEST_RULE_NONE, REQUEST_RULE_NONE,
		REQUEST_RULE_NONE, REQUEST_RULE_NONE};
	struct inquiry q = {.view = v, .path = request_view_path(v), .layers = {nothing, nothing}};
	enum reason reason = REASON_NONE;

	*ret_rule = REQUEST_RULE_NONE;
	if (set->rule_count == 0)
		return REASON_NONE;
	q.query = slice_after(v->path, slice_find(v->path, '?') + 1);
	request_rules_visit(set, t, &(struct rule_visitor){on_covering, &q});
	/* The requirements last: theirs is the word that stands. */
	for (int layer = 0; layer < REQUEST_LAYERS; layer++) {
		uint32_t rule = REQUEST_RULE_NONE;
		enum reason found = conclude(&q.layers[layer], &rule);
		if (rule == REQUEST_RULE_NONE || strictness(found) < strictness(reason))
			continue;
		reason = found;
		*ret_rule = rule;
	}
	return reason;
}

/* ---- which of them change the fields of a request ------------------------------------------ */

struct edit_search {
	struct inquiry inquiry;
	struct edit_rules found[REQUEST_LAYERS]
			       [2]; /* of rules that allow, and of those that hold */
	bool tunnel[REQUEST_LAYERS];
	bool allows[REQUEST_LAYERS]; /* without asking: what holds has no say */
	bool full;
};

/* Keeps them in order, each once. */
static void insert_rule(struct edit_search *s, struct edit_rules *list, uint32_t rule)
{
	size_t at = list->count;

	while (at > 0 && list->rules[at - 1] > rule)
		at--;
	if (at > 0 && list->rules[at - 1] == rule)
		return;
	s->full = s->full || list->count == LIMIT_EDIT_RULES;
	if (s->full)
		return;
	memmove(list->rules + at + 1, list->rules + at, (list->count - at) * sizeof(rule));
	list->rules[at] = rule;
	list->count++;
}

static void on_editing(void *owner, const struct stored_rule *stored, uint32_t rule)
{
	struct edit_search *s = owner;
	const struct request_rule *r = &stored->rule;

	bool allows = r->action == REQUEST_ALLOW;
	bool edits = r->strip_count > 0 || r->inject.source != CREDENTIAL_NONE;

	s->tunnel[r->layer] |= r->action == REQUEST_TUNNEL;
	if (!(edits || allows) || fits(r, &s->inquiry, false) != FITS)
		return;
	s->allows[r->layer] |= allows;
	if (edits)
		insert_rule(s, &s->found[r->layer][!allows], rule);
}

bool request_rules_edits(const struct request_rules *set, const struct target *t,
	const struct request_view *v, struct edit_rules *ret_rules)
{
	struct edit_search s = {.inquiry = {.view = v, .path = request_view_path(v)}};

	ret_rules->count = 0;
	if (set->edit_count == 0)
		return true;
	s.inquiry.query = slice_after(v->path, slice_find(v->path, '?') + 1);
	request_rules_visit(set, t, &(struct rule_visitor){on_editing, &s});
	for (int layer = REQUEST_LAYERS - 1; layer >= 0; layer--) {
		const struct edit_rules *list = &s.found[layer][!s.allows[layer]];
		for (size_t i = 0; i < list->count && !s.tunnel[layer]; i++) {
			if (ret_rules->count == LIMIT_EDIT_RULES)
				return false;
			ret_rules->rules[ret_rules->count++] = list->rules[i];
		}
	}
	return !s.full;
}

const char *request_rules_text(const struct request_rules *set, uint32_t rule)
{
	return set->rules[rule].text;
}

const char *request_rules_file(const struct request_rules *set, uint32_t rule, uint32_t *ret_line)
{
	*ret_line = set->rules[rule].rule.line;
	return set->rules[rule].rule.file.ptr;
}
