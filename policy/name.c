/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/name.h"

#include "policy/idn.h"

/* Each byte that may stand in a name, in its canonical spelling; 0 for all others. */
#define SAME(c)            [c] = (c)
#define FOLD(upper, lower) [upper] = (lower), [lower] = (lower)
static const char folded[256] = {FOLD('A', 'a'), FOLD('B', 'b'), FOLD('C', 'c'), FOLD('D', 'd'),
	FOLD('E', 'e'), FOLD('F', 'f'), FOLD('G', 'g'), FOLD('H', 'h'), FOLD('I', 'i'),
	FOLD('J', 'j'), FOLD('K', 'k'), FOLD('L', 'l'), FOLD('M', 'm'), FOLD('N', 'n'),
	FOLD('O', 'o'), FOLD('P', 'p'), FOLD('Q', 'q'), FOLD('R', 'r'), FOLD('S', 's'),
	FOLD('T', 't'), FOLD('U', 'u'), FOLD('V', 'v'), FOLD('W', 'w'), FOLD('X', 'x'),
	FOLD('Y', 'y'), FOLD('Z', 'z'), SAME('0'), SAME('1'), SAME('2'), SAME('3'), SAME('4'),
	SAME('5'), SAME('6'), SAME('7'), SAME('8'), SAME('9'), SAME('-'), SAME('_'), SAME('.')};

static bool label_ok(struct slice label)
{
	if (label.len == 0 || label.len > LIMIT_LABEL_BYTES)
		return false;
	if (label.len < 4 || memcmp(label.ptr, "xn--", 4) != 0)
		return true;
	return idn_label_valid(label);
}

static bool labels_ok(struct slice name)
{
	for (;;) {
		size_t dot = slice_find(name, '.');
		if (!label_ok(slice_first(name, dot)))
			return false;
		if (dot == name.len)
			return true;
		name = slice_after(name, dot + 1);
	}
}

bool name_canonical(struct slice text, char ret_text[NAME_TEXT_SIZE], size_t *ret_len)
{
	size_t len = text.len;
	bool bad = false;

	if (len > 0 && text.ptr[len - 1] == '.')
		len--;
	if (len == 0 || len > LIMIT_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = folded[(uint8_t)text.ptr[i]];
		ret_text[i] = c;
		bad |= c == '\0';
	}
	if (bad || !labels_ok(slice_from(ret_text, len)))
		return false;
	ret_text[len] = '\0';
	*ret_len = len;
	return true;
}

static bool all_hex(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

bool name_ends_in_number(struct slice name)
{
	size_t start = name.len;

	while (start > 0 && name.ptr[start - 1] != '.')
		start--;
	struct slice label = slice_after(name, start);
	if (label.len == 0 || label.ptr[0] < '0' || label.ptr[0] > '9')
		return false;
	if (slice_starts(label, SLICE("0x")))
		return all_hex(slice_after(label, 2));
	for (size_t i = 0; i < label.len; i++)
		if (label.ptr[i] < '0' || label.ptr[i] > '9')
			return false;
	return true;
}

static bool is_at_or_below(struct slice name, struct slice apex)
{
	return slice_ends(name, apex) &&
	       (name.len == apex.len || name.ptr[name.len - apex.len - 1] == '.');
}

bool name_is_localhost(struct slice name)
{
	return is_at_or_below(name, SLICE("localhost"));
}

bool name_is_agent_page(struct slice name)
{
	return is_at_or_below(name, SLICE(NAME_OF_AGENT_PAGE));
}
