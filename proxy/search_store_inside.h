/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_store_inside.h: what the files of the store share: its statements, changes, and how a
 * call fails. */
#ifndef SALLYPORT_PROXY_SEARCH_STORE_INSIDE_H
#define SALLYPORT_PROXY_SEARCH_STORE_INSIDE_H

#include "policy/database.h"
#include "proxy/search_entry.h"

enum search_statement {
	STORE_FIND,
	STORE_SHOW,
	STORE_SAME,
	STORE_VARIANTS,
	STORE_PUT,
	STORE_PUT_CONTENT,
	STORE_PUT_RESULT,
	STORE_PUT_FOUND,
	STORE_DROP_FOUND,
	STORE_DROP_RESULTS,
	STORE_DROP_CONTENT,
	STORE_DROP,
	STORE_BYTES,
	STORE_VALIDATE,
	STORE_TOUCH,
	STORE_LEAST_USED,
	STORE_OLDEST,
	STORE_TOTALS,
	STORE_ADD_TOTALS,
	STORE_PUT_MISS,
	STORE_DROP_MISS,
	STORE_COUNT_MISSES,
	STORE_TRIM_MISSES,
	STORE_MISSES,
	STORE_EXTREMES,
	STORE_FILE_BYTES,
	STORE_LIST,
	STORE_MATCH,
	STORE_RESULTS,
	STORE_NEWEST,
	STORE_LAST_ID,
	STORE_TEXTS,
	STORE_STATEMENTS
};
extern const char *const search_statements[STORE_STATEMENTS];
extern const char search_schema[];

/* Hits of one entry that are not written yet. */
struct search_touch {
	uint64_t id; /* 0: none */
	uint32_t hits;
	int64_t used_s;
};

struct search_store {
	struct database *database; /* NULL after it was set aside, until the next call */
	struct search_store_options options; /* path owned */
	struct search_touch touches[LIMIT_SEARCH_TOUCHES]; /* by id */
	size_t touched; /* of them in use */
	size_t flushed; /* where the next flush goes on */
	bool in_batch;
	enum search_stored batch; /* how its changes went so far */
};

/* A change of the file and what it does to the totals. */
struct search_change {
	struct search_store *store;
	bool ok;
	int64_t entries, bytes, evicted, damaged, hits, misses;
};

/* A file is open. False: it could not be opened. */
bool search_store_ready(struct search_store *s);

/* One at a time. After begin, c->ok says whether to go on; end writes the totals, and undoes all when
 * it is not ok. */
struct search_change search_change_begin(struct search_store *s);
enum search_stored search_change_end(struct search_change *c);
/* An entry with everything that belongs to it. */
void search_change_drop(struct search_change *c, uint64_t id, uint64_t bytes);

/* Why a statement of the store failed. A damaged file of an owner is set aside. */
enum search_stored search_store_failed(struct search_store *s);

/* Rows of an id and its bytes, up to `most`. */
struct search_victim {
	uint64_t id, bytes;
};
size_t search_store_collect(struct cursor *c, struct search_victim *ret_victims, size_t most);

#endif
