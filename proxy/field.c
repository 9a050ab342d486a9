/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/field.h"

static const struct {
	struct slice name;
	enum field_id id;
} known[] = {
	{{"te", 2}, FIELD_TE},
	{{"via", 3}, FIELD_VIA},
	{{"host", 4}, FIELD_HOST},
	{{"expect", 6}, FIELD_EXPECT},
	{{"upgrade", 7}, FIELD_UPGRADE},
	{{"trailer", 7}, FIELD_TRAILER},
	{{"connection", 10}, FIELD_CONNECTION},
	{{"keep-alive", 10}, FIELD_KEEP_ALIVE},
	{{"max-forwards", 12}, FIELD_MAX_FORWARDS},
	{{"proxy-status", 12}, FIELD_PROXY_STATUS},
	{{"content-length", 14}, FIELD_CONTENT_LENGTH},
	{{"http2-settings", 14}, FIELD_HTTP2_SETTINGS},
	{{"transfer-encoding", 17}, FIELD_TRANSFER_ENCODING},
};

enum field_id field_identify(struct slice name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (name.len == known[i].name.len && slice_equal_nocase(name, known[i].name))
			return known[i].id;
	struct slice proxy = SLICE("proxy-");
	if (name.len >= proxy.len && slice_equal_nocase(slice_first(name, proxy.len), proxy))
		return FIELD_PROXY_OTHER;
	return FIELD_OTHER;
}

static bool is_token_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool field_is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* True when one of eight bytes is below SP or is DEL: each subtraction borrows into the top bit of
 * such a byte; a byte that had its top bit set before is obs-text and does not count. */
static bool has_control(uint64_t eight)
{
	const uint64_t ones = UINT64_MAX / UINT8_MAX;
	const uint64_t tops = ones << 7;
	uint64_t del_is_zero = eight ^ ones * 0x7f;

	return (((eight - ones * 0x20) & ~eight) | ((del_is_zero - ones) & ~del_is_zero)) & tops;
}

static bool is_text_char(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 0x20 ? u != 0x7f : u == '\t';
}

size_t field_text_len(struct slice s)
{
	size_t n = 0;
	uint64_t eight;

	for (; n + sizeof(eight) <= s.len; n += sizeof(eight)) {
		memcpy(&eight, s.ptr + n, sizeof(eight));
		if (has_control(eight))
			break;
	}
	while (n < s.len && is_text_char(s.ptr[n]))
		n++;
	return n;
}

bool field_is_text(struct slice s)
{
	return field_text_len(s) == s.len;
}

struct slice field_trim(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool field_next_element(struct slice *list, struct slice *ret_element)
{
	while (list->len > 0) {
		size_t len = slice_find(*list, ',');
		struct slice element = field_trim(slice_first(*list, len));
		*list = slice_after(*list, len + 1);
		if (element.len > 0) {
			*ret_element = element;
			return true;
		}
	}
	return false;
}
