/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool octet_parse(struct slice text, uint8_t *ret_octet)
{
	unsigned value = 0;

	if (text.len < 1 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.ptr[i] - '0');
	}
	if (value > 255)
		return false;
	*ret_octet = (uint8_t)value;
	return true;
}

bool address_parse_ipv4(struct slice text, struct address *ret_address)
{
	struct address a = {.family = 4};

	for (int i = 0; i < 4; i++) {
		size_t dot = slice_find(text, '.');
		if ((dot == text.len) != (i == 3))
			return false;
		if (!octet_parse(slice_first(text, dot), &a.bytes[i]))
			return false;
		text = slice_after(text, dot + 1);
	}
	*ret_address = a;
	return true;
}

bool address_parse_ipv6(struct slice text, struct address *ret_address)
{
	char copy[ADDRESS_TEXT_SIZE];
	struct address a = {.family = 6};

	/* inet_pton knows the grammar and no zones; it only needs a NUL that is really the end. */
	if (text.len == 0 || text.len >= sizeof(copy) || slice_find(text, '\0') != text.len)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET6, copy, a.bytes) != 1)
		return false;
	*ret_address = a;
	return true;
}

/* By hand: each event record has two or three. */
static size_t ipv4_format(const uint8_t bytes[4], char *ret_text)
{
	char *at = ret_text;

	for (size_t i = 0; i < 4; i++) {
		unsigned octet = bytes[i];
		if (octet >= 100)
			*at++ = (char)('0' + octet / 100);
		if (octet >= 10)
			*at++ = (char)('0' + octet / 10 % 10);
		*at++ = (char)('0' + octet % 10);
		*at++ = i < 3 ? '.' : '\0';
	}
	return (size_t)(at - ret_text) - 1;
}

size_t address_format(const struct address *a, char ret_text[ADDRESS_TEXT_SIZE])
{
	ret_text[0] = '\0';
	if (a->family == 4)
		return ipv4_format(a->bytes, ret_text);
	if (a->family == 0 || !inet_ntop(AF_INET6, a->bytes, ret_text, ADDRESS_TEXT_SIZE))
		return 0;
	return strlen(ret_text);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool address_in_prefix(const struct address *a, const struct address *network, unsigned prefix_bits)
{
	size_t whole = prefix_bits / 8;
	unsigned rest = prefix_bits % 8;

	if (a->family != network->family || memcmp(a->bytes, network->bytes, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	return (a->bytes[whole] ^ network->bytes[whole]) >> (8 - rest) == 0;
}

socklen_t address_to_sockaddr(
	const struct address *a, uint16_t port, struct sockaddr_storage *ret_sockaddr)
{
	memset(ret_sockaddr, 0, sizeof(*ret_sockaddr));
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_sockaddr;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->bytes, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sockaddr;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof(*in6);
}

struct address address_from_sockaddr(const struct sockaddr *sa, uint16_t *ret_port)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct address a = {0};

	*ret_port = 0;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
		a.family = 4;
		memcpy(a.bytes, &in->sin_addr, 4);
		*ret_port = ntohs(in->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
		bool is_mapped = memcmp(&in6->sin6_addr, mapped, sizeof(mapped)) == 0;
		a.family = is_mapped ? 4 : 6;
		memcpy(a.bytes, (const uint8_t *)&in6->sin6_addr + (is_mapped ? 12 : 0),
			is_mapped ? 4 : 16);
		*ret_port = ntohs(in6->sin6_port);
	}
	return a;
}
