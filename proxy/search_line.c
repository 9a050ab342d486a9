/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_line.h"

#include "base/base64.h"
#include "base/escape.h"
#include "base/utf8.h"
#include "policy/fingerprint.h"
#include "policy/json.h"

#include <stdlib.h>

/* ---- writing ------------------------------------------------------------------------------ */

/* In pieces, each of whole characters. */
static void write_text(FILE *out, struct slice text)
{
	char escaped[6 * 256 + 1];

	fputc('"', out);
	while (text.len > 0) {
		struct slice piece = slice_first(text, 256);
		while (piece.len < text.len && piece.len > 252 &&
			((unsigned char)text.ptr[piece.len] & 0xc0) == 0x80)
			piece.len--;
		size_t len = escape_json(piece, escaped, sizeof(escaped));
		fwrite(escaped, 1, len, out);
		text = slice_after(text, piece.len);
	}
	fputc('"', out);
}

static void write_base64(FILE *out, struct slice bytes)
{
	char text[4 * 256];

	fputc('"', out);
	while (bytes.len > 0) {
		struct slice piece = slice_first(bytes, 3 * 256);
		base64_encode(piece, text);
		fwrite(text, 1, base64_encoded_len(piece.len), out);
		bytes = slice_after(bytes, piece.len);
	}
	fputc('"', out);
}

/* Text where it is text, so that people can read it. A NUL has no place in it. */
static void write_bytes(FILE *out, const char *name, struct slice bytes)
{
	bool text = utf8_is_valid(bytes) && slice_find(bytes, '\0') == bytes.len;

	fprintf(out, ",\"%s%s\":", name, text ? "" : "_base64");
	if (text)
		write_text(out, bytes);
	else
		write_base64(out, bytes);
}

static void write_digest(FILE *out, const char *name, const uint8_t *digest)
{
	char text[2 * FINGERPRINT_BYTES + 1];

	fingerprint_format(digest, FINGERPRINT_BYTES, text);
	fprintf(out, ",\"%s\":\"%s\"", name, text);
}

static void write_results(FILE *out, const struct search_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		const struct search_text *t = &texts->texts[i];
		fputs(i == 0 ? ",\"results\":[" : ",", out);
		write_text(out, t->title);
		fputc(',', out);
		write_text(out, t->url);
		fputc(',', out);
		write_text(out, t->snippet);
	}
	if (texts->count > 0)
		fputc(']', out);
}

void search_line_write(FILE *out, const struct search_entry *e, const struct search_texts *texts)
{
	static const uint8_t plain[ENTRY_VARIANT_BYTES];
	const struct freshness *f = &e->freshness;

	fputs("{\"sallyport_search\":1", out);
	write_digest(out, "key", e->key);
	if (memcmp(e->variant, plain, sizeof(plain)) != 0)
		write_digest(out, "variant", e->variant);
	fputs(",\"provider\":", out);
	write_text(out, e->provider);
	fputs(",\"query\":", out);
	write_text(out, e->query);
	fputs(",\"search\":", out);
	write_text(out, e->canonical);
	fprintf(out, ",\"stored\":%lld,\"validated\":%lld,\"initial_age\":%u,\"lifetime\":%u",
		(long long)e->stored_s, (long long)f->response_s, f->initial_age_s, f->lifetime_s);
	fprintf(out, ",\"stale_while_revalidate\":%u,\"stale_if_error\":%u", f->stale_while_s,
		f->stale_error_s);
	if (f->named)
		fputs(",\"lifetime_named\":true", out);
	if (f->no_cache)
		fputs(",\"no_cache\":true", out);
	if (f->must_revalidate)
		fputs(",\"must_revalidate\":true", out);
	write_bytes(out, "fields", e->fields);
	write_results(out, texts);
	write_bytes(out, "body", e->body);
	fputs("}\n", out);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading {
	struct search_line *line;
	char *place; /* in the line's memory, where the next text goes */
	const char *why; /* what is wrong with the line */
	uint64_t version;
	bool has_key, has_body, has_fields, has_lifetime;
	size_t parts; /* of results: titles, URLs, snippets in turn */
};

/* All texts of a line together are no longer than it. */
static struct slice keep(struct reading *r, struct slice text)
{
	struct slice kept = slice_from(r->place, text.len);

	if (text.len > 0)
		memcpy(r->place, text.ptr, text.len);
	r->place += text.len;
	return kept;
}

/* What the number of a field is for. */
static bool take_number(struct slice value, uint64_t most, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (value.len == 0 || value.len > 16)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(value.ptr[i] - '0');
	}
	*ret_number = number;
	return number <= most;
}

static bool take_seconds(struct slice value, uint32_t *ret_seconds)
{
	uint64_t number;

	if (!take_number(value, UINT32_MAX, &number))
		return false;
	*ret_seconds = (uint32_t)number;
	return true;
}

/* Until the year 10000, where no date is written any more. */
static bool take_time(struct slice value, int64_t *ret_s)
{
	uint64_t number;

	if (!take_number(value, UINT64_C(253402300799), &number))
		return false;
	*ret_s = (int64_t)number;
	return true;
}

static bool take_switch(struct slice value, bool *ret_switch)
{
	*ret_switch = slice_equal(value, SLICE("true"));
	return *ret_switch || slice_equal(value, SLICE("false"));
}

static bool take_digest(struct slice text, uint8_t ret_digest[SEARCH_KEY_BYTES])
{
	struct search_key key;

	if (!text.ptr || !search_key_parse(text, &key))
		return false;
	memcpy(ret_digest, key.bytes, sizeof(key.bytes));
	return true;
}

static bool take_text(struct reading *r, struct slice text, size_t most, struct slice *ret_text)
{
	if (!text.ptr || text.len > most)
		return false;
	*ret_text = keep(r, text);
	return true;
}

/* Only as it was written: with its padding, and nothing in it that decodes to nothing. */
static bool take_base64(struct reading *r, struct slice text, struct slice *ret_bytes)
{
	char again[4 * 256];

	if (!text.ptr || text.len % 4 != 0)
		return false;
	*ret_bytes = slice_from(r->place, base64_decode(text, r->place));
	r->place += ret_bytes->len;
	if (base64_encoded_len(ret_bytes->len) != text.len)
		return false;
	for (size_t i = 0; i < ret_bytes->len; i += 3 * 256) {
		struct slice piece = slice_first(slice_after(*ret_bytes, i), 3 * 256);
		struct slice same = slice_first(slice_after(text, i / 3 * 4), sizeof(again));
		base64_encode(piece, again);
		if (!slice_equal(same, slice_from(again, base64_encoded_len(piece.len))))
			return false;
	}
	return true;
}

static bool take_result(struct reading *r, struct slice text)
{
	struct search_line *l = r->line;

	if (!text.ptr || r->parts >= 3 * LIMIT_SEARCH_RESULTS)
		return false;
	struct search_text *t = &l->results[r->parts / 3];
	struct slice *part = r->parts % 3 == 0   ? &t->title
			     : r->parts % 3 == 1 ? &t->url
						 : &t->snippet;
	r->parts++;
	return take_text(r, text, LIMIT_SEARCH_RESULT_BYTES, part);
}

/* The members beside numbers and switches. *ret_known: it was one. */
static bool take_member(struct reading *r, const struct json_field *f, bool *ret_known)
{
	struct search_entry *e = &r->line->entry;
	const struct slice n = f->name;

	*ret_known = true;
	if (slice_equal(n, SLICE("key")))
		return r->has_key = take_digest(f->text, e->key);
	if (slice_equal(n, SLICE("variant")))
		return take_digest(f->text, e->variant);
	if (slice_equal(n, SLICE("provider")))
		return take_text(r, f->text, LIMIT_PROVIDER_NAME, &e->provider);
	if (slice_equal(n, SLICE("query")))
		return take_text(r, f->text, LIMIT_SEARCH_TEXT, &e->query);
	if (slice_equal(n, SLICE("search")))
		return take_text(r, f->text, LIMIT_SEARCH_CANONICAL, &e->canonical);
	if (slice_equal(n, SLICE("fields")))
		return r->has_fields = take_text(r, f->text, LIMIT_HEAD_BYTES, &e->fields);
	if (slice_equal(n, SLICE("fields_base64")))
		return r->has_fields = take_base64(r, f->text, &e->fields);
	if (slice_equal(n, SLICE("body")))
		return r->has_body = take_text(r, f->text, LIMIT_FILL_BYTES, &e->body);
	if (slice_equal(n, SLICE("body_base64")))
		return r->has_body = take_base64(r, f->text, &e->body);
	if (slice_equal(n, SLICE("results")))
		return take_result(r, f->text);
	*ret_known = false;
	return true;
}

static bool take_value(struct reading *r, const struct json_field *field, bool *ret_known)
{
	struct freshness *f = &r->line->entry.freshness;
	const struct slice n = field->name, value = field->value;

	*ret_known = true;
	if (slice_equal(n, SLICE("sallyport_search")))
		return take_number(value, 1, &r->version);
	if (slice_equal(n, SLICE("stored")))
		return take_time(value, &r->line->entry.stored_s);
	if (slice_equal(n, SLICE("validated")))
		return take_time(value, &f->response_s);
	if (slice_equal(n, SLICE("initial_age")))
		return take_seconds(value, &f->initial_age_s);
	if (slice_equal(n, SLICE("lifetime")))
		return r->has_lifetime = take_seconds(value, &f->lifetime_s);
	if (slice_equal(n, SLICE("stale_while_revalidate")))
		return take_seconds(value, &f->stale_while_s);
	if (slice_equal(n, SLICE("stale_if_error")))
		return take_seconds(value, &f->stale_error_s);
	if (slice_equal(n, SLICE("lifetime_named")))
		return take_switch(value, &f->named);
	if (slice_equal(n, SLICE("no_cache")))
		return take_switch(value, &f->no_cache);
	if (slice_equal(n, SLICE("must_revalidate")))
		return take_switch(value, &f->must_revalidate);
	*ret_known = false;
	return true;
}

static bool on_field(void *owner, const struct json_field *field)
{
	struct reading *r = owner;
	bool known;
	bool ok = take_member(r, field, &known);

	if (!known)
		ok = take_value(r, field, &known);
	if (!known)
		r->why = "a member of another name than docs/search.md has";
	else if (!ok)
		r->why = "a member with a value that it cannot have";
	return !r->why;
}

static bool drops_none(void *owner, struct slice name)
{
	(void)owner;
	(void)name;
	return false;
}

static bool lists_results(void *owner, struct slice name)
{
	(void)owner;
	return slice_equal(name, SLICE("results"));
}

/* Fields that would have been kept, as they are. */
static bool are_kept(struct slice text)
{
	struct field fields[LIMIT_HEAD_FIELDS];
	struct head h = {.status = 200, .fields = fields};
	struct slice rest = text;
	struct buffer kept;
	bool ok = true;

	while (ok && h.field_count < LIMIT_HEAD_FIELDS &&
		freshness_next_field(&rest, &fields[h.field_count])) {
		const struct field *f = &fields[h.field_count++];
		ok = field_is_token(f->name) && field_is_text(f->value);
	}
	buffer_init(&kept, LIMIT_HEAD_BYTES);
	ok = ok && rest.len == 0 && freshness_keep_fields(&kept, &h, false) &&
	     slice_equal(buffer_bytes(&kept), text);
	buffer_done(&kept);
	return ok;
}

/* What a whole line must have. */
static const char *missing(const struct reading *r)
{
	const struct search_entry *e = &r->line->entry;

	if (r->version != 1)
		return "sallyport_search is not 1";
	if (!r->has_key || e->provider.len == 0 || e->query.len == 0 || e->canonical.len == 0)
		return "key, provider, query or search is missing";
	if (!r->has_lifetime || e->stored_s == 0)
		return "stored or lifetime is missing";
	if (!r->has_fields || !r->has_body)
		return "fields or body is missing";
	if (r->parts % 3 != 0)
		return "results are not titles, URLs and snippets in turn";
	return are_kept(e->fields) ? NULL : "fields that are none, or that are not kept";
}

enum search_line_result search_line_read(
	struct slice text, struct search_line *ret_line, const char **ret_why)
{
	struct search_line *l = ret_line;
	struct reading r = {.line = l};
	const struct json_reader reader = {.drops = drops_none,
		.lists = lists_results,
		.on_field = on_field,
		.owner = &r,
		.depth = 2};

	*l = (struct search_line){.entry.status = 200};
	r.place = l->memory = malloc(text.len + 1);
	if (!l->memory)
		return SEARCH_LINE_NO_MEMORY;
	enum json_result result = json_read(text, &reader);
	if (result == JSON_BAD)
		r.why = "no JSON object";
	if (result == JSON_OK)
		r.why = missing(&r);
	if (result == JSON_NO_MEMORY || r.why) {
		search_line_done(l);
		*ret_why = r.why;
		return result == JSON_NO_MEMORY ? SEARCH_LINE_NO_MEMORY : SEARCH_LINE_BAD;
	}
	l->entry.body_bytes = l->entry.body.len;
	if (l->entry.freshness.response_s == 0)
		l->entry.freshness.response_s = l->entry.stored_s;
	l->texts = (struct search_texts){l->results, r.parts / 3};
	return SEARCH_LINE_OK;
}

void search_line_done(struct search_line *l)
{
	free(l->memory);
	l->memory = NULL;
}
