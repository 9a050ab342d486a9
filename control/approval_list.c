/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/approvals: pending questions from the desk, ended ones from the ledger, page by page. The
 * list of all is one: pending ones, then those that ended. A question that ends between two pages may
 * come twice; none is left out. */
#include "control/approval.h"

#include "control/moment.h"
#include "control/place.h"
#include "control/show.h"

/* Rows of the history that one call looks through for those of one state. */
enum { LOOKED_AT = 4096, LISTED = 100 };

struct listing {
	json_t *shown; /* NULL: no memory */
	enum question_state state; /* QUESTION_STATE_COUNT: all */
	uint64_t before_ms; /* only what ended before; 0: no bound */
	struct place last; /* what this page begins behind, then what it ends with */
	size_t count, most;
	size_t looked_at;
	bool more;
};

/* ---- pending ones ------------------------------------------------------------------------- */

/* Where a place is among them; they are in the order of asking. */
struct search {
	const struct place *place;
	size_t total, earlier, until; /* in all; asked before its time; at its time at the latest */
	size_t at; /* itself, where it is pending still */
	bool found;
};

static bool look_at(void *owner, const struct question *q)
{
	struct search *s = owner;

	if (q->id == s->place->question) {
		s->found = true;
		s->at = s->total;
	}
	s->total++;
	if (q->asked_ms < s->place->ms)
		s->earlier = s->total;
	if (q->asked_ms <= s->place->ms)
		s->until = s->total;
	return true;
}

/* Some that stand together. */
struct stretch {
	json_t *shown; /* NULL: no memory */
	size_t index, from, until;
	struct place first, last;
};

static bool take(void *owner, const struct question *q)
{
	struct stretch *s = owner;
	const struct place here = {false, q->asked_ms, q->id};

	if (s->index == s->until || !s->shown)
		return false;
	if (s->index++ < s->from)
		return true;
	if (s->first.question == 0)
		s->first = here;
	s->last = here;
	show_append(&s->shown, show_question(q, NULL));
	return true;
}

static void list_oldest_first(const struct desk *desk, struct listing *l)
{
	struct search place = {.place = &l->last};
	struct stretch s = {.shown = l->shown};

	desk_each_question(desk, QUESTION_PENDING, look_at, &place);
	s.from = place.found ? place.at + 1 : place.earlier;
	s.until = place.total - s.from < l->most ? place.total : s.from + l->most;
	s.last = l->last;
	desk_each_question(desk, QUESTION_PENDING, take, &s);
	l->shown = s.shown;
	l->last = s.last;
	l->more = s.until < place.total;
}

/* What does not fill the page is followed by what ended. */
static void list_newest_first(const struct desk *desk, struct listing *l)
{
	struct search place = {.place = &l->last};
	struct stretch s = {.shown = json_array()};

	desk_each_question(desk, QUESTION_PENDING, look_at, &place);
	s.until = place.found ? place.at : l->last.question ? place.until : place.total;
	s.from = s.until < l->most ? 0 : s.until - l->most;
	desk_each_question(desk, QUESTION_PENDING, take, &s);
	for (size_t i = json_array_size(s.shown); i > 0; i--, l->count++)
		show_append(&l->shown, json_incref(json_array_get(s.shown, i - 1)));
	if (!s.shown)
		show_append(&l->shown, NULL);
	json_decref(s.shown);
	if (s.first.question)
		l->last = s.first;
	l->more = s.from > 0;
}

/* ---- ended ones --------------------------------------------------------------------------- */

static bool list_ended(void *owner, const struct ledger_entry *entry)
{
	struct listing *l = owner;
	const struct question *q = &entry->question;

	if (l->count == l->most || l->looked_at == LOOKED_AT) {
		l->more = true;
		return false;
	}
	l->last = (struct place){true, q->decided_ms, q->id};
	l->looked_at++;
	if (l->state != QUESTION_STATE_COUNT && l->state != q->state)
		return true;
	show_append(&l->shown, show_question(q, entry->grant.id ? &entry->grant : NULL));
	l->count++;
	return l->shown != NULL;
}

/* False: the history could not be read. */
static bool list_history(struct call *call, struct listing *l)
{
	struct ledger_place from = {.before_ms = l->before_ms};

	if (l->last.ended)
		from = (struct ledger_place){l->last.ms, l->last.question};
	return ledger_history(call->host->ledger, &from, LIMIT_HISTORY, list_ended, l);
}

static bool fill(struct call *call, struct listing *l)
{
	if (l->state == QUESTION_PENDING) {
		list_oldest_first(call->host->desk, l);
		return true;
	}
	if (l->state == QUESTION_STATE_COUNT && l->before_ms == 0 && !l->last.ended)
		list_newest_first(call->host->desk, l);
	return l->more || list_history(call, l);
}

/* ---- the call ----------------------------------------------------------------------------- */

static bool refuse(struct call *call, const char *sentence)
{
	call_problem(call, 400, "bad_request", sentence);
	return false;
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
	return refuse(call,
		"The parameter \"state\" is unknown: write pending, approved, denied, expired, "
		"withdrawn or all.");
}

/* Where the page begins: one of `before` and `after`, or neither. */
static bool read_place(struct call *call, struct listing *l)
{
	struct slice before = call_parameter(call, "before");
	struct slice after = call_parameter(call, "after");

	if (before.len > 0 && (after.len > 0 || l->state == QUESTION_PENDING))
		return refuse(call,
			"The parameter \"before\" is for ended questions and goes without \"after\".");
	if (before.len > 0 && !moment_parse(before, &l->before_ms))
		return refuse(call, "The parameter \"before\" is no time: write it as in "
				    "2026-11-21T10:55:08.123Z.");
	if (after.len > 0 &&
		(!place_parse(after, &l->last) || (l->last.ended && l->state == QUESTION_PENDING)))
		return refuse(call,
			"The parameter \"after\" is none: write what the page before has as \"next\".");
	return true;
}

void approval_list(struct call *call)
{
	struct listing l = {.shown = NULL};
	char next[PLACE_SIZE];
	uint64_t most;

	if (!read_state(call, &l.state) || !read_place(call, &l) ||
		!call_number(call, "limit", LIMIT_ROWS, LISTED, &most))
		return;
	l.most = (size_t)most;
	l.shown = json_array();
	if (!fill(call, &l)) {
		json_decref(l.shown);
		call_problem(call, 503, "unavailable", "The history cannot be read now.");
		return;
	}
	json_t *shown = json_object();
	show_put(&shown, "approvals", l.shown);
	place_format(&l.last, next);
	show_put(&shown, "next", l.more && l.last.question ? json_string(next) : json_null());
	call_reply_json(call, 200, shown);
}
