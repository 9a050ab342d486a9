/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/search_entries.h: search answers made from a number, and whether one is whole. */
#ifndef SALLYPORT_TESTS_SEARCH_ENTRIES_H
#define SALLYPORT_TESTS_SEARCH_ENTRIES_H

#include "proxy/search_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Stand for the C library's in SQLite: a test does not wait for the disk. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* What an entry's slices borrow from. */
struct made_entry {
	struct search_entry entry;
	char query[64], canonical[96], fields[128], body[20000];
};

/* The length and every byte of the body come from its number. */
static inline size_t made_body(uint64_t number, char *ret_body)
{
	size_t len = (size_t)(number * 7919 % 15000);
	uint64_t state = number * 2 + 1;

	for (size_t i = 0; i < len; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		ret_body[i] = (char)('a' + (state >> 33) % 26);
	}
	return len;
}

static inline struct search_entry *make_entry(struct made_entry *m, uint64_t number)
{
	struct search_entry *e = &m->entry;

	memset(e, 0, sizeof(*e));
	memcpy(e->key, &number, sizeof(number));
	e->provider = number % 2 == 0 ? SLICE("even") : SLICE("odd");
	e->query = slice_from(
		m->query, (size_t)snprintf(m->query, sizeof(m->query), "word%llu and m\303\274ller",
				  (unsigned long long)number));
	e->canonical =
		slice_from(m->canonical, (size_t)snprintf(m->canonical, sizeof(m->canonical),
						 "test q=word%llu", (unsigned long long)number));
	e->status = 200;
	e->fields = slice_from(m->fields, (size_t)snprintf(m->fields, sizeof(m->fields),
						  "Content-Type: text/plain\r\nX-Number: %llu\r\n",
						  (unsigned long long)number));
	e->body = slice_from(m->body, made_body(number, m->body));
	e->stored_s = 1000000 + (int64_t)number;
	e->freshness = (struct freshness){.response_s = 1000000 + (int64_t)number,
		.initial_age_s = 3,
		.lifetime_s = 60,
		.stale_while_s = 7,
		.stale_error_s = 8,
		.named = true,
		.must_revalidate = number % 2 == 0};
	return e;
}

static inline bool are_equal(const struct freshness *a, const struct freshness *b)
{
	return a->response_s == b->response_s && a->initial_age_s == b->initial_age_s &&
	       a->lifetime_s == b->lifetime_s && a->stale_while_s == b->stale_while_s &&
	       a->stale_error_s == b->stale_error_s && a->named == b->named &&
	       a->no_cache == b->no_cache && a->must_revalidate == b->must_revalidate;
}

static inline bool is_whole(const struct search_entry *e)
{
	static struct made_entry m;
	uint64_t number;

	memcpy(&number, e->key, sizeof(number));
	const struct search_entry *want = make_entry(&m, number);
	return slice_equal(e->query, want->query) && slice_equal(e->canonical, want->canonical) &&
	       slice_equal(e->provider, want->provider) && slice_equal(e->fields, want->fields) &&
	       slice_equal(e->body, want->body) && e->body_bytes == want->body.len &&
	       e->status == 200 && e->stored_s == want->stored_s &&
	       are_equal(&e->freshness, &want->freshness);
}

/* OK and whole, or why not. */
static inline enum search_stored find_one(struct search_store *s, uint64_t number)
{
	uint8_t key[SEARCH_KEY_BYTES] = {0};
	struct search_entry *entries[LIMIT_SEARCH_VARIANTS];
	size_t count;

	memcpy(key, &number, sizeof(number));
	enum search_stored stored =
		search_store_find(s, key, entries, LIMIT_SEARCH_VARIANTS, &count);
	for (size_t i = 0; i < count; i++) {
		if (!is_whole(entries[i]))
			abort();
		search_entry_unref(entries[i]);
	}
	return stored;
}

static inline enum search_stored put_one(struct search_store *s, uint64_t number)
{
	static struct made_entry m;

	return search_store_put(s, make_entry(&m, number), NULL);
}

#endif
