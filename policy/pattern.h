/* SPDX-License-Identifier: Apache-2.0 */
/* policy/pattern.h: what one entry of a list means, read from its text. Bytes in, a value out.
 * Source: shared design §4, table "Patterns". */
#ifndef SALLYPORT_POLICY_PATTERN_H
#define SALLYPORT_POLICY_PATTERN_H

#include "base/address.h"
#include "base/limits.h"
#include "base/slice.h"

enum pattern_kind {
	PATTERN_NAME, /* example.com */
	PATTERN_BELOW, /* *.example.com: any name below it */
	PATTERN_FROM, /* **.example.com: it and any name below it */
	PATTERN_HOLE, /* api-*.example.com: one label with a hole, which may be empty */
	PATTERN_ANY, /* * */
	PATTERN_RANGE, /* an address or a range of them */
};

/* Longest canonical text: "**." and a name; one with a hole is shorter. */
enum { PATTERN_HOST_SIZE = LIMIT_NAME_BYTES + 4 };

struct pattern {
	enum pattern_kind kind;
	bool has_ports; /* without: what the list means by no port */
	uint16_t port_first, port_last; /* 1..65535, in order */
	struct address network; /* RANGE; an IPv4-mapped one is stored as IPv4 */
	uint8_t prefix_bits; /* RANGE */
	uint8_t hole_at; /* HOLE: where the "*" stands in host */
	uint16_t base_start; /* all but RANGE and ANY: where in host the literal part starts */
	uint16_t host_len;
	char host[PATTERN_HOST_SIZE]; /* canonical, without ports; "" for RANGE */
};

/* Reads a pattern; NULL with *ret_pattern set, or why not: a sentence in ret_sentence, which says
 * what to write instead, with the bytes of the text escaped. */
bool pattern_parse(struct slice text, struct pattern *ret_pattern, char *ret_sentence, size_t size);

/* An address or a range without ports; IPv6 with or without brackets. Same returns. */
bool pattern_parse_range(
	struct slice text, struct pattern *ret_pattern, char *ret_sentence, size_t size);

/* The literal part of the name: "example.com" of "*.example.com". */
static inline struct slice pattern_base(const struct pattern *p)
{
	return slice_from(p->host + p->base_start, (size_t)(p->host_len - p->base_start));
}

#endif
