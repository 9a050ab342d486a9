/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_list.h"

#include "base/utf8.h"
#include "proxy/search_store_inside.h"

enum { WORDS_BYTES = 2048, PURGE_ENTRIES = 256, FACTOR_RESULTS = 4 };

/* ---- pages -------------------------------------------------------------------------------- */

static struct cursor start(struct search_store *s, enum search_statement statement,
	const struct search_filter *f, const struct search_page *page)
{
	struct cursor c = cursor_start(s->database, statement);

	cursor_put_number(&c, page->after);
	cursor_put_text(&c, f->provider);
	cursor_put_text(&c, f->pattern);
	cursor_put_number(&c, f->before_s > 0 ? (uint64_t)f->before_s : 0);
	cursor_put_bytes(
		&c, f->key ? slice_from((const char *)f->key, SEARCH_KEY_BYTES) : SLICE(""));
	cursor_put_number(&c, page->most);
	return c;
}

enum search_stored search_list(struct search_store *s, const struct search_filter *filter,
	const struct search_page *page, search_entry_cb each, void *owner)
{
	enum search_stored stored = SEARCH_STORE_OK;
	struct search_entry *e;
	bool more = true;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = start(s, STORE_LIST, filter, page);
	while (more && stored != SEARCH_STORE_FAILED && cursor_next(&c)) {
		stored = search_entry_take(&c, false, &e);
		if (stored != SEARCH_STORE_OK)
			continue;
		more = each(owner, e);
		search_entry_unref(e);
	}
	if (!cursor_end(&c))
		return search_store_failed(s);
	return stored == SEARCH_STORE_FAILED ? stored : SEARCH_STORE_OK;
}

enum search_stored search_show(struct search_store *s, uint64_t id, struct search_entry **ret_entry)
{
	enum search_stored stored = SEARCH_STORE_NONE;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = cursor_start(s->database, STORE_SHOW);
	cursor_put_number(&c, id);
	if (cursor_next(&c))
		stored = search_entry_take(&c, true, ret_entry);
	return cursor_end(&c) ? stored : search_store_failed(s);
}

/* Lengths first: the buffer may move while it grows. */
static void take_texts(struct cursor *c, struct search_shown *shown)
{
	while (shown->texts.count < LIMIT_SEARCH_RESULTS && cursor_next(c)) {
		struct search_text *t = &shown->results[shown->texts.count++];
		struct slice *parts[] = {&t->title, &t->url, &t->snippet};
		for (size_t i = 0; i < 3; i++) {
			struct slice part = cursor_bytes(c);
			parts[i]->len = buffer_append(&shown->bytes, part) ? part.len : 0;
		}
	}
	const char *ptr = buffer_bytes(&shown->bytes).ptr;
	for (size_t i = 0; ptr && i < shown->texts.count; i++) {
		struct search_text *t = &shown->results[i];
		struct slice *parts[] = {&t->title, &t->url, &t->snippet};
		for (size_t k = 0; k < 3; k++) {
			parts[k]->ptr = ptr;
			ptr += parts[k]->len;
		}
	}
}

enum search_stored search_show_texts(
	struct search_store *s, uint64_t id, struct search_shown *ret_shown)
{
	*ret_shown = (struct search_shown){.entry = NULL};
	enum search_stored stored = search_show(s, id, &ret_shown->entry);

	if (stored != SEARCH_STORE_OK)
		return stored;
	buffer_init(&ret_shown->bytes, LIMIT_SEARCH_RESULTS * 3 * LIMIT_SEARCH_RESULT_BYTES);
	ret_shown->texts.texts = ret_shown->results;
	struct cursor c = cursor_start(s->database, STORE_TEXTS);
	cursor_put_number(&c, id);
	take_texts(&c, ret_shown);
	if (cursor_end(&c))
		return SEARCH_STORE_OK;
	search_shown_done(ret_shown);
	return search_store_failed(s);
}

void search_shown_done(struct search_shown *shown)
{
	search_entry_unref(shown->entry);
	buffer_done(&shown->bytes);
}

enum search_stored search_purge(struct search_store *s, const struct search_filter *filter,
	uint64_t *after, size_t *ret_gone)
{
	const struct search_page page = {*after, PURGE_ENTRIES};
	struct search_victim victims[PURGE_ENTRIES];

	*ret_gone = 0;
	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct search_change change = search_change_begin(s);
	struct cursor c = start(s, STORE_MATCH, filter, &page);
	size_t count = change.ok ? search_store_collect(&c, victims, PURGE_ENTRIES) : 0;
	change.ok = change.ok && c.ok;
	for (size_t i = 0; i < count; i++)
		search_change_drop(&change, victims[i].id, victims[i].bytes);
	enum search_stored stored = search_change_end(&change);
	if (stored == SEARCH_STORE_OK && count > 0) {
		*ret_gone = count;
		*after = victims[count - 1].id;
	}
	return stored;
}

/* ---- texts -------------------------------------------------------------------------------- */

static bool is_word(uint32_t point)
{
	return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') ||
	       (point >= 'A' && point <= 'Z') || point >= 0x80;
}

/* Each word between quotes, so that none is an operator of FTS5; all must occur. False without any. */
static bool quote_words(struct slice words, struct buffer *b)
{
	bool in_word = false;

	while (words.len > 0) {
		size_t bytes;
		bool word = is_word(utf8_first(words, &bytes)) && bytes > 0;
		if (word != in_word)
			buffer_append(b, word ? SLICE("\"") : SLICE("\" "));
		if (word)
			buffer_append(b, slice_first(words, bytes));
		in_word = word;
		words = slice_after(words, bytes);
	}
	if (in_word)
		buffer_append(b, SLICE("\""));
	return !b->failed && b->len > 0;
}

enum search_stored search_look(
	struct search_store *s, struct slice words, size_t most, search_found_cb each, void *owner)
{
	struct buffer quoted;
	struct search_found found;
	size_t count = 0;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	buffer_init(&quoted, WORDS_BYTES);
	if (!utf8_is_valid(words) || !quote_words(words, &quoted)) {
		buffer_done(&quoted);
		return SEARCH_STORE_NONE;
	}
	struct cursor c = cursor_start(s->database, STORE_RESULTS);
	cursor_put_text(&c, buffer_bytes(&quoted));
	cursor_put_number(&c, most * FACTOR_RESULTS);
	while (count < most && cursor_next(&c)) {
		found.id = cursor_number(&c);
		found.text.title = cursor_bytes(&c);
		found.text.url = cursor_bytes(&c);
		found.text.snippet = cursor_bytes(&c);
		count++;
		if (!each(owner, &found))
			break;
	}
	bool ok = cursor_end(&c);
	buffer_done(&quoted);
	if (!ok)
		return search_store_failed(s);
	return count > 0 ? SEARCH_STORE_OK : SEARCH_STORE_NONE;
}

enum search_stored search_misses(
	struct search_store *s, size_t most, search_miss_cb each, void *owner)
{
	struct search_miss miss;
	bool more = true;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = cursor_start(s->database, STORE_MISSES);
	cursor_put_number(&c, most);
	while (more && cursor_next(&c)) {
		struct slice key = cursor_bytes(&c);
		miss.provider = cursor_bytes(&c);
		miss.query = cursor_bytes(&c);
		miss.count = cursor_number(&c);
		miss.last_s = (int64_t)cursor_number(&c);
		if (key.len != sizeof(miss.key))
			continue;
		memcpy(miss.key, key.ptr, key.len);
		more = each(owner, &miss);
	}
	return cursor_end(&c) ? SEARCH_STORE_OK : search_store_failed(s);
}

enum search_stored search_newest(
	struct search_store *s, const struct search_entry *like, int64_t *ret_s)
{
	enum search_stored stored = SEARCH_STORE_NONE;

	if (!search_store_ready(s))
		return SEARCH_STORE_FAILED;
	struct cursor c = cursor_start(s->database, STORE_NEWEST);
	cursor_put_bytes(&c, slice_from((const char *)like->key, SEARCH_KEY_BYTES));
	cursor_put_bytes(&c, search_entry_variant(like));
	if (cursor_next(&c)) {
		*ret_s = (int64_t)cursor_number(&c);
		stored = SEARCH_STORE_OK;
	}
	return cursor_end(&c) ? stored : search_store_failed(s);
}
