/* SPDX-License-Identifier: Apache-2.0 */
#include "control/agent_view.h"

#include "base/escape.h"
#include "control/show.h"
#include "policy/allowed.h"

/* Seconds after which a client that was told "pending" is to come again. */
enum { RETRY_AFTER_S = 5 };

/* ---- questions ----------------------------------------------------------------------------- */

static const char *state_guidance(enum question_state state)
{
	switch (state) {
	case QUESTION_PENDING:
		return "Nobody has decided yet. Retry your request after retry_after seconds, or GET "
		       "this with ?wait=25. POST your justification here.";
	case QUESTION_APPROVED:
		return "Approved. Send your request again, if it has not gone through.";
	case QUESTION_DENIED:
		return "Somebody said no. Do not look for a way around; go on without this host.";
	case QUESTION_EXPIRED:
		return "Nobody answered in time, and nobody said no. Retry your request if you still "
		       "need it: that asks again.";
	case QUESTION_WITHDRAWN:
	case QUESTION_STATE_COUNT:
		break;
	}
	return "The question is no longer asked. Retry your request if you still need it.";
}

static json_t *show_row(const struct question *q)
{
	char ident[IDENT_SIZE], url[64];
	json_t *row = json_object();
	bool pending = q->state == QUESTION_PENDING;

	ident_format('q', q->id, ident);
	snprintf(url, sizeof(url), "http://sallyport.internal/questions/%s", ident);
	show_put(&row, "id", json_string(ident));
	show_put(&row, "state", json_string(question_state_word(q->state)));
	show_put(&row, "host", json_string(q->target.host));
	show_put(&row, "port", json_integer(q->target.port));
	show_put(&row, "protocol", json_string(question_protocol_word(q->protocol)));
	show_put(&row, "subject_kind", json_string(subject_kind_word(q->subject_kind)));
	show_put(&row, "subject", show_subject(q->subject));
	show_put(&row, "asked_at", show_time(q->asked_ms));
	show_put(&row, "decided_at", show_time(q->decided_ms));
	show_put(&row, "expires_at", show_time(pending ? q->expires_ms : 0));
	show_put(&row, "retry_after", pending ? json_integer(RETRY_AFTER_S) : json_null());
	show_put(&row, "justified", json_boolean(q->context.justification != NULL));
	show_put(&row, "url", json_string(url));
	return row;
}

json_t *agent_view_question(const struct question *q)
{
	json_t *row = show_row(q);

	show_put(&row, "justification", show_text(q->context.justification));
	show_put(&row, "guidance", json_string(state_guidance(q->state)));
	return row;
}

/* The questions of one identity, while the desk shows all. */
struct own {
	const char *identity;
	size_t count; /* all of them */
	size_t most; /* that are kept: the newest */
	const struct question *kept[LIMIT_AGENT_PENDING > LIMIT_AGENT_ENDED ? LIMIT_AGENT_PENDING
									    : LIMIT_AGENT_ENDED];
	bool pending;
};

static bool take_own(void *owner, const struct question *q)
{
	struct own *o = owner;

	if ((q->state == QUESTION_PENDING) == o->pending && strcmp(q->identity, o->identity) == 0)
		o->kept[o->count++ % o->most] = q;
	return true;
}

/* Newest first. */
static json_t *show_own(const struct desk *desk, const char *identity, bool pending)
{
	struct own o = {.identity = identity,
		.pending = pending,
		.most = pending ? LIMIT_AGENT_PENDING : LIMIT_AGENT_ENDED};
	json_t *rows = json_array();

	desk_each_question(desk, pending ? QUESTION_PENDING : QUESTION_STATE_COUNT, take_own, &o);
	size_t shown = o.count < o.most ? o.count : o.most;
	for (size_t i = 1; i <= shown; i++)
		show_append(&rows, show_row(o.kept[(o.count - i) % o.most]));
	return rows;
}

/* ---- what is allowed ------------------------------------------------------------------------ */

static json_t *show_patterns(const struct policy *p, bool *ret_complete)
{
	json_t *patterns = json_array();
	uint32_t entry = ENTRY_NONE;
	size_t count = 0, bytes = 0;

	/* A walk past a million deny entries would be for everybody's loss. */
	uint32_t left = policy_counts(p).allow;
	*ret_complete = false;
	while (left-- > 0 && (entry = policy_next_allowed(p, entry)) != ENTRY_NONE) {
		const char *pattern = policy_rule(p, entry).pattern;
		bytes += strlen(pattern) + 3;
		if (++count > LIMIT_AGENT_PATTERNS || bytes > LIMIT_AGENT_PATTERN_BYTES)
			return patterns;
		show_append(&patterns, json_string(pattern));
	}
	*ret_complete = true;
	return patterns;
}

static json_t *show_allowed(const struct config *config)
{
	bool complete;
	json_t *allowed = json_object();
	json_t *patterns = show_patterns(config->policy, &complete);

	show_put(&allowed, "count", json_integer(policy_counts(config->policy).allow));
	show_put(&allowed, "complete", json_boolean(complete));
	show_put(&allowed, "patterns", patterns);
	return allowed;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static const char *guidance_of(bool hold)
{
	if (!hold)
		return "Hosts on the list can be reached, others are refused. Do not try other "
		       "spellings, mirrors or addresses; ask the operator, or go on without them.";
	return "Hosts on the list can be reached. A request for another host waits until somebody "
	       "decides. When it is answered 503 approval_pending, retry it after Retry-After "
	       "seconds. To say why you need the host, POST {\"justification\": \"…\"} to the url "
	       "of its question. Do not try other spellings, mirrors or addresses.";
}

json_t *agent_view_all(
	const struct desk *desk, const struct config *config, const struct agent_call *call)
{
	json_t *view = json_object();
	bool hold = config->unlisted == UNLISTED_HOLD && config_can_ask(config);

	show_put(&view, "name", json_string("sallyport"));
	show_put(&view, "version", json_string(SALLYPORT_VERSION));
	show_put(&view, "mode", json_string(config->mode == MODE_FULL ? "full" : "limited"));
	show_put(&view, "unlisted", json_string(hold ? "hold" : "deny"));
	show_put(&view, "identity", show_text(call->identity));
	show_put(&view, "session", show_text(call->session));
	show_put(&view, "allowed", show_allowed(config));
	show_put(&view, "questions", show_own(desk, call->identity, true));
	show_put(&view, "decisions", show_own(desk, call->identity, false));
	show_put(&view, "guidance", json_string(guidance_of(hold)));
	return view;
}
