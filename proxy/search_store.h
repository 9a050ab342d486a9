/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_store.h: answers to searches in one SQLite file: found by key, kept within bounds of
 * entries, bytes and age (the one used longest ago goes first), looked through by people. Write-ahead
 * log: a kill at any point leaves an entry whole or not there at all, and what was damaged since is
 * noticed when it is read (length and checksum) and not served. Several processes may have the file
 * open, each store has one thread. Knows neither HTTP nor sessions. */
#ifndef SALLYPORT_PROXY_SEARCH_STORE_H
#define SALLYPORT_PROXY_SEARCH_STORE_H

#include "policy/search.h"
#include "proxy/freshness.h"

#include <stdatomic.h>

enum { ENTRY_VARIANT_BYTES = 32 };

/* One answer, immutable, counted: it goes from thread to thread. All slices are inside it. */
struct search_entry {
	atomic_uint refs;
	uint64_t id; /* of its row, from 1, only grows */
	uint8_t key[SEARCH_KEY_BYTES];
	uint8_t variant[ENTRY_VARIANT_BYTES]; /* digest of what Vary selects by; zeros: nothing */
	struct slice provider; /* its name */
	struct slice query; /* text, valid UTF-8, as the provider's entry made it */
	struct slice canonical; /* what the key says, readable, without secrets */
	uint16_t status;
	struct slice fields; /* "Name: value\r\n" each, as freshness_keep_fields wrote them */
	struct slice body; /* as served; empty where a listing did not ask for it */
	uint64_t body_bytes; /* its length */
	int64_t stored_s; /* Unix time of the first filling */
	struct freshness freshness;
	uint64_t hits;
	int64_t used_s; /* last hit, or stored_s */
};
struct search_entry *search_entry_ref(struct search_entry *e);
void search_entry_unref(struct search_entry *e); /* NULL is fine */

/* What people find an entry by, beside its query: texts of its results. Borrowed; invalid UTF-8 is
 * replaced, longer texts are cut, more than LIMIT_SEARCH_RESULTS left out. */
struct search_text {
	struct slice title, url, snippet;
};
struct search_texts {
	const struct search_text *texts;
	size_t count;
};

struct search_store; /* opaque */

struct search_store_options {
	const char *path; /* STATE/search.db */
	bool owner; /* the proxy: makes the file, sets a damaged one aside as PATH.bad. Else it must be
	               sound */
	bool make; /* not the owner, but the file is made where there is none */
	uint64_t entries, bytes; /* bounds; 0 entries: nothing is ever evicted (a command line) */
	uint32_t age_s; /* no entry is kept for longer; 0: no bound */
};
/* NULL with a sentence in ret_notice when it cannot be opened; else a warning there, or "". */
struct search_store *search_store_open(
	const struct search_store_options *options, char *ret_notice, size_t size);
void search_store_close(struct search_store *s); /* NULL is fine */

/* How a call ended. After SEARCH_STORE_DAMAGED of an owner the next call begins a new file. */
enum search_stored {
	SEARCH_STORE_OK,
	SEARCH_STORE_NONE, /* no such entry */
	SEARCH_STORE_BUSY, /* another process writes for too long */
	SEARCH_STORE_DAMAGED, /* the entry, or the file: it is gone and was counted */
	SEARCH_STORE_FAILED, /* the disk or the memory is full */
};

/* ---- entries ------------------------------------------------------------------------------ */

/* All variants of a key, the newest first, `most` at most; *ret_count of them, each a reference of
 * the caller's. Bodies are read: decompressed and verified. */
enum search_stored search_store_find(struct search_store *s, const uint8_t key[SEARCH_KEY_BYTES],
	struct search_entry **ret_entries, size_t most, size_t *ret_count);

/* Puts an entry in the place of the one with the same key and variant. The body is compressed. Id,
 * refs, hits and used_s are not read. Evicts what the bounds demand, at most
 * LIMIT_SEARCH_EVICTIONS entries at once. */
enum search_stored search_store_put(
	struct search_store *s, const struct search_entry *e, const struct search_texts *texts);
/* Many puts as one change of the file, for an import: begun by true, made by false. After a put of a
 * batch failed, the whole of it is undone by its end, which says so. */
enum search_stored search_store_batch(struct search_store *s, bool begin);
/* After validation: new times and fields; the body stays. */
enum search_stored search_store_validate(struct search_store *s, uint64_t id,
	const struct freshness *freshness, struct slice fields);

/* Hits are counted in memory, LIMIT_SEARCH_TOUCHES entries at most, and written by search_store_flush,
 * some at a time: true when more are left. The end of the process forgets the newest. */
void search_store_touch(struct search_store *s, uint64_t id, int64_t now_s);
struct search_miss {
	uint8_t key[SEARCH_KEY_BYTES];
	struct slice provider, query;
	uint64_t count;
	int64_t last_s;
};
void search_store_missed(struct search_store *s, const struct search_miss *miss); /* count unread */
bool search_store_flush(struct search_store *s);
/* Evicts what is too old, at most LIMIT_SEARCH_EVICTIONS at once; true when more is left. */
bool search_store_expire(struct search_store *s, int64_t now_s);

struct search_statistics {
	uint64_t entries, bytes; /* bytes: as the bound counts them */
	uint64_t file_bytes;
	uint64_t hits, misses, evicted, damaged; /* since the file was made */
	int64_t oldest_s, newest_s; /* when stored or validated last; 0 without entries */
};
enum search_stored search_store_statistics(
	struct search_store *s, struct search_statistics *ret_statistics);

#endif
