/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/explain.h"

#include "base/escape.h"
#include "policy/edit.h"
#include "policy/requests.h"
#include "policy/snapshot.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_SIZE = 120, FILE_SIZE = 200, RULE_SIZE = 512 };

/* Adds to the text; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void say(
	struct explanation *e, const char *format, ...)
{
	size_t len = strlen(e->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(e->text + len, sizeof(e->text) - len, format, arguments);
	va_end(arguments);
}

static bool is_url(struct slice text, struct slice scheme)
{
	return slice_equal_nocase(slice_first(text, scheme.len), scheme);
}

/* What somebody asks about. */
struct asked {
	bool url; /* there is a request to judge, beside a CONNECT if it is not a plain one */
	bool plain;
	struct request_view request;
};

static enum reason parse(struct slice text, struct target *ret_target, struct asked *s)
{
	enum reason reason;

	s->plain = is_url(text, SLICE("http://"));
	s->url = s->plain || is_url(text, SLICE("https://"));
	if (!s->url)
		return target_parse_host(text, 443, ret_target);
	/* A pasted URL may have a fragment, which never goes over the wire. */
	reason = target_parse_uri(
		slice_first(text, slice_find(text, '#')), ret_target, &s->request.path);
	return reason == REASON_SCHEME_NOT_ALLOWED ? REASON_NONE : reason;
}

/* The name is asked about first. */
static void note_held(const struct policy *p, struct explanation *e, const struct request_view *v,
	const struct verdict *named)
{
	struct buffer text;

	buffer_init(&text, LIMIT_SUBJECT_BYTES);
	e->held = policy_held_subject(p, e->verdict.entry, v, &text);
	e->held_by = e->verdict.entry;
	snprintf(e->subject, sizeof(e->subject), "%.*s", (int)text.len, buffer_bytes(&text).ptr);
	buffer_done(&text);
	if (!e->held)
		e->verdict.decision = DECISION_DENY;
	else if (named->decision == DECISION_ASK)
		e->verdict = *named;
}

static void judge_request(
	const struct policy *p, struct explanation *e, const struct request_view *v)
{
	if (e->verdict.decision != DECISION_DENY)
		e->verdict = policy_judge_method(p, v->method, &e->verdict);
	if (e->verdict.decision == DECISION_DENY)
		return;
	const struct verdict named = e->verdict;
	e->verdict = policy_judge_request(p, &e->target, v, &named);
	if (policy_is_held(&e->verdict))
		note_held(p, e, v, &named);
}

/* Whether credentials keep it from going. */
static void judge_edits(const struct policy *p, struct explanation *e, const struct asked *s)
{
	const struct edit_place place = {
		.policy = p, .target = &e->target, .verified = !s->plain, .ahead = true};
	uint32_t entry;

	if (e->verdict.decision == DECISION_DENY)
		return;
	enum reason reason = edit_judge(&place, &s->request, &entry);
	if (reason == REASON_NONE)
		return;
	e->verdict = (struct verdict){
		DECISION_DENY, reason, SOURCE_BASELINE_POLICY, e->verdict.protocol, entry};
}

/* As it would come: a CONNECT first, unless it is a plain request, and the request inside. */
static void judge(const struct policy *p, struct explanation *e, const struct asked *s)
{
	static const struct request_view connect = {.method = {"CONNECT", 7}};

	e->verdict = policy_judge(p, &e->target);
	if (!s->plain)
		judge_request(p, e, &connect);
	if (!s->plain && !(s->url && policy_inspects(p, &e->target)))
		return;
	judge_request(p, e, &s->request);
	judge_edits(p, e, s);
}

static void say_rule(const struct policy *p, struct explanation *e, const char *before)
{
	struct rule rule = policy_rule(p, e->verdict.entry);
	char pattern[RULE_SIZE], file[FILE_SIZE];

	if (!rule.pattern)
		return;
	/* The pattern is escaped already; this only bounds it. */
	snprintf(pattern, sizeof(pattern), "%s", rule.pattern);
	escape_text(slice_of(rule.file), file, sizeof(file));
	say(e, "%s\"%s\"", before, pattern);
	if (rule.line > 0)
		say(e, " (%s:%u)", file, rule.line);
	else
		say(e, " (%s)", file[0] ? file : "command line");
}

/* A rule about requests that lets this one pass, if there is one. */
static void say_passing(const struct policy *p, struct explanation *e, const struct asked *s)
{
	struct explanation passing = *e;
	uint32_t rule;

	if (!s->url ||
		request_rules_judge(&p->requests, &e->target, &s->request, &rule) != REASON_NONE ||
		rule == REQUEST_RULE_NONE)
		return;
	passing.verdict.entry = ENTRY_REQUEST + rule;
	passing.text[0] = '\0';
	say_rule(p, &passing, " The request is allowed by the rule ");
	say(e, "%s.", passing.text);
}

/* What other rules leave out of it and put in. */
static void say_edits(const struct policy *p, struct explanation *e, const struct asked *s)
{
	struct edit_rules edits;
	char where[SHOWN_SIZE], name[SHOWN_SIZE];

	if (!s->url || s->plain ||
		!request_rules_edits(&p->requests, &e->target, &s->request, &edits))
		return;
	for (size_t i = 0; i < edits.count; i++) {
		const struct request_rule *r = &p->requests.rules[edits.rules[i]].rule;
		for (size_t j = 0; j < r->strip_count; j++) {
			escape_text(r->strip[j], name, sizeof(name));
			say(e, " \"%s\" is left out.", name);
		}
		if (r->inject.source == CREDENTIAL_NONE)
			continue;
		escape_text(r->inject.header, name, sizeof(name));
		credential_describe(&r->inject, where, sizeof(where));
		say(e, " \"%s\" comes from %s%s.", name, where,
			r->inject.placeholder.len > 0 ? ", where it is sent" : "");
	}
}

static void say_allowed(const struct policy *p, struct explanation *e)
{
	const struct target *t = &e->target;

	say(e, "is allowed");
	say_rule(p, e, " by ");
	switch (e->verdict.protocol) {
	case PORT_TLS:
		if (t->kind == TARGET_NAME)
			say(e, "; a tunnel must begin with TLS for %s", t->host);
		else
			say(e, "; a tunnel must begin with TLS");
		break;
	case PORT_HTTP:
		say(e, "; each request is judged by itself");
		break;
	case PORT_RAW:
		say(e, "; what a tunnel carries is not looked at");
		break;
	}
	say(e, ".");
	if (t->kind == TARGET_NAME && !p->allow_local_binding)
		say(e, " Local addresses that the name resolves to are refused unless its entry "
		       "names them.");
}

/* What the reason's own sentence leaves open: which entry, and what to do about it. */
static void say_refused(const struct policy *p, struct explanation *e)
{
	enum reason reason = e->verdict.reason;

	say(e, "is refused, %s: %s", reason_word(reason), reason_row(reason)->message);
	if (reason == REASON_DENIED)
		say_rule(p, e, " The deny entry is ");
	if (reason == REASON_RULE_DENIED || reason == REASON_PATH_AMBIGUOUS ||
		reason == REASON_RULE_HELD || reason == REASON_CREDENTIAL_MISPLACED ||
		reason == REASON_CREDENTIAL_NEEDS_TLS)
		say_rule(p, e, " The rule is ");
	if (reason == REASON_RULE_NOT_ALLOWED)
		say_rule(p, e, " What it is allowed for begins with the rule ");
	if (reason == REASON_PORT_NOT_ALLOWED)
		say_rule(p, e, " The entry for other ports is ");
	if (e->verdict.entry != ENTRY_NONE)
		say(e, ".");
	if (reason == REASON_NOT_ALLOWED && p->rules.any_count > 0)
		say(e, " \"*\" lists neither addresses nor names of a single label.");
	if (reason == REASON_LOCAL_ADDRESS && p->rules.any_count > 0)
		say(e, " \"*\" does not list it.");
}

static void say_asked(const struct policy *p, struct explanation *e)
{
	char subject[SHOWN_SIZE];
	struct explanation by = {.verdict = {.entry = e->held_by}};
	bool unlisted = !policy_is_held(&e->verdict);

	if (unlisted)
		say(e, "is on no list: it waits until somebody decides, unless somebody has.");
	if (!e->held)
		return;
	escape_text(slice_of(e->subject), subject, sizeof(subject));
	say_rule(p, &by, " by the rule ");
	say(e, "%s request%s, \"%s\", waits for a decision of its own%s.",
		unlisted ? " Then the" : "is allowed, but the", "", subject, by.text);
}

void policy_explain_request(
	const struct policy *p, struct slice method, struct slice url, struct explanation *ret)
{
	char shown[LIMIT_NAME_BYTES + 9];
	struct asked asked = {.request = {.method = method}};

	*ret = (struct explanation){.verdict = {DECISION_DENY, REASON_BAD_TARGET,
					    SOURCE_BASELINE_POLICY, PORT_TLS, ENTRY_NONE}};
	if (parse(url, &ret->target, &asked) != REASON_NONE) {
		escape_text(url, shown, SHOWN_SIZE);
		say(ret,
			"\"%s\" is malformed: write a host name, a dotted quad or an IPv6 address in brackets, and behind a colon a port from 1 to 65535.",
			shown);
		return;
	}
	target_format(&ret->target, shown, sizeof(shown));
	say(ret, "%s ", shown);
	if (asked.plain && target_is_agent_page(&ret->target)) {
		ret->verdict = (struct verdict){.decision = DECISION_ALLOW,
			.source = SOURCE_PROXY_STATE,
			.protocol = PORT_HTTP,
			.entry = ENTRY_NONE};
		say(ret, "is the proxy's own page for agents; nothing is behind it.");
		return;
	}
	judge(p, ret, &asked);
	switch (ret->verdict.decision) {
	case DECISION_ALLOW:
		say_allowed(p, ret);
		say_passing(p, ret, &asked);
		say_edits(p, ret, &asked);
		break;
	case DECISION_DENY:
		say_refused(p, ret);
		break;
	case DECISION_ASK:
		say_asked(p, ret);
		break;
	}
}

void policy_explain(const struct policy *p, struct slice host_port, struct explanation *ret)
{
	policy_explain_request(p, SLICE("GET"), host_port, ret);
}
