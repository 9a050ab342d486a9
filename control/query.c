/* SPDX-License-Identifier: Apache-2.0 */
#include "control/query.h"

#include "base/utf8.h"

/* 0..15, or 16 for anything else. */
static unsigned digit_value(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Decodes to the front of *bytes and moves it behind. */
static bool decode(struct slice text, char **bytes, struct slice *ret_decoded)
{
	char *out = *bytes;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
		if (c == '%') {
			if (text.len - i < 3)
				return false;
			unsigned high = digit_value(text.ptr[i + 1]);
			unsigned low = digit_value(text.ptr[i + 2]);
			if (high > 15 || low > 15 || high + low == 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		*out++ = c;
	}
	*ret_decoded = slice_from(*bytes, (size_t)(out - *bytes));
	*bytes = out;
	return utf8_is_valid(*ret_decoded);
}

bool query_parse(
	struct slice query, char *bytes, struct parameter *ret_parameters, size_t *ret_count)
{
	size_t count = 0;

	while (query.len > 0) {
		struct slice pair = slice_first(query, slice_find(query, '&'));
		struct slice name = slice_first(pair, slice_find(pair, '='));
		query = slice_after(query, pair.len + 1);
		if (pair.len == 0)
			continue;
		if (count == CALL_PARAMETERS)
			return false;
		struct parameter *p = &ret_parameters[count++];
		if (!decode(name, &bytes, &p->name) ||
			!decode(slice_after(pair, name.len + 1), &bytes, &p->value))
			return false;
	}
	*ret_count = count;
	return true;
}
