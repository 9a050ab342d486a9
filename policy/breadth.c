/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/breadth.h"

#include "policy/cover.h"
#include "policy/desk.h"
#include "policy/suffix.h"

#include <stdio.h>

/* The shortest prefixes of a range in a grant: what one registry ever gave to one owner. */
enum { SHORTEST_V4 = 8, SHORTEST_V6 = 16 };

/* Anybody may have names of his own directly below it, or it is a whole top level. */
static bool is_common(struct slice name)
{
	return slice_find(name, '.') == name.len || suffix_is_public(name.ptr);
}

/* The name without its leftmost label; empty behind the last one. */
static struct slice parent_of(struct slice name)
{
	return slice_after(name, slice_find(name, '.') + 1);
}

/* From the host to the base of a wildcard over it: is any of these names common? */
static bool reaches_common(struct slice host, struct slice base)
{
	for (; host.len > base.len; host = parent_of(host))
		if (is_common(host))
			return true;
	return is_common(base);
}

static const char *range_fault(const struct pattern *p)
{
	if (p->prefix_bits >= (p->network.family == 4 ? SHORTEST_V4 : SHORTEST_V6))
		return NULL;
	return "is too large a part of the address space for a grant: write at least /8, or /16 for IPv6.";
}

const char *breadth_fault(const struct pattern *p, const struct target *asked)
{
	struct slice base = pattern_base(p);
	struct slice host = base;

	if (p->kind == PATTERN_NAME)
		return NULL;
	if (p->kind == PATTERN_RANGE)
		return range_fault(p);
	if (p->kind == PATTERN_ANY || base.len == 0)
		return "covers every name, which no grant may: write the names that are meant.";
	if (asked && asked->kind == TARGET_NAME && slice_ends(target_host(asked), base))
		host = target_host(asked);
	if (!reaches_common(host, base))
		return NULL;
	return "reaches a public suffix or a whole top level, below which anybody may have names: write a narrower pattern.";
}

/* The name a wildcard would cover, with as little as possible in its place. */
static struct slice example_host(const struct pattern *p, char *ret_text, size_t size)
{
	struct slice host = slice_from(p->host, p->host_len);
	int len;

	switch (p->kind) {
	case PATTERN_BELOW:
		len = snprintf(ret_text, size, "_.%s", p->host + p->base_start);
		return slice_from(ret_text, (size_t)len);
	case PATTERN_HOLE:
		len = snprintf(
			ret_text, size, "%.*s%s", p->hole_at, p->host, p->host + p->hole_at + 1);
		return slice_from(ret_text, (size_t)len);
	case PATTERN_FROM:
		return pattern_base(p);
	case PATTERN_NAME:
	case PATTERN_ANY:
	case PATTERN_RANGE:
		break;
	}
	return host;
}

bool breadth_example(const struct pattern *p, struct target *ret_target)
{
	static const uint16_t usual[] = {443, 80};
	struct cover c = cover_of(p, true);
	char text[PATTERN_HOST_SIZE];

	if (p->kind == PATTERN_RANGE) {
		*ret_target = (struct target){.kind = TARGET_ADDRESS, .address = p->network};
		ret_target->host_len = (uint8_t)address_format(&p->network, ret_target->host);
	} else if (target_parse_name(example_host(p, text, sizeof(text)), ret_target) !=
		   REASON_NONE) {
		return false;
	}
	ret_target->port = c.port_first;
	for (size_t i = 2; i-- > 0;)
		if (cover_port(&c, usual[i]))
			ret_target->port = usual[i];
	return true;
}

/* ---- what a decider may widen to --------------------------------------------------------- */

/* The narrowest ones, and always the widest. */
enum { WIDER_BASES = DESK_WIDER / 2 };

static size_t list_bases(struct slice host, struct slice ret_bases[WIDER_BASES])
{
	size_t count = 0;

	for (struct slice base = parent_of(host); base.len > 0; base = parent_of(base)) {
		if (is_common(base))
			break;
		ret_bases[count < WIDER_BASES ? count++ : WIDER_BASES - 1] = base;
	}
	return count;
}

static void write_wider(char *ret_text, const char *wildcard, struct slice base)
{
	snprintf(ret_text, PATTERN_HOST_SIZE, "%s.%.*s", wildcard, (int)base.len, base.ptr);
}

size_t desk_wider(const struct target *target, char ret_patterns[][PATTERN_HOST_SIZE], size_t size)
{
	struct slice bases[WIDER_BASES], host = target_host(target);
	size_t count = 0;

	if (target->kind == TARGET_ADDRESS || is_common(host))
		return 0;
	size_t base_count = list_bases(host, bases);
	/* A registrable domain has nothing above it, but names below. */
	if (base_count == 0 && size > 0)
		write_wider(ret_patterns[count++], "**", host);
	for (size_t i = 0; i < base_count; i++) {
		for (int from = 0; from < 2 && count < size; from++)
			write_wider(ret_patterns[count++], from ? "**" : "*", bases[i]);
	}
	return count;
}
