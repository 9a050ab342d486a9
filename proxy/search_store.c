/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_store_inside.h"

#include "base/log.h"
#include "base/utf8.h"
#include "proxy/squeeze.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* What a store may have cached of its file, and up to which size a file is read through when
	 * it is opened; each entry is verified when it is read in any case. */
	CACHE_KIB = 8 * 1024,
	CHECK_BYTES = 64 * 1024 * 1024,
	SENTENCE_SIZE = 4608,
};

/* ---- opening ------------------------------------------------------------------------------ */

static bool open_file(struct search_store *s, char *ret_notice, size_t size)
{
	const struct database_form form = {
		.noun = "the store of search answers",
		.application = 0x53505352, /* "SPSR" */
		.version = 1,
		.schema = search_schema,
		.statements = search_statements,
		.statement_count = STORE_STATEMENTS,
		.cache_kib = CACHE_KIB,
		.check_bytes = CHECK_BYTES,
		.shared = true,
		.existing = !s->options.owner && !s->options.make,
		.kept = !s->options.owner,
	};

	s->database = database_open(s->options.path, &form, ret_notice, size);
	return s->database != NULL;
}

struct search_store *search_store_open(
	const struct search_store_options *options, char *ret_notice, size_t size)
{
	struct search_store *s = calloc(1, sizeof(*s));
	char *path = s ? strdup(options->path) : NULL;

	snprintf(ret_notice, size, "out of memory");
	if (!path)
		goto fail;
	s->options = *options;
	s->options.path = path;
	if (open_file(s, ret_notice, size))
		return s;
fail:
	free(path);
	free(s);
	return NULL;
}

void search_store_close(struct search_store *s)
{
	if (!s)
		return;
	if (s->database)
		while (search_store_flush(s))
			;
	database_close(s->database);
	free((char *)s->options.path);
	free(s);
}

bool search_store_ready(struct search_store *s)
{
	char sentence[SENTENCE_SIZE];

	return s->database || open_file(s, sentence, sizeof(sentence));
}

enum search_stored search_store_failed(struct search_store *s)
{
	switch (database_fault(s->database)) {
	case DATABASE_FAULT_BUSY:
		return SEARCH_STORE_BUSY;
	case DATABASE_FAULT_OTHER:
		return SEARCH_STORE_FAILED;
	case DATABASE_FAULT_DAMAGE:
		break;
	}
	if (s->options.owner) {
		log_error(
			"the store of search answers is damaged; it is kept as %s.bad, and a new one begun",
			s->options.path);
		database_set_aside(s->database, s->options.path);
		s->database = NULL;
		memset(s->touches, 0, sizeof(s->touches));
		s->touched = 0;
	}
	return SEARCH_STORE_DAMAGED;
}

/* ---- changes ------------------------------------------------------------------------------ */

struct search_change search_change_begin(struct search_store *s)
{
	struct search_change c = {.store = s};

	c.ok = s->in_batch ? s->batch == SEARCH_STORE_OK : database_begin(s->database, false);
	return c;
}

static void add_totals(struct search_change *c)
{
	struct cursor cursor = cursor_start(c->store->database, STORE_ADD_TOTALS);

	cursor_put_number(&cursor, (uint64_t)c->entries);
	cursor_put_number(&cursor, (uint64_t)c->bytes);
	cursor_put_number(&cursor, (uint64_t)c->evicted);
	cursor_put_number(&cursor, (uint64_t)c->damaged);
	cursor_put_number(&cursor, (uint64_t)c->hits);
	cursor_put_number(&cursor, (uint64_t)c->misses);
	c->ok = cursor_run(&cursor);
}

enum search_stored search_change_end(struct search_change *c)
{
	if (c->ok)
		add_totals(c);
	if (c->store->in_batch) {
		if (!c->ok && c->store->batch == SEARCH_STORE_OK)
			c->store->batch = search_store_failed(c->store);
		return c->store->batch;
	}
	if (database_commit(c->store->database, c->ok))
		return SEARCH_STORE_OK;
	return search_store_failed(c->store);
}

enum search_stored search_store_batch(struct search_store *s, bool begin)
{
	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	if (begin) {
		s->in_batch = database_begin(s->database, false);
		s->batch = SEARCH_STORE_OK;
		return s->in_batch ? SEARCH_STORE_OK : search_store_failed(s);
	}
	s->in_batch = false;
	if (database_commit(s->database, s->batch == SEARCH_STORE_OK))
		return SEARCH_STORE_OK;
	return s->batch == SEARCH_STORE_OK ? search_store_failed(s) : s->batch;
}

/* A statement that takes one number and yields nothing. */
static bool run(struct search_store *s, enum search_statement statement, uint64_t number)
{
	struct cursor c = cursor_start(s->database, statement);

	cursor_put_number(&c, number);
	return cursor_run(&c);
}

/* The full-text index forgets words by the rows that it was given, so these go after it. */
void search_change_drop(struct search_change *c, uint64_t id, uint64_t bytes)
{
	c->ok = c->ok && run(c->store, STORE_DROP_FOUND, id) &&
		run(c->store, STORE_DROP_RESULTS, id) && run(c->store, STORE_DROP_CONTENT, id) &&
		run(c->store, STORE_DROP, id);
	c->entries--;
	c->bytes -= (int64_t)bytes;
}

size_t search_store_collect(struct cursor *c, struct search_victim *ret_victims, size_t most)
{
	size_t count = 0;

	while (count < most && cursor_next(c)) {
		ret_victims[count].id = cursor_number(c);
		ret_victims[count++].bytes = cursor_number(c);
	}
	cursor_end(c);
	return count;
}

/* ---- finding ------------------------------------------------------------------------------ */

/* The file is sound, the entry is not. */
static void drop_damaged(struct search_store *s, uint64_t id)
{
	struct search_victim victim = {id, 0};
	struct search_change c = search_change_begin(s);
	struct cursor cursor = cursor_start(s->database, STORE_BYTES);

	cursor_put_number(&cursor, id);
	if (c.ok && search_store_collect(&cursor, &victim, 1) == 1) {
		search_change_drop(&c, id, victim.bytes);
		c.damaged++;
	}
	search_change_end(&c);
	log_warning("the search answer %llu was damaged in its file and is gone",
		(unsigned long long)id);
}

enum search_stored search_store_find(struct search_store *s, const uint8_t key[SEARCH_KEY_BYTES],
	struct search_entry **ret_entries, size_t most, size_t *ret_count)
{
	uint64_t damaged[LIMIT_SEARCH_VARIANTS];
	size_t count = 0, bad = 0;
	enum search_stored stored = SEARCH_STORE_OK;

	*ret_count = 0;
	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = cursor_start(s->database, STORE_FIND);
	cursor_put_bytes(&c, slice_from((const char *)key, SEARCH_KEY_BYTES));
	cursor_put_number(&c, most < LIMIT_SEARCH_VARIANTS ? most : LIMIT_SEARCH_VARIANTS);
	while (stored != SEARCH_STORE_FAILED && cursor_next(&c)) {
		uint64_t id = cursor_number(&c);
		c.got = 0;
		stored = search_entry_take(&c, true, &ret_entries[count]);
		count += stored == SEARCH_STORE_OK;
		if (stored == SEARCH_STORE_DAMAGED)
			damaged[bad++] = id;
	}
	bool ok = cursor_end(&c);
	if (!ok && count == 0)
		return search_store_failed(s);
	for (size_t i = 0; ok && i < bad && s->database; i++)
		drop_damaged(s, damaged[i]);
	*ret_count = count;
	if (count > 0)
		return SEARCH_STORE_OK;
	return stored == SEARCH_STORE_OK ? SEARCH_STORE_NONE : stored;
}

/* ---- putting ------------------------------------------------------------------------------ */

static void drop_each(struct search_change *c, struct cursor *cursor)
{
	struct search_victim victims[LIMIT_SEARCH_VARIANTS];
	size_t count = search_store_collect(cursor, victims, LIMIT_SEARCH_VARIANTS);

	c->ok = c->ok && cursor->ok;
	for (size_t i = 0; i < count; i++)
		search_change_drop(c, victims[i].id, victims[i].bytes);
}

/* The one in whose place this one comes, and variants of its key that would be too many with it. */
static void make_room(struct search_change *c, const struct search_entry *e)
{
	const struct slice key = slice_from((const char *)e->key, SEARCH_KEY_BYTES);
	struct cursor same = cursor_start(c->store->database, STORE_SAME);
	cursor_put_bytes(&same, key);
	cursor_put_bytes(&same, search_entry_variant(e));
	drop_each(c, &same);
	struct cursor variants = cursor_start(c->store->database, STORE_VARIANTS);
	cursor_put_bytes(&variants, key);
	cursor_put_number(&variants, LIMIT_SEARCH_VARIANTS);
	cursor_put_number(&variants, LIMIT_SEARCH_VARIANTS - 1);
	drop_each(c, &variants);
	struct cursor miss = cursor_start(c->store->database, STORE_DROP_MISS);
	cursor_put_bytes(&miss, key);
	c->ok = c->ok && cursor_run(&miss);
}

static void put_result(
	struct search_change *c, uint64_t id, const struct search_text *t, struct slice query)
{
	char title[LIMIT_SEARCH_RESULT_BYTES + 1], url[LIMIT_SEARCH_RESULT_BYTES + 1],
		snippet[LIMIT_SEARCH_RESULT_BYTES + 1];
	struct cursor cursor = cursor_start(c->store->database, STORE_PUT_RESULT);

	cursor_put_number(&cursor, id);
	cursor_put_text(&cursor, slice_from(title, utf8_copy(t->title, title, sizeof(title))));
	cursor_put_text(&cursor, slice_from(url, utf8_copy(t->url, url, sizeof(url))));
	cursor_put_text(
		&cursor, slice_from(snippet, utf8_copy(t->snippet, snippet, sizeof(snippet))));
	cursor_put_text(&cursor, query);
	c->ok = c->ok && cursor_run(&cursor);
}

static void put_results(struct search_change *c, uint64_t id, const struct search_entry *e,
	const struct search_texts *texts)
{
	put_result(c, id, &(struct search_text){.title = {NULL, 0}}, e->query);
	for (size_t i = 0; texts && i < texts->count && i < LIMIT_SEARCH_RESULTS; i++)
		put_result(c, id, &texts->texts[i], SLICE(""));
	c->ok = c->ok && run(c->store, STORE_PUT_FOUND, id);
}

static uint64_t last_id(struct search_store *s)
{
	struct cursor c = cursor_start(s->database, STORE_LAST_ID);
	uint64_t id = cursor_next(&c) ? cursor_number(&c) : 0;

	cursor_end(&c);
	return id;
}

static void put_entry(struct search_change *c, const struct search_entry *e, struct slice squeezed,
	const struct search_texts *texts)
{
	uint64_t bytes = search_entry_bytes(e, squeezed.len, texts);
	struct cursor entry = cursor_start(c->store->database, STORE_PUT);

	search_entry_put(&entry, e, bytes);
	c->ok = c->ok && cursor_run(&entry);
	uint64_t id = c->ok ? last_id(c->store) : 0;
	struct cursor content = cursor_start(c->store->database, STORE_PUT_CONTENT);
	cursor_put_number(&content, id);
	cursor_put_bytes(&content, squeezed);
	c->ok = c->ok && cursor_run(&content);
	c->entries++;
	c->bytes += (int64_t)bytes;
	if (c->ok)
		put_results(c, id, e, texts);
}

/* The one used longest ago goes first. */
static void evict(struct search_change *c)
{
	const struct search_store_options *o = &c->store->options;
	struct search_victim victims[LIMIT_SEARCH_EVICTIONS];
	struct cursor totals = cursor_start(c->store->database, STORE_TOTALS);

	if (o->entries == 0 || !c->ok || !cursor_next(&totals))
		return;
	int64_t entries = (int64_t)cursor_number(&totals), bytes = (int64_t)cursor_number(&totals);
	cursor_end(&totals);
	if (entries + c->entries <= (int64_t)o->entries && bytes + c->bytes <= (int64_t)o->bytes)
		return;
	struct cursor least = cursor_start(c->store->database, STORE_LEAST_USED);
	cursor_put_number(&least, LIMIT_SEARCH_EVICTIONS);
	size_t count = search_store_collect(&least, victims, LIMIT_SEARCH_EVICTIONS);
	for (size_t i = 0; i < count; i++) {
		if (entries + c->entries <= (int64_t)o->entries &&
			bytes + c->bytes <= (int64_t)o->bytes)
			break;
		search_change_drop(c, victims[i].id, victims[i].bytes);
		c->evicted++;
	}
}

enum search_stored search_store_put(
	struct search_store *s, const struct search_entry *e, const struct search_texts *texts)
{
	size_t len = 0;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	char *squeezed = squeeze(e->body, &len);
	if (!squeezed)
		return SEARCH_STORE_FAILED;
	/* One entry is not worth all others. */
	if (s->options.entries > 0 && search_entry_bytes(e, len, texts) > s->options.bytes / 2) {
		free(squeezed);
		return SEARCH_STORE_NONE;
	}
	struct search_change c = search_change_begin(s);
	if (c.ok) {
		make_room(&c, e);
		put_entry(&c, e, slice_from(squeezed, len), texts);
		evict(&c);
	}
	enum search_stored stored = search_change_end(&c);
	free(squeezed);
	return stored;
}
