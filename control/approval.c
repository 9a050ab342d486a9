/* SPDX-License-Identifier: Apache-2.0 */
#include "control/approval.h"

#include "control/decide.h"
#include "control/handlers.h"
#include "control/show.h"

enum { SENTENCE_SIZE = 512, WAIT_MOST_S = LIMIT_WAIT_MS / 1000 };

json_t *approval_show(const struct control_host *host, const struct question *q)
{
	const struct grant *g = q->grant ? desk_find_grant(host->desk, q->grant) : NULL;
	struct ledger_entry entry;

	if (g || q->grant == 0)
		return show_question(q, g);
	bool known = ledger_find(host->ledger, q->id, &entry) && entry.grant.id != 0;
	return show_question(q, known ? &entry.grant : NULL);
}

const struct question *approval_find(
	const struct control_host *host, uint64_t id, struct ledger_entry *room)
{
	const struct question *q = id ? desk_question(host->desk, id) : NULL;

	if (!q && id && ledger_find(host->ledger, id, room))
		q = &room->question;
	return q;
}

/* The question that the path names; answers the call when there is none. */
static const struct question *find(struct call *call, struct ledger_entry *room)
{
	const struct question *q =
		approval_find(call->host, ident_parse('q', call->parts[0]), room);

	if (!q)
		call_problem(call, 404, "not_found", "There is no such question.");
	return q;
}

static void on_waited(struct call *call, enum call_event event, void *owner)
{
	struct ledger_entry room;

	(void)owner;
	const struct question *q = event == CALL_LEFT ? NULL : find(call, &room);
	if (q && (event == CALL_TIME || q->state != QUESTION_PENDING))
		call_reply_json(call, 200, approval_show(call->host, q));
}

static void get_approval(struct call *call)
{
	struct ledger_entry room;
	uint64_t wait_s;

	if (!call_number(call, "wait", WAIT_MOST_S, 0, &wait_s))
		return;
	const struct question *q = find(call, &room);
	if (!q)
		return;
	if (wait_s == 0 || q->state != QUESTION_PENDING) {
		call_reply_json(call, 200, approval_show(call->host, q));
		return;
	}
	call_defer(call, wait_s * 1000, on_waited, NULL);
	call_watch(call, q->id);
}

static void answer_decided(struct call *call, uint64_t id, const struct grant *g)
{
	const struct question *q = desk_question(call->host->desk, id);
	json_t *shown = json_object();

	show_put(&shown, "approval", q ? show_question(q, g) : json_null());
	show_put(&shown, "grant", show_grant(g));
	call_reply_json(call, 200, shown);
}

/* It was found, so it ended so long ago that only the ledger has it. */
static void refuse_ended(struct call *call, enum question_state state)
{
	bool decided = state == QUESTION_APPROVED || state == QUESTION_DENIED;
	char sentence[SENTENCE_SIZE];

	snprintf(sentence, sizeof(sentence), "The question was %s long ago.",
		question_state_word(state));
	decide_problem(call, decided ? DESK_CONFLICT : DESK_GONE, sentence);
}

static void decide(struct call *call, bool allow)
{
	const struct control_host *host = call->host;
	char sentence[SENTENCE_SIZE] = "";
	const struct grant *g = NULL;
	struct decision_ask ask;
	struct ledger_entry room;

	const struct question *q = find(call, &room);
	if (!q || !decide_read_answer(call, allow, q->identity, &ask))
		return;
	/* The desk may forget the question while it decides. */
	uint64_t id = q->id;
	enum question_state state = q->state;
	enum desk_result result = desk_decide(host->desk, id, &ask,
		host->config(host->owner)->policy, call->now_ms, &g, sentence, sizeof(sentence));
	if (result == DESK_OK)
		answer_decided(call, id, g);
	else if (result == DESK_NOT_FOUND)
		refuse_ended(call, state);
	else
		decide_problem(call, result, sentence);
}

static void approve(struct call *call)
{
	decide(call, true);
}

static void deny(struct call *call)
{
	decide(call, false);
}

const struct route approval_routes[] = {
	{"GET", "/v1/approvals", ROLE_VIEWER, approval_list, "state limit before after"},
	{"GET", "/v1/approvals/{id}", ROLE_VIEWER, get_approval, "wait"},
	{"POST", "/v1/approvals/{id}/approve", ROLE_APPROVER, approve, NULL},
	{"POST", "/v1/approvals/{id}/deny", ROLE_APPROVER, deny, NULL},
	{0},
};
