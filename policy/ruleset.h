/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ruleset.h: the records of all entries and the index over them. Grows while a policy is
 * built, is only read afterwards. How an entry is found:
 *
 *   a name pattern   by its base: one lookup for each end of the asked name
 *   a hole           by its base and the longer of the parts around the hole; the base itself has a
 *                    RECORD_HOLES record, which says what lengths of parts there are
 *   a range          by its network: one lookup for each prefix length in use
 *   *                in a list of its own
 *
 * Nearly all lookups are for what is not there, and the filter knows that without the index. */
#ifndef SALLYPORT_POLICY_RULESET_H
#define SALLYPORT_POLICY_RULESET_H

#include "policy/filter.h"
#include "policy/index.h"
#include "policy/record.h"

struct ruleset {
	uint64_t seed;
	char *block; /* the records */
	size_t len, size;
	struct index index;
	struct filter filter; /* over the keys in the index; made by ruleset_trim */
	uint64_t depths[2]; /* bit n: a base with n labels */
	unsigned deepest; /* the highest of them */
	uint64_t v4_lengths; /* bit n: a range with n bits */
	uint64_t v6_lengths[3];
	uint32_t any[LIMIT_NAME_ENTRIES]; /* places of the "*" entries */
	uint32_t any_count;
	char **files; /* names, in the order of first use */
	size_t file_count;
	uint32_t entry_count[2]; /* by enum policy_list */
};

enum ruleset_result {
	RULESET_DONE,
	RULESET_KNOWN, /* the same entry is there already */
	RULESET_TOO_MANY, /* LIMIT_PATTERNS, LIMIT_NAME_ENTRIES or LIMIT_PATTERN_FILES */
	RULESET_NO_MEMORY,
};

/* False without memory. */
bool ruleset_init(struct ruleset *rs);
void ruleset_done(struct ruleset *rs); /* a zeroed one is fine */

/* The number of a file name, which is copied when it is new. */
enum ruleset_result ruleset_file(struct ruleset *rs, struct slice name, uint16_t *ret_number);

/* Writes a record at the end: an entry, or one attached to the entry before it. */
enum ruleset_result ruleset_append(
	struct ruleset *rs, const struct pattern *p, const struct record_meta *meta);

/* Makes the entry at `place`, behind which everything attached to it was appended, findable. Unless
 * this returns RULESET_DONE the caller drops the entry with ruleset_cut. */
enum ruleset_result ruleset_enter(struct ruleset *rs, uint32_t place);

/* Drops everything from `len` on; nothing of it may have been entered. */
void ruleset_cut(struct ruleset *rs, size_t len);

/* Ends the growing: makes the filter and gives back what is left over. Before, nothing can be
 * matched. False without memory; then only ruleset_done is left to do. */
bool ruleset_trim(struct ruleset *rs);

/* Bytes of memory, apart from the struct itself. */
size_t ruleset_size(const struct ruleset *rs);

static inline const struct record *ruleset_record(const struct ruleset *rs, uint32_t place)
{
	return (const struct record *)(const void *)(rs->block + place);
}

/* The base of any record that has one, of RECORD_HOLES too. */
struct slice ruleset_base(const struct ruleset *rs, const struct record *r);

/* The place of the next record that is not attached to this one; rs->len behind the last. */
uint32_t ruleset_next(const struct ruleset *rs, uint32_t place);

/* The keys. That of a base is hash_bytes(seed, base). Keys of bases with three and more labels that
 * end in the same three share a line of the filter, all others have a line of their own. */
enum { RULESET_GROUP_LABELS = 3 };

static inline uint64_t ruleset_hole_key(uint64_t base_key, bool prefix, struct slice part)
{
	return hash_bytes(base_key ^ (prefix ? 0x5052 : 0x5355), part.ptr, part.len);
}

static inline uint64_t ruleset_range_key(
	uint64_t seed, const struct address *network, unsigned bits)
{
	return hash_bytes(seed ^ ((uint64_t)network->family << 8 | bits),
		(const char *)network->bytes, network->family == 4 ? 4 : 16);
}

#endif
