/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/search_key.h"

#include "base/escape.h"
#include "base/utf8.h"
#include "policy/fingerprint.h"
#include "policy/path.h"

#include <endian.h>
#include <stdlib.h>

enum {
	/* Of what is hashed: all bytes of the parameters and a little for each. */
	HASHED_BOUND = 32 * LIMIT_SEARCH_BODY,
	NAME_SHOWN = 40,
	FINGERPRINT_SHOWN = 8, /* bytes that people see of one */
};

/* ---- the key ------------------------------------------------------------------------------- */

/* A text and its length before it, so that no two lists of texts are the same bytes. */
static void hash_text(struct buffer *out, struct slice text)
{
	uint32_t len = htole32((uint32_t)text.len);

	buffer_append(out, slice_from((const char *)&len, sizeof(len)));
	buffer_append(out, text);
}

static bool make_key(const struct parameters *ps, struct slice place, struct search_key *ret_key)
{
	struct buffer hashed;

	buffer_init(&hashed, HASHED_BOUND);
	/* Another number here makes other keys of everything, and a store of before useless. */
	hash_text(&hashed, SLICE("sallyport search 1"));
	hash_text(&hashed, slice_of(ps->provider->name));
	hash_text(&hashed, place);
	for (size_t i = 0; i < ps->count; i++) {
		const struct parameter *p = &ps->list[i];
		buffer_append(&hashed, p->place == PLACE_JSON ? SLICE("j") : SLICE("f"));
		buffer_append(&hashed, p->is_list ? SLICE("l") : SLICE("s"));
		hash_text(&hashed, parameter_name(ps, p));
		hash_text(&hashed, parameter_value(ps, p));
	}
	bool made = !hashed.failed && fingerprint_of(buffer_bytes(&hashed), ret_key->bytes);
	buffer_done(&hashed);
	return made;
}

/* ---- what people see ----------------------------------------------------------------------- */

/* A name that is a word says nothing that a person should not see. */
static bool is_word(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!(c >= 'a' && c <= 'z') && c != '_' && c != '-')
			return false;
	}
	return name.len > 0 && name.len <= NAME_SHOWN;
}

static void show_fingerprint(struct buffer *out, struct slice text)
{
	uint8_t print[FINGERPRINT_BYTES];
	char digits[2 * FINGERPRINT_SHOWN + 1];

	if (!fingerprint_of(text, print)) {
		out->failed = true;
		return;
	}
	fingerprint_format(print, FINGERPRINT_SHOWN, digits);
	buffer_format(out, "#%s", digits);
}

static void show_quoted(struct buffer *out, struct slice text)
{
	char escaped[6 * LIMIT_SEARCH_TEXT + 16];

	buffer_append(out, SLICE("\""));
	buffer_append(out, slice_from(escaped, escape_json(text, escaped, sizeof(escaped))));
	buffer_append(out, SLICE("\""));
}

static void show_value(const struct parameters *ps, const struct parameter *p, struct buffer *out)
{
	struct slice value = parameter_value(ps, p);
	bool query = p->part == PROVIDER_QUERY;

	if (p->part == PROVIDER_UNKNOWN || !utf8_is_valid(value) ||
		(!query && value.len > LIMIT_SEARCH_SHOWN))
		show_fingerprint(out, value);
	else if (!query && p->place == PLACE_JSON)
		buffer_append(out, value);
	else
		show_quoted(out, value);
}

static char *copy_of(const struct buffer *b)
{
	struct slice bytes = buffer_bytes(b);
	char *copy = b->failed ? NULL : malloc(bytes.len + 1);

	if (copy) {
		memcpy(copy, bytes.ptr, bytes.len);
		copy[bytes.len] = '\0';
	}
	return copy;
}

static char *make_canonical(const struct parameters *ps, struct slice place)
{
	struct buffer out;

	buffer_init(&out, 64 * LIMIT_SEARCH_CANONICAL);
	buffer_format(&out, "%s %.*s", ps->provider->name, (int)place.len, place.ptr);
	for (size_t i = 0; i < ps->count; i++) {
		const struct parameter *p = &ps->list[i];
		struct slice name = parameter_name(ps, p);
		buffer_append(&out, SLICE(" "));
		if (p->part != PROVIDER_UNKNOWN || is_word(name))
			buffer_append(&out, name);
		else
			show_fingerprint(&out, name);
		buffer_append(&out, p->is_list ? SLICE("[]") : SLICE(""));
		buffer_append(&out, p->place == PLACE_JSON ? SLICE(":") : SLICE("="));
		show_value(ps, p, &out);
	}
	char *copy = copy_of(&out);
	buffer_done(&out);
	return copy;
}

static char *make_text(const struct parameters *ps)
{
	struct buffer out;
	const char *between = "";

	buffer_init(&out, 32 * LIMIT_SEARCH_BODY);
	for (size_t i = 0; i < ps->count; i++) {
		if (ps->list[i].part != PROVIDER_QUERY)
			continue;
		buffer_append(&out, slice_of(between));
		buffer_append(&out, parameter_value(ps, &ps->list[i]));
		between = " | ";
	}
	char *copy = copy_of(&out);
	buffer_done(&out);
	return copy;
}

/* ---- both ---------------------------------------------------------------------------------- */

enum search_result search_make(const struct parameters *ps, const struct search_place *place,
	struct search *ret_search, const char **ret_why)
{
	struct search s = {.provider = ps->provider};
	char where[LIMIT_NAME_BYTES + 16];
	struct buffer whole;

	target_format(place->target, where, sizeof(where));
	buffer_init(&whole, 2 * LIMIT_HEAD_BYTES);
	buffer_format(&whole, "%s%.*s", where, (int)place->path.len, place->path.ptr);
	bool made = !whole.failed && make_key(ps, buffer_bytes(&whole), &s.key);
	if (made) {
		s.text = make_text(ps);
		s.canonical = make_canonical(ps, buffer_bytes(&whole));
	}
	buffer_done(&whole);
	enum search_result result = s.text && s.canonical ? SEARCH_OK : SEARCH_NO_MEMORY;
	if (result == SEARCH_OK && slice_of(s.text).len > LIMIT_SEARCH_TEXT) {
		*ret_why = "the query is too long";
		result = SEARCH_BAD;
	} else if (result == SEARCH_OK && slice_of(s.canonical).len > LIMIT_SEARCH_CANONICAL) {
		*ret_why = "the search has too many parameters";
		result = SEARCH_BAD;
	}
	if (result == SEARCH_OK)
		*ret_search = s;
	else
		search_done(&s);
	return result;
}

void search_key_format(const struct search_key *key, char ret_text[SEARCH_KEY_TEXT_SIZE])
{
	fingerprint_format(key->bytes, SEARCH_KEY_BYTES, ret_text);
}

bool search_key_parse(struct slice text, struct search_key *ret_key)
{
	struct search_key key;

	if (text.len != 2 * SEARCH_KEY_BYTES)
		return false;
	for (size_t i = 0; i < SEARCH_KEY_BYTES; i++) {
		int high = path_hex(text.ptr[2 * i]), low = path_hex(text.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		key.bytes[i] = (uint8_t)(high * 16 + low);
	}
	*ret_key = key;
	return true;
}
