/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/ring_file.h: the file under a ring: created, checked, locked and mapped. What the bytes
 * mean is ring.c's. */
#ifndef SALLYPORT_TELEMETRY_RING_FILE_H
#define SALLYPORT_TELEMETRY_RING_FILE_H

#include "telemetry/record.h"

#include <stdatomic.h>

/* The first page of the file. Positions and counts only grow, over the life of the file; writer and
 * reader have a cache line each. */
struct ring_header {
	char magic[8];
	uint32_t layout; /* record_layout() of the build that wrote it */
	uint32_t page_bytes; /* where the data starts */
	uint64_t size; /* bytes of data, a power of two */

	_Alignas(64) _Atomic uint64_t head; /* the writer's position */
	_Atomic uint64_t begun; /* sequence of the last record begun */
	_Atomic uint64_t dropped; /* records that found no room, or were torn at the end */

	_Alignas(64) _Atomic uint64_t settled; /* the reader's position */
	_Atomic uint64_t settled_sequence; /* of the last record before it */
	_Atomic uint64_t reported; /* how many of `dropped` are reported */
};

struct ring_file {
	int fd; /* -1: none */
	char *path; /* NULL: anonymous */
	struct ring_header *header;
	char *data; /* size bytes, and the same again behind them */
	uint64_t size;
	bool foreign; /* what was there was no ring and is now PATH.bad */
};

/* Opens or creates, locks, checks and maps. An existing ring keeps its size while it holds
 * unsettled records. False with errno, nothing to undo. */
bool ring_file_open(struct ring_file *f, const char *path, size_t size);

/* Unmaps and unlocks; removes the file first when told. */
void ring_file_close(struct ring_file *f, bool remove);

#endif
