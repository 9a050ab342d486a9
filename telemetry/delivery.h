/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/delivery.h: batches to the collector, through the spool where it is away or slow.
 * Nothing here waits: delivery_turn looks at what happened and does what is due.
 *
 *   records ─→ open batch ─→ direct ──ack──→ rings settled
 *                  │            │ late, failed, or a ring half full
 *                  │            ↓
 *                  └──away──→ spool (rings settled) ──→ oldest first ──ack──→ removed
 *
 * While anything is in the spool, all goes through it: the collector sees the order of the batches.
 * One thread. */
#ifndef SALLYPORT_TELEMETRY_DELIVERY_H
#define SALLYPORT_TELEMETRY_DELIVERY_H

#include "telemetry/batch.h"
#include "telemetry/collector.h"
#include "telemetry/exporter.h"
#include "telemetry/spool.h"

/* A batch with what is settled once it is safe. */
struct parcel {
	struct batch batch;
	struct ring_mark *marks; /* one for each ring */
	uint64_t spool_dropped; /* of the spool's losses, reported within */
	uint64_t loss_records; /* records in it that report losses */
	uint64_t losses; /* what they report */
};

enum sending {
	SENDING_NOTHING,
	SENDING_DIRECT, /* `sent` itself: its records are not safe yet */
	SENDING_STORED, /* `stored`, which is in the spool */
};

struct delivery {
	struct collector *collector;
	struct spool *spool;
	bool gzip;
	bool gzip_spool;
	bool durable; /* the spool outlives the process */
	struct otlp_origin origin;
	struct packer packer;
	struct ring **rings; /* borrowed */
	size_t ring_count;

	struct parcel open, sent;
	enum sending sending;
	bool posted; /* the collector has it; false: waits for the end of the back-off */
	uint64_t sent_ms;
	struct spool_batch stored;
	int64_t in_doubt; /* id of the stored batch that the collector may have, 0: none */
	uint64_t away_since_ms; /* 0: the collector is well */
	uint64_t complained_ms; /* when a refusal was last logged */
	struct exporter_counts counts;
};

/* Embedded; all zero but rings and ring_count, which outlive it. False with a sentence. */
enum { DELIVERY_ERROR_BYTES = 256 };
bool delivery_init(struct delivery *d, const struct exporter_options *options,
	char ret_error[DELIVERY_ERROR_BYTES]);
void delivery_done(struct delivery *d); /* safe on a zeroed one */

/* True when the open batch takes another record. */
bool delivery_wants(const struct delivery *d);
/* Appends a record; false without memory: the record is not taken. */
bool delivery_add(struct delivery *d, const struct event *e, const struct view *v);

/* What is due: results, late batches into the spool, the next post.
 *   half_full  a ring needs its space: what is read becomes safe now */
void delivery_turn(struct delivery *d, uint64_t now_ms, bool half_full);

/* Milliseconds until delivery_turn has something to do by itself; UINT32_MAX: never. */
uint32_t delivery_due_ms(const struct delivery *d, uint64_t now_ms);

/* True when every record added is delivered or in a spool that outlives the process, and no answer
 * is to be expected right now. */
bool delivery_safe(const struct delivery *d, uint64_t now_ms);
/* True when it is worth waiting for the collector at the end: it is well, or there is no disk. */
bool delivery_well(const struct delivery *d);
/* Everything not safe goes to the spool, the post under way is forgotten. Returns the records that
 * will be lost with this process. */
uint64_t delivery_store(struct delivery *d);

/* Gives memory back while there is nothing to do. */
void delivery_rest(struct delivery *d);

#endif
