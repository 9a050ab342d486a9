/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ledger.h"

#include "policy/ledger_row.h"
#include "policy/ledger_tables.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* What a trim takes at once, so that it is rare. */
enum { TRIM_ROWS = 256 };

struct ledger {
	struct database *database;
	uint64_t history; /* rows */
	uint64_t last_grant; /* put last, and on disk whatever happens */
};

/* ---- statements --------------------------------------------------------------------------- */

enum statement {
	PUT_QUESTION,
	DROP_QUESTION,
	PUT_GRANT,
	DROP_SAME_GRANTS,
	DROP_GRANT,
	DROP_ENDED_GRANTS,
	PUT_HISTORY,
	TRIM_HISTORY,
	COUNT_HISTORY,
	ASKED_ONCE,
	EVERY_QUESTION,
	EVERY_GRANT,
	PAGE_HISTORY,
	FIND_HISTORY,
	OUTCOMES,
	STATEMENT_COUNT
};

#define ENTRY_COLUMNS LEDGER_QUESTION_COLUMNS ", " LEDGER_GRANT_COLUMNS

static const char *const statements[STATEMENT_COUNT] = {
	[PUT_QUESTION] = "INSERT OR REPLACE INTO question (" LEDGER_QUESTION_COLUMNS
			 ") VALUES (" LEDGER_QUESTION_MARKS ")",
	[DROP_QUESTION] = "DELETE FROM question WHERE question = ?",
	[PUT_GRANT] = "INSERT OR REPLACE INTO live_grant (" LEDGER_GRANT_COLUMNS
		      ") VALUES (" LEDGER_GRANT_MARKS ")",
	[DROP_SAME_GRANTS] = "DELETE FROM live_grant WHERE pattern = ? AND grant_identity = ?"
			     " AND grant_session = ? AND grant_subject_kind = ?"
			     " AND grant_subject = ? AND (scope = ?) = ?",
	[DROP_GRANT] = "DELETE FROM live_grant WHERE grant_id = ?",
	[DROP_ENDED_GRANTS] = "DELETE FROM live_grant WHERE ends > 0 AND ends <= ?",
	[PUT_HISTORY] = "INSERT OR REPLACE INTO history (" ENTRY_COLUMNS
			") VALUES (" LEDGER_QUESTION_MARKS "," LEDGER_GRANT_MARKS ")",
	[TRIM_HISTORY] = "DELETE FROM history WHERE number IN"
			 " (SELECT number FROM history ORDER BY number LIMIT ?)",
	[COUNT_HISTORY] = "SELECT count(*) FROM history",
	[ASKED_ONCE] = "SELECT " LEDGER_QUESTION_COLUMNS " FROM history WHERE question IN"
		       " (SELECT grant_question FROM live_grant WHERE scope = ?) ORDER BY number",
	[EVERY_QUESTION] =
		"SELECT " LEDGER_QUESTION_COLUMNS " FROM question ORDER BY asked, question",
	[EVERY_GRANT] = "SELECT " LEDGER_GRANT_COLUMNS " FROM live_grant ORDER BY number",
	/* Numbers begin with 1. A question that the history has forgotten was its oldest. */
	[PAGE_HISTORY] = "SELECT " ENTRY_COLUMNS " FROM history WHERE (decided, number) <"
			 " (?, coalesce((SELECT number FROM history WHERE question = ?), 0))"
			 " ORDER BY decided DESC, number DESC LIMIT ?",
	[FIND_HISTORY] = "SELECT " ENTRY_COLUMNS " FROM history WHERE question = ?",
	[OUTCOMES] =
		"SELECT state, max(decided - asked, 0) FROM history WHERE decided >= ? LIMIT ?",
};

static const struct database_form form = {
	.noun = "ledger",
	.application = 0x53504c47, /* "SPLG" */
	.version = 2,
	.schema = ledger_schema,
	.upgrades = ledger_upgrades,
	.statements = statements,
	.statement_count = STATEMENT_COUNT,
};

/* A statement with one number that yields nothing. */
static bool run(struct ledger *l, enum statement statement, uint64_t number)
{
	struct cursor c = cursor_start(l->database, statement);

	cursor_put_number(&c, number);
	return cursor_run(&c);
}

/* ---- opening ------------------------------------------------------------------------------ */

struct ledger *ledger_open(const char *path, char *ret_notice, size_t size)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l) {
		snprintf(ret_notice, size, "ledger %s cannot be opened: out of memory", path);
		return NULL;
	}
	l->database = database_open(path, &form, ret_notice, size);
	if (!l->database) {
		free(l);
		return NULL;
	}
	struct cursor c = cursor_start(l->database, COUNT_HISTORY);
	if (cursor_next(&c))
		l->history = cursor_number(&c);
	cursor_end(&c);
	return l;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	database_close(l->database);
	free(l);
}

/* ---- keeping ------------------------------------------------------------------------------ */

static bool put_question(struct ledger *l, const struct news *news)
{
	struct cursor c = cursor_start(l->database, PUT_QUESTION);

	ledger_row_put_question(&c, news->question);
	return cursor_run(&c);
}

/* A newer decision replaces one for the same pattern, identity, session and subject in one step: of the older
 * one nothing may be left that would live again when the newer one is gone. */
static bool drop_same_grants(struct ledger *l, const struct grant *g)
{
	struct cursor c = cursor_start(l->database, DROP_SAME_GRANTS);
	char pattern[GRANT_PATTERN_SIZE];
	size_t len = grant_pattern_format(g, pattern);

	cursor_put_bytes(&c, slice_from(pattern, len));
	cursor_put_bytes(&c, slice_of(g->identity));
	cursor_put_bytes(&c, slice_of(g->session));
	cursor_put_number(&c, g->subject_kind);
	cursor_put_bytes(&c, slice_of(g->subject));
	cursor_put_number(&c, GRANT_SESSION);
	cursor_put_number(&c, g->scope == GRANT_SESSION);
	return cursor_run(&c);
}

/* A once-grant that somebody waited for has no time of its own: it ends with their connections, and
 * so with this process, and is not to be found by the next. */
static bool put_grant(struct ledger *l, const struct news *news)
{
	const struct grant *g = news->grant;

	if (g->id == l->last_grant)
		return true;
	if (!drop_same_grants(l, g))
		return false;
	if (g->scope == GRANT_ONCE && g->expires_ms == 0)
		return true;
	struct cursor c = cursor_start(l->database, PUT_GRANT);
	ledger_row_put_grant(&c, g);
	return cursor_run(&c);
}

static bool drop_grant(struct ledger *l, const struct news *news)
{
	return run(l, DROP_GRANT, news->grant->id);
}

static bool end_question(struct ledger *l, const struct news *news)
{
	if (!run(l, DROP_QUESTION, news->question->id))
		return false;
	if (l->history >= LIMIT_HISTORY) {
		if (!run(l, TRIM_HISTORY, TRIM_ROWS))
			return false;
		l->history -= TRIM_ROWS;
	}
	struct cursor c = cursor_start(l->database, PUT_HISTORY);
	ledger_row_put_question(&c, news->question);
	ledger_row_put_grant(&c, news->grant);
	l->history++;
	return cursor_run(&c);
}

static bool decide(struct ledger *l, const struct news *news)
{
	return end_question(l, news) && (!news->grant || put_grant(l, news));
}

/* Whether the change must be on disk before anybody is answered. A decision on many questions makes
 * one grant: with that on disk the others need not be waited for, each is covered by it. A grant
 * that ends before its time is a once-grant about to be used. */
static bool is_durable(const struct ledger *l, const struct news *news)
{
	const struct grant *g = news->grant;

	switch (news->kind) {
	case NEWS_DECIDED:
		return !g || g->id != l->last_grant;
	case NEWS_GRANTED:
	case NEWS_REVOKED:
		return true;
	case NEWS_GRANT_ENDED:
		return g->scope == GRANT_ONCE && g->expires_ms > news->now_ms;
	case NEWS_ASKED:
	case NEWS_EXPIRED:
	case NEWS_WITHDRAWN:
	case NEWS_WAITERS:
	case NEWS_CONTEXT:
		break;
	}
	return false;
}

bool ledger_keep(struct ledger *l, const struct news *news)
{
	static bool (*const changes[])(struct ledger *, const struct news *) = {
		[NEWS_ASKED] = put_question,
		[NEWS_DECIDED] = decide,
		[NEWS_EXPIRED] = end_question,
		[NEWS_WITHDRAWN] = end_question,
		[NEWS_GRANTED] = put_grant,
		[NEWS_REVOKED] = drop_grant,
		[NEWS_GRANT_ENDED] = drop_grant,
		[NEWS_WAITERS] = NULL,
		[NEWS_CONTEXT] = put_question,
	};
	const uint64_t history = l->history;
	bool durable = is_durable(l, news);

	assert((size_t)news->kind < sizeof(changes) / sizeof(changes[0]));
	if (!changes[news->kind])
		return true;
	if (!database_begin(l->database, durable))
		return false;
	if (!database_commit(l->database, changes[news->kind](l, news))) {
		l->history = history;
		return false;
	}
	if (news->grant && (news->kind == NEWS_DECIDED || news->kind == NEWS_GRANTED))
		l->last_grant = news->grant->id;
	return true;
}

/* ---- restoring ---------------------------------------------------------------------------- */

static bool restore_questions(struct desk *d, struct cursor *c)
{
	struct question question;
	struct ledger_texts texts;
	bool ok = true;

	while (cursor_next(c)) {
		bool whole = ledger_row_take_question(c, &question, &texts);
		ok = whole && desk_restore_question(d, &question) && ok;
	}
	return c->ok && ok;
}

static bool restore_grants(struct ledger *l, struct desk *d)
{
	struct cursor c = cursor_start(l->database, EVERY_GRANT);
	char subject[LIMIT_SUBJECT_BYTES + 1];
	struct grant grant;
	bool ok = true;

	while (cursor_next(&c)) {
		bool whole = ledger_row_take_grant(&c, &grant, subject);
		ok = whole && desk_restore_grant(d, &grant) && ok;
	}
	return c.ok && ok;
}

/* In the order in which it came about. A once-grant says by its question what it is for. */
bool ledger_restore(struct ledger *l, struct desk *d, uint64_t now_ms)
{
	bool ok = run(l, DROP_ENDED_GRANTS, now_ms);
	struct cursor c = cursor_start(l->database, ASKED_ONCE);

	cursor_put_number(&c, GRANT_ONCE);
	ok = restore_questions(d, &c) && ok;
	c = cursor_start(l->database, EVERY_QUESTION);
	ok = restore_questions(d, &c) && ok;
	return restore_grants(l, d) && ok;
}

/* ---- history ------------------------------------------------------------------------------ */

static bool take_entry(struct cursor *c, struct ledger_entry *ret_entry)
{
	return ledger_row_take_question(c, &ret_entry->question, &ret_entry->texts) &&
	       ledger_row_take_grant(c, &ret_entry->grant, ret_entry->grant_subject);
}

bool ledger_history(struct ledger *l, const struct ledger_place *from, size_t count,
	bool (*each)(void *owner, const struct ledger_entry *entry), void *owner)
{
	const uint64_t before_ms = from->before_ms;
	struct cursor c = cursor_start(l->database, PAGE_HISTORY);
	struct ledger_entry entry;
	bool ok = true, more = true;

	cursor_put_number(
		&c, before_ms > 0 && before_ms < INT64_MAX ? before_ms : (uint64_t)INT64_MAX);
	cursor_put_number(&c, from->question);
	cursor_put_number(&c, count < LIMIT_HISTORY ? count : LIMIT_HISTORY);
	while (more && cursor_next(&c)) {
		bool whole = take_entry(&c, &entry);
		ok = ok && whole;
		more = !whole || each(owner, &entry);
	}
	return cursor_end(&c) && ok;
}

bool ledger_find(struct ledger *l, uint64_t question, struct ledger_entry *ret_entry)
{
	struct cursor c = cursor_start(l->database, FIND_HISTORY);
	bool found;

	cursor_put_number(&c, question);
	found = cursor_next(&c) && take_entry(&c, ret_entry);
	cursor_end(&c);
	return found;
}

static int compare(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

bool ledger_outcomes(struct ledger *l, uint64_t since_ms, struct ledger_outcomes *ret_outcomes)
{
	const uint64_t most = l->history + 1;
	uint64_t *waits = calloc(most, sizeof(*waits));
	struct cursor c = cursor_start(l->database, OUTCOMES);
	struct ledger_outcomes outcomes = {0};
	size_t count = 0;

	cursor_put_number(&c, since_ms < INT64_MAX ? since_ms : INT64_MAX);
	cursor_put_number(&c, most);
	while (waits && cursor_next(&c)) {
		uint64_t state = cursor_number(&c);
		if (state >= QUESTION_STATE_COUNT)
			continue;
		outcomes.count[state]++;
		if (state == QUESTION_APPROVED || state == QUESTION_DENIED)
			waits[count++] = cursor_number(&c);
	}
	bool ok = cursor_end(&c) && waits;
	if (ok && count > 0) {
		qsort(waits, count, sizeof(*waits), compare);
		outcomes.waited_ms_p50 = waits[(count - 1) / 2];
		outcomes.waited_ms_p95 = waits[(count - 1) * 95 / 100];
	}
	free(waits);
	if (ok)
		*ret_outcomes = outcomes;
	return ok;
}
