/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/check: what would happen to somebody who asks for a host, and who or what says so: the lists
 * first, then live grants, in the order of judgement. */
#include "control/handlers.h"

#include "control/show.h"
#include "policy/explain.h"

enum { ASKED_SIZE = 2048, TEXT_SIZE = 1536 };

/* The host and port as one text, as policy_explain takes it. Without the parameter `port` the host may
 * bring its own, or be a URL. */
static bool read_asked(struct call *call, char ret_asked[ASKED_SIZE])
{
	struct slice host = call_parameter(call, "host");
	uint64_t port;

	if (!call_number(call, "port", UINT16_MAX, 0, &port))
		return false;
	if (host.len == 0 || host.len > ASKED_SIZE - 16) {
		call_problem(call, 400, "bad_request",
			"The parameter \"host\" is missing or too long: write host=example.com&port=443.");
		return false;
	}
	bool bare_v6 = host.ptr[0] != '[' && slice_find(host, ':') < host.len;
	if (port == 0)
		snprintf(ret_asked, ASKED_SIZE, "%.*s", (int)host.len, host.ptr);
	else
		snprintf(ret_asked, ASKED_SIZE, bare_v6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.len,
			host.ptr, (unsigned)port);
	return true;
}

/* An empty parameter is as good as none. */
static struct slice parameter_or(const struct call *call, const char *name, struct slice otherwise)
{
	struct slice value = call_parameter(call, name);

	return value.len > 0 ? value : otherwise;
}

/* The live grant that a worker would find, copied. False: none, or no memory to look, which the
 * worker would not have either. */
static bool find_grant(struct call *call, const struct target *t, struct grant *ret_grant)
{
	const struct claimant who = {
		parameter_or(call, "identity", SLICE("local")), call_parameter(call, "session")};
	struct grants *live = desk_snapshot(call->host->desk);
	struct grants_found found = grants_find(live, &who, t, call->now_ms);
	const struct grant *g = found.found ? desk_find_grant(call->host->desk, found.id) : NULL;

	grants_unref(live);
	if (g)
		*ret_grant = *g;
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

/* By what the lists left to somebody, and somebody decided. */
static json_t *show_granted(const struct explanation *e, const struct grant *g)
{
	char asked[LIMIT_NAME_BYTES + 9], text[TEXT_SIZE], pattern[GRANT_PATTERN_SIZE];
	json_t *shown = json_object();

	target_format(&e->target, asked, sizeof(asked));
	grant_pattern_format(g, pattern);
	snprintf(text, sizeof(text),
		"%s is on no list, and %s by the grant for \"%s\" (%s) that %s gave.", asked,
		g->allow ? "is allowed" : "is refused", pattern, grant_scope_word(g->scope),
		g->decider);
	show_put(&shown, "host", json_string(e->target.host));
	show_put(&shown, "port", json_integer(e->target.port));
	show_put(&shown, "decision", json_string(g->allow ? "allow" : "deny"));
	show_put(&shown, "reason",
		g->allow ? json_null() : json_string(reason_word(REASON_APPROVAL_DENIED)));
	show_put(&shown, "source", json_string("decider"));
	show_put(&shown, "rule", json_null());
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
	show_put(&shown, "grant", json_null());
	show_put(&shown, "text", show_word(e->text));
	return shown;
}

static void check(struct call *call)
{
	const struct policy *p = call->host->config(call->host->owner)->policy;
	char asked[ASKED_SIZE];
	struct explanation e;
	struct grant g;

	if (!read_asked(call, asked))
		return;
	policy_explain(p, slice_of(asked), &e);
	bool open = e.verdict.decision == DECISION_ASK;
	if (open && find_grant(call, &e.target, &g))
		call_reply_json(call, 200, show_granted(&e, &g));
	else
		call_reply_json(call, 200, show_explained(p, &e));
}

const struct route check_routes[] = {
	{"GET", "/v1/check", ROLE_VIEWER, check},
	{0},
};
