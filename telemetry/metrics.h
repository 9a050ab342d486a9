/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/metrics.h: counters, gauges and histograms of one worker, written only by it, read by
 * anyone; and all of them as Prometheus text. Source: Prometheus exposition format 0.0.4. */
#ifndef SALLYPORT_TELEMETRY_METRICS_H
#define SALLYPORT_TELEMETRY_METRICS_H

#include "base/reason.h"
#include "telemetry/exporter.h"

#include <stdatomic.h>
#include <stdio.h>

enum metric_counter {
	COUNTER_CONNECTIONS, /* accepted from clients */
	COUNTER_REQUESTS, /* request heads judged, CONNECT included */
	COUNTER_ALLOWED,
	COUNTER_DENIED,
	COUNTER_HELD, /* requests that had to wait for a decision */
	COUNTER_BYTES_UP,
	COUNTER_BYTES_DOWN,
	COUNTER_DNS_QUERIES,
	COUNTER_DNS_CACHE_HITS,
	COUNTER_DIALS,
	COUNTER_POOL_HITS, /* requests sent on a kept upstream connection */
	COUNTER_ACCEPT_FAILURES, /* EMFILE and its like */
	COUNTER_COUNT
};
enum metric_gauge { GAUGE_SESSIONS, GAUGE_TUNNELS, GAUGE_HELD, GAUGE_POOLED, GAUGE_COUNT };
enum metric_histogram {
	HISTOGRAM_DNS_US,
	HISTOGRAM_DIAL_US,
	HISTOGRAM_SETUP_US, /* head complete to reply sent */
	HISTOGRAM_HELD_US, /* begin of holding to its end, whatever that is */
	HISTOGRAM_COUNT
};

enum { HISTOGRAM_BUCKETS = 16 };

struct histogram {
	_Atomic uint64_t bucket[HISTOGRAM_BUCKETS]; /* not cumulative */
	_Atomic uint64_t sum;
};

/* Embedded in a worker; zeroed is ready. One writer: plain relaxed loads and stores. */
struct metrics {
	_Atomic uint64_t counter[COUNTER_COUNT];
	_Atomic int64_t gauge[GAUGE_COUNT];
	struct histogram histogram[HISTOGRAM_COUNT];
	_Atomic uint64_t ended[REASON_COUNT];
};

void metrics_count(struct metrics *m, enum metric_counter counter, uint64_t by);
void metrics_gauge(struct metrics *m, enum metric_gauge gauge, int64_t by);
void metrics_observe(struct metrics *m, enum metric_histogram histogram, uint64_t us);
void metrics_ended(struct metrics *m, enum reason reason);

/* What the approval desk counts, as plain numbers: telemetry does not know the desk. */
struct metrics_desk {
	uint64_t pending, waiters, grants; /* now */
	uint64_t asked, approved, denied, expired, withdrawn; /* questions since the start */
	uint64_t refused; /* requests beyond the bounds on questions and waiters */
	uint64_t revoked; /* grants */
};
void metrics_write_desk(FILE *out, const struct metrics_desk *desk);

/* Sums the workers and writes the text, with the exporter's counts. */
void metrics_write(FILE *out, const struct metrics *const *workers, size_t worker_count,
	const struct exporter_counts *exporter);

#endif
