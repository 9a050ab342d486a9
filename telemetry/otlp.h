/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/otlp.h: views as OTLP log records, and batches of them as export requests; what a
 * collector answers. Bytes only, no sockets. Messages are logs.proto's. Records are
 * written straight from the view, with the bytes that protobuf-c makes of them at a sixth of its
 * cost: a batch is never a tree in memory. What the collector answers is protobuf-c's to read.
 * Source: OTLP 1.0 specification; opentelemetry-proto logs v1; protobuf encoding. */
#ifndef SALLYPORT_TELEMETRY_OTLP_H
#define SALLYPORT_TELEMETRY_OTLP_H

#include "telemetry/view.h"

/* Most bytes that one view can become. */
#define OTLP_RECORD_BYTES (VIEW_SCRATCH_BYTES + 8 * 1024)
/* Room in front of the records for the request's, resource's and scope's heads. */
#define OTLP_HEAD_BYTES 8192

/* Who speaks: the resource and the scope of every request, encoded once. */
struct otlp_origin {
	size_t resource_len;
	size_t scope_len;
	char resource[OTLP_HEAD_BYTES - 512];
	char scope[256];
};

/* One attribute of the resource; both printable, valid UTF-8. */
struct otlp_attribute {
	struct slice key, value;
};

/* False when the attributes do not fit. */
bool otlp_origin_init(struct otlp_origin *o, const struct otlp_attribute *attributes, size_t count);

/* Appends one record to a request's list of records. `to` has OTLP_RECORD_BYTES of room.
 *   e  for times and trace, v  its view, observed_ns  when the exporter saw it, Unix time
 * Returns the bytes written. */
size_t otlp_encode_record(
	const struct event *e, const struct view *v, uint64_t observed_ns, char *to);

/* Writes the heads that make a request of records_len bytes of records. They end at `end`, where
 * the records start; OTLP_HEAD_BYTES before it are free. Returns where the request starts. */
char *otlp_encode_head(const struct otlp_origin *o, size_t records_len, char *end);

/* Records that an ExportLogsServiceResponse says were rejected, 0 also when it is malformed or
 * empty: the status said success. */
uint64_t otlp_rejected(struct slice response);

#endif
