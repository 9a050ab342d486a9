/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/markup.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* Where `text` begins in `s`, without case; s.len when it does not. */
static size_t find(struct slice s, struct slice text)
{
	for (size_t at = 0; at + text.len <= s.len; at++) {
		at += slice_find(slice_after(s, at), text.ptr[0]);
		if (slice_equal_nocase(slice_first(slice_after(s, at), text.len), text))
			return at;
	}
	return s.len;
}

/* Where a tag ends: at the first ">" outside of a value in quotes. */
static size_t tag_end(struct slice tag)
{
	char quote = '\0';
	bool value = false; /* only behind "=" does a quote begin a value */

	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.ptr[i];
		if (quote) {
			if (c == quote)
				quote = '\0';
		} else if (c == '>') {
			return i;
		} else if (value && (c == '"' || c == '\'')) {
			quote = c;
		}
		if (!is_space(c))
			value = !quote && c == '=';
	}
	return tag.len;
}

static struct slice tag_name(struct slice tag)
{
	size_t len = 0;

	while (len < tag.len && !is_space(tag.ptr[len]) && tag.ptr[len] != '/')
		len++;
	return slice_first(tag, len);
}

/* What is inside script and style is no markup. */
static void skip_raw(struct slice *rest, struct slice name)
{
	if (slice_equal_nocase(name, SLICE("script")))
		*rest = slice_after(*rest, find(*rest, SLICE("</script")));
	else if (slice_equal_nocase(name, SLICE("style")))
		*rest = slice_after(*rest, find(*rest, SLICE("</style")));
}

/* A comment or declaration at the beginning, taken. */
static bool skip_declaration(struct slice *rest)
{
	if (slice_starts(*rest, SLICE("<!--"))) {
		*rest = slice_after(*rest, 4);
		*rest = slice_after(*rest, find(*rest, SLICE("-->")) + 3);
		return true;
	}
	if (!slice_starts(*rest, SLICE("<!")) && !slice_starts(*rest, SLICE("<?")))
		return false;
	*rest = slice_after(*rest, slice_find(*rest, '>') + 1);
	return true;
}

/* How many bytes at the beginning are text: up to what begins a tag. */
static size_t text_len(struct slice rest)
{
	for (size_t at = 0; at < rest.len; at++) {
		at += slice_find(slice_after(rest, at), '<');
		char next = at + 1 < rest.len ? rest.ptr[at + 1] : '\0';
		if (at >= rest.len || is_letter(next) || next == '/' || next == '!' || next == '?')
			return at;
	}
	return rest.len;
}

enum markup_kind markup_next(struct slice *rest, struct markup *ret_markup)
{
	while (skip_declaration(rest))
		;
	if (rest->len == 0)
		return MARKUP_END;
	*ret_markup = (struct markup){.text = slice_first(*rest, text_len(*rest))};
	if (ret_markup->text.len > 0) {
		*rest = slice_after(*rest, ret_markup->text.len);
		return MARKUP_TEXT;
	}
	bool closes = slice_starts(*rest, SLICE("</"));
	struct slice tag = slice_after(*rest, closes ? 2 : 1);
	tag = slice_first(tag, tag_end(tag));
	*rest = slice_after(*rest, (closes ? 2 : 1) + tag.len + 1);
	ret_markup->name = tag_name(tag);
	if (closes)
		return MARKUP_CLOSE;
	ret_markup->attributes = slice_after(tag, ret_markup->name.len);
	skip_raw(rest, ret_markup->name);
	return MARKUP_OPEN;
}

/* ---- attributes ---------------------------------------------------------------------------- */

static struct slice without_space(struct slice s)
{
	while (s.len > 0 && (is_space(s.ptr[0]) || s.ptr[0] == '/'))
		s = slice_after(s, 1);
	return s;
}

/* The value that begins at *rest, taken. */
static struct slice take_value(struct slice *rest)
{
	struct slice value = *rest;
	char quote = value.len > 0 ? value.ptr[0] : '\0';
	size_t len = 0;

	if (quote == '"' || quote == '\'') {
		value = slice_after(value, 1);
		value = slice_first(value, slice_find(value, quote));
		*rest = slice_after(*rest, value.len + 2);
		return value;
	}
	while (len < value.len && !is_space(value.ptr[len]))
		len++;
	*rest = slice_after(*rest, len);
	return slice_first(value, len);
}

struct slice markup_attribute(struct slice attributes, struct slice name)
{
	struct slice rest = without_space(attributes);

	while (rest.len > 0) {
		size_t len = rest.ptr[0] == '='; /* one that begins a name is a part of it */
		while (len < rest.len && !is_space(rest.ptr[len]) && rest.ptr[len] != '=' &&
			rest.ptr[len] != '/')
			len++;
		struct slice own = slice_first(rest, len), value = {"", 0};
		rest = slice_after(rest, len);
		struct slice behind = without_space(rest);
		if (behind.len > 0 && behind.ptr[0] == '=') {
			rest = slice_after(behind, 1);
			while (rest.len > 0 && is_space(rest.ptr[0]))
				rest = slice_after(rest, 1);
			value = take_value(&rest);
		}
		if (slice_equal_nocase(own, name))
			return value;
		rest = without_space(rest);
	}
	return (struct slice){NULL, 0};
}

bool markup_has_class(struct slice attributes, struct slice word)
{
	struct slice rest = markup_attribute(attributes, SLICE("class"));

	while (rest.len > 0) {
		size_t len = 0;
		while (len < rest.len && !is_space(rest.ptr[len]))
			len++;
		if (slice_equal(slice_first(rest, len), word))
			return true;
		rest = slice_after(rest, len + 1);
	}
	return false;
}

/* ---- characters ---------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
} named[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "},
	{"hellip", "\xe2\x80\xa6"}, {"ndash", "\xe2\x80\x93"}, {"mdash", "\xe2\x80\x94"},
	{"lsquo", "\xe2\x80\x98"}, {"rsquo", "\xe2\x80\x99"}, {"ldquo", "\xe2\x80\x9c"},
	{"rdquo", "\xe2\x80\x9d"}, {"laquo", "\xc2\xab"}, {"raquo", "\xc2\xbb"},
	{"middot", "\xc2\xb7"}, {"bull", "\xe2\x80\xa2"}, {"copy", "\xc2\xa9"}, {"reg", "\xc2\xae"},
	{"trade", "\xe2\x84\xa2"}, {"times", "\xc3\x97"}, {"deg", "\xc2\xb0"}, {"auml", "\xc3\xa4"},
	{"ouml", "\xc3\xb6"}, {"uuml", "\xc3\xbc"}, {"Auml", "\xc3\x84"}, {"Ouml", "\xc3\x96"},
	{"Uuml", "\xc3\x9c"}, {"szlig", "\xc3\x9f"}, {"eacute", "\xc3\xa9"}, {"egrave", "\xc3\xa8"},
	{"agrave", "\xc3\xa0"}, {"ccedil", "\xc3\xa7"}};

/* The number of "#39" or "#x27"; 0 when it is none, or no character. */
static uint32_t number_of(struct slice digits)
{
	bool hex = digits.len > 0 && ascii_lower(digits.ptr[0]) == 'x';
	uint32_t number = 0, base = hex ? 16 : 10;

	digits = slice_after(digits, hex);
	for (size_t i = 0; i < digits.len; i++) {
		char c = ascii_lower(digits.ptr[i]);
		uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
				 : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
							       : base;
		if (digit >= base || number > 0x10ffff)
			return 0;
		number = number * base + digit;
	}
	bool surrogate = number >= 0xd800 && number < 0xe000;
	return number > 0x10ffff || surrogate ? 0 : number;
}

static size_t encode(uint32_t c, char ret_bytes[4])
{
	if (c < 0x80) {
		ret_bytes[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		ret_bytes[i] = (char)(0x80 | (c & 0x3f));
	ret_bytes[0] = (char)((0xf00 >> len & 0xff) | c);
	return len;
}

/* The character that `text` begins with; *ret_taken bytes stand for it. "&" when it is no name. */
static struct slice take_character(struct slice text, char ret_bytes[4], size_t *ret_taken)
{
	struct slice name = slice_after(slice_first(text, 12), 1);
	size_t end = slice_find(name, ';');

	*ret_taken = end + 2;
	bool ends = end < name.len;
	name = slice_first(name, end);
	if (ends && end > 1 && name.ptr[0] == '#') {
		uint32_t number = number_of(slice_after(name, 1));
		if (number > 0)
			return slice_from(ret_bytes, encode(number, ret_bytes));
	}
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (ends && slice_equal(slice_of(named[i].name), name))
			return slice_of(named[i].text);
	*ret_taken = 1;
	return slice_first(text, 1);
}

size_t markup_decode(struct slice text, char *ret_text, size_t len, size_t size)
{
	char bytes[4];

	for (size_t taken; text.len > 0; text = slice_after(text, taken)) {
		struct slice c = slice_first(text, 1);
		taken = 1;
		if (c.ptr[0] == '&')
			c = take_character(text, bytes, &taken);
		bool space = c.len == 1 && is_space(c.ptr[0]);
		bool control = c.len == 1 && !space &&
			       ((unsigned char)c.ptr[0] < 0x20 || c.ptr[0] == 0x7f);
		if (control || (space && (len == 0 || ret_text[len - 1] == ' ')))
			continue;
		if (len + c.len > size)
			return len;
		memcpy(ret_text + len, space ? " " : c.ptr, c.len);
		len += c.len;
	}
	return len;
}
