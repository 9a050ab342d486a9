/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/chunk.h"

#include "proxy/field.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes a token, or nothing at all, from the front. */
static bool take_token(struct slice *rest)
{
	size_t len = 0;

	while (len < rest->len && field_is_token(slice_from(rest->ptr + len, 1)))
		len++;
	*rest = slice_after(*rest, len);
	return len > 0;
}

/* A quoted-string, RFC 9110 §5.6.4, whose opening quote is at the front. */
static bool take_quoted(struct slice *rest)
{
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->ptr[i] == '"') {
			*rest = slice_after(*rest, i + 1);
			return true;
		}
		i += rest->ptr[i] == '\\';
	}
	return false;
}

static bool take_char(struct slice *rest, char c)
{
	if (rest->len == 0 || rest->ptr[0] != c)
		return false;
	*rest = slice_after(*rest, 1);
	return true;
}

/* *( ";" name [ "=" value ] ), without the white space that RFC 9112 §7.1.1 calls bad. */
static bool are_extensions(struct slice rest)
{
	while (rest.len > 0) {
		if (!take_char(&rest, ';') || !take_token(&rest))
			return false;
		if (!take_char(&rest, '='))
			continue;
		bool quoted = rest.len > 0 && rest.ptr[0] == '"';
		if (quoted ? !take_quoted(&rest) : !take_token(&rest))
			return false;
	}
	return true;
}

bool chunk_parse_line(struct slice line, uint64_t *ret_size, size_t *ret_digits)
{
	uint64_t size = 0;
	size_t digits = 0;

	while (digits < line.len && hex_value(line.ptr[digits]) >= 0) {
		if (digits == CHUNK_DIGITS_MAX)
			return false;
		size = size << 4 | (uint64_t)hex_value(line.ptr[digits]);
		digits++;
	}
	if (digits == 0 || size > INT64_MAX || !are_extensions(slice_after(line, digits)))
		return false;
	*ret_size = size;
	*ret_digits = digits;
	return true;
}
