/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/exporter.h: one thread that takes records from the rings and delivers them: OTLP over
 * HTTP to the collector, through a bounded spool on disk while it is away; JSON lines to a file.
 * A slow or dead collector delays nobody. Source: OTLP 1.0 specification (OTLP/HTTP). */
#ifndef SALLYPORT_TELEMETRY_EXPORTER_H
#define SALLYPORT_TELEMETRY_EXPORTER_H

#include "telemetry/digest.h"
#include "telemetry/ring.h"

struct exporter_options {
	const char *endpoint; /* URL of /v1/logs, NULL: no collector */
	const char *headers; /* "Name: value" lines, or NULL */
	const char *ca; /* PEM file of trust roots, or NULL for the system's */
	const char *certificate;
	const char *key;
	bool gzip; /* every request */
	bool gzip_spool; /* what waits in the spool, and is sent from there */
	uint32_t timeout_ms; /* of one POST */
	const char *spool; /* file, NULL: batches wait in memory within spool_bytes */
	const char *ring_directory; /* ring files ring.NAME that a run with more workers left here
	                               are read and removed too; NULL: none */
	uint64_t spool_bytes; /* bound; beyond it the oldest batch is dropped and counted */
	const char *json; /* "stdout", a path, or NULL */
	struct digest
		*digest; /* gets every record; the caller's, outlives exporter_stop; or NULL */
	const char *service_name;
	const char *service_version;
	const char *resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES syntax, or NULL */
};

struct exporter; /* opaque */

struct exporter_counts {
	uint64_t delivered; /* records the collector accepted */
	uint64_t rejected; /* records it refused (partial success, 400) */
	uint64_t dropped; /* records lost: full spool, full ring, torn */
	uint64_t lines_dropped; /* JSON lines lost: nobody read them */
	uint64_t spooled; /* records waiting on disk now */
	uint64_t requests, failures;
};

/* Starts the thread. Copies the options; the rings stay the caller's and must outlive
 * exporter_stop. Sets each ring's ring_on_half. NULL on failure with a sentence in ret_error. */
struct exporter *exporter_start(const struct exporter_options *options, struct ring *const *rings,
	size_t ring_count, char *ret_error, size_t error_size);

/* Delivers or spools what the rings hold, within deadline_ms, then ends the thread and frees.
 * The writers must have stopped. Returns the last counts. */
struct exporter_counts exporter_stop(struct exporter *e, uint32_t deadline_ms);

struct exporter_counts exporter_counts(const struct exporter *e); /* any thread */

/* Wakes the thread; any thread. */
void exporter_wake(struct exporter *e);
/* Somebody looks on (or no longer does): until then records are in the digest within
 * EXPORTER_WATCHED_MS, however quiet it was before. Any thread. */
enum { EXPORTER_WATCHED_MS = 20 };
void exporter_watch(struct exporter *e, bool watched);

/* The file of JSON lines was moved away: open it anew. Any thread. */
void exporter_reopen(struct exporter *e);

#endif
