/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/spool.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct spool {
	char *path; /* NULL: in memory */
	uint64_t bound;
	sqlite3 *db; /* NULL while there is nothing to keep */
	uint64_t bytes; /* of all bodies */
	uint64_t records;
	uint64_t dropped; /* not settled, as in the file */
	uint64_t dropped_taken; /* of those */
	uint64_t again; /* dropped reports of losses, not taken */
	int64_t last_id; /* ids only grow, also over a file set aside */
	char *body; /* of the oldest batch, as last handed out */
	bool complained; /* about the disk, since it last worked */
};

/* A new file is made without waiting for the disk: nothing is in it yet. */
static const char schema[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;"
	"PRAGMA journal_size_limit = 1048576; PRAGMA cache_size = -256;"
	"CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY,"
	" records INTEGER NOT NULL, loss_records INTEGER NOT NULL, losses INTEGER NOT NULL,"
	" gzip INTEGER NOT NULL, body BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS loss (id INTEGER PRIMARY KEY, dropped INTEGER NOT NULL);"
	"INSERT OR IGNORE INTO loss VALUES (1, 0);"
	"PRAGMA synchronous = NORMAL;";

static uint64_t positive(sqlite3_int64 value)
{
	return value > 0 ? (uint64_t)value : 0;
}

/* ---- statements --------------------------------------------------------------------------- */

/* A statement with its whole numbers bound; NULL when SQLite refuses it. */
static sqlite3_stmt *statement(
	struct spool *s, const char *sql, size_t count, const int64_t *numbers)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	for (size_t i = 0; i < count; i++)
		sqlite3_bind_int64(st, (int)i + 1, numbers[i]);
	return st;
}

/* Runs a statement that yields nothing. */
static bool run(struct spool *s, const char *sql, size_t count, const int64_t *numbers)
{
	sqlite3_stmt *st = statement(s, sql, count, numbers);
	bool ok = st && sqlite3_step(st) == SQLITE_DONE;

	return sqlite3_finalize(st) == SQLITE_OK && ok;
}

/* ---- opening ------------------------------------------------------------------------------ */

static void db_close(struct spool *s)
{
	sqlite3_close(s->db);
	s->db = NULL;
	s->bytes = s->records = 0;
}

/* What the file holds. False when it cannot be read as a spool: damaged, or another version's. */
static bool db_measure(struct spool *s)
{
	sqlite3_stmt *st = statement(s, "PRAGMA quick_check(1)", 0, NULL);
	bool sound = st && sqlite3_step(st) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;

	sqlite3_finalize(st);
	if (!sound)
		return false;
	st = statement(s,
		"SELECT total(length(body)), total(records), max(id), (SELECT dropped FROM loss),"
		" max(loss_records), max(losses), max(gzip) FROM batch",
		0, NULL);
	sound = st && sqlite3_step(st) == SQLITE_ROW;
	if (sound) {
		s->bytes = positive(sqlite3_column_int64(st, 0));
		s->records = positive(sqlite3_column_int64(st, 1));
		if (sqlite3_column_int64(st, 2) > s->last_id)
			s->last_id = sqlite3_column_int64(st, 2);
		s->dropped = positive(sqlite3_column_int64(st, 3));
	}
	return sqlite3_finalize(st) == SQLITE_OK && sound;
}

static int db_try(struct spool *s)
{
	const char *name = s->path ? s->path : ":memory:";
	int code = sqlite3_open_v2(name, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	if (code == SQLITE_OK && !db_measure(s))
		code = SQLITE_CORRUPT;
	return code;
}

/* In the order in which they may go away. */
static const char *const suffixes[] = {"-wal", "-shm", ""};

static void set_aside(struct spool *s)
{
	char name[4096], aside[4096];

	/* Damaged before it was opened, it never told how many there were. */
	log_warning("spool %s is damaged and kept as %s.bad; %llu event records or more are lost",
		s->path, s->path, (unsigned long long)s->records);
	s->dropped += s->records;
	db_close(s);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, suffixes[i]);
		snprintf(aside, sizeof(aside), "%s.bad%s", s->path, suffixes[i]);
		if (rename(name, aside) != 0)
			unlink(name);
	}
}

static bool is_damage(int code)
{
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static void complain(struct spool *s)
{
	if (!s->complained)
		log_warning("spool %s: %s", s->path ? s->path : "(memory)",
			s->db ? sqlite3_errmsg(s->db) : "out of memory");
	s->complained = true;
}

/* After a statement failed: a damaged file is set aside, so that the next call starts a new one. */
static void db_failed(struct spool *s)
{
	complain(s);
	if (s->path && s->db && is_damage(sqlite3_errcode(s->db)))
		set_aside(s);
}

/* Losses counted while there is no file go into the new one. */
static bool db_open(struct spool *s)
{
	const int64_t known = (int64_t)s->dropped;
	int64_t carried = known;
	int code;

	if (s->db)
		return true;
	code = db_try(s);
	if (s->path && is_damage(code)) {
		s->dropped = (uint64_t)known;
		set_aside(s);
		carried = (int64_t)s->dropped;
		code = db_try(s);
	}
	if (code == SQLITE_OK) {
		s->dropped += (uint64_t)carried;
		if (carried == 0 || run(s, "UPDATE loss SET dropped = dropped + ?1", 1, &carried))
			return true;
	}
	complain(s);
	db_close(s);
	s->dropped = (uint64_t)carried;
	return false;
}

/* Nothing to keep: no file, no memory. */
static void db_remove_empty(struct spool *s)
{
	char name[4096];

	if (s->records > 0 || s->dropped > 0 || !s->db)
		return;
	db_close(s);
	for (size_t i = 0; s->path && i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", s->path, suffixes[i]);
		unlink(name);
	}
}

/* The folder decides: the file comes with the first batch. */
static bool place_writable(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	int len = slash ? snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path)
			: snprintf(folder, sizeof(folder), ".");

	return len > 0 && (size_t)len < sizeof(folder) && access(folder, W_OK | X_OK) == 0;
}

struct spool *spool_new(const char *path, uint64_t bytes, char *ret_error, size_t error_size)
{
	struct spool *s = calloc(1, sizeof(*s));
	struct stat status;

	snprintf(ret_error, error_size, "out of memory");
	if (s && path)
		s->path = strdup(path);
	if (!s || (path && !s->path))
		goto fail;
	s->bound = bytes;
	if (!path)
		return s;
	if (!place_writable(path)) {
		snprintf(ret_error, error_size, "spool %s cannot be written: %s", path,
			strerror(errno));
		goto fail;
	}
	if (stat(path, &status) != 0 || status.st_size == 0)
		return s;
	if (db_open(s)) {
		db_remove_empty(s);
		return s;
	}
	snprintf(ret_error, error_size, "spool %s cannot be opened", path);
fail:
	spool_free(s);
	return NULL;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	free(s->body);
	free(s->path);
	free(s);
}

/* ---- batches ------------------------------------------------------------------------------ */

/* Drops the oldest batch but `keep`, within the transaction that is open; sets *ret_found when there
 * is one. A record that only told of losses is none itself: what it told is to be told again. False
 * when SQLite refuses: the transaction must not be committed. */
static bool drop_oldest(struct spool *s, int64_t keep, bool *ret_found)
{
	struct spool_batch old = {0};
	int64_t bytes = 0;
	sqlite3_stmt *st = statement(s,
		"SELECT id, records, loss_records, losses, length(body) FROM batch"
		" WHERE id <> ?1 ORDER BY id LIMIT 1",
		1, &keep);
	bool found = st && sqlite3_step(st) == SQLITE_ROW;

	if (found) {
		old.id = sqlite3_column_int64(st, 0);
		old.records = positive(sqlite3_column_int64(st, 1));
		old.loss_records = positive(sqlite3_column_int64(st, 2));
		old.losses = positive(sqlite3_column_int64(st, 3));
		bytes = sqlite3_column_int64(st, 4);
	}
	bool sound = st && sqlite3_finalize(st) == SQLITE_OK;
	*ret_found = found;
	if (!sound || !found)
		return sound;
	const int64_t lost = (int64_t)(old.records - old.loss_records + old.losses);
	if (!run(s, "DELETE FROM batch WHERE id = ?1", 1, &old.id) ||
		!run(s, "UPDATE loss SET dropped = dropped + ?1", 1, &lost))
		return false;
	s->records -= old.records;
	s->bytes -= positive(bytes);
	s->dropped += positive(lost);
	s->again += old.losses;
	return true;
}

static bool insert(struct spool *s, const struct spool_batch *batch)
{
	const int64_t numbers[] = {batch->id, (int64_t)batch->records, (int64_t)batch->loss_records,
		(int64_t)batch->losses, batch->gzip};
	sqlite3_stmt *st = statement(s,
		"INSERT INTO batch (id, records, loss_records, losses, gzip, body)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		5, numbers);
	bool ok = st && sqlite3_bind_blob64(st, 6, batch->body.ptr, batch->body.len,
				SQLITE_STATIC) == SQLITE_OK;

	ok = ok && sqlite3_step(st) == SQLITE_DONE;
	return sqlite3_finalize(st) == SQLITE_OK && ok;
}

bool spool_store(struct spool *s, struct spool_batch *batch, int64_t keep)
{
	if (!db_open(s))
		return false;
	const uint64_t bytes = s->bytes, records = s->records, dropped = s->dropped,
		       again = s->again;
	batch->id = ++s->last_id;
	bool found = true, ok = run(s, "BEGIN", 0, NULL);
	while (ok && found && s->bytes > 0 && s->bytes + batch->body.len > s->bound)
		ok = drop_oldest(s, keep, &found);
	ok = ok && insert(s, batch) && run(s, "COMMIT", 0, NULL);
	if (!ok) {
		bool damaged = is_damage(sqlite3_errcode(s->db));
		complain(s);
		s->bytes = bytes;
		s->records = records;
		s->dropped = dropped;
		s->again = again;
		run(s, "ROLLBACK", 0, NULL);
		if (s->path && damaged)
			set_aside(s);
		return false;
	}
	s->complained = false;
	s->bytes += batch->body.len;
	s->records += batch->records;
	return true;
}

bool spool_oldest(struct spool *s, struct spool_batch *ret_batch)
{
	sqlite3_stmt *st;
	bool found;

	if (!s->db || s->records == 0)
		return false;
	st = statement(s, "SELECT id, records, gzip, body FROM batch ORDER BY id LIMIT 1", 0, NULL);
	found = st && sqlite3_step(st) == SQLITE_ROW;
	if (found) {
		size_t len = (size_t)sqlite3_column_bytes(st, 3);
		char *body = malloc(len ? len : 1);
		found = body != NULL;
		if (found) {
			memcpy(body, sqlite3_column_blob(st, 3), len);
			free(s->body);
			s->body = body;
			*ret_batch = (struct spool_batch){
				.id = sqlite3_column_int64(st, 0),
				.records = positive(sqlite3_column_int64(st, 1)),
				.gzip = sqlite3_column_int(st, 2) != 0,
				.body = slice_from(body, len),
			};
		}
	}
	bool sound = sqlite3_finalize(st) == SQLITE_OK;
	if (!sound || !st)
		db_failed(s);
	return found;
}

void spool_remove(struct spool *s, const struct spool_batch *batch)
{
	if (!s->db)
		return;
	if (!run(s, "DELETE FROM batch WHERE id = ?1", 1, &batch->id)) {
		db_failed(s);
		return;
	}
	s->records -= batch->records < s->records ? batch->records : s->records;
	s->bytes -= batch->body.len < s->bytes ? batch->body.len : s->bytes;
	free(s->body);
	s->body = NULL;
	db_remove_empty(s);
}

uint64_t spool_records(const struct spool *s)
{
	return s->records;
}

uint64_t spool_take_dropped(struct spool *s, uint64_t *ret_again)
{
	uint64_t taken = s->dropped - s->dropped_taken;

	*ret_again = s->again;
	s->dropped_taken = s->dropped;
	s->again = 0;
	return taken;
}

void spool_settle_dropped(struct spool *s, uint64_t count)
{
	int64_t number = (int64_t)count;

	assert(count <= s->dropped_taken);
	s->dropped -= count;
	s->dropped_taken -= count;
	if (s->db && !run(s, "UPDATE loss SET dropped = dropped - ?1", 1, &number))
		db_failed(s);
	db_remove_empty(s);
}
