/* SPDX-License-Identifier: Apache-2.0 */
/* control/feed.h: the latest events, numbered, so that a client that comes back gets what it missed.
 * Traffic has a ring of its own: however much there is, decisions of people stay. Values only. */
#ifndef SALLYPORT_CONTROL_FEED_H
#define SALLYPORT_CONTROL_FEED_H

#include "base/limits.h"
#include "control/stream.h"

enum { FEED_BOOT_SIZE = 17, FEED_ID_SIZE = FEED_BOOT_SIZE + 21 };

struct feed_event {
	uint64_t number;
	enum stream_kind kind;
	char *text; /* as it goes out, "id: …\nevent: …\ndata: …\n\n"; owned */
	size_t len;
};

struct feed_ring {
	struct feed_event events[LIMIT_FEED_EVENTS];
	size_t first, count;
	uint64_t lost; /* number of the newest event of this ring that is not in it; 0: none */
};

struct feed {
	char boot[FEED_BOOT_SIZE]; /* differs from start to start */
	uint64_t last; /* number of the newest event, 0: none yet */
	struct feed_ring people, traffic;
};

/* A bit for each kind. */
static inline unsigned feed_bit(enum stream_kind kind)
{
	return 1u << (unsigned)kind;
}
/* Whether whoever wants `kinds` gets this one. */
bool feed_wants(unsigned kinds, enum stream_kind kind);

/* `boot`: word characters, at most FEED_BOOT_SIZE - 1. */
void feed_init(struct feed *f, const char *boot);
void feed_done(struct feed *f);

/* Keeps an event; `json` on one line. NULL without memory: it counts as lost. Valid until the next
 * call that changes the feed. */
const struct feed_event *feed_add(struct feed *f, enum stream_kind kind, struct slice json);
/* Something happened that nobody wanted to know: a client that comes back will not have it. */
void feed_skip(struct feed *f, enum stream_kind kind);

/* "BOOT-N" of the newest event. */
void feed_id(const struct feed *f, char ret_id[FEED_ID_SIZE]);
/* Whether a client that has this id gets all it missed of `kinds`; *ret_number is the id's then. */
bool feed_resumes(const struct feed *f, struct slice id, unsigned kinds, uint64_t *ret_number);
/* The first event behind `number` that whoever wants `kinds` gets; NULL: that was all. */
const struct feed_event *feed_after(const struct feed *f, uint64_t number, unsigned kinds);

#endif
