/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/quantity.h"

#include <assert.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t factor;
};

enum { DIGITS_MAX = 9 };

/* Smallest first; a quantity is written in the largest that divides it. */
static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {{"B", 1}, {"KiB", UINT64_C(1) << 10},
	{"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30}, {"TiB", UINT64_C(1) << 40}};

enum {
	DURATION_COUNT = sizeof(durations) / sizeof(durations[0]),
	SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0])
};

/* Plain digits at the front of *text, at most DIGITS_MAX of them. */
static bool take_number(struct slice *text, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t used = 0;

	while (used < text->len && text->ptr[used] >= '0' && text->ptr[used] <= '9') {
		if (used == DIGITS_MAX)
			return false;
		number = number * 10 + (uint64_t)(text->ptr[used] - '0');
		used++;
	}
	if (used == 0)
		return false;
	*text = slice_after(*text, used);
	*ret_number = number;
	return true;
}

static bool parse(struct slice text, const struct unit *units, size_t count, uint64_t *ret_value)
{
	uint64_t number;

	if (!take_number(&text, &number))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!slice_equal(text, slice_of(units[i].name)))
			continue;
		if (number > UINT64_MAX / units[i].factor)
			return false;
		*ret_value = number * units[i].factor;
		return true;
	}
	return false;
}

static size_t written(int len, size_t size)
{
	assert(len >= 0 && (size_t)len < size);
	return (size_t)len;
}

static size_t format(
	uint64_t value, const struct unit *units, size_t count, char *ret_text, size_t size)
{
	size_t best = 0;

	for (size_t i = 0; i < count && value != 0; i++)
		if (value % units[i].factor == 0)
			best = i;
	return written(snprintf(ret_text, size, "%llu%s",
			       (unsigned long long)(value / units[best].factor), units[best].name),
		size);
}

bool duration_parse(struct slice text, uint64_t *ret_ms)
{
	return parse(text, durations, DURATION_COUNT, ret_ms);
}

size_t duration_format(uint64_t ms, char *ret_text, size_t size)
{
	/* Nought has every unit; seconds read best. */
	if (ms == 0)
		return written(snprintf(ret_text, size, "0s"), size);
	return format(ms, durations, DURATION_COUNT, ret_text, size);
}

bool size_parse(struct slice text, uint64_t *ret_bytes)
{
	return parse(text, sizes, SIZE_COUNT, ret_bytes);
}

size_t size_format(uint64_t bytes, char *ret_text, size_t size)
{
	return format(bytes, sizes, SIZE_COUNT, ret_text, size);
}

/* RFC 3986 §3.2.3 allows any digits; here a leading zero or a sign is a mistake. */
static bool parse_port(struct slice text, bool zero_allowed, uint16_t *ret_port)
{
	uint64_t number;

	if (text.len > 5 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	if (!take_number(&text, &number) || text.len != 0 || number > UINT16_MAX)
		return false;
	if (number == 0 && !zero_allowed)
		return false;
	*ret_port = (uint16_t)number;
	return true;
}

bool endpoint_parse(struct slice text, uint16_t default_port, struct endpoint *ret_endpoint)
{
	struct endpoint e = {.port = default_port};
	struct slice host, rest;

	if (text.len > 0 && text.ptr[0] == '[') {
		size_t end = slice_find(text, ']');
		if (end == text.len)
			return false;
		host = slice_first(slice_after(text, 1), end - 1);
		rest = slice_after(text, end + 1);
		if (!address_parse_ipv6(host, &e.address))
			return false;
	} else {
		host = slice_first(text, slice_find(text, ':'));
		rest = slice_after(text, host.len);
		if (!address_parse_ipv4(host, &e.address))
			return false;
	}
	if (rest.len == 0 && default_port == 0)
		return false;
	if (rest.len > 0 && (rest.ptr[0] != ':' ||
				    !parse_port(slice_after(rest, 1), default_port == 0, &e.port)))
		return false;
	*ret_endpoint = e;
	return true;
}

size_t endpoint_format(const struct endpoint *e, char *ret_text, size_t size)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(&e->address, text);
	return written(snprintf(ret_text, size, e->address.family == 6 ? "[%s]:%u" : "%s:%u", text,
			       e->port),
		size);
}

size_t endpoint_format_near(const struct endpoint *e, char *ret_text, size_t size)
{
	static const struct address any4 = {.family = 4}, any6 = {.family = 6};
	struct endpoint near = *e;

	if (address_equal(&e->address, &any4))
		near.address = (struct address){.family = 4, .bytes = {127, 0, 0, 1}};
	if (address_equal(&e->address, &any6))
		near.address.bytes[15] = 1;
	return endpoint_format(&near, ret_text, size);
}

bool endpoint_is_loopback(const struct endpoint *e)
{
	static const struct address ipv4 = {.family = 4, .bytes = {127}};
	static const struct address ipv6 = {.family = 6, .bytes = {[15] = 1}};

	return address_in_prefix(&e->address, &ipv4, 8) ||
	       address_in_prefix(&e->address, &ipv6, 128);
}
