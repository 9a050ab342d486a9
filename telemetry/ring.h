/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/ring.h: one worker's records on their way to the exporter. One writer, one reader, no
 * lock. Lives in a file of the state directory mapped shared, so that what a killed process had
 * recorded is still there for the next one; anonymous memory when there is no directory.
 * The writer never waits: a full ring drops the record and counts it exactly. */
#ifndef SALLYPORT_TELEMETRY_RING_H
#define SALLYPORT_TELEMETRY_RING_H

#include "telemetry/event.h"

struct ring; /* opaque */

/* Maps a ring of `size` bytes (a power of two, at least 64 KiB) at `path`, or anonymously when path
 * is NULL. A file left by an earlier process keeps its unsettled records: they are read first.
 * NULL on failure, errno set. */
struct ring *ring_open(const char *path, size_t size);
/* Unmaps; the file stays when it holds unsettled records, else it is removed. NULL is fine. */
void ring_close(struct ring *r);

/* Writer. Copies the event (strings cut so that it fits LIMIT_EVENT_BYTES). False when it was
 * dropped and counted. Wait-free, no system call, unless the ring passes half full: then the
 * reader is woken once. */
bool ring_record(struct ring *r, const struct event *e);

/* What wakes the reader when the ring is half full; called on the writer's thread. */
void ring_on_half(struct ring *r, void (*wake)(void *owner), void *owner);

/* Reader. The next record not yet read, its slices borrowed from the ring until it is settled.
 * False when there is none. Torn or foreign bytes are skipped and counted as dropped. */
bool ring_read(struct ring *r, struct event *ret_event);

/* Reader. Position after the last record read; give it to ring_settle once the records before it
 * are delivered or in the spool: their space is free then and they will not be read again. */
uint64_t ring_position(const struct ring *r);
void ring_settle(struct ring *r, uint64_t position);

/* Records dropped since ring_open (full ring, torn records), exact; any thread. */
uint64_t ring_dropped(const struct ring *r);
/* Records found unsettled at ring_open: what the earlier process had not delivered. */
uint64_t ring_recovered(const struct ring *r);

#endif
