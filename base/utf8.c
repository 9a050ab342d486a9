/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <assert.h>

uint32_t utf8_first(struct slice s, size_t *ret_bytes)
{
	unsigned char c = (unsigned char)s.ptr[0];
	size_t bytes = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 4;
	uint32_t point = bytes == 1 ? c : c & (0xffu >> (bytes + 1));

	*ret_bytes = 1;
	if (bytes == 4 && (c < 0xf0 || c > 0xf4))
		return 0xfffd;
	if (bytes > s.len)
		return 0xfffd;
	for (size_t i = 1; i < bytes; i++) {
		unsigned char next = (unsigned char)s.ptr[i];
		if ((next & 0xc0) != 0x80)
			return 0xfffd;
		point = point << 6 | (next & 0x3f);
	}
	bool overlong = (bytes == 3 && point < 0x800) || (bytes == 4 && point < 0x10000);
	if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0xfffd;
	*ret_bytes = bytes;
	return point;
}

/* U+FFFD itself takes three bytes; one byte that yields it is not a character. */
static bool is_broken(uint32_t point, size_t bytes)
{
	return point == 0xfffd && bytes == 1;
}

bool utf8_is_valid(struct slice text)
{
	size_t bytes;

	for (; text.len > 0; text = slice_after(text, bytes)) {
		uint32_t point = utf8_first(text, &bytes);
		if (is_broken(point, bytes))
			return false;
	}
	return true;
}

size_t utf8_copy(struct slice text, char *ret_text, size_t size)
{
	const struct slice replacement = SLICE("\xef\xbf\xbd");
	size_t len = 0, bytes;

	assert(size >= 1);
	for (; text.len > 0; text = slice_after(text, bytes)) {
		uint32_t point = utf8_first(text, &bytes);
		struct slice piece = slice_first(text, bytes);
		if (point == 0 || is_broken(point, bytes))
			piece = replacement;
		if (len + piece.len + 1 > size)
			break;
		memcpy(ret_text + len, piece.ptr, piece.len);
		len += piece.len;
	}
	ret_text[len] = '\0';
	return len;
}
