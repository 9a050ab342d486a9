/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

void base64_encode(struct slice bytes, char *ret_text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		struct slice group = slice_first(slice_after(bytes, i), 3);
		uint32_t bits = 0;
		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (j < group.len ? (unsigned char)group.ptr[j] : 0);
		for (size_t j = 0; j < 4; j++)
			*ret_text++ = j <= group.len ? digits[bits >> (18 - 6 * j) & 63] : '=';
	}
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

size_t base64_decode(struct slice text, char *ret_bytes)
{
	uint32_t bits = 0;
	size_t len = 0;
	unsigned held = 0;

	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);
		if (digit < 0)
			break;
		bits = (bits << 6 | (uint32_t)digit) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		ret_bytes[len++] = (char)(bits >> held);
	}
	return len;
}
