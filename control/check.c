/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/check: what would happen to somebody who asks for a host, and who or what says so: the lists
 * first, then live grants, in the order of judgement. */
#include "control/handlers.h"

#include "base/escape.h"
#include "control/show.h"
#include "policy/explain.h"
#include "policy/requests.h"

enum { ASKED_SIZE = 4096, TEXT_SIZE = 1536, SHOWN_SIZE = 512 };

/* The host and port as one text, as policy_explain takes it; with a method or a path the URL of a
 * request. Without the parameter `port` the host may bring its own, or be a URL. */
static bool read_asked(struct call *call, char ret_asked[ASKED_SIZE])
{
	struct slice host = call_parameter(call, "host");
	struct slice path = call_parameter(call, "path");
	char scheme[16] = "", colon[16] = "";
	uint64_t port;

	if (!call_number(call, "port", UINT16_MAX, 0, &port))
		return false;
	if (host.len == 0 || host.len + path.len > ASKED_SIZE - 32) {
		call_problem(call, 400, "bad_request",
			"The parameter \"host\" is missing or too long: write host=example.com&port=443.");
		return false;
	}
	if (path.len > 0 && path.ptr[0] != '/') {
		call_problem(call, 400, "bad_request",
			"The parameter \"path\" begins with \"/\": write path=/repos/x.");
		return false;
	}
	if (path.len > 0 || call_parameter(call, "method").len > 0)
		snprintf(scheme, sizeof(scheme), "%s", port == 80 ? "http://" : "https://");
	if (port > 0)
		snprintf(colon, sizeof(colon), ":%u", (unsigned)port);
	bool url = slice_find(host, '/') < host.len;
	bool bare_v6 = host.ptr[0] != '[' && slice_find(host, ':') < host.len;
	snprintf(ret_asked, ASKED_SIZE, port > 0 && bare_v6 ? "%s[%.*s]%s%.*s" : "%s%.*s%s%.*s",
		url ? "" : scheme, (int)host.len, host.ptr, colon, (int)path.len,
		path.len > 0 ? path.ptr : "");
	return true;
}

/* An empty parameter is as good as none. */
static struct slice parameter_or(const struct call *call, const char *name, struct slice otherwise)
{
	struct slice value = call_parameter(call, name);

	return value.len > 0 ? value : otherwise;
}

/* The live grant that a worker would find, valid until the desk changes. False: none, or no memory to look, which the
 * worker would not have either. */
static bool find_grant(
	struct call *call, const struct concern *about, const struct grant **ret_grant)
{
	const struct claimant who = {
		parameter_or(call, "identity", SLICE("local")), call_parameter(call, "session")};
	struct grants *live = desk_snapshot(call->host->desk);
	struct grants_found found = grants_find(live, &who, about, call->now_ms);
	const struct grant *g = found.found ? desk_find_grant(call->host->desk, found.id) : NULL;

	grants_unref(live);
	if (g)
		*ret_grant = g;
	return g != NULL;
}

static const char *decision_word(enum decision decision)
{
	switch (decision) {
	case DECISION_ALLOW:
		return "allow";
	case DECISION_ASK:
		return "ask";
	case DECISION_DENY:
		break;
	}
	return "deny";
}

static const char *source_word(enum decision_source source)
{
	switch (source) {
	case SOURCE_BASELINE_POLICY:
		return "baseline_policy";
	case SOURCE_MODE_GUARD:
		return "mode_guard";
	case SOURCE_DECIDER:
		return "decider";
	case SOURCE_PROXY_STATE:
		break;
	}
	return "proxy_state";
}

/* By what the lists, or a rule, left to somebody, and somebody decided. */
static json_t *show_granted(
	const struct policy *p, const struct explanation *e, const struct grant *g)
{
	char asked[LIMIT_NAME_BYTES + 9], text[TEXT_SIZE], pattern[GRANT_PATTERN_SIZE];
	char request[SHOWN_SIZE + 64] = "is on no list", subject[SHOWN_SIZE];
	bool held = g->subject_kind != SUBJECT_NONE;
	struct rule rule = policy_rule(p, held ? e->held_by : ENTRY_NONE);
	json_t *shown = json_object();

	target_format(&e->target, asked, sizeof(asked));
	grant_pattern_format(g, pattern);
	escape_text(slice_of(e->subject), subject, sizeof(subject));
	if (held)
		snprintf(request, sizeof(request), "is asked for \"%s\", which a rule holds",
			subject);
	snprintf(text, sizeof(text), "%s %s, and %s by the grant for \"%s\" (%s) that %s gave.",
		asked, request, g->allow ? "is allowed" : "is refused", pattern,
		grant_scope_word(g->scope), g->decider);
	show_put(&shown, "host", json_string(e->target.host));
	show_put(&shown, "port", json_integer(e->target.port));
	show_put(&shown, "decision", json_string(g->allow ? "allow" : "deny"));
	show_put(&shown, "reason",
		g->allow ? json_null() : json_string(reason_word(REASON_APPROVAL_DENIED)));
	show_put(&shown, "source", json_string("decider"));
	show_put(&shown, "rule", show_rule(&rule));
	show_put(&shown, "subject", held ? show_subject(e->subject) : json_null());
	show_put(&shown, "grant", show_grant(g));
	show_put(&shown, "text", show_text(text));
	return shown;
}

static json_t *show_explained(const struct policy *p, const struct explanation *e)
{
	const struct verdict *v = &e->verdict;
	bool malformed = v->reason == REASON_BAD_TARGET;
	struct rule rule = policy_rule(p, v->entry);
	json_t *shown = json_object();

	show_put(&shown, "host", malformed ? json_null() : json_string(e->target.host));
	show_put(&shown, "port", malformed ? json_null() : json_integer(e->target.port));
	show_put(&shown, "decision", json_string(decision_word(v->decision)));
	show_put(&shown, "reason",
		v->decision == DECISION_ALLOW ? json_null() : json_string(reason_word(v->reason)));
	show_put(&shown, "source", json_string(source_word(v->source)));
	show_put(&shown, "rule", show_rule(&rule));
	show_put(&shown, "subject", e->held ? show_subject(e->subject) : json_null());
	show_put(&shown, "grant", json_null());
	show_put(&shown, "text", show_word(e->text));
	return shown;
}

/* The name first, then what a rule holds there. NULL: nobody has decided. */
static const struct grant *find_deciding(struct call *call, const struct explanation *e)
{
	struct concern about = {.target = &e->target, .protocol = QUESTION_CONNECT};
	bool unlisted = e->verdict.decision == DECISION_ASK && !policy_is_held(&e->verdict);
	const struct grant *g = NULL;

	if (unlisted && (!find_grant(call, &about, &g) || !g->allow || !e->held))
		return g;
	if (!e->held)
		return NULL;
	about.subject = subject_of(SUBJECT_REQUEST, e->subject);
	g = NULL;
	find_grant(call, &about, &g);
	return g;
}

static void check(struct call *call)
{
	const struct policy *p = call->host->config(call->host->owner)->policy;
	char asked[ASKED_SIZE];
	struct explanation e;

	if (!read_asked(call, asked))
		return;
	policy_explain_request(p, parameter_or(call, "method", SLICE("GET")), slice_of(asked), &e);
	const struct grant *g = e.verdict.decision == DECISION_ASK ? find_deciding(call, &e) : NULL;
	call_reply_json(call, 200, g ? show_granted(p, &e, g) : show_explained(p, &e));
}

const struct route check_routes[] = {
	{"GET", "/v1/check", ROLE_VIEWER, check, "host port identity session method path"},
	{0},
};
