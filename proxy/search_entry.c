/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_entry.h"

#include "proxy/squeeze.h"

#include <stdlib.h>

enum {
	/* Measured: what a row, its indices and its query in the full-text index take beside the
	 * texts. */
	OVERHEAD_BYTES = 900,
	/* A text of a result is in a table and, by words, in the full-text index. */
	TEXT_FACTOR = 3,
};

/* Bits of the column `flags`. */
enum { FLAG_NAMED = 1, FLAG_NO_CACHE = 2, FLAG_MUST_REVALIDATE = 4, FLAGS_ALL = 7 };

struct search_entry *search_entry_ref(struct search_entry *e)
{
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

void search_entry_unref(struct search_entry *e)
{
	if (e && atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) == 1)
		free(e);
}

/* Moves a slice into the entry's memory. */
static void settle(char **place, struct slice *s)
{
	char *ptr = *place;

	if (s->len > 0)
		memcpy(ptr, s->ptr, s->len);
	*s = slice_from(ptr, s->len);
	*place += s->len;
}

/* Everything of `from` but its body, for which there is room at *ret_body. */
static struct search_entry *make(const struct search_entry *from, char **ret_body)
{
	size_t size = sizeof(*from) + from->provider.len + from->query.len + from->canonical.len +
		      from->fields.len + from->body.len;
	struct search_entry *e = malloc(size);

	if (!e)
		return NULL;
	memcpy(e, from, sizeof(*e));
	atomic_init(&e->refs, 1);
	char *place = (char *)(e + 1);
	settle(&place, &e->provider);
	settle(&place, &e->query);
	settle(&place, &e->canonical);
	settle(&place, &e->fields);
	*ret_body = place;
	return e;
}

struct search_entry *search_entry_copy(const struct search_entry *from)
{
	char *body;
	struct search_entry *e = make(from, &body);

	if (e)
		settle(&body, &e->body);
	return e;
}

uint64_t search_entry_bytes(
	const struct search_entry *e, size_t squeezed, const struct search_texts *texts)
{
	uint64_t bytes = OVERHEAD_BYTES + squeezed + e->fields.len + e->canonical.len +
			 e->query.len * (TEXT_FACTOR + 1);

	for (size_t i = 0; texts && i < texts->count && i < LIMIT_SEARCH_RESULTS; i++)
		bytes += TEXT_FACTOR * (texts->texts[i].title.len + texts->texts[i].url.len +
					       texts->texts[i].snippet.len);
	return bytes;
}

/* ---- columns ------------------------------------------------------------------------------ */

struct slice search_entry_variant(const struct search_entry *e)
{
	for (size_t i = 0; i < ENTRY_VARIANT_BYTES; i++)
		if (e->variant[i] != 0)
			return slice_from((const char *)e->variant, ENTRY_VARIANT_BYTES);
	return SLICE("");
}

void search_entry_put_freshness(struct cursor *c, const struct freshness *f)
{
	unsigned flags = (f->named ? FLAG_NAMED : 0) | (f->no_cache ? FLAG_NO_CACHE : 0) |
			 (f->must_revalidate ? FLAG_MUST_REVALIDATE : 0);

	cursor_put_number(c, (uint64_t)f->response_s);
	cursor_put_number(c, f->initial_age_s);
	cursor_put_number(c, f->lifetime_s);
	cursor_put_number(c, f->stale_while_s);
	cursor_put_number(c, f->stale_error_s);
	cursor_put_number(c, flags);
}

void search_entry_put(struct cursor *c, const struct search_entry *e, uint64_t bytes)
{
	cursor_put_null(c);
	cursor_put_bytes(c, slice_from((const char *)e->key, SEARCH_KEY_BYTES));
	cursor_put_bytes(c, search_entry_variant(e));
	cursor_put_text(c, e->provider);
	cursor_put_text(c, e->query);
	cursor_put_text(c, e->canonical);
	cursor_put_number(c, e->status);
	cursor_put_number(c, (uint64_t)e->stored_s);
	search_entry_put_freshness(c, &e->freshness);
	cursor_put_number(c, 0);
	cursor_put_number(c, (uint64_t)e->stored_s);
	cursor_put_bytes(c, e->fields);
	cursor_put_number(c, squeeze_sum(e->fields));
	cursor_put_number(c, e->body.len);
	cursor_put_number(c, squeeze_sum(e->body));
	cursor_put_number(c, bytes);
}

static bool take_digest(struct cursor *c, uint8_t *ret_bytes, size_t len, bool may_be_empty)
{
	struct slice bytes = cursor_bytes(c);

	memset(ret_bytes, 0, len);
	if (bytes.len == 0)
		return may_be_empty;
	if (bytes.len != len)
		return false;
	memcpy(ret_bytes, bytes.ptr, len);
	return true;
}

static bool take_seconds(struct cursor *c, uint32_t *ret_seconds)
{
	uint64_t seconds = cursor_number(c);

	*ret_seconds = (uint32_t)seconds;
	return seconds <= UINT32_MAX;
}

static bool take_freshness(struct cursor *c, struct freshness *f)
{
	f->response_s = (int64_t)cursor_number(c);
	bool ok = take_seconds(c, &f->initial_age_s) && take_seconds(c, &f->lifetime_s) &&
		  take_seconds(c, &f->stale_while_s) && take_seconds(c, &f->stale_error_s);
	uint64_t flags = ok ? cursor_number(c) : FLAGS_ALL + 1;
	f->named = (flags & FLAG_NAMED) != 0;
	f->no_cache = (flags & FLAG_NO_CACHE) != 0;
	f->must_revalidate = (flags & FLAG_MUST_REVALIDATE) != 0;
	return flags <= FLAGS_ALL;
}

/* Slices are the row's. *ret_sum: of the body. */
static bool take_columns(struct cursor *c, struct search_entry *e, uint32_t *ret_sum)
{
	*e = (struct search_entry){.id = cursor_number(c)};
	bool ok = take_digest(c, e->key, sizeof(e->key), false) &&
		  take_digest(c, e->variant, sizeof(e->variant), true);
	if (!ok)
		return false;
	e->provider = cursor_bytes(c);
	e->query = cursor_bytes(c);
	e->canonical = cursor_bytes(c);
	uint64_t status = cursor_number(c);
	e->status = (uint16_t)status;
	e->stored_s = (int64_t)cursor_number(c);
	if (status < 100 || status > 999 || !take_freshness(c, &e->freshness))
		return false;
	e->hits = cursor_number(c);
	e->used_s = (int64_t)cursor_number(c);
	e->fields = cursor_bytes(c);
	if (squeeze_sum(e->fields) != cursor_number(c))
		return false;
	e->body_bytes = cursor_number(c);
	ok = take_seconds(c, ret_sum);
	cursor_number(c); /* bytes */
	return ok && e->body_bytes <= LIMIT_FILL_BYTES;
}

enum search_stored search_entry_take(
	struct cursor *c, bool with_body, struct search_entry **ret_entry)
{
	struct search_entry row, *e;
	struct slice squeezed;
	uint32_t sum;
	char *body;

	if (!take_columns(c, &row, &sum))
		return SEARCH_STORE_DAMAGED;
	if (with_body) {
		row.body.len = row.body_bytes;
		squeezed = cursor_bytes(c);
	}
	e = make(&row, &body);
	if (!e)
		return SEARCH_STORE_FAILED;
	e->body.ptr = body;
	if (with_body && (!unsqueeze(squeezed, body, e->body.len) || squeeze_sum(e->body) != sum)) {
		search_entry_unref(e);
		return SEARCH_STORE_DAMAGED;
	}
	*ret_entry = e;
	return SEARCH_STORE_OK;
}
