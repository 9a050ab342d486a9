/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/target.h"

#include "policy/name.h"

#include <assert.h>
#include <stdio.h>

/* A host in its canonical form, before it has a port. */
struct host {
	struct address address; /* family 0 for a name */
	size_t len;
	char text[LIMIT_NAME_BYTES + 3];
};

static void target_fill(struct target *t, const struct host *host, uint16_t port)
{
	t->kind = host->address.family ? TARGET_ADDRESS : TARGET_NAME;
	t->host_len = (uint8_t)host->len;
	t->port = port;
	t->address = host->address;
	memcpy(t->host, host->text, host->len + 1);
}

/* A name or a dotted quad. What ends in a number is read as an address by some and as a name by
 * others, so only the strict quad, which all read alike, passes. */
static bool host_parse_name(struct slice text, struct host *ret_host)
{
	ret_host->address = (struct address){0};
	if (!name_canonical(text, ret_host->text, &ret_host->len))
		return false;
	struct slice name = slice_from(ret_host->text, ret_host->len);
	return !name_ends_in_number(name) || address_parse_ipv4(name, &ret_host->address);
}

/* The inside of the brackets, RFC 3986 §3.2.2; no zone (RFC 9844 leaves them to local use). */
static bool host_parse_ipv6(struct slice text, struct host *ret_host)
{
	if (!address_parse_ipv6(text, &ret_host->address))
		return false;
	ret_host->len = address_format(&ret_host->address, ret_host->text);
	return true;
}

static bool port_parse(struct slice text, uint16_t *ret_port)
{
	uint32_t port = 0;

	if (text.len < 1 || text.len > 5 || text.ptr[0] == '0')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	if (port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

/* "host" or "host:port"; *ret_port keeps its value when there is no colon. */
static bool authority_parse(struct slice text, struct host *ret_host, uint16_t *ret_port)
{
	struct slice rest;

	if (text.len > 0 && text.ptr[0] == '[') {
		size_t end = slice_find(text, ']');
		if (end == text.len ||
			!host_parse_ipv6(slice_from(text.ptr + 1, end - 1), ret_host))
			return false;
		rest = slice_after(text, end + 1);
	} else {
		size_t end = slice_find(text, ':');
		if (!host_parse_name(slice_first(text, end), ret_host))
			return false;
		rest = slice_after(text, end);
	}
	if (rest.len == 0)
		return true;
	return rest.ptr[0] == ':' && port_parse(slice_after(rest, 1), ret_port);
}

enum reason target_parse_authority(struct slice authority, struct target *ret_target)
{
	return target_parse_host(authority, 0, ret_target);
}

enum reason target_parse_host(struct slice host, uint16_t default_port, struct target *ret_target)
{
	struct host parsed;
	uint16_t port = default_port;

	if (!authority_parse(host, &parsed, &port) || port == 0)
		return REASON_BAD_TARGET;
	target_fill(ret_target, &parsed, port);
	return REASON_NONE;
}

enum reason target_parse_name(struct slice name, struct target *ret_target)
{
	struct host parsed;

	if (!host_parse_name(name, &parsed))
		return REASON_BAD_TARGET;
	target_fill(ret_target, &parsed, 0);
	return REASON_NONE;
}

/* RFC 3986 §3.1. */
static bool scheme_ok(struct slice scheme)
{
	for (size_t i = 0; i < scheme.len; i++) {
		char c = ascii_lower(scheme.ptr[i]);
		bool letter = c >= 'a' && c <= 'z';
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
		if (!letter && (i == 0 || !other))
			return false;
	}
	return scheme.len > 0;
}

/* Printable ASCII without a fragment: RFC 9112 §3.2.2 has no "#" in a request target, and what
 * stands behind one would be a second spelling of the same request. */
static bool uri_bytes_ok(struct slice uri)
{
	for (size_t i = 0; i < uri.len; i++)
		if (uri.ptr[i] <= ' ' || uri.ptr[i] >= 0x7f || uri.ptr[i] == '#')
			return false;
	return true;
}

static size_t authority_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.ptr[len] != '/' && text.ptr[len] != '?')
		len++;
	return len;
}

enum reason target_parse_uri(struct slice uri, struct target *ret_target, struct slice *ret_path)
{
	struct slice scheme = slice_first(uri, slice_find(uri, ':'));
	struct slice rest = slice_after(uri, scheme.len);
	bool is_http = slice_equal_nocase(scheme, SLICE("http"));

	if (!scheme_ok(scheme) || !slice_starts(rest, SLICE("://")) || !uri_bytes_ok(uri))
		return REASON_BAD_TARGET;
	rest = slice_after(rest, 3);
	struct slice authority = slice_first(rest, authority_len(rest));
	enum reason reason = target_parse_host(authority, is_http ? 80 : 443, ret_target);
	if (reason != REASON_NONE)
		return reason;
	*ret_path = slice_after(rest, authority.len);
	return is_http ? REASON_NONE : REASON_SCHEME_NOT_ALLOWED;
}

bool target_equal(const struct target *a, const struct target *b)
{
	return a->port == b->port && slice_equal(target_host(a), target_host(b));
}

bool target_is_agent_page(const struct target *t)
{
	return t->port == 80 && slice_equal(target_host(t), SLICE(NAME_OF_AGENT_PAGE));
}

size_t target_format(const struct target *t, char *ret_text, size_t size)
{
	bool brackets = t->kind == TARGET_ADDRESS && t->address.family == 6;

	assert(size >= LIMIT_NAME_BYTES + 9);
	int len = snprintf(ret_text, size, brackets ? "[%s]:%u" : "%s:%u", t->host, t->port);
	assert(len > 0 && (size_t)len < size);
	return (size_t)len;
}
