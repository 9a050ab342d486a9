/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/condition.h"

#include "policy/path.h"

/* The byte that begins the text, as forms encode it. */
static unsigned char form_byte(struct slice text, size_t *ret_len)
{
	unsigned char byte = path_byte(text, ret_len);

	return byte == '+' && *ret_len == 1 ? ' ' : byte;
}

static bool equal_decoded(struct slice raw, struct slice plain, bool fold)
{
	size_t len;

	for (; raw.len > 0 && plain.len > 0; plain = slice_after(plain, 1)) {
		char byte = (char)form_byte(raw, &len);
		if (byte != plain.ptr[0] &&
			!(fold && ascii_lower(byte) == ascii_lower(plain.ptr[0])))
			return false;
		raw = slice_after(raw, len);
	}
	return raw.len == 0 && plain.len == 0;
}

static bool value_listed(const struct condition *c, struct slice raw, bool fold)
{
	for (size_t i = 0; i < c->value_count; i++)
		if (equal_decoded(raw, c->values[i], fold))
			return true;
	return c->value_count == 0;
}

/* Some origins take ";" for "&". */
static size_t parameter_len(struct slice query, bool broad)
{
	size_t len = slice_find(query, '&');

	return broad ? slice_find(slice_first(query, len), ';') : len;
}

bool condition_fits_query(const struct condition *c, struct slice query, bool broad)
{
	bool seen = false;

	if (!broad && slice_find(query, ';') < query.len)
		return false;
	while (query.len > 0) {
		struct slice parameter = slice_first(query, parameter_len(query, broad));
		struct slice name = slice_first(parameter, slice_find(parameter, '='));
		struct slice value = slice_after(parameter, name.len + 1);
		query = slice_after(query, parameter.len + 1);
		/* A name in another case is the same one to some, and no reason to allow to others. */
		if (!equal_decoded(name, c->name, true))
			continue;
		bool fits = value_listed(c, value, broad) &&
			    (broad || equal_decoded(name, c->name, false));
		if (fits == broad)
			return fits;
		seen = true;
	}
	return seen && !broad;
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool field_listed(const struct condition *c, struct slice value)
{
	struct slice front = trim(slice_first(value, slice_find(value, ';')));

	for (size_t i = 0; i < c->value_count; i++)
		if (slice_equal_nocase(value, c->values[i]) ||
			slice_equal_nocase(front, c->values[i]))
			return true;
	return c->value_count == 0;
}

static bool element_listed(const struct condition *c, struct slice value)
{
	while (value.len > 0) {
		struct slice element = slice_first(value, slice_find(value, ','));
		if (field_listed(c, trim(element)))
			return true;
		value = slice_after(value, element.len + 1);
	}
	return false;
}

bool condition_fits_field(const struct condition *c, const struct request_view *v, bool broad)
{
	struct slice value;
	size_t nth = 0;

	for (; value = request_view_field(v, c->name, nth), value.ptr; nth++) {
		value = trim(value);
		bool fits = field_listed(c, value) || (broad && element_listed(c, value));
		if (fits == broad)
			return fits;
	}
	return nth > 0 && !broad;
}
