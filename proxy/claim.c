/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/claim.h"

#include "base/utf8.h"

static const struct address mapped = {.family = 6, .bytes = {[10] = 0xff, [11] = 0xff}};

/* The IPv4 address inside ::ffff:0:0/96, or the address itself. */
static struct address unmapped(const struct address *a)
{
	struct address inner = {.family = 4};

	if (!address_in_prefix(a, &mapped, 96))
		return *a;
	memcpy(inner.bytes, a->bytes + 12, 4);
	return inner;
}

bool claim_is_local(const struct address *client)
{
	static const struct address loopback = {.family = 4, .bytes = {127}};
	static const struct address loopback6 = {.family = 6, .bytes = {[15] = 1}};
	const struct address a = unmapped(client);

	return address_in_prefix(&a, &loopback, 8) || address_equal(&a, &loopback6);
}

size_t claim_identity(const struct address *client, char ret_identity[LIMIT_IDENTITY_BYTES + 1])
{
	const struct address a = unmapped(client);
	char text[ADDRESS_TEXT_SIZE];

	if (claim_is_local(client))
		return utf8_copy(SLICE("local"), ret_identity, LIMIT_IDENTITY_BYTES + 1);
	if (a.family == 0)
		return utf8_copy(SLICE("unknown"), ret_identity, LIMIT_IDENTITY_BYTES + 1);
	size_t len = address_format(&a, text);
	return utf8_copy(slice_from(text, len), ret_identity, LIMIT_IDENTITY_BYTES + 1);
}

/* ---- Basic --------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Three bytes, or the two or one that padding leaves in the last group; 0 when it is malformed. One
 * text has one spelling: the bits that padding cuts off must be zero, RFC 4648 §3.5. */
static size_t base64_group(struct slice group, bool last, unsigned char ret_bytes[3])
{
	size_t digits = 4;
	uint32_t bits = 0;

	while (last && digits > 2 && group.ptr[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < 4; i++) {
		int digit = i < digits ? base64_digit(group.ptr[i]) : 0;
		if (digit < 0)
			return 0;
		bits = bits << 6 | (uint32_t)digit;
	}
	for (size_t i = 0; i < 3; i++)
		ret_bytes[i] = (unsigned char)(bits >> (16 - 8 * i));
	for (size_t i = digits - 1; i < 3; i++)
		if (ret_bytes[i] != 0)
			return 0;
	return digits - 1;
}

/* What is known of the credentials so far; of the password only that it came. */
struct credentials {
	size_t len; /* of the name */
	bool colon; /* the name has ended */
	char name[LIMIT_SESSION_BYTES];
};

/* False when the name is none. RFC 7617 §2 has no control characters in either part. */
static bool credentials_take(struct credentials *c, unsigned char byte)
{
	if (byte < 0x20 || byte == 0x7f)
		return false;
	if (c->colon)
		return true;
	if (byte == ':') {
		c->colon = true;
		return true;
	}
	if (c->len == sizeof(c->name))
		return false;
	c->name[c->len++] = (char)byte;
	return true;
}

static bool credentials_parse(struct slice token, struct credentials *ret_credentials)
{
	unsigned char bytes[3];

	*ret_credentials = (struct credentials){0};
	if (token.len == 0 || token.len % 4 != 0)
		return false;
	for (; token.len > 0; token = slice_after(token, 4)) {
		size_t count = base64_group(slice_first(token, 4), token.len == 4, bytes);
		if (count == 0)
			return false;
		for (size_t i = 0; i < count; i++)
			if (!credentials_take(ret_credentials, bytes[i]))
				return false;
	}
	return ret_credentials->colon;
}

/* The value of the only field of this name; empty otherwise. */
static struct slice only_field(const struct head *h, struct slice name)
{
	struct slice found = {NULL, 0};

	for (size_t i = 0; i < h->field_count; i++) {
		if (!slice_equal_nocase(h->fields[i].name, name))
			continue;
		if (found.ptr)
			return (struct slice){NULL, 0};
		found = h->fields[i].value;
	}
	return found;
}

size_t claim_session(const struct head *h, char ret_session[LIMIT_SESSION_BYTES + 1])
{
	struct slice value = only_field(h, SLICE("Proxy-Authorization"));
	size_t space = slice_find(value, ' ');
	struct credentials c;

	ret_session[0] = '\0';
	if (!slice_equal_nocase(slice_first(value, space), SLICE("Basic")) ||
		!credentials_parse(field_trim(slice_after(value, space)), &c))
		return 0;
	struct slice name = slice_from(c.name, c.len);
	if (!utf8_is_valid(name))
		return 0;
	return utf8_copy(name, ret_session, LIMIT_SESSION_BYTES + 1);
}
