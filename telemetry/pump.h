/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/pump.h: records out of the rings into the sinks: the collector's delivery, JSON lines.
 * Counts what is lost on the way and makes a record of that too. Never waits. One thread. */
#ifndef SALLYPORT_TELEMETRY_PUMP_H
#define SALLYPORT_TELEMETRY_PUMP_H

#include "telemetry/delivery.h"
#include "telemetry/lines.h"

struct pump {
	struct ring **rings; /* borrowed */
	size_t ring_count;
	bool has_collector;
	struct delivery delivery;
	struct lines *lines; /* NULL: none wanted */
	struct digest *digest; /* borrowed; NULL: none wanted */
	struct view view;
	uint64_t dropped; /* records */
	uint64_t dropped_told; /* of them, in the log */
	uint64_t told_ms;
};

enum { PUMP_ERROR_BYTES = DELIVERY_ERROR_BYTES };

/* Embedded; all zero but rings and ring_count. Logs what an earlier process left. False with a
 * sentence; pump_done is due then as well. */
bool pump_init(
	struct pump *p, const struct exporter_options *options, char ret_error[PUMP_ERROR_BYTES]);
void pump_done(struct pump *p); /* safe on a zeroed one; the rings stay open */

/* Moves what can be moved without waiting. True when there were records. */
bool pump_turn(struct pump *p, uint64_t now_ms);
/* Milliseconds until pump_turn has something to do besides records; UINT32_MAX: never. */
uint32_t pump_due_ms(const struct pump *p, uint64_t now_ms);

/* The writers have stopped: true once everything is delivered, stored or written. Stores what the
 * collector does not take now. */
bool pump_empty(struct pump *p, uint64_t now_ms);
/* The end, with or without pump_empty: stores what it can, counts what it cannot. */
void pump_finish(struct pump *p);

/* Gives memory back while there is nothing to do. */
void pump_rest(struct pump *p);

struct exporter_counts pump_counts(const struct pump *p);

#endif
