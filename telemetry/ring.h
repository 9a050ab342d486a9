/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/ring.h: one worker's records on their way to the exporter. One writer, one reader, no
 * lock. Lives in a file of the state directory mapped shared, so that what a killed process had
 * recorded is still there for the next one; anonymous memory when there is no directory.
 * The writer never waits: a full ring drops the record and counts it exactly.
 *
 *   | header | settled records, free | read, not settled | not read | free |
 *                                    ^ settled           ^ read     ^ head
 *
 * The file is locked: no second process maps it. The kernel keeps what a killed process wrote; a
 * power failure may lose pages, which the check of each record finds and the sequence counts. */
#ifndef SALLYPORT_TELEMETRY_RING_H
#define SALLYPORT_TELEMETRY_RING_H

#include "telemetry/event.h"

enum { RING_BYTES_LEAST = 64 * 1024, RING_BYTES_MOST = 64 * 1024 * 1024 };
/* For a worker: a second of its busiest, 10000 records and more. */
enum { RING_BYTES_WORKER = 4 * 1024 * 1024 };

struct ring; /* opaque */

/* Maps a ring of `size` bytes (a power of two within the bounds above) at `path`, or anonymously
 * when path is NULL. A file left by an earlier process keeps its unsettled records, and its size
 * while it holds any: they are read first. A file that is no ring is renamed to `path`.bad, see
 * ring_foreign. NULL on failure, errno set: EWOULDBLOCK when another process has it. */
struct ring *ring_open(const char *path, size_t size);
/* Unmaps; the file stays when it holds unsettled records, else it is removed. NULL is fine. */
void ring_close(struct ring *r);

/* Writer. Copies the event (strings cut so that it fits LIMIT_EVENT_BYTES). False when it was
 * dropped and counted. Wait-free, no system call, unless the ring passes half full: then the
 * reader is woken once. */
bool ring_record(struct ring *r, const struct event *e);

/* What wakes the reader when the ring is half full; called on the writer's thread. Set before the
 * writer starts or while it is stopped; NULL: nothing. */
void ring_on_half(struct ring *r, void (*wake)(void *owner), void *owner);

/* Reader. The next record not yet read, its slices borrowed from the ring until it is settled.
 * False when there is none. Torn or foreign bytes are skipped and counted as dropped. */
bool ring_read(struct ring *r, struct event *ret_event);

/* Reader. Passes over all that ring_read would return, and counts what it would count. What this
 * process wrote is not looked into: a record costs a few instructions. */
void ring_skip(struct ring *r);

/* Reader. Records lost that no earlier call returned: to be put into a record of their own. */
uint64_t ring_take_dropped(struct ring *r);

/* How far the reader has come: with the records read and the losses taken. */
struct ring_mark {
	uint64_t position, sequence, taken;
};
struct ring_mark ring_mark(const struct ring *r);
/* Reader. What was read and taken up to the mark is delivered or in the spool: its space is free
 * then and nobody will read or count it again. Marks are settled in the order they were made. */
void ring_settle(struct ring *r, const struct ring_mark *mark);

/* Any thread: more than half of the space is not settled. */
bool ring_half_full(const struct ring *r);

/* Any thread: records dropped, exact: full ring and torn records since ring_open, and what an
 * earlier process counted but nobody reported. */
uint64_t ring_dropped(const struct ring *r);
/* Records found unsettled at ring_open: what the earlier process had not delivered. */
uint64_t ring_recovered(const struct ring *r);
/* True when ring_open found a file that is no ring of this build and moved it aside. */
bool ring_foreign(const struct ring *r);

/* Reader. Gives the pages of an idle ring back to the page cache; nothing is lost. */
void ring_trim(struct ring *r);

#endif
