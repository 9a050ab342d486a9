/* SPDX-License-Identifier: Apache-2.0 */
/* What the store of search answers does beside finding and putting: validation, counts, the end of
 * what is too old. */
#include "proxy/search_store_inside.h"
#include "proxy/squeeze.h"

enum {
	/* Entries whose hits one flush writes. */
	FLUSH_ENTRIES = 64,
	/* Misses that a trim takes at once, so that it is rare. */
	TRIM_MISSES = 256,
};

enum search_stored search_store_validate(
	struct search_store *s, uint64_t id, const struct freshness *freshness, struct slice fields)
{
	struct search_victim before = {0, 0}, after = {0, 0};

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct search_change change = search_change_begin(s);
	struct cursor bytes = cursor_start(s->database, STORE_BYTES);
	cursor_put_number(&bytes, id);
	if (!change.ok || search_store_collect(&bytes, &before, 1) == 0) {
		change.ok = change.ok && bytes.ok;
		enum search_stored stored = search_change_end(&change);
		return stored == SEARCH_STORE_OK ? SEARCH_STORE_NONE : stored;
	}
	struct cursor c = cursor_start(s->database, STORE_VALIDATE);
	search_entry_put_freshness(&c, freshness);
	cursor_put_bytes(&c, fields);
	cursor_put_number(&c, squeeze_sum(fields));
	cursor_put_number(&c, fields.len);
	cursor_put_number(&c, id);
	change.ok = cursor_run(&c);
	bytes = cursor_start(s->database, STORE_BYTES);
	cursor_put_number(&bytes, id);
	if (change.ok && search_store_collect(&bytes, &after, 1) == 1)
		change.bytes = (int64_t)after.bytes - (int64_t)before.bytes;
	return search_change_end(&change);
}

/* ---- hits --------------------------------------------------------------------------------- */

static bool write_touch(struct search_store *s, struct search_touch *t)
{
	struct cursor c = cursor_start(s->database, STORE_TOUCH);

	cursor_put_number(&c, t->hits);
	cursor_put_number(&c, (uint64_t)t->used_s);
	cursor_put_number(&c, t->id);
	return cursor_run(&c);
}

/* Hits that cannot be written are forgotten: they are no more than a hint. */
static void write_touches(struct search_store *s, struct search_touch *t, size_t most)
{
	struct search_change change = search_change_begin(s);

	for (size_t i = 0; i < most; i++, t++) {
		if (t->id == 0)
			continue;
		change.hits += t->hits;
		change.ok = change.ok && write_touch(s, t);
		*t = (struct search_touch){0};
		s->touched--;
	}
	search_change_end(&change);
}

void search_store_touch(struct search_store *s, uint64_t id, int64_t now_s)
{
	struct search_touch *t = &s->touches[id % LIMIT_SEARCH_TOUCHES];

	if (t->id != 0 && t->id != id && search_store_ready(s))
		write_touches(s, t, 1);
	if (t->id == 0)
		s->touched++;
	t->id = id;
	t->hits++;
	t->used_s = now_s;
}

bool search_store_flush(struct search_store *s)
{
	if (s->touched == 0 || !search_store_ready(s))
		return false;
	for (size_t i = 0; i < LIMIT_SEARCH_TOUCHES / FLUSH_ENTRIES; i++) {
		struct search_touch *from = &s->touches[s->flushed];
		s->flushed = (s->flushed + FLUSH_ENTRIES) % LIMIT_SEARCH_TOUCHES;
		size_t used = 0;
		for (size_t k = 0; k < FLUSH_ENTRIES; k++)
			used += from[k].id != 0;
		if (used == 0)
			continue;
		write_touches(s, from, FLUSH_ENTRIES);
		break;
	}
	return s->touched > 0;
}

/* ---- misses ------------------------------------------------------------------------------- */

static bool trim_misses(struct search_store *s)
{
	struct cursor c = cursor_start(s->database, STORE_COUNT_MISSES);
	uint64_t count = cursor_next(&c) ? cursor_number(&c) : 0;

	if (!cursor_end(&c) || count <= LIMIT_SEARCH_MISSES)
		return c.ok;
	c = cursor_start(s->database, STORE_TRIM_MISSES);
	cursor_put_number(&c, count - LIMIT_SEARCH_MISSES + TRIM_MISSES);
	return cursor_run(&c);
}

void search_store_missed(struct search_store *s, const struct search_miss *miss)
{
	if (!search_store_ready(s))
		return;
	struct search_change change = search_change_begin(s);
	struct cursor c = cursor_start(s->database, STORE_PUT_MISS);
	cursor_put_bytes(&c, slice_from((const char *)miss->key, SEARCH_KEY_BYTES));
	cursor_put_text(&c, miss->provider);
	cursor_put_text(&c, miss->query);
	cursor_put_number(&c, (uint64_t)miss->last_s);
	change.ok = change.ok && cursor_run(&c) && trim_misses(s);
	change.misses = 1;
	search_change_end(&change);
}

/* ---- age and counts ----------------------------------------------------------------------- */

bool search_store_expire(struct search_store *s, int64_t now_s)
{
	struct search_victim victims[LIMIT_SEARCH_EVICTIONS];

	if (s->options.age_s == 0 || now_s < s->options.age_s || !search_store_ready(s))
		return false;
	struct cursor c = cursor_start(s->database, STORE_OLDEST);
	cursor_put_number(&c, (uint64_t)(now_s - s->options.age_s));
	cursor_put_number(&c, LIMIT_SEARCH_EVICTIONS);
	size_t count = search_store_collect(&c, victims, LIMIT_SEARCH_EVICTIONS);
	if (count == 0)
		return false;
	struct search_change change = search_change_begin(s);
	for (size_t i = 0; i < count; i++)
		search_change_drop(&change, victims[i].id, victims[i].bytes);
	change.evicted = (int64_t)count;
	return search_change_end(&change) == SEARCH_STORE_OK && count == LIMIT_SEARCH_EVICTIONS;
}

enum search_stored search_store_statistics(
	struct search_store *s, struct search_statistics *ret_statistics)
{
	struct search_statistics found = {0};

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = cursor_start(s->database, STORE_TOTALS);
	if (cursor_next(&c)) {
		found.entries = cursor_number(&c);
		found.bytes = cursor_number(&c);
		found.evicted = cursor_number(&c);
		found.damaged = cursor_number(&c);
		found.hits = cursor_number(&c);
		found.misses = cursor_number(&c);
	}
	bool ok = cursor_end(&c);
	c = cursor_start(s->database, STORE_EXTREMES);
	if (ok && cursor_next(&c)) {
		found.oldest_s = (int64_t)cursor_number(&c);
		found.newest_s = (int64_t)cursor_number(&c);
	}
	ok = cursor_end(&c) && ok;
	c = cursor_start(s->database, STORE_FILE_BYTES);
	if (ok && cursor_next(&c))
		found.file_bytes = cursor_number(&c);
	ok = cursor_end(&c) && ok;
	if (!ok)
		return search_store_failed(s);
	*ret_statistics = found;
	return SEARCH_STORE_OK;
}
