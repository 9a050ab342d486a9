/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/approvals: pending questions from the desk, ended ones page by page from the ledger. */
#include "control/approval.h"

#include "control/moment.h"
#include "control/show.h"

/* Rows of the history that one call looks through for those of one state; rows beyond the asked
 * number that a page may have to hold all that ended at one time. */
enum { LOOKED_AT = 4096, SAME_TIME = 256, LISTED = 100 };

struct listing {
	json_t *shown; /* NULL: no memory */
	enum question_state state; /* QUESTION_STATE_COUNT: all */
	size_t count, most;
	size_t looked_at;
	uint64_t last_ms; /* end of the row that came last */
	bool more;
};

static bool wants(const struct listing *l, enum question_state state)
{
	return l->state == QUESTION_STATE_COUNT || l->state == state;
}

static bool list_pending(void *owner, const struct question *q)
{
	struct listing *l = owner;

	if (l->count == l->most)
		return false;
	show_append(&l->shown, show_question(q, NULL));
	l->count++;
	return l->shown != NULL;
}

/* A page ends only between two times, because the next one begins by time. */
static bool list_ended(void *owner, const struct ledger_entry *entry)
{
	struct listing *l = owner;
	const struct question *q = &entry->question;
	bool full = l->count >= l->most || l->looked_at >= LOOKED_AT;

	if ((full && q->decided_ms != l->last_ms) || l->count >= l->most + SAME_TIME) {
		l->more = true;
		return false;
	}
	l->last_ms = q->decided_ms;
	l->looked_at++;
	if (!wants(l, q->state))
		return true;
	show_append(&l->shown, show_question(q, entry->grant.id ? &entry->grant : NULL));
	l->count++;
	return l->shown != NULL;
}

static bool read_state(struct call *call, enum question_state *ret_state)
{
	struct slice word = call_parameter(call, "state");

	*ret_state = QUESTION_PENDING;
	if (word.len == 0)
		return true;
	if (slice_equal(word, SLICE("all"))) {
		*ret_state = QUESTION_STATE_COUNT;
		return true;
	}
	for (int i = 0; i < QUESTION_STATE_COUNT; i++) {
		*ret_state = (enum question_state)i;
		if (slice_equal(word, slice_of(question_state_word(*ret_state))))
			return true;
	}
	call_problem(call, 400, "bad_request",
		"The parameter \"state\" is unknown: write pending, approved, denied, expired, withdrawn or all.");
	return false;
}

static bool read_before(struct call *call, uint64_t *ret_ms)
{
	struct slice text = call_parameter(call, "before");

	*ret_ms = 0;
	if (text.len == 0 || moment_parse(text, ret_ms))
		return true;
	call_problem(call, 400, "bad_request",
		"The parameter \"before\" is no time: write it as in 2026-11-21T10:55:08.123Z.");
	return false;
}

/* The pending ones of "all" stand on the first page only, newest first like the rest. */
static void list_all_pending(struct call *call, struct listing *l)
{
	struct listing pending = {.shown = json_array(), .most = LIMIT_ROWS};

	desk_each_question(call->host->desk, QUESTION_PENDING, list_pending, &pending);
	for (size_t i = json_array_size(pending.shown); i > 0 && l->count < l->most; i--) {
		show_append(&l->shown, json_incref(json_array_get(pending.shown, i - 1)));
		l->count++;
	}
	if (!pending.shown)
		show_append(&l->shown, NULL);
	json_decref(pending.shown);
}

/* False: the history could not be read. */
static bool fill(struct call *call, struct listing *l, uint64_t before_ms)
{
	if (l->state == QUESTION_PENDING) {
		desk_each_question(call->host->desk, QUESTION_PENDING, list_pending, l);
		return true;
	}
	if (l->state == QUESTION_STATE_COUNT && before_ms == 0)
		list_all_pending(call, l);
	return ledger_history(call->host->ledger, before_ms, LIMIT_HISTORY, list_ended, l);
}

void approval_list(struct call *call)
{
	struct listing l = {.shown = NULL};
	uint64_t most, before_ms;

	if (!read_state(call, &l.state) || !read_before(call, &before_ms) ||
		!call_number(call, "limit", LIMIT_ROWS, LISTED, &most))
		return;
	l.most = (size_t)most;
	l.shown = json_array();
	if (!fill(call, &l, before_ms)) {
		json_decref(l.shown);
		call_problem(call, 503, "unavailable", "The history cannot be read now.");
		return;
	}
	json_t *shown = json_object();
	show_put(&shown, "approvals", l.shown);
	show_put(&shown, "next", show_time(l.more ? l.last_ms : 0));
	call_reply_json(call, 200, shown);
}
