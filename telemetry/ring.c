/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/ring.h"

#include "telemetry/ring_file.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

struct ring {
	struct ring_file file;
	struct ring_header *header;
	char *data; /* mapped twice in a row, so that no record wraps */
	uint64_t size;

	/* The writer's own. */
	uint64_t sequence; /* of the last record begun */
	uint64_t settled_seen; /* the reader's position as last looked up */
	bool woken;
	void (*wake)(void *owner);
	void *wake_owner;

	/* The reader's own, on another cache line. */
	_Alignas(64) uint64_t position;
	uint64_t sequence_read; /* of the last record read or given up */
	_Atomic uint64_t torn; /* records given up since ring_open */
	uint64_t torn_taken;
	uint64_t dropped_taken; /* of header.dropped */
	uint64_t reported_before; /* header.reported at ring_open */
	uint64_t recovered;
	uint64_t opened_at; /* the head at ring_open: from here on all is whole */
	bool foreign;
};

#define LOAD(x)         atomic_load_explicit(&(x), memory_order_relaxed)
#define STORE(x, value) atomic_store_explicit(&(x), (value), memory_order_relaxed)

static char *ring_at(const struct ring *r, uint64_t position)
{
	return r->data + (position & (r->size - 1));
}

static uint64_t record_sequence(const void *record)
{
	return ((const struct record *)record)->sequence;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Moves *position to the next whole record after `sequence`, before `head`. Steps over bytes that
 * are none, or that claim a number never given out; false when there is none left, *position is
 * `head` then. */
static bool record_find(const struct ring *r, uint64_t *position, uint64_t head, uint64_t sequence)
{
	const uint64_t begun = LOAD(r->header->begun);

	for (; *position < head; *position += 8) {
		const char *at = ring_at(r, *position);
		if (record_valid(at, head - *position) && record_sequence(at) > sequence &&
			record_sequence(at) <= begun)
			return true;
	}
	return false;
}

/* Counts what is missing before `sequence`; the first record of all may have any number. */
static void count_torn(struct ring *r, uint64_t sequence)
{
	STORE(r->torn, LOAD(r->torn) + (sequence - r->sequence_read - 1));
}

bool ring_read(struct ring *r, struct event *ret_event)
{
	uint64_t head = atomic_load_explicit(&r->header->head, memory_order_acquire);

	while (record_find(r, &r->position, head, r->sequence_read)) {
		const char *at = ring_at(r, r->position);
		uint64_t sequence = record_sequence(at);
		count_torn(r, sequence);
		r->sequence_read = sequence;
		r->position += ((const struct record *)(const void *)at)->len;
		if (record_decode(at, ret_event))
			return true;
		STORE(r->torn, LOAD(r->torn) + 1);
	}
	return false;
}

void ring_skip(struct ring *r)
{
	uint64_t head = atomic_load_explicit(&r->header->head, memory_order_acquire);
	struct event unwanted;

	while (r->position < r->opened_at && ring_read(r, &unwanted))
		;
	while (r->position < head) {
		const struct record *record = (const void *)ring_at(r, r->position);
		assert(record->magic == RECORD_MAGIC && record->len >= sizeof(*record));
		r->sequence_read = record->sequence;
		r->position += record->len;
	}
}

uint64_t ring_take_dropped(struct ring *r)
{
	uint64_t torn = LOAD(r->torn);
	uint64_t dropped = LOAD(r->header->dropped);
	uint64_t taken = torn - r->torn_taken + (dropped - r->dropped_taken);

	r->torn_taken = torn;
	r->dropped_taken = dropped;
	return taken;
}

struct ring_mark ring_mark(const struct ring *r)
{
	return (struct ring_mark){r->position, r->sequence_read, r->dropped_taken};
}

void ring_settle(struct ring *r, const struct ring_mark *mark)
{
	assert(mark->position >= LOAD(r->header->settled) && mark->position <= r->position);
	STORE(r->header->reported, mark->taken);
	/* First the number, then the place: whoever opens a ring that was killed in between reads
	 * the records again and takes their own numbers. */
	STORE(r->header->settled_sequence, mark->sequence);
	atomic_store_explicit(&r->header->settled, mark->position, memory_order_release);
}

bool ring_half_full(const struct ring *r)
{
	uint64_t settled = LOAD(r->header->settled);

	return LOAD(r->header->head) - settled > r->size / 2;
}

uint64_t ring_dropped(const struct ring *r)
{
	return LOAD(r->header->dropped) - r->reported_before + LOAD(r->torn);
}

uint64_t ring_recovered(const struct ring *r)
{
	return r->recovered;
}

bool ring_foreign(const struct ring *r)
{
	return r->foreign;
}

void ring_trim(struct ring *r)
{
	/* Pages of a shared mapping: only the page table entries go. */
	madvise(r->data, 2 * r->size, MADV_DONTNEED);
}

/* ---- writing ------------------------------------------------------------------------------ */

void ring_on_half(struct ring *r, void (*wake)(void *owner), void *owner)
{
	r->wake_owner = owner;
	r->wake = wake;
}

/* Bytes in use, by the reader's position as last seen; looks again when that matters. */
static uint64_t ring_used(struct ring *r, uint64_t head)
{
	if (head - r->settled_seen > r->size / 2)
		r->settled_seen = atomic_load_explicit(&r->header->settled, memory_order_acquire);
	return head - r->settled_seen;
}

bool ring_record(struct ring *r, const struct event *e)
{
	uint64_t head = LOAD(r->header->head);
	uint64_t used = ring_used(r, head);

	if (used + LIMIT_EVENT_BYTES > r->size) {
		STORE(r->header->dropped, LOAD(r->header->dropped) + 1);
		return false;
	}
	r->sequence++;
	STORE(r->header->begun, r->sequence);
	/* Killed between here and the release: begun is one ahead, and the record counts as torn. */
	atomic_signal_fence(memory_order_seq_cst);
	uint32_t len = record_encode(e, r->sequence, ring_at(r, head));
	atomic_store_explicit(&r->header->head, head + len, memory_order_release);
	if (used + len <= r->size / 2) {
		r->woken = false;
	} else if (!r->woken && r->wake) {
		r->woken = true;
		r->wake(r->wake_owner);
	}
	return true;
}

/* ---- opening ------------------------------------------------------------------------------ */

/* Walks what an earlier process left: how many whole records, and where the numbers stand. */
static void ring_recover(struct ring *r)
{
	struct ring_header *h = r->header;
	uint64_t head = LOAD(h->head);
	uint64_t position = LOAD(h->settled);
	uint64_t last = LOAD(h->settled_sequence);
	bool unread = position < head;

	r->opened_at = head;
	r->position = position;
	r->sequence_read = last;
	/* The first record says what was settled, if the killed process could not. */
	if (unread && record_valid(ring_at(r, position), head - position))
		r->sequence_read = record_sequence(ring_at(r, position)) - 1;
	last = r->sequence_read;
	while (record_find(r, &position, head, last)) {
		last = record_sequence(ring_at(r, position));
		position += ((struct record *)(void *)ring_at(r, position))->len;
		r->recovered++;
	}
	/* Begun and never finished, or gone with the end: no gap will ever show them. Their numbers
	 * are given out again. */
	if (LOAD(h->begun) > last)
		STORE(h->dropped, LOAD(h->dropped) + (LOAD(h->begun) - last));
	STORE(h->begun, last);
	r->sequence = last;
	r->settled_seen = LOAD(h->settled);
}

struct ring *ring_open(const char *path, size_t size)
{
	struct ring *r;

	assert(size >= RING_BYTES_LEAST && size <= RING_BYTES_MOST && (size & (size - 1)) == 0);
	r = aligned_alloc(64, (sizeof(*r) + 63) / 64 * 64);
	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	if (!ring_file_open(&r->file, path, size)) {
		free(r);
		return NULL;
	}
	r->header = r->file.header;
	r->data = r->file.data;
	r->size = r->file.size;
	r->foreign = r->file.foreign;
	r->reported_before = LOAD(r->header->reported);
	r->dropped_taken = r->reported_before;
	ring_recover(r);
	return r;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	bool empty = LOAD(r->header->settled) == LOAD(r->header->head) &&
		     LOAD(r->header->dropped) == LOAD(r->header->reported);
	ring_file_close(&r->file, empty);
	free(r);
}
