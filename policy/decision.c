/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/decision.h"

#include "base/escape.h"
#include "base/utf8.h"
#include "policy/breadth.h"
#include "policy/cover.h"
#include "policy/requests.h"

#include <stdarg.h>
#include <stdio.h>

#define SECOND_MS     UINT64_C(1000)
#define TTL_MOST_MS   (366 * 24 * 3600 * SECOND_MS)
#define SHOWN_PATTERN 160

enum { SHOWN_SIZE = 120, TARGET_SIZE = LIMIT_NAME_BYTES + 9 };

enum desk_result sentence_write(
	const struct sentence *s, enum desk_result result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(s->text, s->size, format, arguments);
	va_end(arguments);
	return result;
}

/* ---- how long, for whom ------------------------------------------------------------------ */

static enum desk_result read_ttl(const struct decision_ask *ask, uint64_t otherwise_ms,
	uint64_t *ret_ttl_ms, const struct sentence *s)
{
	*ret_ttl_ms = ask->ttl_ms > 0 ? ask->ttl_ms : otherwise_ms;
	if (ask->ttl_ms == 0 && !ask->allow)
		return DESK_OK;
	if (*ret_ttl_ms >= SECOND_MS && *ret_ttl_ms <= TTL_MOST_MS)
		return DESK_OK;
	return sentence_write(s, DESK_REFUSED_PATTERN,
		"The decision lasts no valid time: give a ttl of 1 second to 366 days.");
}

/* A no for once is a no for a while, so that a tool that retries does not ask again. */
static enum grant_scope scope_of(const struct decision_ask *ask)
{
	return !ask->allow && ask->scope == GRANT_ONCE ? GRANT_TTL : ask->scope;
}

static enum desk_result read_time(const struct decision_ask *ask,
	const struct decision_ground *ground, struct grant *g, const struct sentence *s)
{
	uint64_t ttl_ms = 0;
	enum desk_result result = DESK_OK;

	switch (g->scope) {
	case GRANT_ONCE:
		/* Without a question read_audience has refused it. */
		g->expires_ms = ground->question ? ground->question->expires_ms : ground->now_ms;
		return DESK_OK;
	case GRANT_SESSION:
		ttl_ms = ground->session_ms;
		if (!ask->allow && ask->ttl_ms == 0)
			ttl_ms = ground->deny_ms;
		if (ask->ttl_ms > 0 && ask->ttl_ms < ttl_ms)
			ttl_ms = ask->ttl_ms;
		break;
	case GRANT_TTL:
		result = read_ttl(ask, ask->allow ? 0 : ground->deny_ms, &ttl_ms, s);
		break;
	case GRANT_ALWAYS:
	case GRANT_SCOPE_COUNT:
		return DESK_OK;
	}
	g->expires_ms = ground->now_ms + ttl_ms;
	return result;
}

static enum desk_result read_audience(const struct decision_ask *ask,
	const struct decision_ground *ground, struct grant *g, const struct sentence *s)
{
	const struct question *q = ground->question;
	struct slice identity = q ? slice_of(q->identity) : ground->who.identity;
	struct slice session = q ? slice_of(q->session) : ground->who.session;
	bool narrow = g->scope == GRANT_SESSION || g->scope == GRANT_ONCE;

	if (!q && g->scope == GRANT_ONCE)
		return sentence_write(s, DESK_REFUSED_PATTERN,
			"Nobody waits, so there is nothing to decide for once: choose ttl or always.");
	if (narrow && (ask->everybody || identity.len == 0))
		return sentence_write(s, DESK_REFUSED_PATTERN,
			"A decision for %s is for one identity: choose ttl or always for everybody.",
			g->scope == GRANT_ONCE ? "once" : "a session");
	if (!ask->everybody)
		utf8_copy(identity, g->identity, sizeof(g->identity));
	if (g->scope == GRANT_SESSION)
		utf8_copy(session, g->session, sizeof(g->session));
	return DESK_OK;
}

/* ---- what -------------------------------------------------------------------------------- */

static enum desk_result read_subject(const struct decision_ask *ask,
	const struct decision_ground *ground, struct grant *g, const struct sentence *s)
{
	const struct question *q = ground->question;

	g->subject_kind = q ? q->subject_kind : ask->subject_kind;
	g->subject = q ? q->subject : ask->subject;
	const struct subject subject = grant_subject(g);
	if (subject_is_valid(&subject))
		return DESK_OK;
	return sentence_write(s, DESK_REFUSED_PATTERN,
		"The subject is malformed: write it just as a question has it, in 1 to %d bytes.",
		LIMIT_SUBJECT_BYTES);
}

static enum desk_result parse_pattern(const struct decision_ask *ask,
	const struct decision_ground *ground, struct pattern *ret, const struct sentence *s)
{
	char exact[TARGET_SIZE];
	struct slice text = ask->pattern;

	if (text.len == 0 && !ground->question)
		return sentence_write(s, DESK_REFUSED_PATTERN,
			"The pattern is missing: write a host such as \"example.com:443\".");
	if (text.len == 0)
		text = slice_from(
			exact, target_format(&ground->question->target, exact, sizeof(exact)));
	if (!pattern_parse(text, ret, s->text, s->size))
		return DESK_REFUSED_PATTERN;
	if (!ret->has_ports && ground->question) {
		ret->has_ports = true;
		ret->port_first = ret->port_last = ground->question->target.port;
	}
	return DESK_OK;
}

static bool is_exact(const struct pattern *p)
{
	unsigned whole = p->network.family == 4 ? 32 : 128;

	return p->port_first == p->port_last &&
	       (p->kind == PATTERN_NAME || (p->kind == PATTERN_RANGE && p->prefix_bits == whole));
}

static enum desk_result read_pattern(const struct decision_ask *ask,
	const struct decision_ground *ground, struct grant *g, const struct sentence *s)
{
	const struct question *q = ground->question;
	char shown[SHOWN_SIZE], asked[TARGET_SIZE];
	enum desk_result result = parse_pattern(ask, ground, &g->pattern, s);

	if (result != DESK_OK)
		return result;
	escape_text(ask->pattern, shown, sizeof(shown));
	const char *broad = breadth_fault(&g->pattern, q ? &q->target : NULL);
	if (broad)
		return sentence_write(s, DESK_REFUSED_PATTERN, "\"%s\" %s", shown, broad);
	struct cover c = cover_of(&g->pattern, g->allow);
	if (q && !cover_target(&c, &q->target)) {
		target_format(&q->target, asked, sizeof(asked));
		return sentence_write(s, DESK_REFUSED_PATTERN,
			"\"%s\" does not cover %s, which is what was asked for.", shown, asked);
	}
	if (g->scope == GRANT_ONCE && !is_exact(&g->pattern))
		return sentence_write(s, DESK_REFUSED_PATTERN,
			"\"%s\" is wider than the question, and once means just that: choose session, ttl or always, or leave the pattern out.",
			shown);
	return DESK_OK;
}

/* ---- what the rules leave ---------------------------------------------------------------- */

bool decision_is_open(
	const struct policy *policy, const struct target *target, const struct subject *subject)
{
	enum decision named = policy_judge(policy, target).decision;

	switch (subject->kind) {
	case SUBJECT_NONE:
		return named == DECISION_ASK;
	case SUBJECT_REQUEST:
		return named != DECISION_DENY && policy_asks(policy, target, subject->text);
	case SUBJECT_SEARCH:
	case SUBJECT_KIND_COUNT:
		break;
	}
	return named != DECISION_DENY;
}

static void show_rule(
	const struct policy *policy, const struct verdict *v, char *ret_text, size_t size)
{
	struct rule rule = policy_rule(policy, v->entry);
	char file[SHOWN_SIZE];

	*ret_text = '\0';
	if (!rule.pattern)
		return;
	escape_text(slice_of(rule.file), file, sizeof(file));
	if (rule.line > 0)
		snprintf(ret_text, size, " by \"%.*s\" (%s:%u)", SHOWN_PATTERN, rule.pattern, file,
			rule.line);
	else
		snprintf(ret_text, size, " by \"%.*s\" (%s)", SHOWN_PATTERN, rule.pattern,
			file[0] ? file : "command line");
}

/* A decision about requests that no rule asks about would have no effect. */
static enum desk_result ask_subject(const struct decision_ground *ground,
	const struct target *target, bool one_name, const struct subject *subject,
	const struct sentence *s)
{
	char shown[TARGET_SIZE], text[SHOWN_SIZE];

	if (!one_name || decision_is_open(ground->policy, target, subject))
		return DESK_OK;
	target_format(target, shown, sizeof(shown));
	escape_text(subject->text, text, sizeof(text));
	return sentence_write(s, DESK_REFUSED_BY_POLICY,
		"No rule with action = \"hold\" asks about \"%s\" at %s: write the subject just as a question has it.",
		text, shown);
}

/* What the rules decide, a grant cannot: it would have no effect. */
static enum desk_result ask_rules(const struct decision_ask *ask,
	const struct decision_ground *ground, const struct grant *g, const struct sentence *s)
{
	char shown[TARGET_SIZE], rule[2 * SHOWN_SIZE + SHOWN_PATTERN];
	const struct pattern *p = &g->pattern;
	const struct subject subject = grant_subject(g);
	const struct question *q = ground->question;
	struct target target;

	if (q && !ask->allow)
		return DESK_OK;
	if (q)
		target = q->target;
	else if (!breadth_example(p, &target))
		return DESK_OK;
	struct verdict v = policy_judge(ground->policy, &target);
	bool one_name = p->kind == PATTERN_NAME || p->kind == PATTERN_RANGE;
	if (subject.kind != SUBJECT_NONE && v.decision != DECISION_DENY)
		return ask_subject(ground, &target, one_name, &subject, s);
	show_rule(ground->policy, &v, rule, sizeof(rule));
	target_format(&target, shown, sizeof(shown));
	if (!ask->allow && v.decision == DECISION_ALLOW && one_name)
		return sentence_write(s, DESK_REFUSED_BY_POLICY,
			"%s is allowed%s, and lists come before grants: deny it in denied_domains.",
			shown, rule);
	if (!ask->allow || v.decision != DECISION_DENY)
		return DESK_OK;
	return sentence_write(s, DESK_REFUSED_BY_POLICY,
		"%s is refused%s (%s), which no grant overrides: %s", shown, rule,
		reason_word(v.reason), reason_row(v.reason)->message);
}

enum desk_result decision_read(const struct decision_ask *ask, const struct decision_ground *ground,
	struct grant *ret_grant, const struct sentence *ret_sentence)
{
	struct grant g = {.allow = ask->allow,
		.scope = scope_of(ask),
		.has_protocol = ask->allow && ask->has_protocol,
		.protocol = ask->protocol,
		.question = ground->question ? ground->question->id : 0,
		.made_ms = ground->now_ms};
	enum desk_result result = read_audience(ask, ground, &g, ret_sentence);

	if (result == DESK_OK)
		result = read_subject(ask, ground, &g, ret_sentence);
	if (result == DESK_OK)
		result = read_time(ask, ground, &g, ret_sentence);
	if (result == DESK_OK)
		result = read_pattern(ask, ground, &g, ret_sentence);
	if (result == DESK_OK)
		result = ask_rules(ask, ground, &g, ret_sentence);
	if (result != DESK_OK)
		return result;
	utf8_copy(ask->decider, g.decider, sizeof(g.decider));
	utf8_copy(ask->note, g.note, sizeof(g.note));
	*ret_grant = g;
	return DESK_OK;
}
