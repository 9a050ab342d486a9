/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/spool.h: batches that wait for the collector, on disk, oldest first, up to a bound.
 * One SQLite file (WAL, synchronous NORMAL: a killed process loses nothing, a power failure at most
 * the last moments), opened with the first batch and removed after the last, so that a proxy whose
 * collector is well has none. One thread. */
#ifndef SALLYPORT_TELEMETRY_SPOOL_H
#define SALLYPORT_TELEMETRY_SPOOL_H

#include "base/slice.h"

struct spool; /* opaque */

struct spool_batch {
	int64_t id; /* from spool_store or spool_oldest */
	uint64_t records;
	uint64_t loss_records; /* of them, those that only report losses */
	uint64_t losses; /* what they report */
	bool gzip;
	struct slice body;
};

/*   path   file, NULL: in memory
 *   bytes  bound on the bodies; beyond it the oldest batch is dropped and counted
 * Opens what an earlier process left. A damaged file is renamed to `path`.bad with a line in the
 * log. NULL with a sentence in ret_error. */
struct spool *spool_new(const char *path, uint64_t bytes, char *ret_error, size_t error_size);
void spool_free(struct spool *s); /* NULL is fine; what is in the file stays */

/* Appends a batch; makes room for it by dropping the oldest ones, `keep` (an id that the collector
 * may have, or 0) excepted. False when the disk refuses: the batch stays the caller's. */
bool spool_store(struct spool *s, struct spool_batch *batch, int64_t keep);

/* The oldest batch; its body stays until the next call of this or of spool_remove. False when there
 * is none. */
bool spool_oldest(struct spool *s, struct spool_batch *ret_batch);

/* The batch was delivered or refused. */
void spool_remove(struct spool *s, const struct spool_batch *batch);

/* Records waiting. */
uint64_t spool_records(const struct spool *s);

/* Records dropped and not returned before, an earlier process's included. What a dropped batch had
 * reported as lost is among them, so that it is reported again: that much is in *ret_again. The
 * count stays in the file until spool_settle_dropped says that so many are reported and that is
 * delivered or stored. */
uint64_t spool_take_dropped(struct spool *s, uint64_t *ret_again);
void spool_settle_dropped(struct spool *s, uint64_t count);

#endif
