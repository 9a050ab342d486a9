/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path.h"

#include "base/escape.h"
#include "base/utf8.h"

#include <stdio.h>

enum { SHOWN_SIZE = 160 };

/* RFC 3986 §2.3 */
static bool is_unreserved(unsigned char c)
{
	char lower = ascii_lower((char)c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

/* Bytes at the front that encode one character beyond ASCII; 0 when they do not. Others decode
 * such sequences in ways of their own: an overlong one may become a slash. */
static size_t encoded_character(struct slice text)
{
	char bytes[4];
	size_t count = 0, len, used;

	for (size_t at = 0; count < sizeof(bytes) && at < text.len; at += len) {
		unsigned char byte = path_byte(slice_after(text, at), &len);
		if (len != 3 || byte < 0x80)
			break;
		bytes[count++] = (char)byte;
	}
	if (utf8_first(slice_from(bytes, count), &used) == 0xfffd && used == 1)
		return 0;
	return used * 3;
}

/* Bytes at the front that stand for one character and for no other; 0 when there are none. */
static size_t plain_character(struct slice text)
{
	unsigned char first = (unsigned char)text.ptr[0];
	size_t len;

	if (first != '%')
		return first > 0x20 && first < 0x7f && first != '\\' && first != '#' ? 1 : 0;
	unsigned char byte = path_byte(text, &len);
	if (len != 3 || byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' ||
		is_unreserved(byte))
		return 0;
	if (byte >= 0x80)
		return encoded_character(text);
	/* Whoever decodes twice would see another character here. */
	if (byte == '%' && text.len > 4 && path_hex(text.ptr[3]) >= 0 && path_hex(text.ptr[4]) >= 0)
		return 0;
	return 3;
}

/* A dot segment, an empty one, or what becomes one where ";parameters" are cut off. */
static bool is_plain_segment(struct slice segment, bool last)
{
	struct slice front = slice_first(segment, slice_find(segment, ';'));

	if (segment.len == 0)
		return last;
	return front.len > 0 && !slice_equal(front, SLICE(".")) && !slice_equal(front, SLICE(".."));
}

bool path_is_plain(struct slice path)
{
	if (path.len == 0 || path.ptr[0] != '/')
		return false;
	for (struct slice rest = path; rest.len > 0;) {
		size_t len = plain_character(rest);
		if (len == 0)
			return false;
		rest = slice_after(rest, len);
	}
	for (struct slice rest = path; rest.len > 0;) {
		rest = slice_after(rest, 1);
		struct slice segment = slice_first(rest, slice_find(rest, '/'));
		if (!is_plain_segment(segment, segment.len == rest.len))
			return false;
		rest = slice_after(rest, segment.len);
	}
	return true;
}

/* ---- matching ------------------------------------------------------------------------------ */

struct comparison {
	bool fold; /* without regard to case */
	bool cut; /* without ";parameters" */
};

static bool same_byte(unsigned char a, unsigned char b, bool fold)
{
	return a == b || (fold && ascii_lower((char)a) == ascii_lower((char)b));
}

/* The segment at the front of what follows a slash. */
static struct slice first_segment(struct slice rest)
{
	return slice_first(rest, slice_find(rest, '/'));
}

/* "*" takes as little as it can, and one byte more each time that the rest does not match. */
static bool segment_matches(struct slice pattern, struct slice segment, struct comparison how)
{
	struct slice star = {NULL, 0}, held = {NULL, 0};
	size_t p_len, s_len;

	if (how.cut)
		segment = slice_first(segment, slice_find(segment, ';'));
	for (;;) {
		if (pattern.len > 0 && pattern.ptr[0] == '*') {
			star = pattern = slice_after(pattern, 1);
			held = segment;
			continue;
		}
		if (pattern.len == 0 && segment.len == 0)
			return true;
		if (pattern.len > 0 && segment.len > 0 &&
			same_byte(
				path_byte(pattern, &p_len), path_byte(segment, &s_len), how.fold)) {
			pattern = slice_after(pattern, p_len);
			segment = slice_after(segment, s_len);
			continue;
		}
		if (!star.ptr || held.len == 0)
			return false;
		path_byte(held, &s_len);
		segment = held = slice_after(held, s_len);
		pattern = star;
	}
}

/* What is left of a path or pattern: segments with a slash before each. */
static bool takes_any(struct slice pattern)
{
	struct slice segment = first_segment(slice_after(pattern, 1));

	/* The end of a prefix. */
	return slice_equal(segment, SLICE("**")) || pattern.len == 1;
}

static struct slice behind_segment(struct slice rest)
{
	rest = slice_after(rest, 1);
	return slice_after(rest, slice_find(rest, '/'));
}

/* The same for segments: "**" takes as few as it can. */
static bool compare(struct slice pattern, struct slice path, struct comparison how)
{
	struct slice star = {NULL, 0}, held = {NULL, 0};

	for (;;) {
		if (pattern.len > 0 && takes_any(pattern)) {
			star = pattern = behind_segment(pattern);
			held = path;
			if (pattern.len == 0)
				return path.len > 0;
			continue;
		}
		if (pattern.len == 0 && path.len == 0)
			return true;
		if (pattern.len > 0 && path.len > 0 &&
			segment_matches(first_segment(slice_after(pattern, 1)),
				first_segment(slice_after(path, 1)), how)) {
			pattern = behind_segment(pattern);
			path = behind_segment(path);
			continue;
		}
		if (!star.ptr || held.len == 0)
			return false;
		path = held = behind_segment(held);
		pattern = star;
	}
}

bool path_matches(struct slice pattern, struct slice path, enum path_reading reading)
{
	struct comparison whole = {.fold = reading == PATH_BROAD};
	struct comparison cut = {.fold = whole.fold, .cut = true};

	bool matches = compare(pattern, path, whole);
	/* Most origins take parameters as a part of the name, some cut them off first. */
	if (slice_find(path, ';') == path.len || matches == (reading == PATH_BROAD))
		return matches;
	return compare(pattern, path, cut);
}

/* ---- patterns ------------------------------------------------------------------------------ */

/* What no path that is matched can hold. */
static const char *impossible(struct slice pattern)
{
	size_t len;

	for (struct slice rest = pattern; rest.len > 0; rest = slice_after(rest, len)) {
		unsigned char byte = path_byte(rest, &len);
		if (rest.ptr[0] == '?' || rest.ptr[0] == '#')
			return "holds a query or fragment: write the path only, and query = { name = \"value\" } beside it";
		if (rest.ptr[0] == ';')
			return "holds a \";\": leave the parameters out, a path is looked at with and without them";
		if (rest.ptr[0] == '%' && len == 1)
			return "holds a \"%\" without two hexadecimal digits: write %25";
		if (len == 3 && (is_unreserved(byte) || byte == '/'))
			return "encodes a character that paths hold as it is: write it plainly";
		if (byte < 0x20 || byte == 0x7f || byte == '\\')
			return "holds a backslash or control byte, which no path has that is let through";
	}
	return utf8_is_valid(pattern) ? NULL : "is not UTF-8";
}

static const char *bad_segment(struct slice segment, bool last)
{
	if (segment.len == 0 && !last)
		return "holds an empty segment, which no path has that is let through: write one slash";
	if (slice_equal(segment, SLICE(".")) || slice_equal(segment, SLICE("..")))
		return "holds a dot segment, which no path has that is let through: write the path without it";
	if (slice_equal(segment, SLICE("**")))
		return NULL;
	for (size_t i = 0; i + 1 < segment.len; i++)
		if (segment.ptr[i] == '*' && segment.ptr[i + 1] == '*')
			return "holds \"**\" beside other characters: write it as a whole segment, as in \"/**/name\", or \"*\" for a part of one";
	return NULL;
}

bool path_check_pattern(struct slice pattern, char *ret_sentence, size_t size)
{
	const char *wrong = NULL;
	char shown[SHOWN_SIZE];

	if (pattern.len == 0 || pattern.ptr[0] != '/')
		wrong = "does not begin with a slash: write \"/name\", \"/name/\" for all below it, or \"/**/name\" at any depth";
	else
		wrong = impossible(pattern);
	for (struct slice rest = pattern; !wrong && rest.len > 0; rest = behind_segment(rest)) {
		struct slice segment = first_segment(slice_after(rest, 1));
		wrong = bad_segment(segment, behind_segment(rest).len == 0);
	}
	if (!wrong)
		return true;
	escape_text(pattern, shown, sizeof(shown));
	snprintf(ret_sentence, size, "\"%s\" %s", shown, wrong);
	return false;
}
