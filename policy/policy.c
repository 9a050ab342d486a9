/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "policy/match.h"
#include "policy/name.h"
#include "policy/request_subject.h"
#include "policy/requests.h"
#include "policy/snapshot.h"
#include "policy/special.h"

#include <assert.h>
#include <stdlib.h>

static struct verdict refused(enum reason reason, uint32_t entry)
{
	return (struct verdict){DECISION_DENY, reason, SOURCE_BASELINE_POLICY, PORT_TLS, entry};
}

/* RFC 9110 §4.2.1 gives port 80 to plain HTTP; elsewhere only TLS shows whom it is meant for. */
static enum port_protocol usual_protocol(uint16_t port)
{
	return port == 80 ? PORT_HTTP : PORT_TLS;
}

static struct verdict allowed(const struct policy *p, uint32_t entry, uint16_t port)
{
	const struct record *r = ruleset_record(&p->rules, entry);
	enum port_protocol protocol = usual_protocol(port);

	if (r->protocol > 0)
		protocol = (enum port_protocol)(r->protocol - 1);
	return (struct verdict){
		DECISION_ALLOW, REASON_NONE, SOURCE_BASELINE_POLICY, protocol, entry};
}

static bool is_local_literal(const struct target *t)
{
	if (t->kind == TARGET_ADDRESS)
		return special_is_local(&t->address);
	return name_is_localhost(target_host(t));
}

/* A name of a single label means something else on every network: only a list can mean it. */
static bool may_be_asked(const struct policy *p, const struct target *t)
{
	struct slice host = target_host(t);

	return p->unlisted == UNLISTED_HOLD &&
	       (t->kind == TARGET_ADDRESS || slice_find(host, '.') < host.len);
}

/* The end of the order, the same for names and literals: deny list, port not listed, local literal,
 * allow list, unlisted. */
static struct verdict conclude(
	const struct policy *p, const struct matches *m, const struct target *t)
{
	if (m->deny.place != ENTRY_NONE)
		return refused(REASON_DENIED, m->deny.place);
	if (m->allow.place != ENTRY_NONE)
		return allowed(p, m->allow.place, t->port);
	if (m->other_port.place != ENTRY_NONE)
		return refused(REASON_PORT_NOT_ALLOWED, m->other_port.place);
	if (!p->allow_local_binding && is_local_literal(t))
		return refused(REASON_LOCAL_ADDRESS, ENTRY_NONE);
	struct verdict v = refused(REASON_NOT_ALLOWED, ENTRY_NONE);
	if (may_be_asked(p, t)) {
		v.decision = DECISION_ASK;
		v.protocol = usual_protocol(t->port);
	}
	return v;
}

/* The deny entry of an address in any of its forms, ENTRY_NONE when there is none. */
static uint32_t denying_address(const struct policy *p, const struct address *a, uint16_t port)
{
	struct address forms[SPECIAL_EMBEDDED_MAX + 1] = {*a};
	struct matches m;

	size_t count = 1 + special_embedded(a, forms + 1);
	for (size_t i = 0; i < count; i++) {
		match_address(&p->rules, &forms[i], port, &m);
		if (m.deny.place != ENTRY_NONE)
			return m.deny.place;
	}
	return ENTRY_NONE;
}

static struct verdict judge_literal(const struct policy *p, const struct target *t)
{
	struct matches m;

	if (own_covers(&p->own, &t->address, t->port))
		return refused(REASON_OWN_ENDPOINT, ENTRY_NONE);
	/* A listed literal lists itself and its mapped form; the deny list sees all forms. */
	struct address plain = special_unmapped(&t->address);
	match_address(&p->rules, &plain, t->port, &m);
	if (t->address.family == 6)
		m.deny.place = denying_address(p, &t->address, t->port);
	return conclude(p, &m, t);
}

/* What localhost names stand for, RFC 6761 §6.3. */
static const struct address localhosts[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};

struct verdict policy_judge(const struct policy *p, const struct target *t)
{
	struct matches m;

	if (t->kind == TARGET_ADDRESS)
		return judge_literal(p, t);
	if (name_is_localhost(target_host(t)) &&
		(own_covers(&p->own, &localhosts[0], t->port) ||
			own_covers(&p->own, &localhosts[1], t->port)))
		return refused(REASON_OWN_ENDPOINT, ENTRY_NONE);
	if (name_is_agent_page(target_host(t)))
		return refused(REASON_AGENT_PAGE, ENTRY_NONE);
	match_name(&p->rules, target_host(t), t->port, &m);
	return conclude(p, &m, t);
}

/* The allow entry of the name that also names the local address; ENTRY_NONE when there is none.
 * An IPv6 address that is local only by what it embeds is named by the ranges of the latter. */
static uint32_t naming_entry(
	const struct policy *p, const struct target *t, const struct address *a)
{
	struct address plain = special_unmapped(a);
	struct address forms[SPECIAL_EMBEDDED_MAX];
	struct slice host = target_host(t);

	uint32_t entry = match_named_range(&p->rules, host, t->port, &plain);
	if (entry != ENTRY_NONE || special_is_local_range(&plain))
		return entry;
	size_t count = special_embedded(&plain, forms);
	for (size_t i = 0; i < count; i++) {
		if (!special_is_local_range(&forms[i]))
			continue;
		entry = match_named_range(&p->rules, host, t->port, &forms[i]);
		if (entry == ENTRY_NONE)
			return ENTRY_NONE;
	}
	return entry;
}

static bool is_own_spelling(const struct target *t, const struct address *a)
{
	struct address plain = special_unmapped(a);

	if (t->kind == TARGET_ADDRESS) {
		struct address asked = special_unmapped(&t->address);
		return address_equal(&asked, &plain);
	}
	return name_is_localhost(target_host(t)) &&
	       (address_equal(&plain, &localhosts[0]) || address_equal(&plain, &localhosts[1]));
}

struct verdict policy_judge_address(const struct policy *p, const struct target *t,
	const struct verdict *named, const struct address *address)
{
	struct verdict v = *named;

	assert(named->decision == DECISION_ALLOW);
	if (own_covers(&p->own, address, t->port))
		return refused(REASON_OWN_ENDPOINT, ENTRY_NONE);
	uint32_t denying = denying_address(p, address, t->port);
	if (denying != ENTRY_NONE)
		return refused(REASON_DENIED, denying);
	/* What the name itself was allowed as needs no further leave. */
	if (p->allow_local_binding || !special_is_local(address) || is_own_spelling(t, address))
		return v;
	uint32_t naming = t->kind == TARGET_NAME ? naming_entry(p, t, address) : ENTRY_NONE;
	if (naming == ENTRY_NONE)
		return refused(REASON_RESOLVED_LOCAL, named->entry);
	v.entry = naming;
	return v;
}

struct verdict policy_judge_alias(
	const struct policy *p, const struct target *t, struct slice alias)
{
	struct target named;
	struct matches m;

	/* An address is no alias, RFC 1035 §3.3.1. */
	if (target_parse_name(alias, &named) != REASON_NONE || named.kind == TARGET_ADDRESS)
		return refused(REASON_DNS_FAILED, ENTRY_NONE);
	match_name(&p->rules, target_host(&named), t->port, &m);
	if (m.deny.place != ENTRY_NONE)
		return refused(REASON_DENIED, m.deny.place);
	return (struct verdict){
		DECISION_ALLOW, REASON_NONE, SOURCE_BASELINE_POLICY, PORT_TLS, ENTRY_NONE};
}

struct verdict policy_judge_method(
	const struct policy *p, struct slice method, const struct verdict *named)
{
	struct verdict v = refused(REASON_MODE_LIMITED, ENTRY_NONE);
	/* Inside a CONNECT each request is judged by its own method. */
	bool visible = slice_equal(method, SLICE("GET")) || slice_equal(method, SLICE("HEAD")) ||
		       slice_equal(method, SLICE("OPTIONS")) ||
		       (slice_equal(method, SLICE("CONNECT")) && named->protocol != PORT_RAW);

	if (p->mode == MODE_FULL || visible)
		return *named;
	v.source = SOURCE_MODE_GUARD;
	return v;
}

static struct verdict ruled(enum reason reason, uint32_t rule)
{
	return refused(reason, ENTRY_REQUEST + rule);
}

struct verdict policy_judge_request(const struct policy *p, const struct target *t,
	const struct request_view *r, const struct verdict *named)
{
	uint32_t rule;

	if (slice_equal(r->method, SLICE("CONNECT"))) {
		/* Each request inside is judged by itself, where somebody can look. */
		if (named->protocol != PORT_RAW || !request_rules_cover(&p->requests, t, &rule))
			return *named;
		return ruled(REASON_RULE_NOT_ALLOWED, rule);
	}
	enum reason reason = request_rules_judge(&p->requests, t, r, &rule);
	if (reason == REASON_NONE) {
		struct verdict v = *named;
		/* A record that has the path names the rule that wants it. */
		if (v.decision == DECISION_ALLOW && rule != REQUEST_RULE_NONE &&
			policy_records_path(p, ENTRY_REQUEST + rule))
			v.entry = ENTRY_REQUEST + rule;
		return v;
	}
	struct verdict v = ruled(reason, rule);
	if (reason == REASON_RULE_HELD && !p->nobody_answers) {
		v.decision = DECISION_ASK;
		v.protocol = named->protocol;
	}
	return v;
}

bool policy_held_subject(const struct policy *p, uint32_t entry, const struct request_view *r,
	struct buffer *ret_text)
{
	assert(entry >= ENTRY_REQUEST && entry - ENTRY_REQUEST < p->requests.rule_count);
	return request_subject_write(&p->requests.rules[entry - ENTRY_REQUEST].rule, r, ret_text);
}

bool policy_holds(const struct policy *p, const struct target *t)
{
	return request_rules_ask(&p->requests, t, NULL);
}

bool policy_holds_any(const struct policy *p)
{
	for (size_t i = 0; i < p->requests.rule_count; i++)
		if (p->requests.rules[i].rule.action == REQUEST_HOLD)
			return true;
	return false;
}

bool policy_asks(const struct policy *p, const struct target *t, struct slice text)
{
	return request_rules_ask(&p->requests, t, &text);
}

bool policy_records_path(const struct policy *p, uint32_t entry)
{
	return entry != ENTRY_NONE && entry >= ENTRY_REQUEST &&
	       p->requests.rules[entry - ENTRY_REQUEST].rule.record_path;
}

bool policy_inspects(const struct policy *p, const struct target *t)
{
	return p->mode == MODE_LIMITED || request_rules_cover(&p->requests, t, NULL);
}

bool policy_inspects_any(const struct policy *p)
{
	return p->mode == MODE_LIMITED || request_rules_any(&p->requests);
}

size_t policy_credential_count(const struct policy *p)
{
	return p->requests.credential_count;
}

static struct rule request_rule(const struct policy *p, uint32_t rule)
{
	struct rule r = {.pattern = request_rules_text(&p->requests, rule)};

	r.file = request_rules_file(&p->requests, rule, &r.line);
	return r;
}

const struct credential *policy_credential(
	const struct policy *p, size_t number, struct rule *ret_rule)
{
	uint32_t rule = p->requests.credentials[number];

	if (ret_rule)
		*ret_rule = request_rule(p, rule);
	return &p->requests.rules[rule].rule.inject;
}

struct rule policy_rule(const struct policy *p, uint32_t entry)
{
	if (entry == ENTRY_NONE)
		return (struct rule){0};
	if (entry >= ENTRY_REQUEST)
		return request_rule(p, entry - ENTRY_REQUEST);
	assert(entry < p->rules.len);
	const struct record *r = ruleset_record(&p->rules, entry);
	return (struct rule){record_text(r), p->rules.files[r->file], r->line};
}

struct policy *policy_ref(struct policy *p)
{
	atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
	return p;
}

void policy_unref(struct policy *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) > 1)
		return;
	ruleset_done(&p->rules);
	request_rules_done(&p->requests);
	providers_done(&p->providers);
	own_done(&p->own);
	free(p);
}

bool policy_add_own(struct policy *p, const struct endpoint *own, size_t own_count)
{
	return own_add(&p->own, own, own_count);
}

uint64_t policy_generation(const struct policy *p)
{
	return p->generation;
}

struct policy_counts policy_counts(const struct policy *p)
{
	size_t own_bytes = p->own.count * sizeof(*p->own.endpoints);

	return (struct policy_counts){
		.allow = p->rules.entry_count[LIST_ALLOW],
		.deny = p->rules.entry_count[LIST_DENY],
		.bytes = sizeof(*p) + own_bytes + ruleset_size(&p->rules) +
			 request_rules_size(&p->requests) + p->providers.bytes,
	};
}
