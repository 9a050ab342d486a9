/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/database.h"

#include "policy/database_file.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct database {
	sqlite3 *db;
	bool durable; /* what the connection is set to */
	int failed; /* why the last change was undone, in SQLite's words */
	sqlite3_stmt *statements[DATABASE_STATEMENTS];
};

static const char settings[] =
	"PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304;"
	"PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

/* Exclusive where nobody shares the file: a second process is told, and the index of the log is in
 * memory, not in a file. The cache is small, because what is asked for often is elsewhere. */
static int configure(struct database *d, const struct database_form *form)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "PRAGMA locking_mode = %s; PRAGMA cache_size = -%u;",
		form->shared ? "NORMAL" : "EXCLUSIVE", form->cache_kib ? form->cache_kib : 256);
	if (form->shared)
		sqlite3_busy_timeout(d->db, DATABASE_BUSY_MS);
	int code = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? sqlite3_exec(d->db, settings, NULL, NULL, NULL) : code;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* What became of an attempt. */
enum opened {
	OPENED,
	OPENED_BAD, /* damaged, or somebody else's */
	OPENED_NEWER, /* of a newer program */
	OPENED_BUSY, /* another process has it */
	OPENED_FAILED,
};

static enum opened opened_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
		return OPENED;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return OPENED_BAD;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return OPENED_BUSY;
	default:
		return OPENED_FAILED;
	}
}

/* The first value of the first row of a question without values. */
static int ask(struct database *d, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *st = NULL;
	int code = sqlite3_prepare_v2(d->db, sql, -1, &st, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(st);
		if (code == SQLITE_ROW)
			*ret_number = sqlite3_column_int64(st, 0);
	}
	sqlite3_finalize(st);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Whether all pages make sense. Costs a read of the file, so not of a large one. */
static int check(struct database *d, const struct database_form *form)
{
	sqlite3_stmt *st = NULL;
	int64_t bytes = 0;
	int code = ask(d, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		&bytes);

	if (code != SQLITE_OK || (form->check_bytes > 0 && bytes > (int64_t)form->check_bytes))
		return code;
	code = sqlite3_prepare_v2(d->db, "PRAGMA quick_check(1)", -1, &st, NULL);

	if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		code = text && strcmp(text, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
	}
	sqlite3_finalize(st);
	return code;
}

/* The tables of a new file, in one transaction: a file has all of them or none. */
static int create(struct database *d, const struct database_form *form)
{
	char mark[128];
	int code = sqlite3_exec(d->db, "PRAGMA journal_mode = WAL; BEGIN", NULL, NULL, NULL);

	snprintf(mark, sizeof(mark), "PRAGMA application_id = %u; PRAGMA user_version = %u; COMMIT",
		form->application, form->version);
	if (code == SQLITE_OK)
		code = sqlite3_exec(d->db, form->schema, NULL, NULL, NULL);
	return code == SQLITE_OK ? sqlite3_exec(d->db, mark, NULL, NULL, NULL) : code;
}

/* An older program's file, step by step in one transaction. The log is in use already. */
static int upgrade(struct database *d, const struct database_form *form, uint32_t version)
{
	char mark[64];
	int code = sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (; code == SQLITE_OK && version < form->version; version++)
		code = sqlite3_exec(d->db, form->upgrades[version - 1], NULL, NULL, NULL);
	snprintf(mark, sizeof(mark), "PRAGMA user_version = %u; COMMIT", form->version);
	if (code == SQLITE_OK)
		code = sqlite3_exec(d->db, mark, NULL, NULL, NULL);
	/* What is not committed goes with the connection. */
	return code;
}

/* Whether the open file is of the form; an empty one becomes so. */
static enum opened recognise(struct database *d, const struct database_form *form)
{
	int64_t tables = 0, application = 0, version = 0;
	int code = ask(d, "SELECT count(*) FROM sqlite_schema", &tables);

	if (code == SQLITE_OK)
		code = ask(d, "PRAGMA application_id", &application);
	if (code == SQLITE_OK)
		code = ask(d, "PRAGMA user_version", &version);
	if (code == SQLITE_OK && tables == 0 && application == 0)
		return form->existing ? OPENED_BAD : opened_of(create(d, form));
	if (code != SQLITE_OK)
		return opened_of(code);
	if ((uint32_t)application != form->application || version < 1)
		return OPENED_BAD;
	if (version > (int64_t)form->version)
		return OPENED_NEWER;
	code = check(d, form);
	if (code == SQLITE_OK && version < (int64_t)form->version)
		code = upgrade(d, form, (uint32_t)version);
	/* Tables that an upgrade does not fit are not of the form. */
	return code == SQLITE_ERROR ? OPENED_BAD : opened_of(code);
}

/* Tables that a statement does not fit are not of the form. */
static enum opened prepare(struct database *d, const struct database_form *form)
{
	assert(form->statement_count <= DATABASE_STATEMENTS);
	for (size_t i = 0; i < form->statement_count; i++) {
		int code = sqlite3_prepare_v3(d->db, form->statements[i], -1,
			SQLITE_PREPARE_PERSISTENT, &d->statements[i], NULL);
		if (code == SQLITE_ERROR)
			return OPENED_BAD;
		if (code != SQLITE_OK)
			return opened_of(code);
	}
	return OPENED;
}

static void database_done(struct database *d)
{
	for (size_t i = 0; i < DATABASE_STATEMENTS; i++)
		sqlite3_finalize(d->statements[i]);
	sqlite3_close(d->db);
	*d = (struct database){0};
}

static enum opened attempt(
	struct database *d, const char *path, const struct database_form *form, int *ret_code)
{
	enum opened opened;
	int code = sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = configure(d, form);
	opened = opened_of(code);
	if (opened == OPENED)
		opened = recognise(d, form);
	if (opened == OPENED)
		opened = prepare(d, form);
	*ret_code = d->db ? sqlite3_errcode(d->db) : SQLITE_NOMEM;
	if (opened != OPENED)
		database_done(d);
	return opened;
}

void database_set_aside(struct database *d, const char *path)
{
	database_close(d);
	database_file_set_aside(path);
}

struct database *database_open(
	const char *path, const struct database_form *form, char *ret_notice, size_t size)
{
	struct database *d = calloc(1, sizeof(*d));
	enum opened opened = OPENED_FAILED;
	int code = SQLITE_NOMEM;

	snprintf(ret_notice, size, "%s", "");
	for (int tries = 0; d && tries < 2; tries++) {
		if (!database_file_make(path, form->existing)) {
			snprintf(ret_notice, size, "%s %s cannot be opened: %s", form->noun, path,
				strerror(errno));
			free(d);
			return NULL;
		}
		opened = attempt(d, path, form, &code);
		if (opened != OPENED_BAD || tries > 0 || form->kept)
			break;
		database_file_set_aside(path);
		snprintf(ret_notice, size,
			"%s %s is damaged or is none; it was kept as %s.bad, and a new one begun",
			form->noun, path, path);
	}
	if (opened == OPENED)
		return d;
	if (opened == OPENED_NEWER)
		snprintf(ret_notice, size,
			"%s %s was written by a newer version of this program; use that, or move "
			"the file away",
			form->noun, path);
	else if (opened == OPENED_BUSY)
		snprintf(ret_notice, size, "%s %s is in use by another process", form->noun, path);
	else if (opened == OPENED_BAD)
		snprintf(ret_notice, size, "%s %s is damaged or is none", form->noun, path);
	else
		snprintf(ret_notice, size, "%s %s cannot be opened: %s", form->noun, path,
			sqlite3_errstr(code));
	free(d);
	return NULL;
}

void database_close(struct database *d)
{
	if (!d)
		return;
	database_done(d);
	free(d);
}

/* ---- changes ------------------------------------------------------------------------------ */

bool database_begin(struct database *d, bool durable)
{
	d->failed = SQLITE_OK;
	/* Cannot be set inside a transaction. */
	if (durable != d->durable) {
		const char *level =
			durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
		if (sqlite3_exec(d->db, level, NULL, NULL, NULL) != SQLITE_OK)
			return false;
		d->durable = durable;
	}
	return sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
}

bool database_commit(struct database *d, bool ok)
{
	if (ok && sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	d->failed = sqlite3_errcode(d->db); /* undoing it has an outcome of its own */
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

enum database_fault database_fault(struct database *d)
{
	int code = d->failed ? d->failed : sqlite3_errcode(d->db);

	d->failed = SQLITE_OK;
	code &= 0xff;
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return DATABASE_FAULT_BUSY;
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return DATABASE_FAULT_DAMAGE;
	return DATABASE_FAULT_OTHER;
}

/* ---- statements --------------------------------------------------------------------------- */

struct cursor cursor_start(struct database *d, size_t statement)
{
	assert(statement < DATABASE_STATEMENTS && d->statements[statement]);
	return (struct cursor){d->statements[statement], 0, 0, true};
}

void cursor_put_number(struct cursor *c, uint64_t number)
{
	int code = sqlite3_bind_int64(c->statement, ++c->put, (sqlite3_int64)number);

	c->ok = c->ok && code == SQLITE_OK;
}

static void put_bytes(struct cursor *c, struct slice bytes, sqlite3_destructor_type owner)
{
	/* A null pointer would be bound as NULL. */
	const char *ptr = bytes.len > 0 ? bytes.ptr : "";
	int code = sqlite3_bind_blob64(c->statement, ++c->put, ptr, bytes.len, owner);

	c->ok = c->ok && code == SQLITE_OK;
}

void cursor_put_bytes(struct cursor *c, struct slice bytes)
{
	put_bytes(c, bytes, SQLITE_STATIC);
}

void cursor_put_text(struct cursor *c, struct slice text)
{
	const char *ptr = text.len > 0 ? text.ptr : "";
	int code = sqlite3_bind_text64(
		c->statement, ++c->put, ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);

	c->ok = c->ok && code == SQLITE_OK;
}

void cursor_put_copy(struct cursor *c, struct slice bytes)
{
	put_bytes(c, bytes, SQLITE_TRANSIENT);
}

void cursor_put_null(struct cursor *c)
{
	int code = sqlite3_bind_null(c->statement, ++c->put);

	c->ok = c->ok && code == SQLITE_OK;
}

bool cursor_end(struct cursor *c)
{
	sqlite3_reset(c->statement);
	sqlite3_clear_bindings(c->statement);
	return c->ok;
}

bool cursor_next(struct cursor *c)
{
	int code = c->ok ? sqlite3_step(c->statement) : SQLITE_ERROR;

	c->got = 0;
	if (code == SQLITE_ROW)
		return true;
	c->ok = code == SQLITE_DONE;
	cursor_end(c);
	return false;
}

uint64_t cursor_number(struct cursor *c)
{
	return (uint64_t)sqlite3_column_int64(c->statement, c->got++);
}

bool cursor_is_null(const struct cursor *c)
{
	return sqlite3_column_type(c->statement, c->got) == SQLITE_NULL;
}

struct slice cursor_bytes(struct cursor *c)
{
	int at = c->got++;
	const char *ptr = sqlite3_column_blob(c->statement, at);
	int len = sqlite3_column_bytes(c->statement, at);

	return ptr && len > 0 ? slice_from(ptr, (size_t)len) : SLICE("");
}

bool cursor_run(struct cursor *c)
{
	while (cursor_next(c))
		;
	return c->ok;
}
