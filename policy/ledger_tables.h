/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ledger_tables.h: the tables of the ledger, and how they came to be; for ledger.c. */
#ifndef SALLYPORT_POLICY_LEDGER_TABLES_H
#define SALLYPORT_POLICY_LEDGER_TABLES_H

/* Bytes without a type: SQLite keeps them as they are. */
#define QUESTION_TYPES                                                                             \
	" state INTEGER NOT NULL, protocol INTEGER NOT NULL, target NOT NULL, identity NOT NULL,"  \
	" session NOT NULL, method NOT NULL, path_class NOT NULL, user_agent NOT NULL,"            \
	" traceparent NOT NULL, process NOT NULL, command NOT NULL, process_id INTEGER NOT NULL,"  \
	" justification NOT NULL, asked INTEGER NOT NULL, expires INTEGER NOT NULL,"               \
	" decided INTEGER NOT NULL, decided_by INTEGER NOT NULL, waiters INTEGER NOT NULL,"        \
	" asks INTEGER NOT NULL, told_pending INTEGER NOT NULL,"                                   \
	" subject_kind INTEGER NOT NULL DEFAULT 0, subject NOT NULL DEFAULT x'',"                  \
	" path NOT NULL DEFAULT x''"

#define GRANT_TYPES                                                                                \
	" allow INTEGER, scope INTEGER, pattern, port_protocol INTEGER, grant_identity,"           \
	" grant_session, grant_question INTEGER, made INTEGER, ends INTEGER, decider, note,"       \
	" grant_subject_kind INTEGER DEFAULT 0, grant_subject DEFAULT x''"

/* What waits or lives is looked up by id; what has ended is told with its grant, which may be gone by
 * then. Of two grants for the same, the number says which is the newer. */
static const char ledger_schema[] =
	"CREATE TABLE question (question INTEGER PRIMARY KEY," QUESTION_TYPES ");"
	"CREATE TABLE live_grant (number INTEGER PRIMARY KEY,"
	" grant_id INTEGER NOT NULL UNIQUE," GRANT_TYPES ");"
	"CREATE INDEX live_grant_same ON live_grant (pattern, grant_identity, grant_session);"
	"CREATE TABLE history (number INTEGER PRIMARY KEY,"
	" question INTEGER NOT NULL UNIQUE," QUESTION_TYPES "," /* the grant's id: NULL for none */
	" grant_id INTEGER," GRANT_TYPES ");"
	"CREATE INDEX history_decided ON history (decided, state, asked);";

/* Version 2: what a question is about beside its host, and the path where a rule lets it be seen. */
#define ADD_TO_QUESTIONS(table)                                                                    \
	"ALTER TABLE " table " ADD COLUMN subject_kind INTEGER NOT NULL DEFAULT 0;"                \
	"ALTER TABLE " table " ADD COLUMN subject NOT NULL DEFAULT x'';"                           \
	"ALTER TABLE " table " ADD COLUMN path NOT NULL DEFAULT x'';"
#define ADD_TO_GRANTS(table)                                                                       \
	"ALTER TABLE " table " ADD COLUMN grant_subject_kind INTEGER DEFAULT 0;"                   \
	"ALTER TABLE " table " ADD COLUMN grant_subject DEFAULT x'';"
static const char *const ledger_upgrades[] = {
	ADD_TO_QUESTIONS("question") ADD_TO_QUESTIONS("history") ADD_TO_GRANTS("live_grant")
		ADD_TO_GRANTS("history"),
};

#endif
