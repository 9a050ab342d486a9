/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/digest.h"

#include "telemetry/recent.h"
#include "telemetry/tally.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	MINUTE_MS = 60000,
	/* Rows copied under the lock before the exporter may have it. */
	LOCKED_ROWS = 8,
	/* Used entries as two bits each of so many: one that was not used counts as used with odds of
	 * 1 in 60,000 when 1,000 were, of 1 in 20 at LIMIT_DIGEST_ENTRIES. */
	ENTRY_BITS = 1 << 19,
	DIGEST_BYTES = 512 * 1024
};

struct digest {
	pthread_mutex_t lock;
	uint64_t sequence;
	struct digest_minute minutes[LIMIT_DIGEST_MINUTES]; /* by minute modulo their count */
	size_t entries;
	uint64_t entry_bits[ENTRY_BITS / 64];
	struct recent recent, blocked;
	struct tally tally;
};

static_assert(sizeof(struct digest) <= DIGEST_BYTES, "the bound on its memory");

struct digest *digest_new(void)
{
	/* So large a piece comes from the kernel: pages nobody touched cost nothing. */
	struct digest *d = calloc(1, sizeof(*d));

	if (d && pthread_mutex_init(&d->lock, NULL) != 0) {
		free(d);
		return NULL;
	}
	return d;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* Looking changes nothing but the lock. */
static struct digest *lock(const struct digest *d)
{
	struct digest *locked = (struct digest *)(uintptr_t)d;

	pthread_mutex_lock(&locked->lock);
	return locked;
}

static void unlock(struct digest *d)
{
	pthread_mutex_unlock(&d->lock);
}

/* ---- entries ------------------------------------------------------------------------------ */

/* A record holds no more of a file's name. */
enum { FILE_BYTES = 253 };

static uint64_t entry_hash(struct slice file, uint32_t line)
{
	uint64_t h = line + 0x9e3779b97f4a7c15u;
	uint64_t word;

	file = slice_first(file, FILE_BYTES);
	for (; file.len >= sizeof(word); file = slice_after(file, sizeof(word))) {
		memcpy(&word, file.ptr, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	word = file.len;
	for (size_t i = 0; i < file.len; i++)
		word = word << 8 | (unsigned char)file.ptr[i];
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

static bool bit_get(const struct digest *d, uint64_t bit)
{
	return d->entry_bits[bit / 64] >> bit % 64 & 1;
}

/* True when it was not set. */
static bool bit_set(struct digest *d, uint64_t bit)
{
	bool fresh = !bit_get(d, bit);

	d->entry_bits[bit / 64] |= (uint64_t)1 << bit % 64;
	return fresh;
}

static void entry_use(struct digest *d, struct slice file, uint32_t line)
{
	uint64_t h = entry_hash(file, line);

	if (d->entries > LIMIT_DIGEST_ENTRIES)
		return;
	bool first = bit_set(d, h % ENTRY_BITS);
	bool second = bit_set(d, (h >> 32) % ENTRY_BITS);
	d->entries += first || second;
}

bool digest_entry_used(const struct digest *d, struct slice file, uint32_t line)
{
	uint64_t h = entry_hash(file, line);
	struct digest *locked = lock(d);
	bool used = bit_get(locked, h % ENTRY_BITS) && bit_get(locked, (h >> 32) % ENTRY_BITS);

	unlock(locked);
	return used;
}

bool digest_entries_full(const struct digest *d)
{
	struct digest *locked = lock(d);
	bool full = locked->entries > LIMIT_DIGEST_ENTRIES;

	unlock(locked);
	return full;
}

/* ---- minutes ------------------------------------------------------------------------------ */

/* Records of an earlier run may come late: what is older than the slot's minute is past showing. */
static void minute_add(struct digest *d, const struct event *e)
{
	uint64_t number = e->time_ns / 1000000 / MINUTE_MS;
	struct digest_minute *m = &d->minutes[number % LIMIT_DIGEST_MINUTES];

	if (number * MINUTE_MS < m->start_ms)
		return;
	if (number * MINUTE_MS > m->start_ms)
		*m = (struct digest_minute){.start_ms = number * MINUTE_MS};
	m->allowed += e->decision == EVENT_ALLOW;
	m->denied += e->decision == EVENT_DENY;
	m->held += e->decision == EVENT_ASK;
}

size_t digest_minutes(
	const struct digest *d, uint64_t now_ms, struct digest_minute *ret, size_t size)
{
	size_t count = size < LIMIT_DIGEST_MINUTES ? size : LIMIT_DIGEST_MINUTES;
	uint64_t now = now_ms / MINUTE_MS;
	struct digest *locked = lock(d);

	for (size_t i = 0; i < count; i++) {
		uint64_t number = now - (count - 1 - i);
		const struct digest_minute *m = &locked->minutes[number % LIMIT_DIGEST_MINUTES];
		ret[i] = (struct digest_minute){.start_ms = number * MINUTE_MS};
		if (m->start_ms == ret[i].start_ms)
			ret[i] = *m;
	}
	unlock(locked);
	return count;
}

/* ---- rows --------------------------------------------------------------------------------- */

size_t digest_rows(const struct digest *d, uint64_t after, struct digest_row *ret, size_t size,
	uint64_t *ret_missed)
{
	size_t count = 0;
	bool more = true;

	/* Row n has the sequence n + 1. */
	*ret_missed = 0;
	while (more) {
		struct digest *locked = lock(d);
		const struct recent *r = &locked->recent;
		uint64_t oldest = recent_oldest(r);
		if (after < oldest) {
			*ret_missed += oldest - after;
			after = oldest;
		}
		for (int i = 0; i < LOCKED_ROWS && count < size && after < r->count; i++)
			recent_row(r, after++, &ret[count++]);
		more = count < size && after < r->count;
		unlock(locked);
	}
	return count;
}

size_t digest_blocked(const struct digest *d, struct digest_row *ret, size_t size)
{
	uint64_t next = UINT64_MAX; /* behind the next row, which goes down */
	size_t count = 0;
	bool more = true;

	while (more) {
		struct digest *locked = lock(d);
		const struct recent *r = &locked->blocked;
		uint64_t oldest = recent_oldest(r);
		next = next < r->count ? next : r->count;
		for (int i = 0; i < LOCKED_ROWS && count < size && next > oldest; i++)
			recent_row(r, --next, &ret[count++]);
		more = count < size && next > oldest;
		unlock(locked);
	}
	return count;
}

/* ---- names -------------------------------------------------------------------------------- */

struct weight {
	uint64_t count;
	size_t name;
};

static int compare(const void *a, const void *b)
{
	const struct weight *left = a, *right = b;

	return (left->count < right->count) - (left->count > right->count);
}

/* Sorted outside the lock; a name may have made way for another by the time it is copied. */
size_t digest_names(const struct digest *d, struct digest_name *ret, size_t size)
{
	struct weight weights[TALLY_NAMES];
	struct digest *locked = lock(d);
	size_t count = locked->tally.count;

	for (size_t i = 0; i < count; i++) {
		const struct digest_name *n = &locked->tally.names[i];
		weights[i] = (struct weight){n->denied + n->held, i};
	}
	unlock(locked);
	qsort(weights, count, sizeof(weights[0]), compare);
	count = count < size ? count : size;
	for (size_t i = 0; i < count; i++) {
		locked = lock(d);
		ret[i] = locked->tally.names[weights[i].name];
		unlock(locked);
	}
	return count;
}

/* ---- adding ------------------------------------------------------------------------------- */

static void add_decision(struct digest *d, const struct event *e)
{
	minute_add(d, e);
	if (e->rule.len > 0)
		entry_use(d, e->rule_file, e->rule_line);
	if (e->decision == EVENT_DENY)
		recent_add(&d->blocked, e, d->sequence);
	if (e->decision != EVENT_ALLOW && e->host.len > 0)
		tally_add(&d->tally, e);
}

void digest_add(struct digest *d, const struct event *e)
{
	if (e->name != EVENT_POLICY_DECISION && e->name != EVENT_CONNECTION_CLOSED)
		return;
	lock(d);
	recent_add(&d->recent, e, ++d->sequence);
	if (e->name == EVENT_POLICY_DECISION)
		add_decision(d, e);
	unlock(d);
}
