/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdio.h>

/* Some byte of the word is outside 0x20..0x7e or a backslash. A byte below n borrows into its top
 * bit when n is taken from it; a borrow reaches another byte only from one that is bad already. */
static bool any_bad(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u, top = 0x8080808080808080u;
	uint64_t control = word - 0x20 * each;
	uint64_t rubout = (word ^ 0x7f * each) - each;
	uint64_t backslash = (word ^ '\\' * each) - each;

	return ((control | rubout | backslash | word) & top) != 0;
}

bool escape_is_plain(struct slice text)
{
	uint64_t word = 0;
	bool bad = false;

	if (text.len < sizeof(word)) {
		memset(&word, ' ', sizeof(word));
		for (size_t i = 0; i < text.len; i++)
			word = word << 8 | (unsigned char)text.ptr[i];
		return !any_bad(word);
	}
	for (size_t i = 0; i + sizeof(word) < text.len; i += sizeof(word)) {
		memcpy(&word, text.ptr + i, sizeof(word));
		bad |= any_bad(word);
	}
	/* The last eight, of which some were seen. */
	memcpy(&word, text.ptr + text.len - sizeof(word), sizeof(word));
	return !(bad | any_bad(word));
}

size_t escape_text(struct slice text, char *ret_text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	assert(size >= 8);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool plain = c >= 0x20 && c <= 0x7e && c != '\\';
		if (len + (plain ? 1 : 4) + 4 > size) {
			memcpy(ret_text + len, "...", 3);
			len += 3;
			break;
		}
		if (plain) {
			ret_text[len++] = (char)c;
		} else {
			ret_text[len++] = '\\';
			ret_text[len++] = 'x';
			ret_text[len++] = digits[c >> 4];
			ret_text[len++] = digits[c & 15];
		}
	}
	ret_text[len] = '\0';
	return len;
}

/* Controls, and what reorders or breaks the line that a person reads. */
static bool must_escape(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || point == 0xfffd;
}

size_t escape_json(struct slice text, char *ret_text, size_t size)
{
	size_t len = 0;

	assert(size >= 8);
	if (text.len < size && escape_is_plain(text) && slice_find(text, '"') == text.len) {
		if (text.len > 0)
			memcpy(ret_text, text.ptr, text.len);
		ret_text[text.len] = '\0';
		return text.len;
	}
	while (text.len > 0) {
		char piece[8];
		size_t taken;
		uint32_t point = utf8_first(text, &taken);
		size_t piece_len = taken;
		if (point == '"' || point == '\\') {
			piece[0] = '\\';
			piece[1] = (char)point;
			piece_len = 2;
		} else if (must_escape(point)) {
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\u%04x", point);
		} else {
			memcpy(piece, text.ptr, taken);
		}
		if (len + piece_len + 1 > size)
			break;
		memcpy(ret_text + len, piece, piece_len);
		len += piece_len;
		text = slice_after(text, taken);
	}
	ret_text[len] = '\0';
	return len;
}

/* Without a width of their own: they would hide text, or make two names look alike. */
static bool cannot_be_seen(uint32_t point)
{
	return point == 0xad || point == 0x180e || (point >= 0xfe00 && point <= 0xfe0f) ||
	       (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff);
}

/* The first character of `s` as a person may see it; *ret_taken bytes of `s` are used up. */
static size_t seen(struct slice s, char ret_piece[16], size_t *ret_taken)
{
	uint32_t point = utf8_first(s, ret_taken);

	/* U+FFFD itself is three bytes. */
	if (point == 0xfffd && *ret_taken == 1)
		return (size_t)snprintf(ret_piece, 16, "\\x%02x", (unsigned char)s.ptr[0]);
	if (point == '\\')
		return (size_t)snprintf(ret_piece, 16, "\\\\");
	if (point != 0xfffd && (must_escape(point) || cannot_be_seen(point)))
		return (size_t)snprintf(ret_piece, 16, "\\u{%x}", point);
	memcpy(ret_piece, s.ptr, *ret_taken);
	return *ret_taken;
}

size_t escape_utf8(struct slice text, char *ret_text, size_t size)
{
	size_t len = 0;

	assert(size >= 16);
	while (text.len > 0) {
		char piece[16];
		size_t taken, piece_len = seen(text, piece, &taken);
		/* Room for the dots and the NUL stays. */
		if (len + piece_len + 4 > size) {
			memcpy(ret_text + len, "...", 3);
			len += 3;
			break;
		}
		memcpy(ret_text + len, piece, piece_len);
		len += piece_len;
		text = slice_after(text, taken);
	}
	ret_text[len] = '\0';
	return len;
}
