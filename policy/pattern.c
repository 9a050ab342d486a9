/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pattern.h"

#include "base/escape.h"
#include "policy/idn.h"
#include "policy/name.h"
#include "policy/special.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_SIZE = 120 };

/* A pattern cut at its brackets, slash and colon. */
struct parts {
	struct slice host;
	struct slice bits; /* behind "/" */
	struct slice ports; /* behind ":" */
	bool brackets, has_bits, has_ports;
};

/* Where the sentence goes, and the text that it is about. */
struct complaint {
	struct slice text;
	char *ret_sentence;
	size_t size;
};

/* Writes `"TEXT" ` and then the formatted rest. Always false, to be returned. */
__attribute__((format(printf, 2, 3))) static bool refuse(
	const struct complaint *c, const char *format, ...)
{
	char shown[SHOWN_SIZE];
	va_list arguments;

	escape_text(c->text, shown, sizeof(shown));
	int len = snprintf(c->ret_sentence, c->size, "\"%s\" ", shown);
	if (len < 0 || (size_t)len >= c->size)
		return false;
	va_start(arguments, format);
	vsnprintf(c->ret_sentence + len, c->size - (size_t)len, format, arguments);
	va_end(arguments);
	return false;
}

/* Bytes that no pattern has, though not each of the others is right everywhere. */
static bool is_foreign(char byte)
{
	switch (byte) {
	case ' ':
	case '#':
	case ',':
	case '@':
	case '%':
	case '\\':
	case '?':
	case 0x7f:
		return true;
	default:
		return (uint8_t)byte < 0x20;
	}
}

static bool refuse_byte(const struct complaint *c, char byte)
{
	if (byte == ' ' || byte == '\t')
		return refuse(c, "holds white space: write one pattern per entry.");
	if (byte == '#' || byte == ',')
		return refuse(c,
			"holds \"%c\": write one pattern per entry, and comments outside the quotes.",
			byte);
	if ((uint8_t)byte < 0x20 || byte == 0x7f)
		return refuse(c,
			"holds a line break or another control byte: write one pattern per entry.");
	return refuse(
		c, "holds \"%c\", which no host has: write only the host and its port.", byte);
}

static bool check_bytes(const struct complaint *c)
{
	struct slice text = c->text;

	if (text.len == 0)
		return refuse(c, "is empty: write a name such as \"example.com\".");
	if (text.len > LIMIT_PATTERN_BYTES)
		return refuse(c, "is too long for a host name, which has at most 253 bytes.");
	if (slice_starts(slice_after(text, slice_find(text, ':')), SLICE("://")))
		return refuse(c,
			"is a URL: write only the host and its port, such as \"example.com:443\".");
	for (size_t i = 0; i < text.len; i++)
		if (is_foreign(text.ptr[i]))
			return refuse_byte(c, text.ptr[i]);
	return true;
}

static void cut_ports(struct slice rest, struct slice *ret_front, struct parts *parts)
{
	size_t colon = slice_find(rest, ':');

	*ret_front = slice_first(rest, colon);
	parts->has_ports = colon < rest.len;
	parts->ports = slice_after(rest, colon + 1);
}

static bool cut_brackets(const struct complaint *c, struct parts *parts)
{
	size_t end = slice_find(c->text, ']');
	struct slice between;

	if (end == c->text.len)
		return refuse(
			c, "opens a bracket and does not close it: write \"[2001:db8::1]:443\".");
	parts->brackets = true;
	parts->host = slice_from(c->text.ptr + 1, end - 1);
	cut_ports(slice_after(c->text, end + 1), &between, parts);
	if (between.len == 0)
		return true;
	if (between.ptr[0] != '/')
		return refuse(c,
			"goes on behind the bracket: write \"[2001:db8::1]:443\" or \"[2001:db8::]/32\".");
	parts->has_bits = true;
	parts->bits = slice_after(between, 1);
	return true;
}

static bool cut(const struct complaint *c, struct parts *parts)
{
	struct slice text = c->text;
	struct address v6;

	if (text.ptr[0] == '[')
		return cut_brackets(c, parts);
	size_t slash = slice_find(text, '/');
	if (slash < text.len) {
		parts->host = slice_first(text, slash);
		parts->has_bits = true;
		cut_ports(slice_after(text, slash + 1), &parts->bits, parts);
		return true;
	}
	cut_ports(text, &parts->host, parts);
	if (slice_find(parts->ports, ':') == parts->ports.len)
		return true;
	if (address_parse_ipv6(text, &v6))
		return refuse(c,
			"is an IPv6 address without brackets, which could be read as host and port: write \"[%.*s]\".",
			(int)text.len, text.ptr);
	return refuse(c,
		"has more than one colon: write \"host:port\", and an IPv6 address in brackets, such as \"[2001:db8::1]:443\".");
}

/* 1..5 digits without a leading zero; 0 for anything else, which is no port. */
static uint32_t number(struct slice digits)
{
	uint32_t value = 0;

	if (digits.len < 1 || digits.len > 5 || digits.ptr[0] == '0')
		return 0;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return 0;
		value = value * 10 + (uint32_t)(digits.ptr[i] - '0');
	}
	return value;
}

static bool read_ports(const struct complaint *c, struct slice ports, struct pattern *p)
{
	size_t dash = slice_find(ports, '-');
	uint32_t first = number(slice_first(ports, dash));
	uint32_t last = dash < ports.len ? number(slice_after(ports, dash + 1)) : first;

	if (slice_equal(ports, SLICE("*"))) {
		first = 1;
		last = UINT16_MAX;
	}
	if (first == 0 || last > UINT16_MAX || last < first)
		return refuse(c,
			"has no valid port behind the colon: write a port from 1 to 65535, a range such as \"8000-8100\", or \"*\".");
	p->has_ports = true;
	p->port_first = (uint16_t)first;
	p->port_last = (uint16_t)last;
	return true;
}

static bool has_host_bits(const struct address *a, unsigned bits, struct address *ret_network)
{
	size_t size = a->family == 4 ? 4 : 16;

	*ret_network = *a;
	for (size_t i = 0; i < size; i++) {
		unsigned keep = bits > i * 8 ? bits - (unsigned)i * 8 : 0;
		if (keep < 8)
			ret_network->bytes[i] &= (uint8_t)(0xff00u >> keep);
	}
	return !address_equal(a, ret_network);
}

static bool read_bits(const struct complaint *c, const struct parts *parts, struct pattern *p)
{
	unsigned most = p->network.family == 4 ? 32 : 128;
	unsigned bits = number(parts->bits);
	struct address network;
	char low[ADDRESS_TEXT_SIZE], whole[ADDRESS_TEXT_SIZE];

	if ((bits == 0 && !slice_equal(parts->bits, SLICE("0"))) || bits > most)
		return refuse(
			c, "has no valid prefix length behind the slash: write 0 to %u.", most);
	if (has_host_bits(&p->network, bits, &network)) {
		address_format(&network, low);
		address_format(&p->network, whole);
		return refuse(c,
			"has host bits set: write \"%s/%u\" for the range or \"%s%s%s\" for the one address.",
			low, bits, most == 32 ? "" : "[", whole, most == 32 ? "" : "]");
	}
	p->prefix_bits = (uint8_t)bits;
	return true;
}

/* An address, or a range when there are bits. The host is known to be meant as one. */
static bool read_range(const struct complaint *c, const struct parts *parts, struct pattern *p)
{
	p->kind = PATTERN_RANGE;
	if (parts->brackets && slice_find(parts->host, '/') < parts->host.len)
		return refuse(
			c, "has the prefix length inside the brackets: write \"[2001:db8::]/32\".");
	if (!address_parse_ipv6(parts->host, &p->network) &&
		(parts->brackets || !address_parse_ipv4(parts->host, &p->network))) {
		if (parts->brackets)
			return refuse(c,
				"has something other than an IPv6 address in its brackets: write \"[2001:db8::1]\", and names without brackets.");
		return refuse(c,
			"is neither an address range nor a host: write \"10.0.0.0/8\", or the host without its path.");
	}
	p->prefix_bits = p->network.family == 4 ? 32 : 128;
	if (parts->has_bits && !read_bits(c, parts, p))
		return false;
	struct address plain = special_unmapped(&p->network);
	if (plain.family != p->network.family && p->prefix_bits >= 96) {
		p->network = plain;
		p->prefix_bits = (uint8_t)(p->prefix_bits - 96);
	}
	return true;
}

/* Reads the leftmost label when it holds a "*". *ret_base is what follows its dot. */
static bool read_wildcard(
	const struct complaint *c, struct slice host, struct pattern *p, struct slice *ret_base)
{
	size_t dot = slice_find(host, '.');
	struct slice label = slice_first(host, dot);
	size_t star = slice_find(label, '*');
	size_t len = 0;

	*ret_base = host;
	p->kind = PATTERN_NAME;
	if (star == label.len)
		return true;
	*ret_base = slice_after(host, dot + 1);
	if (dot < host.len && ret_base->len == 0)
		return refuse(
			c, "has no name behind the wildcard: write \"*\" or \"*.example.com\".");
	if (slice_equal(label, SLICE("**")) && dot == host.len)
		return refuse(c, "names nothing that it includes: write \"*\" for any name.");
	if (slice_equal(label, SLICE("*")))
		p->kind = dot == host.len ? PATTERN_ANY : PATTERN_BELOW;
	else if (slice_equal(label, SLICE("**")))
		p->kind = PATTERN_FROM;
	else
		p->kind = PATTERN_HOLE;
	bool one_hole = slice_find(slice_after(label, star + 1), '*') == label.len - star - 1;
	if (p->kind == PATTERN_HOLE && (!one_hole || label.len > LIMIT_LABEL_BYTES))
		return refuse(c,
			"has more than one hole in a label, or too long a label: write \"api-*.example.com\".");
	p->hole_at = (uint8_t)star;
	for (; len < label.len; len++) {
		char byte = ascii_lower(label.ptr[len]);
		bool plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
		if (!plain && byte != '-' && byte != '_' && byte != '*')
			return refuse(c,
				"has a hole in a label that is not of a-z, 0-9, \"-\" and \"_\": write the label in its A-label form.");
		p->host[len] = byte;
	}
	if (ret_base->len > 0)
		p->host[len++] = '.';
	p->base_start = (uint16_t)len;
	p->host_len = (uint16_t)len;
	p->host[len] = '\0';
	return true;
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((uint8_t)text.ptr[i] >= 0x80)
			return false;
	return true;
}

/* The literal part of a name, U-labels converted. */
static bool read_base(const struct complaint *c, struct slice base, struct pattern *p)
{
	char converted[LIMIT_NAME_BYTES + 1];
	char name[NAME_TEXT_SIZE];
	size_t len;

	if (slice_find(base, '*') < base.len)
		return refuse(c,
			"has a \"*\" behind the leftmost label: write \"*.example.com\" for names below a name, and \"10.0.0.0/8\" for addresses.");
	if (!is_ascii(base)) {
		const char *why = idn_to_ascii(base, converted, &len);
		if (why)
			return refuse(c, "cannot be converted to A-labels: %s.", why);
		base = slice_from(converted, len);
	}
	/* A hole leaves room for what fills it, so that the whole may be a name. */
	size_t front = p->kind == PATTERN_HOLE ? p->base_start - 1u : 0;
	if (!name_canonical(base, name, &len) || front + len > LIMIT_NAME_BYTES)
		return refuse(c,
			"is not a host name: its labels are 1 to 63 of a-z, 0-9, \"-\" and \"_\", valid A-labels where they start with \"xn--\", and 253 bytes with their dots.");
	memcpy(p->host + p->base_start, name, len + 1);
	p->host_len = (uint16_t)(p->base_start + len);
	return true;
}

static bool read_name(const struct complaint *c, const struct parts *parts, struct pattern *p)
{
	struct slice base;

	if (!read_wildcard(c, parts->host, p, &base))
		return false;
	if (p->kind != PATTERN_NAME && base.len == 0)
		return true;
	if (!read_base(c, base, p))
		return false;
	if (!name_ends_in_number(pattern_base(p)))
		return true;
	if (p->kind != PATTERN_NAME)
		return refuse(c,
			"puts a wildcard before a number, and no name ends in one: write a range such as \"10.0.0.0/8\".");
	if (!address_parse_ipv4(pattern_base(p), &p->network))
		return refuse(c,
			"ends in a number but is no dotted quad: write four decimal numbers, such as \"192.0.2.7\".");
	p->kind = PATTERN_RANGE;
	p->prefix_bits = 32;
	p->host_len = 0;
	p->host[0] = '\0';
	return true;
}

bool pattern_parse(struct slice text, struct pattern *ret_pattern, char *ret_sentence, size_t size)
{
	struct complaint c = {text, ret_sentence, size};
	struct parts parts = {0};
	struct pattern p = {0};

	if (!check_bytes(&c) || !cut(&c, &parts))
		return false;
	if (parts.has_ports && !read_ports(&c, parts.ports, &p))
		return false;
	bool range = parts.brackets || parts.has_bits;
	if (!(range ? read_range : read_name)(&c, &parts, &p))
		return false;
	*ret_pattern = p;
	return true;
}

bool pattern_parse_range(
	struct slice text, struct pattern *ret_pattern, char *ret_sentence, size_t size)
{
	struct complaint c = {text, ret_sentence, size};
	struct parts parts = {0};
	struct pattern p = {0};
	struct address v6;

	if (!check_bytes(&c))
		return false;
	if (address_parse_ipv6(text, &v6))
		parts.host = text;
	else if (!cut(&c, &parts))
		return false;
	if (parts.has_ports)
		return refuse(&c,
			"has a port, which a range of addresses to resolve to has not: write \"10.20.0.0/16\".");
	if (!read_range(&c, &parts, &p))
		return false;
	*ret_pattern = p;
	return true;
}
