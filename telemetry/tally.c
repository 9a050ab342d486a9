/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/tally.h"

#include <assert.h>

static_assert(sizeof(((struct digest_name *)0)->host) - 1 <= UINT8_MAX, "host_len is a byte");

/* ---- by name: open addressing, linear probing --------------------------------------------- */

static uint32_t hash_of(struct slice host, uint16_t port)
{
	uint64_t h = port + 0x9e3779b97f4a7c15u;
	uint64_t word;

	for (; host.len >= sizeof(word); host = slice_after(host, sizeof(word))) {
		memcpy(&word, host.ptr, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	word = host.len;
	for (size_t i = 0; i < host.len; i++)
		word = word << 8 | (unsigned char)host.ptr[i];
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h >> 32);
}

static struct slice host_of(const struct tally *t, size_t name)
{
	return slice_from(t->names[name].host, t->host_len[name]);
}

/* The slot of the name, or the free one where it belongs. A quarter of the slots is used at most. */
static size_t slot_of(const struct tally *t, uint32_t hash, struct slice host, uint16_t port)
{
	size_t slot = hash % TALLY_SLOTS;

	for (; t->slots[slot] != 0; slot = (slot + 1) % TALLY_SLOTS) {
		size_t name = t->slots[slot] - 1u;
		if (t->hashes[name] == hash && t->names[name].port == port &&
			slice_equal(host_of(t, name), host))
			break;
	}
	return slot;
}

/* Empties the slot and moves up whom a search would no longer find behind the gap. */
static void slot_clear(struct tally *t, size_t gap)
{
	for (size_t at = (gap + 1) % TALLY_SLOTS; t->slots[at] != 0; at = (at + 1) % TALLY_SLOTS) {
		size_t home = t->hashes[t->slots[at] - 1] % TALLY_SLOTS;
		/* How far from home it is, and how far the gap is behind it. */
		if ((at - home) % TALLY_SLOTS < (at - gap) % TALLY_SLOTS)
			continue;
		t->slots[gap] = t->slots[at];
		gap = at;
	}
	t->slots[gap] = 0;
}

/* ---- by count: a binary heap -------------------------------------------------------------- */

static void heap_set(struct tally *t, size_t at, struct tally_weight weight)
{
	t->heap[at] = weight;
	t->heap_at[weight.name] = (uint16_t)at;
}

/* The weight at `at` grew: down with it. */
static void heap_sink(struct tally *t, size_t at)
{
	const struct tally_weight weight = t->heap[at];

	for (size_t child = 2 * at + 1; child < t->count; child = 2 * at + 1) {
		if (child + 1 < t->count && t->heap[child + 1].count < t->heap[child].count)
			child++;
		if (t->heap[child].count >= weight.count)
			break;
		heap_set(t, at, t->heap[child]);
		at = child;
	}
	heap_set(t, at, weight);
}

/* A new one at the end: up with it. */
static void heap_rise(struct tally *t, size_t at)
{
	const struct tally_weight weight = t->heap[at];

	for (; at > 0 && t->heap[(at - 1) / 2].count > weight.count; at = (at - 1) / 2)
		heap_set(t, at, t->heap[(at - 1) / 2]);
	heap_set(t, at, weight);
}

/* ---- names -------------------------------------------------------------------------------- */

/* A place for a new name: a free one, or that of the name with the lowest count. Its weight is at
 * the end or the top of the heap; `error` is what the former one had. */
static size_t make_place(struct tally *t, uint64_t *ret_error)
{
	if (t->count < TALLY_NAMES) {
		t->heap[t->count] = (struct tally_weight){.name = (uint16_t)t->count};
		heap_rise(t, t->count++);
		*ret_error = 0;
		return t->count - 1;
	}
	const struct tally_weight lowest = t->heap[0];
	slot_clear(t, slot_of(t, t->hashes[lowest.name], host_of(t, lowest.name),
			      t->names[lowest.name].port));
	*ret_error = lowest.count;
	return lowest.name;
}

/* The index of the name. */
static size_t find_or_add(struct tally *t, struct slice host, uint16_t port)
{
	uint32_t hash = hash_of(host, port);
	size_t slot = slot_of(t, hash, host, port);
	uint64_t error;

	if (t->slots[slot] != 0)
		return t->slots[slot] - 1u;
	size_t name = make_place(t, &error);
	struct digest_name *n = &t->names[name];
	t->hashes[name] = hash;
	t->host_len[name] = (uint8_t)host.len;
	memcpy(n->host, host.ptr, host.len);
	n->host[host.len] = '\0';
	n->port = port;
	n->denied = n->held = 0;
	n->error = error;
	/* Not the slot found before: a gap may have been closed since. */
	t->slots[slot_of(t, hash, host, port)] = (uint16_t)(name + 1);
	return name;
}

void tally_add(struct tally *t, const struct event *e)
{
	struct slice host = slice_first(e->host, sizeof(t->names[0].host) - 1);

	assert(host.len > 0 && e->decision != EVENT_ALLOW);
	size_t name = find_or_add(t, host, e->port);
	struct digest_name *n = &t->names[name];
	if (e->decision == EVENT_ASK)
		n->held++;
	else
		n->denied++;
	n->reason = e->reason;
	n->last_ms = e->time_ns / 1000000;
	t->heap[t->heap_at[name]].count++;
	heap_sink(t, t->heap_at[name]);
}
