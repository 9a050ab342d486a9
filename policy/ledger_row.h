/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ledger_row.h: questions and grants as columns of the ledger's tables. Text is kept as bytes,
 * targets and patterns as they are written, so that a row read back passed the same parsers. */
#ifndef SALLYPORT_POLICY_LEDGER_ROW_H
#define SALLYPORT_POLICY_LEDGER_ROW_H

#include "policy/database.h"
#include "policy/ledger.h"

/* Both lists in the order in which their functions put and take. */
#define LEDGER_QUESTION_COLUMNS                                                                    \
	"question, state, protocol, target, identity, session, method, path_class, user_agent,"    \
	" traceparent, process, command, process_id, justification, asked, expires, decided,"      \
	" decided_by, waiters, asks, told_pending, subject_kind, subject, path"
#define LEDGER_QUESTION_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

#define LEDGER_GRANT_COLUMNS                                                                       \
	"grant_id, allow, scope, pattern, port_protocol, grant_identity, grant_session,"           \
	" grant_question, made, ends, decider, note, grant_subject_kind, grant_subject"
#define LEDGER_GRANT_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?"
enum { LEDGER_GRANT_COLUMN_COUNT = 14 };

void ledger_row_put_question(struct cursor *c, const struct question *q);
/* NULL puts as many NULLs. */
void ledger_row_put_grant(struct cursor *c, const struct grant *g);

/* False when a value is none that this program writes. The question's texts are in *ret_texts. */
bool ledger_row_take_question(
	struct cursor *c, struct question *ret_question, struct ledger_texts *ret_texts);
/* NULLs give a zeroed grant. Its subject is in *ret_subject. */
bool ledger_row_take_grant(
	struct cursor *c, struct grant *ret_grant, char ret_subject[LIMIT_SUBJECT_BYTES + 1]);

#endif
