/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ruleset.h"

#include "policy/pages.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_BLOCK = 4096 };

bool ruleset_init(struct ruleset *rs)
{
	*rs = (struct ruleset){0};
	/* A kernel without entropy this early leaves the seed 0, which is only a known layout. */
	if (getrandom(&rs->seed, sizeof(rs->seed), GRND_NONBLOCK) < 0)
		rs->seed = 0;
	return index_init(&rs->index, 0);
}

void ruleset_done(struct ruleset *rs)
{
	for (size_t i = 0; i < rs->file_count; i++)
		free(rs->files[i]);
	free(rs->files);
	free(rs->block);
	index_done(&rs->index);
	filter_done(&rs->filter);
	*rs = (struct ruleset){0};
}

enum ruleset_result ruleset_file(struct ruleset *rs, struct slice name, uint16_t *ret_number)
{
	/* Entries of one file come one after the other: the newest file is nearly always the one. */
	for (size_t i = rs->file_count; i-- > 0;) {
		if (!slice_equal(slice_of(rs->files[i]), name))
			continue;
		*ret_number = (uint16_t)i;
		return RULESET_DONE;
	}
	if (rs->file_count == LIMIT_PATTERN_FILES)
		return RULESET_TOO_MANY;
	char **files = realloc(rs->files, (rs->file_count + 1) * sizeof(*files));
	if (!files)
		return RULESET_NO_MEMORY;
	rs->files = files;
	char *copy = malloc(name.len + 1);
	if (!copy)
		return RULESET_NO_MEMORY;
	if (name.len > 0)
		memcpy(copy, name.ptr, name.len);
	copy[name.len] = '\0';
	*ret_number = (uint16_t)rs->file_count;
	files[rs->file_count++] = copy;
	return RULESET_DONE;
}

static enum ruleset_result block_reserve(struct ruleset *rs, size_t more)
{
	size_t size = rs->size ? rs->size : FIRST_BLOCK;

	if (rs->len + more > UINT32_MAX - 1)
		return RULESET_TOO_MANY; /* places are 32 bits, and the last value means none */
	while (size < rs->len + more)
		size *= 2;
	if (size == rs->size)
		return RULESET_DONE;
	char *block = realloc(rs->block, size);
	if (!block)
		return RULESET_NO_MEMORY;
	rs->block = block;
	rs->size = size;
	return RULESET_DONE;
}

enum ruleset_result ruleset_append(
	struct ruleset *rs, const struct pattern *p, const struct record_meta *meta)
{
	enum ruleset_result result = block_reserve(rs, record_bound(meta));

	if (result == RULESET_DONE)
		rs->len += record_write(rs->block + rs->len, p, meta);
	return result;
}

void ruleset_cut(struct ruleset *rs, size_t len)
{
	rs->len = len;
}

static struct holes holes_of(const struct record *r)
{
	struct holes holes;

	memcpy(&holes, r->rest, sizeof(holes));
	return holes;
}

struct slice ruleset_base(const struct ruleset *rs, const struct record *r)
{
	if (r->kind == RECORD_HOLES)
		r = ruleset_record(rs, holes_of(r).example);
	return record_base(r);
}

/* Notes that there is something to be found at a base. */
static void note_base(struct ruleset *rs, struct slice base)
{
	unsigned depth = base.len > 0;

	for (size_t i = 0; i < base.len; i++)
		depth += base.ptr[i] == '.';
	rs->depths[depth / 64] |= UINT64_C(1) << depth % 64;
	if (depth > rs->deepest)
		rs->deepest = depth;
}

static uint64_t base_key(const struct ruleset *rs, struct slice base)
{
	return hash_bytes(rs->seed, base.ptr, base.len);
}

/* The part of a hole that it is found by: the longer one, the front when both are equal. */
static struct slice hole_part(const struct record *r, bool *ret_is_prefix)
{
	struct slice prefix, suffix;

	record_hole(r, &prefix, &suffix);
	*ret_is_prefix = prefix.len >= suffix.len;
	return *ret_is_prefix ? prefix : suffix;
}

static uint64_t record_key(const struct ruleset *rs, const struct record *r)
{
	unsigned bits;
	bool is_prefix;

	if (r->kind == PATTERN_RANGE) {
		struct address network = record_network(r, &bits);
		return ruleset_range_key(rs->seed, &network, bits);
	}
	uint64_t key = base_key(rs, ruleset_base(rs, r));
	if (r->kind != PATTERN_HOLE)
		return key;
	struct slice part = hole_part(r, &is_prefix);
	return ruleset_hole_key(key, is_prefix, part);
}

/* The line of the filter that a record's key is in. */
static struct filter_line *record_line(
	const struct ruleset *rs, const struct record *r, uint64_t key)
{
	unsigned labels = 0;

	if (r->kind > PATTERN_FROM && r->kind != RECORD_HOLES)
		return filter_line(&rs->filter, key);
	struct slice base = ruleset_base(rs, r);
	for (size_t start = base.len; start-- > 0;)
		if (base.ptr[start] == '.' && ++labels == RULESET_GROUP_LABELS)
			return filter_line(&rs->filter, base_key(rs, slice_after(base, start + 1)));
	return filter_line(&rs->filter, key);
}

static size_t size_at(const struct ruleset *rs, uint32_t place)
{
	const struct record *r = ruleset_record(rs, place);

	if (r->kind == RECORD_HOLES)
		return sizeof(*r) + sizeof(struct holes);
	return record_size(r);
}

uint32_t ruleset_next(const struct ruleset *rs, uint32_t place)
{
	uint16_t attached = record_attached(ruleset_record(rs, place));

	do
		place += (uint32_t)size_at(rs, place);
	while (attached-- > 0);
	return place;
}

static bool is_indexed(const struct record *r)
{
	return r->kind != PATTERN_ANY;
}

static bool make_filter(struct ruleset *rs)
{
	if (!filter_init(&rs->filter, rs->index.count))
		return false;
	for (uint32_t place = 0; place < rs->len; place = ruleset_next(rs, place)) {
		const struct record *r = ruleset_record(rs, place);
		if (!is_indexed(r))
			continue;
		uint64_t key = record_key(rs, r);
		filter_add(record_line(rs, r, key), key);
	}
	return true;
}

/* Moves what stands before `end` into an index for `count` places. The records are read in their
 * order, which the memory is quick at, and the buckets of sixteen of them fetched at once. */
static bool reindex(struct ruleset *rs, size_t count, uint32_t end)
{
	struct index larger;
	uint64_t keys[16];
	uint32_t places[16];
	size_t waiting = 0;

	if (!index_init(&larger, count))
		return false;
	for (uint32_t place = 0; place < end; place = ruleset_next(rs, place)) {
		if (!is_indexed(ruleset_record(rs, place)))
			continue;
		places[waiting] = place;
		keys[waiting] = record_key(rs, ruleset_record(rs, place));
		index_prefetch(&larger, keys[waiting]);
		if (++waiting == 16)
			for (; waiting > 0; waiting--)
				index_insert(&larger, keys[waiting - 1], places[waiting - 1]);
	}
	for (; waiting > 0; waiting--)
		index_insert(&larger, keys[waiting - 1], places[waiting - 1]);
	index_done(&rs->index);
	rs->index = larger;
	return true;
}

/* Same pattern apart from ports: what one lookup finds together. */
static bool same_pattern(const struct record *a, const struct record *b)
{
	unsigned a_bits, b_bits;

	if (a->kind != b->kind)
		return false;
	if (a->kind == PATTERN_RANGE) {
		struct address a_network = record_network(a, &a_bits);
		struct address b_network = record_network(b, &b_bits);
		return a_bits == b_bits && address_equal(&a_network, &b_network);
	}
	size_t a_len = (size_t)a->base_start + a->base_len;
	size_t b_len = (size_t)b->base_start + b->base_len;
	return slice_equal(slice_from(record_host(a), a_len), slice_from(record_host(b), b_len));
}

static bool same_entry(const struct record *a, const struct record *b)
{
	return same_pattern(a, b) && a->list == b->list && a->protocol == b->protocol &&
	       !record_has(a, RECORD_ATTACHED) && !record_has(b, RECORD_ATTACHED) &&
	       record_has(a, RECORD_PORTS) == record_has(b, RECORD_PORTS) &&
	       (!record_has(a, RECORD_PORTS) || memcmp(a->rest, b->rest, 4) == 0);
}

static enum ruleset_result look_for(const struct ruleset *rs, uint64_t key, const struct record *r)
{
	uint32_t other;
	size_t count = 0;

	for (struct index_walk w = index_find(&rs->index, key); index_next(&w, &other);) {
		const struct record *o = ruleset_record(rs, other);
		if (same_entry(o, r))
			return RULESET_KNOWN;
		count += same_pattern(o, r);
	}
	return count < LIMIT_NAME_ENTRIES ? RULESET_DONE : RULESET_TOO_MANY;
}

/* Notes at the base of a hole that there is one. Adds a RECORD_HOLES at the end when it is the
 * first there. */
static enum ruleset_result enter_hole(struct ruleset *rs, uint32_t place)
{
	const struct record *r = ruleset_record(rs, place);
	struct slice base = record_base(r);
	struct record *mark = NULL;
	struct holes holes = {.example = place};
	bool is_prefix;
	uint32_t at;

	struct slice part = hole_part(r, &is_prefix);
	uint64_t key = base_key(rs, base);
	for (struct index_walk w = index_find(&rs->index, key); !mark && index_next(&w, &at);) {
		const struct record *o = ruleset_record(rs, at);
		if (o->kind == RECORD_HOLES && slice_equal(ruleset_base(rs, o), base))
			mark = (struct record *)(void *)(rs->block + at);
	}
	if (mark) {
		holes = holes_of(mark);
	} else {
		enum ruleset_result result =
			block_reserve(rs, sizeof(struct record) + sizeof(holes));
		if (result != RULESET_DONE)
			return result;
		mark = (struct record *)(void *)(rs->block + rs->len);
		*mark = (struct record){.kind = RECORD_HOLES};
		index_insert(&rs->index, key, (uint32_t)rs->len);
		rs->len += sizeof(struct record) + sizeof(holes);
		note_base(rs, record_base(ruleset_record(rs, place)));
	}
	*(is_prefix ? &holes.prefixes : &holes.suffixes) |= UINT64_C(1) << part.len;
	memcpy(mark->rest, &holes, sizeof(holes));
	return RULESET_DONE;
}

static enum ruleset_result enter_any(struct ruleset *rs, uint32_t place)
{
	for (uint32_t i = 0; i < rs->any_count; i++)
		if (same_entry(ruleset_record(rs, rs->any[i]), ruleset_record(rs, place)))
			return RULESET_KNOWN;
	if (rs->any_count == LIMIT_NAME_ENTRIES)
		return RULESET_TOO_MANY;
	rs->any[rs->any_count++] = place;
	return RULESET_DONE;
}

/* Notes which lookups can find the entry at all. */
static void note_reach(struct ruleset *rs, const struct record *r)
{
	unsigned bits;

	if (r->kind == PATTERN_RANGE) {
		struct address network = record_network(r, &bits);
		uint64_t *lengths = network.family == 4 ? &rs->v4_lengths : rs->v6_lengths;
		lengths[bits / 64] |= UINT64_C(1) << bits % 64;
	} else if (r->kind != PATTERN_HOLE) {
		note_base(rs, record_base(r));
	}
}

static enum ruleset_result enter_keyed(struct ruleset *rs, uint32_t place)
{
	const struct record *r = ruleset_record(rs, place);
	uint64_t key = record_key(rs, r);
	enum ruleset_result result = look_for(rs, key, r);

	if (result != RULESET_DONE)
		return result;
	/* There is room for two then: a hole may need a RECORD_HOLES beside it. */
	if (index_is_full(&rs->index) && !reindex(rs, rs->index.count * (size_t)2, place))
		return RULESET_NO_MEMORY;
	if (r->kind == PATTERN_HOLE)
		result = enter_hole(rs, place);
	if (result != RULESET_DONE)
		return result;
	index_insert(&rs->index, key, place);
	note_reach(rs, ruleset_record(rs, place));
	return RULESET_DONE;
}

enum ruleset_result ruleset_enter(struct ruleset *rs, uint32_t place)
{
	const struct record *r = ruleset_record(rs, place);
	enum policy_list list = r->list;

	if (rs->entry_count[LIST_ALLOW] + rs->entry_count[LIST_DENY] == LIMIT_PATTERNS)
		return RULESET_TOO_MANY;
	enum ruleset_result result =
		r->kind == PATTERN_ANY ? enter_any(rs, place) : enter_keyed(rs, place);
	if (result == RULESET_DONE)
		rs->entry_count[list]++;
	return result;
}

bool ruleset_trim(struct ruleset *rs)
{
	size_t size = rs->len;
	char *block = pages_alloc(&size);

	if (!block)
		return false;
	if (rs->len > 0)
		memcpy(block, rs->block, rs->len);
	free(rs->block);
	rs->block = block;
	rs->size = size;
	return reindex(rs, rs->index.count, (uint32_t)rs->len) && make_filter(rs);
}

size_t ruleset_size(const struct ruleset *rs)
{
	size_t bytes =
		rs->size + rs->index.size + rs->filter.size + rs->file_count * sizeof(*rs->files);

	for (size_t i = 0; i < rs->file_count; i++)
		bytes += strlen(rs->files[i]) + 1;
	return bytes;
}
