/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/insights: what happened lately, and what to write into the lists because of it. */
#include "control/handlers.h"

#include "control/show.h"
#include "control/wishes.h"
#include "policy/allowed.h"

#include <stdlib.h>

#define OUTCOMES_MS (UINT64_C(30) * 24 * 3600 * 1000)

/* Rows of each list, ended questions that are looked at, and names of the digest. */
enum { MOST_BLOCKED = 20, UNUSED = 100, LOOKED_AT = 2048 };

static json_t *show_minutes(const struct call *call)
{
	struct digest_minute minutes[LIMIT_DIGEST_MINUTES];
	size_t count =
		digest_minutes(call->host->digest, call->now_ms, minutes, LIMIT_DIGEST_MINUTES);
	json_t *shown = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();
		show_put(&row, "at", show_time(minutes[i].start_ms));
		show_put(&row, "allowed", json_integer(minutes[i].allowed));
		show_put(&row, "denied", json_integer(minutes[i].denied));
		show_put(&row, "held", json_integer(minutes[i].held));
		show_append(&shown, row);
	}
	return shown;
}

static json_t *show_most_blocked(const struct digest_name *names, size_t count)
{
	json_t *shown = json_array();

	for (size_t i = 0; i < count && i < MOST_BLOCKED; i++) {
		const struct digest_name *n = &names[i];
		json_t *row = json_object();
		show_put(&row, "host", show_text(n->host));
		show_put(&row, "port", json_integer(n->port));
		show_put(&row, "denied", json_integer((json_int_t)n->denied));
		show_put(&row, "held", json_integer((json_int_t)n->held));
		show_put(&row, "last_at", show_time(n->last_ms));
		show_put(&row, "reason", json_string(reason_word(n->reason)));
		show_append(&shown, row);
	}
	return shown;
}

static json_t *show_outcomes(const struct call *call)
{
	uint64_t since = call->now_ms > OUTCOMES_MS ? call->now_ms - OUTCOMES_MS : 0;
	struct ledger_outcomes outcomes;
	json_t *shown = json_object();

	if (!ledger_outcomes(call->host->ledger, since, &outcomes))
		outcomes = (struct ledger_outcomes){.waited_ms_p50 = 0};
	for (int i = QUESTION_APPROVED; i < QUESTION_STATE_COUNT; i++)
		show_put(&shown, question_state_word((enum question_state)i),
			json_integer((json_int_t)outcomes.count[i]));
	show_put(&shown, "waited_p50", show_seconds(outcomes.waited_ms_p50));
	show_put(&shown, "waited_p95", show_seconds(outcomes.waited_ms_p95));
	return shown;
}

/* Null when the digest could not remember all that were used. */
static json_t *show_unused(const struct call *call)
{
	const struct policy *p = call->host->config(call->host->owner)->policy;
	const struct digest *digest = call->host->digest;
	uint32_t entry = ENTRY_NONE;
	size_t count = 0;
	json_t *shown;

	if (digest_entries_full(digest))
		return json_null();
	shown = json_array();
	while (count < UNUSED && (entry = policy_next_allowed(p, entry)) != ENTRY_NONE) {
		struct rule rule = policy_rule(p, entry);
		if (digest_entry_used(digest, slice_of(rule.file), rule.line))
			continue;
		show_append(&shown, show_rule(&rule));
		count++;
	}
	return shown;
}

static bool wish_ended(void *owner, const struct ledger_entry *entry)
{
	/* What a rule holds is no matter of lists. */
	if (entry->question.subject_kind == SUBJECT_NONE)
		wishes_add(owner, &entry->question, entry->grant.id ? &entry->grant : NULL);
	return true;
}

static bool wish_pending(void *owner, const struct question *q)
{
	if (q->subject_kind == SUBJECT_NONE)
		wishes_add(owner, q, NULL);
	return true;
}

static bool wish_decided(void *owner, const struct grant *g)
{
	if (g->subject_kind == SUBJECT_NONE)
		wishes_decided(owner, g);
	return true;
}

static void wish_held(struct wishes *w, const struct digest_name *n)
{
	struct target t;
	bool denied = n->reason == REASON_APPROVAL_DENIED;

	if ((n->held > n->error || denied) &&
		target_parse_name(slice_of(n->host), &t) == REASON_NONE) {
		t.port = n->port;
		wishes_asked(w, &t, n->held > n->error ? n->held - n->error : 0, denied);
	}
}

static json_t *show_suggested(
	const struct call *call, const struct digest_name *names, size_t count)
{
	const struct control_host *host = call->host;
	const struct ledger_place newest = {0};
	struct wishes *w = wishes_new();
	json_t *shown;

	if (!w)
		return NULL;
	/* Denials first: they must not be what there is no room for. */
	desk_each_grant(host->desk, wish_decided, w);
	ledger_history(host->ledger, &newest, LOOKED_AT, wish_ended, w);
	desk_each_question(host->desk, QUESTION_PENDING, wish_pending, w);
	for (size_t i = 0; i < count; i++)
		wish_held(w, &names[i]);
	shown = wishes_suggest(w, host->config(host->owner)->policy);
	free(w);
	return shown;
}

static void get_insights(struct call *call)
{
	struct digest_name *names = calloc(LIMIT_DIGEST_NAMES, sizeof(*names));
	json_t *shown = json_object();

	if (!names)
		show_put(&shown, "", NULL);
	size_t count = names ? digest_names(call->host->digest, names, LIMIT_DIGEST_NAMES) : 0;
	show_put(&shown, "minutes", show_minutes(call));
	show_put(&shown, "most_blocked", show_most_blocked(names, count));
	show_put(&shown, "approvals", show_outcomes(call));
	show_put(&shown, "unused_entries", show_unused(call));
	show_put(&shown, "suggested", show_suggested(call, names, count));
	free(names);
	call_reply_json(call, 200, shown);
}

const struct route insight_routes[] = {
	{"GET", "/v1/insights", ROLE_VIEWER, get_insights, NULL},
	{0},
};
