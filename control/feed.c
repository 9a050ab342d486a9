/* SPDX-License-Identifier: Apache-2.0 */
#include "control/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_DIGITS_MAX = 19 };

const char *stream_kind_word(enum stream_kind kind)
{
	static const char *const words[STREAM_KIND_COUNT] = {
		[STREAM_APPROVAL] = "approval",
		[STREAM_GRANT] = "grant",
		[STREAM_CONFIG] = "config",
		[STREAM_DECISION] = "decision",
		[STREAM_CLOSED] = "closed",
		[STREAM_GAP] = "gap",
	};

	return words[kind];
}

static bool is_traffic(enum stream_kind kind)
{
	return kind == STREAM_DECISION || kind == STREAM_CLOSED || kind == STREAM_GAP;
}

static unsigned traffic_bits(void)
{
	return feed_bit(STREAM_DECISION) | feed_bit(STREAM_CLOSED);
}

bool feed_wants(unsigned kinds, enum stream_kind kind)
{
	return (kinds & (kind == STREAM_GAP ? traffic_bits() : feed_bit(kind))) != 0;
}

void feed_init(struct feed *f, const char *boot)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->boot, sizeof(f->boot), "%s", boot);
}

static struct feed_event *at(const struct feed_ring *ring, size_t i)
{
	return (struct feed_event *)(uintptr_t)&ring->events[(ring->first + i) % LIMIT_FEED_EVENTS];
}

static void drop_first(struct feed_ring *ring)
{
	struct feed_event *event = at(ring, 0);

	if (ring->lost < event->number)
		ring->lost = event->number;
	free(event->text);
	*event = (struct feed_event){0};
	ring->first = (ring->first + 1) % LIMIT_FEED_EVENTS;
	ring->count--;
}

void feed_done(struct feed *f)
{
	while (f->people.count > 0)
		drop_first(&f->people);
	while (f->traffic.count > 0)
		drop_first(&f->traffic);
}

static struct feed_ring *ring_of(struct feed *f, enum stream_kind kind)
{
	return is_traffic(kind) ? &f->traffic : &f->people;
}

void feed_skip(struct feed *f, enum stream_kind kind)
{
	ring_of(f, kind)->lost = ++f->last;
}

const struct feed_event *feed_add(struct feed *f, enum stream_kind kind, struct slice json)
{
	struct feed_ring *ring = ring_of(f, kind);
	char *text;
	int len = asprintf(&text, "id: %s-%" PRIu64 "\nevent: %s\ndata: %.*s\n\n", f->boot,
		f->last + 1, stream_kind_word(kind), (int)json.len, json.ptr);

	if (len < 0) {
		feed_skip(f, kind);
		return NULL;
	}
	if (ring->count == LIMIT_FEED_EVENTS)
		drop_first(ring);
	struct feed_event *event = at(ring, ring->count++);
	*event = (struct feed_event){++f->last, kind, text, (size_t)len};
	return event;
}

/* ---- coming back -------------------------------------------------------------------------- */

void feed_id(const struct feed *f, char ret_id[FEED_ID_SIZE])
{
	snprintf(ret_id, FEED_ID_SIZE, "%s-%" PRIu64, f->boot, f->last);
}

static bool parse_id(const struct feed *f, struct slice id, uint64_t *ret_number)
{
	struct slice boot = slice_first(id, slice_find(id, '-'));
	struct slice digits = slice_after(id, boot.len + 1);
	uint64_t number = 0;

	if (!slice_equal(boot, slice_of(f->boot)) || digits.len == 0 ||
		digits.len > NUMBER_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	*ret_number = number;
	return number <= f->last;
}

bool feed_resumes(const struct feed *f, struct slice id, unsigned kinds, uint64_t *ret_number)
{
	uint64_t number;

	if (!parse_id(f, id, &number))
		return false;
	if ((kinds & traffic_bits()) && f->traffic.lost > number)
		return false;
	if ((kinds & ~traffic_bits()) && f->people.lost > number)
		return false;
	*ret_number = number;
	return true;
}

/* The first of the ring behind `number`, by halves: numbers grow. */
static const struct feed_event *first_after(
	const struct feed_ring *ring, uint64_t number, unsigned kinds)
{
	size_t low = 0, high = ring->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (at(ring, middle)->number > number)
			high = middle;
		else
			low = middle + 1;
	}
	while (low < ring->count && !feed_wants(kinds, at(ring, low)->kind))
		low++;
	return low < ring->count ? at(ring, low) : NULL;
}

const struct feed_event *feed_after(const struct feed *f, uint64_t number, unsigned kinds)
{
	const struct feed_event *a = first_after(&f->people, number, kinds);
	const struct feed_event *b = first_after(&f->traffic, number, kinds);

	if (!a || !b)
		return a ? a : b;
	return a->number < b->number ? a : b;
}
