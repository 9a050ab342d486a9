/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/request_rules.h"

#include "policy/condition.h"
#include "policy/path.h"
#include "policy/special.h"

/* ---- which rules cover a target ------------------------------------------------------------ */

/* Who is told of each rule that covers the target. */
struct visitor {
	void (*visit)(void *owner, const struct stored_rule *s, uint32_t rule);
	void *owner;
};

static bool covers_port(const struct pattern *p, uint16_t port)
{
	return !p->has_ports || (port >= p->port_first && port <= p->port_last);
}

/* The first scope with this base, or set->named. */
static size_t find_base(const struct request_rules *set, struct slice base)
{
	size_t low = 0, high = set->named;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (request_rules_compare(pattern_base(&set->scopes[middle].pattern), base) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* All scopes of names whose base is the end of the host that begins at `start`. */
static void visit_base(const struct request_rules *set, const struct target *t, size_t start,
	const struct visitor *v)
{
	struct slice base = slice_after(target_host(t), start);

	for (size_t i = find_base(set, base); i < set->named; i++) {
		const struct rule_scope *s = &set->scopes[i];
		if (!slice_equal(pattern_base(&s->pattern), base))
			break;
		bool matches = start == 0 ? s->pattern.kind != PATTERN_BELOW
					  : s->pattern.kind != PATTERN_NAME;
		if (matches && covers_port(&s->pattern, t->port))
			v->visit(v->owner, &set->rules[s->rule], s->rule);
	}
}

/* One label with a hole before the base. */
static bool fills_hole(const struct pattern *p, struct slice host)
{
	struct slice whole = slice_from(p->host, p->host_len);
	struct slice front = slice_first(whole, p->hole_at);
	struct slice back = slice_after(whole, (size_t)p->hole_at + 1);

	if (host.len < front.len + back.len || !slice_starts(host, front) ||
		!slice_ends(host, back))
		return false;
	struct slice filling = slice_from(host.ptr + front.len, host.len - front.len - back.len);
	return slice_find(filling, '.') == filling.len;
}

static bool covers_address(const struct pattern *p, const struct address *a)
{
	unsigned whole = p->prefix_bits / 8, rest = p->prefix_bits % 8;

	if (p->network.family != a->family || memcmp(p->network.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || (p->network.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

static bool covers_other(const struct pattern *p, const struct target *t)
{
	if (p->kind == PATTERN_ANY)
		return true;
	if (p->kind == PATTERN_HOLE)
		return t->kind == TARGET_NAME && fills_hole(p, target_host(t));
	if (t->kind != TARGET_ADDRESS)
		return false;
	struct address plain = special_unmapped(&t->address);
	return covers_address(p, &plain);
}

/* Visits each rule that covers the target, some more than once. */
static void visit_rules(
	const struct request_rules *set, const struct target *t, const struct visitor *v)
{
	struct slice host = target_host(t);

	if (t->kind == TARGET_NAME && set->named > 0) {
		for (size_t start = 0; start < host.len;) {
			visit_base(set, t, start, v);
			start += slice_find(slice_after(host, start), '.') + 1;
		}
	}
	for (size_t i = set->named; i < set->scope_count; i++) {
		const struct rule_scope *s = &set->scopes[i];
		if (covers_port(&s->pattern, t->port) && covers_other(&s->pattern, t))
			v->visit(v->owner, &set->rules[s->rule], s->rule);
	}
}

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
		uint32_t denies, may_deny, allows, may_allow, any_allow;
	} layers[REQUEST_LAYERS];
};

static bool lists_method(const struct request_rule *r, struct slice method)
{
	for (size_t i = 0; i < r->method_count; i++)
		if (slice_equal(r->methods[i], method))
			return true;
	return false;
}

/* Fields by which many frameworks take another method than the one of the request line: the request
 * is of both. */
static bool fits_method(const struct request_rule *r, const struct request_view *v, bool broad)
{
	static const struct slice overrides[] = {
		{"X-HTTP-Method-Override", 22},
		{"X-HTTP-Method", 13},
		{"X-Method-Override", 17},
	};
	struct slice other;

	if (r->method_count == 0)
		return true;
	bool fits = lists_method(r, v->method);
	for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		for (size_t nth = 0; other = request_view_field(v, overrides[i], nth), other.ptr;
			nth++)
			fits = broad ? fits || lists_method(r, other)
				     : fits && lists_method(r, other);
	}
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

static enum fit fits(const struct request_rule *r, struct inquiry *q)
{
	bool broad = r->action == REQUEST_DENY;

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

static void on_covering(void *owner, const struct stored_rule *s, uint32_t rule)
{
	struct inquiry *q = owner;
	struct layer_finding *found = &q->layers[s->rule.layer];

	if (s->rule.action == REQUEST_TUNNEL) {
		found->tunnel = true;
		return;
	}
	enum fit fit = fits(&s->rule, q);
	if (s->rule.action == REQUEST_ALLOW) {
		note(&found->any_allow, rule);
		if (fit != FITS_NOT)
			note(fit == FITS ? &found->allows : &found->may_allow, rule);
	} else if (fit != FITS_NOT) {
		note(fit == FITS ? &found->denies : &found->may_deny, rule);
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
		{found->any_allow, REASON_RULE_NOT_ALLOWED},
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !found->tunnel; i++) {
		if (order[i].rule == REQUEST_RULE_NONE)
			continue;
		*ret_rule = order[i].rule;
		return order[i].reason;
	}
	return REASON_NONE;
}

/* As it is sent on: without a path "/" is meant, but for the "*" of OPTIONS, which is no path. */
static struct slice sent_path(const struct request_view *v)
{
	struct slice path = slice_first(v->path, slice_find(v->path, '?'));

	if (path.len == 0 && !(v->path.len == 0 && slice_equal(v->method, SLICE("OPTIONS"))))
		return SLICE("/");
	return path;
}

enum reason request_rules_judge(const struct request_rules *set, const struct target *t,
	const struct request_view *v, uint32_t *ret_rule)
{
	const struct layer_finding nothing = {false, REQUEST_RULE_NONE, REQUEST_RULE_NONE,
		REQUEST_RULE_NONE, REQUEST_RULE_NONE, REQUEST_RULE_NONE};
	struct inquiry q = {.view = v, .path = sent_path(v), .layers = {nothing, nothing}};
	enum reason reason = REASON_NONE;

	*ret_rule = REQUEST_RULE_NONE;
	if (set->rule_count == 0)
		return REASON_NONE;
	q.query = slice_after(v->path, slice_find(v->path, '?') + 1);
	visit_rules(set, t, &(struct visitor){on_covering, &q});
	/* The requirements last: theirs is the word that stands. */
	for (int layer = 0; layer < REQUEST_LAYERS; layer++) {
		uint32_t rule = REQUEST_RULE_NONE;
		enum reason found = conclude(&q.layers[layer], &rule);
		if (found == REASON_NONE && (reason != REASON_NONE || rule == REQUEST_RULE_NONE))
			continue;
		reason = found;
		*ret_rule = rule;
	}
	return reason;
}

/* ---- whether a target is looked into ------------------------------------------------------- */

struct coverage {
	bool tunnel[REQUEST_LAYERS];
	uint32_t other[REQUEST_LAYERS];
};

static void on_any_covering(void *owner, const struct stored_rule *s, uint32_t rule)
{
	struct coverage *c = owner;

	if (s->rule.action == REQUEST_TUNNEL)
		c->tunnel[s->rule.layer] = true;
	else
		note(&c->other[s->rule.layer], rule);
}

bool request_rules_cover(
	const struct request_rules *set, const struct target *t, uint32_t *ret_rule)
{
	struct coverage c = {.other = {REQUEST_RULE_NONE, REQUEST_RULE_NONE}};

	if (set->rule_count > 0)
		visit_rules(set, t, &(struct visitor){on_any_covering, &c});
	for (int layer = REQUEST_LAYERS - 1; layer >= 0; layer--) {
		if (c.tunnel[layer] || c.other[layer] == REQUEST_RULE_NONE)
			continue;
		if (ret_rule)
			*ret_rule = c.other[layer];
		return true;
	}
	if (ret_rule)
		*ret_rule = REQUEST_RULE_NONE;
	return false;
}

bool request_rules_any(const struct request_rules *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i].rule.action != REQUEST_TUNNEL)
			return true;
	return false;
}

/* ---- which of them change the fields of a request ------------------------------------------ */

struct edit_search {
	struct inquiry inquiry;
	struct edit_rules found[REQUEST_LAYERS];
	bool tunnel[REQUEST_LAYERS];
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

	s->tunnel[r->layer] |= r->action == REQUEST_TUNNEL;
	if (r->strip_count == 0 && r->inject.source == CREDENTIAL_NONE)
		return;
	if (fits(r, &s->inquiry) == FITS)
		insert_rule(s, &s->found[r->layer], rule);
}

bool request_rules_edits(const struct request_rules *set, const struct target *t,
	const struct request_view *v, struct edit_rules *ret_rules)
{
	struct edit_search s = {.inquiry = {.view = v, .path = sent_path(v)}};

	ret_rules->count = 0;
	if (set->edit_count == 0)
		return true;
	s.inquiry.query = slice_after(v->path, slice_find(v->path, '?') + 1);
	visit_rules(set, t, &(struct visitor){on_editing, &s});
	for (int layer = REQUEST_LAYERS - 1; layer >= 0; layer--) {
		const struct edit_rules *list = &s.found[layer];
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
