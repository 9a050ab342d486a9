/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules cover a target, and what that means for it whatever is asked of it. */
#include "policy/request_rules.h"

#include "policy/request_subject.h"
#include "policy/special.h"

/* ---- which rules cover a target ------------------------------------------------------------ */

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
	const struct rule_visitor *v)
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

void request_rules_visit(
	const struct request_rules *set, const struct target *t, const struct rule_visitor *v)
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
		c->other[s->rule.layer] =
			rule < c->other[s->rule.layer] ? rule : c->other[s->rule.layer];
}

bool request_rules_cover(
	const struct request_rules *set, const struct target *t, uint32_t *ret_rule)
{
	struct coverage c = {.other = {REQUEST_RULE_NONE, REQUEST_RULE_NONE}};

	if (set->rule_count > 0)
		request_rules_visit(set, t, &(struct rule_visitor){on_any_covering, &c});
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

struct asking {
	const struct slice *text;
	bool tunnel[REQUEST_LAYERS], asks[REQUEST_LAYERS];
};

static void on_asking(void *owner, const struct stored_rule *s, uint32_t rule)
{
	struct asking *a = owner;
	enum request_layer layer = s->rule.layer;

	(void)rule;
	if (s->rule.action == REQUEST_TUNNEL)
		a->tunnel[layer] = true;
	else if (s->rule.action == REQUEST_HOLD && !a->asks[layer])
		a->asks[layer] = !a->text || request_subject_fits(&s->rule, *a->text);
}

bool request_rules_ask(
	const struct request_rules *set, const struct target *t, const struct slice *text)
{
	struct asking a = {.text = text};
	bool asks = false;

	request_rules_visit(set, t, &(struct rule_visitor){on_asking, &a});
	for (int layer = 0; layer < REQUEST_LAYERS; layer++)
		asks = asks || (a.asks[layer] && !a.tunnel[layer]);
	return asks;
}

bool request_rules_any(const struct request_rules *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i].rule.action != REQUEST_TUNNEL)
			return true;
	return false;
}
