/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/match.h"

#include "policy/name.h"

/* What is asked, and what was found. */
struct query {
	const struct ruleset *rs;
	struct slice host; /* empty for an address */
	const struct address *address; /* the address asked for, or that the name resolved to */
	uint16_t port;
	struct matches *matches;
	uint32_t named; /* for match_named_range */
};

/* Runs for each entry whose pattern matches, whatever its list and ports. */
typedef void (*visit_fn)(struct query *q, uint32_t place, unsigned rank);

/* An end of the asked name, and the key it would be stored under. */
struct end {
	uint64_t key;
	const struct filter_line *line;
	uint8_t start; /* in the name; the name's length for the root */
	uint8_t depth; /* labels */
};

#define INLINE static inline __attribute__((always_inline))

/* Where patterns stand among each other: the more labels are literal, the more specific; at equal
 * depth the whole name before "**" itself, a hole before any name below. */
enum { RANK_DEPTH = 4, RANK_WHOLE = 3, RANK_FROM = 2, RANK_HOLE = 2, RANK_BELOW = 1 };

INLINE void visit_hole(struct query *q, const struct end *e, uint64_t key, visit_fn visit)
{
	uint32_t place;

	if (!filter_holds(filter_line(&q->rs->filter, key), key))
		return;
	for (struct index_walk w = index_find(&q->rs->index, key); index_next(&w, &place);) {
		const struct record *r = ruleset_record(q->rs, place);
		if (r->kind == PATTERN_HOLE && record_matches_name(r, q->host))
			visit(q, place, e->depth * (unsigned)RANK_DEPTH + RANK_HOLE);
	}
}

INLINE void visit_holes(
	struct query *q, const struct end *e, const struct record *mark, visit_fn visit)
{
	size_t front = e->depth > 0 ? e->start - 1u : q->host.len;
	struct slice label = slice_first(q->host, front);
	struct holes holes;

	if (label.len > LIMIT_LABEL_BYTES || slice_find(label, '.') < label.len)
		return;
	memcpy(&holes, mark->rest, sizeof(holes));
	for (int is_prefix = 0; is_prefix < 2; is_prefix++) {
		uint64_t lengths = is_prefix ? holes.prefixes : holes.suffixes;
		for (; lengths; lengths &= lengths - 1) {
			size_t len = (size_t)__builtin_ctzll(lengths);
			if (len > label.len)
				break;
			struct slice part = is_prefix ? slice_first(label, len)
						      : slice_after(label, label.len - len);
			visit_hole(q, e, ruleset_hole_key(e->key, is_prefix, part), visit);
		}
	}
}

INLINE void visit_base(struct query *q, const struct end *e, uint32_t place, visit_fn visit)
{
	const struct record *r = ruleset_record(q->rs, place);
	/* The name may go on in the next line; fetch it along with the head. */
	__builtin_prefetch(q->rs->block + place + 48);
	unsigned rank = e->depth * (unsigned)RANK_DEPTH;
	bool whole = e->start == 0;

	if (r->kind > PATTERN_FROM && r->kind != RECORD_HOLES)
		return; /* another kind of key with the same tag */
	if (!slice_equal(ruleset_base(q->rs, r), slice_after(q->host, e->start)))
		return;
	if (r->kind == RECORD_HOLES) {
		if (!whole)
			visit_holes(q, e, r, visit);
	} else if (whole) {
		if (r->kind == PATTERN_NAME)
			visit(q, place, rank + RANK_WHOLE);
		else if (r->kind == PATTERN_FROM)
			visit(q, place, rank + RANK_FROM);
	} else if (r->kind != PATTERN_NAME) {
		visit(q, place, rank + RANK_BELOW);
	}
}

static bool depth_in_use(const struct ruleset *rs, unsigned depth)
{
	return rs->depths[depth / 64] >> depth % 64 & 1;
}

struct ends {
	size_t count;
	struct end end[LIMIT_NAME_LABELS + 1];
};

INLINE void add_end(const struct ruleset *rs, struct ends *ends, struct end e, uint64_t group)
{
	if (!depth_in_use(rs, e.depth))
		return;
	e.line = filter_line(&rs->filter, e.depth < RULESET_GROUP_LABELS ? e.key : group);
	__builtin_prefetch(e.line);
	ends->end[ends->count++] = e;
}

/* Lists the ends of the name that may be in the index, shortest first, and asks for their lines in
 * the filter, so that the memory answers all of them at once. */
INLINE void list_ends(const struct ruleset *rs, struct slice host, struct ends *ret_ends)
{
	uint64_t state = rs->seed;
	uint64_t word = 0;
	uint64_t key = hash_end(state, 0, 0);
	uint64_t group = key;
	unsigned depth = 0;

	ret_ends->count = 0;
	add_end(rs, ret_ends, (struct end){key, NULL, (uint8_t)host.len, 0}, group);
	for (size_t left = host.len; left > 0; left = left > 8 ? left - 8 : 0) {
		word = hash_load(host.ptr, host.len, left);
		uint64_t dots = hash_dots(word);
		while (dots) {
			unsigned above = (unsigned)__builtin_clzll(dots) / 8; /* bytes behind it */
			size_t start = left - above;
			uint64_t partial = above ? word >> (64 - 8 * above) << (64 - 8 * above) : 0;
			if (++depth > rs->deepest)
				return;
			key = hash_end(state, partial, host.len - start);
			group = depth == RULESET_GROUP_LABELS ? key : group;
			add_end(rs, ret_ends,
				(struct end){key, NULL, (uint8_t)start, (uint8_t)depth}, group);
			dots ^= UINT64_C(1) << (63 - 8 * above);
		}
		if (left >= 8) {
			state = hash_word(state, word);
			word = 0;
		}
	}
	if (++depth > rs->deepest)
		return;
	key = hash_end(state, word, host.len);
	group = depth == RULESET_GROUP_LABELS ? key : group;
	add_end(rs, ret_ends, (struct end){key, NULL, 0, (uint8_t)depth}, group);
}

/* Keeps the ends that the filter holds, and asks for their buckets. */
INLINE void keep_held(const struct ruleset *rs, struct ends *ends)
{
	size_t kept = 0;

	for (size_t i = 0; i < ends->count; i++) {
		if (!filter_holds(ends->end[i].line, ends->end[i].key))
			continue;
		index_prefetch(&rs->index, ends->end[i].key);
		ends->end[kept++] = ends->end[i];
	}
	ends->count = kept;
}

/* "*" names neither single labels nor localhost names: those are this network's and this machine's
 * own, and must be listed themselves. */
static bool named_by_any(struct slice host)
{
	return slice_find(host, '.') < host.len && !name_is_localhost(host);
}

INLINE void walk_name(struct query *q, visit_fn visit)
{
	struct ends ends;
	uint32_t place;

	list_ends(q->rs, q->host, &ends);
	keep_held(q->rs, &ends);
	for (size_t i = ends.count; i-- > 0;) {
		struct index_walk w = index_find(&q->rs->index, ends.end[i].key);
		while (index_next(&w, &place))
			visit_base(q, &ends.end[i], place, visit);
	}
	if (q->rs->any_count == 0 || !named_by_any(q->host))
		return;
	for (uint32_t i = 0; i < q->rs->any_count; i++)
		visit(q, q->rs->any[i], 0);
}

static struct address masked(const struct address *a, unsigned bits)
{
	struct address network = {.family = a->family};
	unsigned rest = bits % 8;

	memcpy(network.bytes, a->bytes, bits / 8);
	if (rest)
		network.bytes[bits / 8] = (uint8_t)(a->bytes[bits / 8] & (0xff00u >> rest));
	return network;
}

/* One lookup for each prefix length in use, the longest first. */
static void walk_address(struct query *q, visit_fn visit)
{
	const struct address *a = q->address;
	const uint64_t *lengths = a->family == 4 ? &q->rs->v4_lengths : q->rs->v6_lengths;
	uint32_t place;

	for (unsigned bits = a->family == 4 ? 33 : 129; bits-- > 0;) {
		if (!(lengths[bits / 64] >> bits % 64 & 1))
			continue;
		struct address network = masked(a, bits);
		uint64_t key = ruleset_range_key(q->rs->seed, &network, bits);
		if (!filter_holds(filter_line(&q->rs->filter, key), key))
			continue;
		for (struct index_walk w = index_find(&q->rs->index, key); index_next(&w, &place);)
			if (record_matches_address(ruleset_record(q->rs, place), a))
				visit(q, place, bits + 1);
	}
}

/* Walks the records attached to an entry for one that covers what is asked. */
static bool attached_covers(const struct query *q, const struct record *r)
{
	uint32_t span;

	for (uint16_t left = record_attached(r); left > 0; left--) {
		const char *next = (const char *)r + record_size(r);
		r = (const struct record *)(const void *)next;
		bool matches = r->kind == PATTERN_RANGE
				       ? q->address && record_matches_address(r, q->address)
				       : q->host.len > 0 && record_matches_name(r, q->host);
		if (matches && record_covers_port(r, q->port, &span))
			return true;
	}
	return false;
}

static void offer(struct candidate *best, struct candidate other)
{
	bool better = best->place == ENTRY_NONE || other.rank > best->rank ||
		      (other.rank == best->rank &&
			      (other.span < best->span ||
				      (other.span == best->span && other.place < best->place)));
	if (better)
		*best = other;
}

static void visit_best(struct query *q, uint32_t place, unsigned rank)
{
	const struct record *r = ruleset_record(q->rs, place);
	struct candidate found = {.place = place, .rank = (uint16_t)rank};
	bool covers = record_covers_port(r, q->port, &found.span);

	if (r->list == LIST_ALLOW)
		offer(covers ? &q->matches->allow : &q->matches->other_port, found);
	else if (covers && !attached_covers(q, r))
		offer(&q->matches->deny, found);
}

static const struct matches no_matches = {
	{.place = ENTRY_NONE}, {.place = ENTRY_NONE}, {.place = ENTRY_NONE}};

void match_name(const struct ruleset *rs, struct slice host, uint16_t port, struct matches *ret)
{
	struct query q = {.rs = rs, .host = host, .port = port, .matches = ret};

	*ret = no_matches;
	walk_name(&q, visit_best);
}

void match_address(
	const struct ruleset *rs, const struct address *a, uint16_t port, struct matches *ret)
{
	struct query q = {.rs = rs, .address = a, .port = port, .matches = ret};

	*ret = no_matches;
	walk_address(&q, visit_best);
}

static void visit_named(struct query *q, uint32_t place, unsigned rank)
{
	const struct record *r = ruleset_record(q->rs, place);
	uint32_t span;

	(void)rank;
	if (q->named == ENTRY_NONE && r->list == LIST_ALLOW &&
		record_covers_port(r, q->port, &span) && attached_covers(q, r))
		q->named = place;
}

uint32_t match_named_range(
	const struct ruleset *rs, struct slice host, uint16_t port, const struct address *a)
{
	struct query q = {.rs = rs, .host = host, .address = a, .port = port, .named = ENTRY_NONE};

	walk_name(&q, visit_named);
	return q.named;
}
