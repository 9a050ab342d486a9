/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/batch.h: records on their way into one request. Memory is mapped with the first record
 * and given back when the exporter rests. */
#ifndef SALLYPORT_TELEMETRY_BATCH_H
#define SALLYPORT_TELEMETRY_BATCH_H

#include "base/limits.h"
#include "telemetry/otlp.h"

#include <zlib.h>

/* The compressor that batches share; its memory comes and goes like theirs. */
struct packer {
	bool ready;
	z_stream stream;
};

struct batch {
	char *memory; /* NULL while there is nothing */
	size_t records_len;
	uint64_t records;
	uint64_t since_ms; /* when the first record came */
	bool gzip;
	struct slice body; /* the request, once sealed; ptr NULL before */
};

/* Appends a record. False without memory. The batch is neither full nor sealed; records of the
 * exporter itself (losses) may come on top. */
bool batch_add(struct batch *b, const struct event *e, const struct view *v, uint64_t observed_ns);

/* True when the next record belongs into the next batch. */
bool batch_full(const struct batch *b);

/* Makes the request of it: head and records. */
void batch_seal(struct batch *b, const struct otlp_origin *origin);

/* Compresses the request of a sealed batch, unless it is already or there is no memory. What
 * `body` was before stays where it is: a post of it may be under way. */
void batch_pack(struct batch *b, struct packer *packer);

/* Empty again, memory kept. */
void batch_clear(struct batch *b);

/* Gives the memory back; an empty batch only. */
void batch_rest(struct batch *b);
void packer_rest(struct packer *p);

#endif
