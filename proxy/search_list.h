/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_list.h: the store of search answers as people look at it: pages of entries, what their
 * results say, what was missed, and the end of entries by choice. */
#ifndef SALLYPORT_PROXY_SEARCH_LIST_H
#define SALLYPORT_PROXY_SEARCH_LIST_H

#include "proxy/search_store.h"

/* Which entries; what is empty or 0 says nothing. Borrowed during the call. */
struct search_filter {
	const uint8_t *key; /* NULL: any */
	struct slice provider;
	struct slice pattern; /* of the query, as GLOB of SQLite: *, ?, [a-z]; case counts */
	int64_t before_s; /* stored or validated before */
};

/* Entries in the order in which they were stored, behind the id `after` (0: from the first), `most` at
 * most; without bodies. An entry that comes or goes meanwhile moves no other. `each` returns false to
 * stop, must not call the store, and may keep a reference. */
typedef bool (*search_entry_cb)(void *owner, struct search_entry *e);
struct search_page {
	uint64_t after;
	size_t most;
};
enum search_stored search_list(struct search_store *s, const struct search_filter *filter,
	const struct search_page *page, search_entry_cb each, void *owner);

/* One entry by its id, with its body: a reference of the caller's. */
enum search_stored search_show(
	struct search_store *s, uint64_t id, struct search_entry **ret_entry);

/* The same with the texts of its results; search_shown_done gives both back. */
struct search_shown {
	struct search_entry *entry;
	struct search_text results[LIMIT_SEARCH_RESULTS];
	struct search_texts texts;
	struct buffer bytes; /* that the texts are of */
};
enum search_stored search_show_texts(
	struct search_store *s, uint64_t id, struct search_shown *ret_shown);
void search_shown_done(struct search_shown *shown);

/* Removes what fits the filter behind the id *after, some at a time: *ret_gone of them; *after moves.
 * From 0 on, until none went. */
enum search_stored search_purge(struct search_store *s, const struct search_filter *filter,
	uint64_t *after, size_t *ret_gone);

/* Entries in whose query or results all words occur, the best first, `most` at most; each with the text
 * that fits best. Words are letters and digits; anything else is between words. Slices are borrowed
 * during `each`, which returns false to stop. None without a word. */
struct search_found {
	uint64_t id;
	struct search_text text; /* empty title and url: the query was what fitted */
};
typedef bool (*search_found_cb)(void *owner, const struct search_found *found);
enum search_stored search_look(
	struct search_store *s, struct slice words, size_t most, search_found_cb each, void *owner);

/* What was missed most, `most` at most. Slices are borrowed during `each`. */
typedef bool (*search_miss_cb)(void *owner, const struct search_miss *miss);
enum search_stored search_misses(
	struct search_store *s, size_t most, search_miss_cb each, void *owner);

/* When the entry of a key and variant was stored or validated; NONE without one. */
enum search_stored search_newest(
	struct search_store *s, const struct search_entry *like, int64_t *ret_s);

#endif
