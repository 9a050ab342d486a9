/* SPDX-License-Identifier: Apache-2.0 */
/* policy/database.h: one SQLite file: opened, moved aside when it is damaged or somebody else's, its
 * statements prepared once. Write-ahead log, one process unless the form says otherwise, one thread,
 * little memory. The one file of policy/ that knows SQLite. */
#ifndef SALLYPORT_POLICY_DATABASE_H
#define SALLYPORT_POLICY_DATABASE_H

#include "base/slice.h"

struct database; /* opaque */

/* What a file must be. All static. */
struct database_form {
	const char *noun; /* for sentences: "ledger" */
	uint32_t application; /* SQLite's application_id */
	uint32_t version; /* SQLite's user_version, from 1; a higher one is a newer program's */
	const char *schema; /* makes the tables of an empty file */
	const char *const *upgrades; /* [n - 1] makes a file of version n one of version n + 1 */
	const char *const *statements;
	size_t statement_count; /* up to DATABASE_STATEMENTS */
	uint32_t cache_kib; /* 0: 256 */
	uint64_t check_bytes; /* a larger file is not read through when it is opened; 0: each is */
	bool shared; /* other processes may have it too: a change waits for theirs, DATABASE_BUSY_MS
	                at most */
	bool existing; /* no file is made */
	bool kept; /* a damaged file stays where it is, and is not opened */
};

enum { DATABASE_STATEMENTS = 40, DATABASE_BUSY_MS = 2000 };

/* Opens or creates the file, mode 0600, and reads through it once. What is damaged or not of this
 * form is renamed to `path`.bad, and a new file is made; ret_notice tells ("" otherwise). A file of
 * an older version becomes one of this, all at once or not at all. NULL with
 * a sentence in ret_notice when the file cannot be written, another process has it, or a newer
 * program wrote it: such a file stays as it is. */
struct database *database_open(
	const char *path, const struct database_form *form, char *ret_notice, size_t size);
void database_close(struct database *d); /* NULL is fine */

/* A change of several statements: all of it or nothing. After a false the change is undone.
 *   durable  database_commit waits for the disk; else a power failure may undo the newest changes,
 *            while the end of the process never does */
bool database_begin(struct database *d, bool durable);
/* ok false: undo. Returns whether the change was made. */
bool database_commit(struct database *d, bool ok);

/* Why the last call failed; asked before any other is made. */
enum database_fault {
	DATABASE_FAULT_BUSY, /* another process writes for too long */
	DATABASE_FAULT_DAMAGE, /* the file is not what it was when it was opened */
	DATABASE_FAULT_OTHER, /* the disk or the memory is full, or fails */
};
enum database_fault database_fault(struct database *d);

/* Renames the file and its log to `path`.bad; it is closed first. */
void database_set_aside(struct database *d, const char *path);

/* ---- statements --------------------------------------------------------------------------- */

struct sqlite3_stmt;

/* A statement under way. Its values are put and taken in order. One at a time of each statement. */
struct cursor {
	struct sqlite3_stmt *statement;
	int put, got;
	bool ok; /* nothing failed so far */
};

struct cursor cursor_start(struct database *d, size_t statement);
void cursor_put_number(struct cursor *c, uint64_t number); /* its 64 bits, as SQLite's signed */
void cursor_put_bytes(struct cursor *c, struct slice bytes); /* borrowed until the end */
void cursor_put_text(struct cursor *c, struct slice text); /* UTF-8; borrowed until the end */
void cursor_put_copy(struct cursor *c, struct slice bytes);
void cursor_put_null(struct cursor *c);

/* Steps to the next row: true when there is one. Ends the statement otherwise: then c->ok says
 * whether that was the end of the rows or a failure. */
bool cursor_next(struct cursor *c);
uint64_t cursor_number(struct cursor *c);
bool cursor_is_null(const struct cursor *c); /* of the next value */
struct slice cursor_bytes(struct cursor *c); /* borrowed until the next step */

/* Ends the statement early; rows are passed over. Returns c->ok. */
bool cursor_end(struct cursor *c);
/* A statement without rows, from its values to its end. */
bool cursor_run(struct cursor *c);

#endif
