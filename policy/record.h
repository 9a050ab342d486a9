/* SPDX-License-Identifier: Apache-2.0 */
/* policy/record.h: one entry of a list, packed as tightly as a million of them ask for. Records
 * stand one behind the other in one block of memory and are named by their place (offset) in it.
 *
 *   struct record | ports 4 | hole 1 | bits 1, network 4 or 16 | attached 2 | own host | text
 *
 * Each optional part is there when its flag is. `text` is the pattern as written, escaped, with its
 * NUL; its beginning is the canonical host too, unless the own host stands before it. Records
 * attached to an entry (exceptions, address ranges) follow it. */
#ifndef SALLYPORT_POLICY_RECORD_H
#define SALLYPORT_POLICY_RECORD_H

#include "policy/hash.h"
#include "policy/pattern.h"
#include "policy/policy.h"

enum record_flag {
	RECORD_PORTS = 1, /* first and last port */
	RECORD_HOLE = 2, /* where the hole is */
	RECORD_V4 = 4, /* prefix length and network */
	RECORD_V6 = 8,
	RECORD_ATTACHED = 16, /* how many records follow that belong to this one */
	RECORD_OWN_HOST = 32, /* the text does not begin with the canonical host */
};

/* One more kind beside enum pattern_kind: tells that the name has holes below it. */
enum { RECORD_HOLES = PATTERN_RANGE + 1 };

struct record {
	uint32_t line;
	uint16_t file; /* number in the ruleset's table */
	uint8_t kind : 4; /* enum pattern_kind */
	uint8_t list : 1; /* enum policy_list */
	uint8_t protocol : 2; /* enum port_protocol + 1; 0 when the port decides */
	uint8_t flags; /* enum record_flag */
	uint8_t base_start; /* in the canonical host */
	uint8_t base_len;
	char rest[];
} __attribute__((packed, may_alias));

/* What a RECORD_HOLES record has in rest, unaligned. */
struct holes {
	uint32_t example; /* place of a hole record with the same base */
	uint64_t prefixes; /* bit n: a hole with n bytes before it, and no more behind it */
	uint64_t suffixes; /* bit n: a hole with n bytes behind it, and fewer before it */
};

/* What a record says beside its pattern. */
struct record_meta {
	enum policy_list list;
	uint8_t protocol; /* as in struct record */
	uint16_t file;
	uint32_t line;
	uint16_t attached;
	struct slice text; /* as written, escaped */
};

/* Bytes that record_write will need at most. */
size_t record_bound(const struct record_meta *meta);

/* Writes a record to `at`, which has room for record_bound(). Returns its size. */
size_t record_write(char *at, const struct pattern *p, const struct record_meta *meta);

/* Size of a record that record_write wrote, without what is attached. */
size_t record_size(const struct record *r);

static inline bool record_has(const struct record *r, enum record_flag flag)
{
	return (r->flags & flag) != 0;
}

/* Where the text, or the own host before it, begins. */
static inline const char *record_host(const struct record *r)
{
	unsigned f = r->flags;

	return r->rest + (f & RECORD_PORTS ? 4 : 0) + (f & RECORD_HOLE ? 1 : 0) +
	       (f & RECORD_V4 ? 5 : 0) + (f & RECORD_V6 ? 17 : 0) + (f & RECORD_ATTACHED ? 2 : 0);
}

static inline struct slice record_base(const struct record *r)
{
	return slice_from(record_host(r) + r->base_start, r->base_len);
}

/* The pattern as written, escaped, NUL-terminated. */
static inline const char *record_text(const struct record *r)
{
	const char *host = record_host(r);

	return record_has(r, RECORD_OWN_HOST) ? host + r->base_start + r->base_len + 1 : host;
}

/* What stands before and behind the hole of a PATTERN_HOLE. */
void record_hole(const struct record *r, struct slice *ret_prefix, struct slice *ret_suffix);

/* The network of a PATTERN_RANGE, and its prefix length. */
struct address record_network(const struct record *r, unsigned *ret_bits);

/* Number of records attached. */
uint16_t record_attached(const struct record *r);

/* True when the record covers the port. Without ports an allow entry means 80 and 443, a deny entry
 * every port; so do attached records, which are written as of the deny list. *ret_span is how
 * many ports it covers. */
bool record_covers_port(const struct record *r, uint16_t port, uint32_t *ret_span);

/* True when the record's name pattern matches the host (not for RECORD_HOLES). Slow way, for
 * attached records. */
bool record_matches_name(const struct record *r, struct slice host);
bool record_matches_address(const struct record *r, const struct address *a);

#endif
