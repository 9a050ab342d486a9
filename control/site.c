/* SPDX-License-Identifier: Apache-2.0 */
#include "control/site.h"

#include <stdio.h>

enum { PORT_DIGITS_MAX = 5, PORT_HTTP = 80 };

/* Splits "name:port", "[v6]:port"; the port keeps its colon and may be empty. */
static void split(struct slice host, struct slice *ret_name, struct slice *ret_port)
{
	size_t bracket = host.len && host.ptr[0] == '[' ? slice_find(host, ']') : 0;
	struct slice rest = slice_after(host, bracket);
	size_t name_len = bracket + slice_find(rest, ':');

	*ret_name = slice_first(host, name_len);
	*ret_port = slice_after(host, name_len);
}

/* ":digits" without a leading zero; 0 for anything else. */
static uint32_t parse_port(struct slice port)
{
	struct slice digits = slice_after(port, 1);
	uint32_t value = 0;

	if (digits.len == 0 || digits.len > PORT_DIGITS_MAX || digits.ptr[0] == '0')
		return 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return 0;
		value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
	}
	return value <= UINT16_MAX ? value : 0;
}

static bool is_loopback_name(struct slice name)
{
	return slice_equal_nocase(name, SLICE("localhost")) ||
	       slice_equal(name, SLICE("127.0.0.1")) || slice_equal(name, SLICE("[::1]"));
}

static bool is_own_address(const struct endpoint *at, struct slice name)
{
	char address[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 2];

	address_format(&at->address, address);
	snprintf(text, sizeof(text), at->address.family == 6 ? "[%s]" : "%s", address);
	return slice_equal(name, slice_of(text));
}

bool site_is_host(const struct site *site, struct slice host)
{
	struct slice name, port;

	split(host, &name, &port);
	if (site->local)
		return (is_loopback_name(name) || slice_equal_nocase(name, SLICE("sallyport"))) &&
		       (port.len == 0 || parse_port(port) > 0);
	if (!is_loopback_name(name) && !is_own_address(&site->at, name))
		return false;
	return (port.len == 0 ? PORT_HTTP : parse_port(port)) == site->at.port;
}

bool site_is_origin(struct slice origin, struct slice host)
{
	struct slice scheme = SLICE("http://");

	return slice_starts(origin, scheme) &&
	       slice_equal_nocase(slice_after(origin, scheme.len), host);
}

bool site_is_fetched(struct slice fetch_site)
{
	return !slice_equal_nocase(fetch_site, SLICE("cross-site"));
}
