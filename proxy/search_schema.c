/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the store of search answers and everything that is asked of them.
 *
 *	entry ──1:1── content   bodies apart: a listing does not read them
 *	  └───1:n──── result    texts that people look for; the first row of an entry is its query
 *	                └────── found, the full-text index over result
 *	total   one row of counts, changed with what they count
 *	miss    what was asked for and was not there */
#include "proxy/search_store_inside.h"

/* Ids are never used again: a row that was listed is that row, or gone. */
const char search_schema[] =
	"CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL,"
	" variant BLOB NOT NULL, provider TEXT NOT NULL, query TEXT NOT NULL,"
	" canonical TEXT NOT NULL, status INTEGER NOT NULL, stored INTEGER NOT NULL,"
	" response INTEGER NOT NULL, initial_age INTEGER NOT NULL, lifetime INTEGER NOT NULL,"
	" stale_while INTEGER NOT NULL, stale_error INTEGER NOT NULL, flags INTEGER NOT NULL,"
	" hits INTEGER NOT NULL, used INTEGER NOT NULL, fields BLOB NOT NULL,"
	" fields_sum INTEGER NOT NULL, body_bytes INTEGER NOT NULL, body_sum INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX entry_key ON entry (key, variant);"
	"CREATE INDEX entry_used ON entry (used);"
	"CREATE INDEX entry_response ON entry (response);"
	"CREATE TABLE content (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
	"CREATE TABLE result (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, title TEXT NOT NULL,"
	" url TEXT NOT NULL, snippet TEXT NOT NULL, query TEXT NOT NULL);"
	"CREATE INDEX result_entry ON result (entry);"
	"CREATE VIRTUAL TABLE found USING fts5 (title, url, snippet, query, content = 'result',"
	" content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');"
	"CREATE TABLE total (id INTEGER PRIMARY KEY, entries INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, evicted INTEGER NOT NULL, damaged INTEGER NOT NULL,"
	" hits INTEGER NOT NULL, misses INTEGER NOT NULL);"
	"INSERT INTO total VALUES (1, 0, 0, 0, 0, 0, 0);"
	"CREATE TABLE miss (key BLOB PRIMARY KEY, provider TEXT NOT NULL, query TEXT NOT NULL,"
	" count INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;";

#define RESULT_COLUMNS "id, title, url, snippet, query"

/* An empty pattern is any, an empty provider too, and 0 any time. */
#define MATCHING                                                                                   \
	" id > ?1 AND (?2 = '' OR provider = ?2) AND (?3 = '' OR query GLOB ?3)"                   \
	" AND (?4 = 0 OR response < ?4) AND (?5 = x'' OR key = ?5)"

const char *const search_statements[STORE_STATEMENTS] = {
	[STORE_FIND] = "SELECT " ENTRY_COLUMNS ", (SELECT body FROM content WHERE id = entry.id)"
		       " FROM entry WHERE key = ? ORDER BY id DESC LIMIT ?",
	[STORE_SHOW] = "SELECT " ENTRY_COLUMNS ", (SELECT body FROM content WHERE id = entry.id)"
		       " FROM entry WHERE id = ?",
	[STORE_SAME] = "SELECT id, bytes FROM entry WHERE key = ? AND variant = ?",
	[STORE_VARIANTS] = "SELECT id, bytes FROM entry WHERE key = ? ORDER BY id DESC"
			   " LIMIT ? OFFSET ?",
	[STORE_PUT] = "INSERT INTO entry (" ENTRY_COLUMNS ") VALUES (" ENTRY_MARKS ")",
	[STORE_PUT_CONTENT] = "INSERT INTO content VALUES (?, ?)",
	[STORE_PUT_RESULT] = "INSERT INTO result (entry, title, url, snippet, query)"
			     " VALUES (?, ?, ?, ?, ?)",
	[STORE_PUT_FOUND] = "INSERT INTO found (rowid, title, url, snippet, query)"
			    " SELECT " RESULT_COLUMNS " FROM result WHERE entry = ?",
	[STORE_DROP_FOUND] = "INSERT INTO found (found, rowid, title, url, snippet, query)"
			     " SELECT 'delete', " RESULT_COLUMNS " FROM result WHERE entry = ?",
	[STORE_DROP_RESULTS] = "DELETE FROM result WHERE entry = ?",
	[STORE_DROP_CONTENT] = "DELETE FROM content WHERE id = ?",
	[STORE_DROP] = "DELETE FROM entry WHERE id = ?",
	[STORE_BYTES] = "SELECT id, bytes FROM entry WHERE id = ?",
	[STORE_VALIDATE] = "UPDATE entry SET response = ?, initial_age = ?, lifetime = ?,"
			   " stale_while = ?, stale_error = ?, flags = ?, fields = ?,"
			   " fields_sum = ?, bytes = bytes + ? - length(fields) WHERE id = ?",
	[STORE_TOUCH] = "UPDATE entry SET hits = hits + ?, used = max(used, ?) WHERE id = ?",
	[STORE_LEAST_USED] = "SELECT id, bytes FROM entry ORDER BY used, id LIMIT ?",
	[STORE_OLDEST] = "SELECT id, bytes FROM entry WHERE response < ? ORDER BY response LIMIT ?",
	[STORE_TOTALS] = "SELECT entries, bytes, evicted, damaged, hits, misses FROM total",
	[STORE_ADD_TOTALS] =
		"UPDATE total SET entries = entries + ?, bytes = bytes + ?,"
		" evicted = evicted + ?, damaged = damaged + ?, hits = hits + ?, misses = misses + ?",
	[STORE_PUT_MISS] = "INSERT INTO miss VALUES (?, ?, ?, 1, ?) ON CONFLICT (key) DO UPDATE"
			   " SET count = count + 1, last = max(last, excluded.last)",
	[STORE_DROP_MISS] = "DELETE FROM miss WHERE key = ?",
	[STORE_COUNT_MISSES] = "SELECT count(*) FROM miss",
	[STORE_TRIM_MISSES] = "DELETE FROM miss WHERE key IN"
			      " (SELECT key FROM miss ORDER BY count, last LIMIT ?)",
	[STORE_MISSES] = "SELECT key, provider, query, count, last FROM miss"
			 " ORDER BY count DESC, last DESC LIMIT ?",
	[STORE_EXTREMES] =
		"SELECT (SELECT min(response) FROM entry), (SELECT max(response) FROM entry)",
	[STORE_FILE_BYTES] =
		"SELECT (page_count - freelist_count) * page_size FROM pragma_page_count,"
		" pragma_freelist_count, pragma_page_size",
	[STORE_LIST] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE" MATCHING " ORDER BY id LIMIT ?6",
	[STORE_MATCH] = "SELECT id, bytes FROM entry WHERE" MATCHING " ORDER BY id LIMIT ?6",
	/* The best result of each entry; rank is smaller for what fits better. */
	[STORE_RESULTS] =
		"SELECT entry, title, url, snippet, min(r) FROM (SELECT result.entry AS entry,"
		" result.title AS title, result.url AS url, result.snippet AS snippet,"
		" found.rank AS r FROM found JOIN result ON result.id = found.rowid"
		" WHERE found MATCH ? ORDER BY found.rank LIMIT ?) GROUP BY entry ORDER BY min(r), entry",
	[STORE_NEWEST] = "SELECT response FROM entry WHERE key = ? AND variant = ?",
	/* The row of the query has no other text. */
	[STORE_TEXTS] = "SELECT title, url, snippet FROM result WHERE entry = ? AND query = ''"
			" ORDER BY id",
	[STORE_LAST_ID] = "SELECT last_insert_rowid()",
};
