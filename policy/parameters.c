/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/parameters.h"

#include "policy/json.h"
#include "policy/normal.h"
#include "policy/path.h"

#include <assert.h>

/* Of all parameters: JSON in one form may be some times as long as what was sent. */
enum { BYTES_BOUND = 16 * LIMIT_SEARCH_BODY };

void parameters_init(struct parameters *ps, const struct provider *p)
{
	ps->provider = p;
	ps->count = 0;
	ps->why = NULL;
	ps->no_memory = false;
	buffer_init(&ps->bytes, BYTES_BOUND);
}

void parameters_done(struct parameters *ps)
{
	buffer_done(&ps->bytes);
}

static bool refuse(struct parameters *ps, const char *why)
{
	ps->why = why;
	return false;
}

static bool starve(struct parameters *ps)
{
	ps->no_memory = true;
	return false;
}

static enum parameters_result result_of(const struct parameters *ps, bool done)
{
	if (done)
		return PARAMETERS_OK;
	return ps->no_memory ? PARAMETERS_NO_MEMORY : PARAMETERS_BAD;
}

/* ---- one parameter ------------------------------------------------------------------------- */

/* Appends the text and says where it stands. */
static bool keep(struct parameters *ps, struct slice text, uint32_t *ret_at, uint32_t *ret_len)
{
	*ret_at = (uint32_t)ps->bytes.len;
	*ret_len = (uint32_t)text.len;
	return buffer_append(&ps->bytes, text) || starve(ps);
}

/* A query in the form that people are asked about. */
static bool keep_query(struct parameters *ps, struct slice text, struct parameter *p)
{
	p->value = (uint32_t)ps->bytes.len;
	switch (normal_append(&ps->bytes, text)) {
	case NORMAL_OK:
		break;
	case NORMAL_BAD:
		return refuse(ps, "the query is not UTF-8, or has a control character");
	case NORMAL_NO_MEMORY:
		return starve(ps);
	}
	p->value_len = (uint32_t)ps->bytes.len - p->value;
	return true;
}

/* The next free one, or NULL. */
static struct parameter *add(struct parameters *ps, enum parameter_place place)
{
	if (ps->count == LIMIT_SEARCH_PARAMETERS) {
		refuse(ps, "the search has too many parameters");
		return NULL;
	}
	struct parameter *p = &ps->list[ps->count];
	*p = (struct parameter){.place = (uint8_t)place, .order = (uint32_t)ps->count};
	ps->count++;
	return p;
}

/* ---- forms --------------------------------------------------------------------------------- */

/* Decodes a part of a form into `out`. */
static bool decode(struct parameters *ps, struct slice text, struct buffer *out)
{
	for (size_t len; text.len > 0; text = slice_after(text, len)) {
		size_t plain = 0;
		while (plain < text.len && text.ptr[plain] != '%' && text.ptr[plain] != '+')
			plain++;
		len = plain;
		if (plain > 0) {
			buffer_append(out, slice_first(text, plain));
		} else if (text.ptr[0] == '+') {
			len = 1;
			buffer_append(out, SLICE(" "));
		} else {
			char byte = (char)path_byte(text, &len);
			if (len == 1)
				return refuse(ps, "a \"%\" stands without two hexadecimal digits");
			buffer_append(out, slice_from(&byte, 1));
		}
	}
	return !out->failed || starve(ps);
}

static bool decode_value(
	struct parameters *ps, struct slice value, enum provider_part part, struct parameter *p)
{
	struct buffer decoded;

	if (part != PROVIDER_QUERY) {
		p->value = (uint32_t)ps->bytes.len;
		if (!decode(ps, value, &ps->bytes))
			return false;
		p->value_len = (uint32_t)ps->bytes.len - p->value;
		return true;
	}
	buffer_init(&decoded, BYTES_BOUND);
	bool done = decode(ps, value, &decoded) && keep_query(ps, buffer_bytes(&decoded), p);
	buffer_done(&decoded);
	return done;
}

/* "name=value" */
static bool read_pair(struct parameters *ps, struct slice pair)
{
	struct slice left = slice_first(pair, slice_find(pair, '=')), spelled;
	struct buffer name;

	buffer_init(&name, BYTES_BOUND);
	bool done = decode(ps, left, &name);
	enum provider_part part = done ? provider_part(ps->provider, buffer_bytes(&name), &spelled)
				       : PROVIDER_IGNORED;
	if (done && part != PROVIDER_SECRET && part != PROVIDER_IGNORED) {
		struct parameter *p = add(ps, PLACE_FORM);
		done = p && keep(ps, spelled, &p->name, &p->name_len) &&
		       decode_value(ps, slice_after(pair, left.len + 1), part, p);
		if (p)
			p->part = (uint8_t)part;
	}
	buffer_done(&name);
	return done;
}

enum parameters_result parameters_read_form(struct parameters *ps, struct slice text)
{
	bool done = true;

	while (done && text.len > 0) {
		struct slice pair = slice_first(text, slice_find(text, '&'));
		if (pair.len > 0)
			done = read_pair(ps, pair);
		text = slice_after(text, pair.len + 1);
	}
	return result_of(ps, done);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool drops(void *owner, struct slice name)
{
	const struct parameters *ps = owner;
	struct slice spelled;

	return provider_part(ps->provider, name, &spelled) == PROVIDER_SECRET;
}

static bool lists(void *owner, struct slice name)
{
	const struct parameters *ps = owner;
	struct slice spelled;

	return provider_part(ps->provider, name, &spelled) == PROVIDER_QUERY;
}

static bool on_field(void *owner, const struct json_field *field)
{
	struct parameters *ps = owner;
	struct slice spelled;

	enum provider_part part = provider_part(ps->provider, field->name, &spelled);
	if (part == PROVIDER_SECRET || part == PROVIDER_IGNORED)
		return true;
	struct parameter *p = add(ps, PLACE_JSON);
	if (!p || !keep(ps, spelled, &p->name, &p->name_len))
		return false;
	p->part = (uint8_t)part;
	p->is_list = field->is_list;
	if (part != PROVIDER_QUERY)
		return keep(ps, field->value, &p->value, &p->value_len);
	if (!field->text.ptr)
		return refuse(ps, "the query is no text");
	return keep_query(ps, field->text, p);
}

enum parameters_result parameters_read_json(struct parameters *ps, struct slice text)
{
	const struct json_reader reader = {.drops = drops,
		.lists = lists,
		.on_field = on_field,
		.owner = ps,
		.depth = LIMIT_SEARCH_DEPTH};

	switch (json_read(text, &reader)) {
	case JSON_OK:
		return PARAMETERS_OK;
	case JSON_STOPPED:
		break;
	case JSON_BAD:
		refuse(ps,
			"the content is no JSON object, has a name twice, or is nested too deep");
		break;
	case JSON_NO_MEMORY:
		starve(ps);
		break;
	}
	return result_of(ps, false);
}

/* ---- order and defaults -------------------------------------------------------------------- */

static int compare_names(
	const struct parameters *ps, const struct parameter *a, const struct parameter *b)
{
	struct slice left = parameter_name(ps, a), right = parameter_name(ps, b);
	size_t len = left.len < right.len ? left.len : right.len;

	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	int order = len > 0 ? memcmp(left.ptr, right.ptr, len) : 0;
	return order ? order : (left.len > right.len) - (left.len < right.len);
}

static bool comes_before(
	const struct parameters *ps, const struct parameter *a, const struct parameter *b)
{
	int order = compare_names(ps, a, b);

	return order ? order < 0 : a->order < b->order;
}

static bool says_default(const struct parameters *ps, const struct parameter *p)
{
	struct slice standard = provider_default(ps->provider, parameter_name(ps, p));

	if (p->part != PROVIDER_SHOWN || standard.len == 0)
		return false;
	if (p->place == PLACE_FORM && standard.ptr[0] == '"')
		standard = slice_from(standard.ptr + 1, standard.len - 2);
	return slice_equal(parameter_value(ps, p), standard);
}

void parameters_settle(struct parameters *ps)
{
	size_t kept = 0;

	for (size_t i = 1; i < ps->count; i++) {
		struct parameter moving = ps->list[i];
		size_t at = i;
		for (; at > 0 && comes_before(ps, &moving, &ps->list[at - 1]); at--)
			ps->list[at] = ps->list[at - 1];
		ps->list[at] = moving;
	}
	/* Which of several counts only the provider knows, so they all stay. */
	struct parameter last = {.order = 0};
	for (size_t i = 0; i < ps->count; i++) {
		struct parameter p = ps->list[i];
		bool repeated = (i > 0 && compare_names(ps, &last, &p) == 0) ||
				(i + 1 < ps->count && compare_names(ps, &p, &ps->list[i + 1]) == 0);
		if (repeated || !says_default(ps, &p))
			ps->list[kept++] = p;
		last = p;
	}
	ps->count = kept;
}
