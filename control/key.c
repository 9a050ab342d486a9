/* SPDX-License-Identifier: Apache-2.0 */
#include "control/key.h"

static int key_of_final(char final)
{
	switch (final) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return KEY_NONE;
	}
}

/* Bytes of the sequence that begins with ESC, 0 when its end is not there yet; *ret_key is set. */
static size_t sequence(struct slice bytes, int *ret_key)
{
	size_t i = 2;

	*ret_key = KEY_ESCAPE;
	if (bytes.len < 2)
		return 0;
	if (bytes.ptr[1] == 'O') {
		*ret_key = bytes.len > 2 ? key_of_final(bytes.ptr[2]) : KEY_NONE;
		return bytes.len > 2 ? 3 : 0;
	}
	if (bytes.ptr[1] != '[')
		return 1;
	/* Parameters and intermediates, then one final byte. */
	while (i < bytes.len && bytes.ptr[i] >= 0x20 && bytes.ptr[i] <= 0x3f)
		i++;
	if (i == bytes.len)
		return 0;
	*ret_key = i == 2 ? key_of_final(bytes.ptr[i]) : KEY_NONE;
	return i + 1;
}

int key_next(struct slice *bytes, bool last)
{
	char first = bytes->ptr[0];
	size_t len = 1;
	int key = first >= ' ' && first <= '~' ? first : KEY_NONE;

	if (first == '\r' || first == '\n')
		key = KEY_ENTER;
	if (first == KEY_ESCAPE) {
		len = sequence(*bytes, &key);
		if (len == 0 && !last)
			return KEY_MORE;
		/* What a sequence begins with is no word for anything else. */
		len = len == 0 ? bytes->len : len;
	}
	*bytes = slice_after(*bytes, len);
	return key;
}
