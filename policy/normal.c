/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/normal.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Text in NFC, folded. */
static enum normal_result fold(struct buffer *out, struct slice text)
{
	size_t begin = out->len, len;
	bool between = false;

	for (struct slice rest = text; rest.len > 0; rest = slice_after(rest, len)) {
		uint32_t c = utf8_first(rest, &len);
		if (uc_is_property_white_space(c)) {
			between = out->len > begin;
			continue;
		}
		if (is_control(c))
			return NORMAL_BAD;
		if (between)
			buffer_append(out, SLICE(" "));
		between = false;
		buffer_append(out, slice_first(rest, len));
	}
	return out->failed ? NORMAL_NO_MEMORY : NORMAL_OK;
}

/* Text that is its own NFC: ASCII is. */
static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80)
			return false;
	return true;
}

enum normal_result normal_append(struct buffer *out, struct slice text)
{
	size_t len;

	if (is_ascii(text))
		return fold(out, text);
	if (!utf8_is_valid(text))
		return NORMAL_BAD;
	uint8_t *composed =
		u8_normalize(UNINORM_NFC, (const uint8_t *)text.ptr, text.len, NULL, &len);
	if (!composed)
		return errno == ENOMEM ? NORMAL_NO_MEMORY : NORMAL_BAD;
	enum normal_result result = fold(out, slice_from((const char *)composed, len));
	free(composed);
	return result;
}
