/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ledger.h: what the desk must not forget, in one SQLite file: pending questions, live
 * grants, and the history of decisions with who decided and why. Write-ahead log; a decision is on
 * disk (fsync) when ledger_keep returns true, a question survives the end of the process. A kill at
 * any point leaves either all of a change or nothing of it. One thread. */
#ifndef SALLYPORT_POLICY_LEDGER_H
#define SALLYPORT_POLICY_LEDGER_H

#include "policy/desk.h"

struct ledger; /* opaque */

/* Opens or creates the file (mode 0600). A file that is not a ledger, or damaged, is moved aside to
 * `path`.bad with a notice in ret_notice ("" otherwise): the proxy starts without grants rather than
 * not at all, because forgetting a grant only asks again. NULL with a sentence in ret_notice when
 * nothing can be written. */
struct ledger *ledger_open(const char *path, char *ret_notice, size_t size);
void ledger_close(struct ledger *l); /* NULL is fine */

/* The outlet `keep` of a desk. WAITERS is not for it. False: nothing was written. A power failure may
 * undo the newest of what lets nobody through: questions, their expiry and withdrawal, their
 * context, and which further questions a decision answered (its grant covers them). */
bool ledger_keep(struct ledger *l, const struct news *news);

/* Fills a fresh desk with pending questions and live grants, before its first tick. A question whose
 * time passed meanwhile comes back too and ends at that tick, which is due at once; a grant whose
 * time passed is forgotten. False when something could not be read or the desk did not take it;
 * the rest is there. */
bool ledger_restore(struct ledger *l, struct desk *d, uint64_t now_ms);

/* Ended questions with their decisions, newest first, `count` at most, from a place on. `each` returns
 * false to stop and must not call the ledger. The history is bounded: LIMIT_HISTORY entries, the
 * oldest go. */
struct ledger_entry {
	struct question question;
	struct grant grant; /* id 0 where nobody decided */
	/* Where the texts of the two are: not to be copied. */
	struct ledger_texts {
		struct question_context context;
		char subject[LIMIT_SUBJECT_BYTES + 1];
	} texts;
	char grant_subject[LIMIT_SUBJECT_BYTES + 1];
};
/* Behind what ended at before_ms or later (0: from the newest); with a question, behind that one, which
 * ended at before_ms: others of the same millisecond are neither left out nor repeated. */
struct ledger_place {
	uint64_t before_ms;
	uint64_t question; /* 0: none */
};
bool ledger_history(struct ledger *l, const struct ledger_place *from, size_t count,
	bool (*each)(void *owner, const struct ledger_entry *entry), void *owner);
/* One ended question. False when there is none. */
bool ledger_find(struct ledger *l, uint64_t question, struct ledger_entry *ret_entry);

/* How the questions since `since_ms` ended and how long their askers waited, for insights. */
struct ledger_outcomes {
	uint64_t count[QUESTION_STATE_COUNT];
	/* Asked to decided, of approved and denied ones; 0 without any. */
	uint64_t waited_ms_p50, waited_ms_p95;
};
bool ledger_outcomes(struct ledger *l, uint64_t since_ms, struct ledger_outcomes *ret_outcomes);

#endif
