/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/metrics.h"

#include <assert.h>
#include <inttypes.h>

struct metric_text {
	const char *name;
	const char *help;
};

static const struct metric_text counters[COUNTER_COUNT] = {
	[COUNTER_CONNECTIONS] = {"connections_total", "Connections accepted from clients."},
	[COUNTER_REQUESTS] = {"requests_total", "Request heads judged, CONNECT included."},
	[COUNTER_ALLOWED] = {"allowed_total", "Requests that policy allowed."},
	[COUNTER_DENIED] = {"denied_total", "Requests that policy denied."},
	[COUNTER_HELD] = {"held_total", "Requests that had to wait for a decision."},
	[COUNTER_BYTES_UP] = {"bytes_up_total", "Bytes from clients to upstream hosts."},
	[COUNTER_BYTES_DOWN] = {"bytes_down_total", "Bytes from upstream hosts to clients."},
	[COUNTER_DNS_QUERIES] = {"dns_queries_total", "Names asked of the name servers."},
	[COUNTER_DNS_CACHE_HITS] = {"dns_cache_hits_total", "Names answered from the cache."},
	[COUNTER_DIALS] = {"dials_total", "Upstream connections begun."},
	[COUNTER_POOL_HITS] = {"pool_hits_total", "Requests sent on a kept upstream connection."},
	[COUNTER_ACCEPT_FAILURES] = {"accept_failures_total",
		"Accepts that failed, for instance for want of file descriptors."},
};

static const struct metric_text gauges[GAUGE_COUNT] = {
	[GAUGE_SESSIONS] = {"sessions", "Client connections now open."},
	[GAUGE_TUNNELS] = {"tunnels", "Tunnels now open."},
	[GAUGE_HELD] = {"held", "Requests now waiting for a decision."},
	[GAUGE_POOLED] = {"pooled", "Idle upstream connections now kept."},
};

/* An upper bound, inclusive; the last bucket of a histogram has none. */
struct bound {
	uint64_t us;
	const char *seconds;
};

/* For what machines do, and for what waits for people. */
static const struct bound quick[HISTOGRAM_BUCKETS - 1] = {
	{100, "0.0001"},
	{250, "0.00025"},
	{500, "0.0005"},
	{1000, "0.001"},
	{2500, "0.0025"},
	{5000, "0.005"},
	{10000, "0.01"},
	{25000, "0.025"},
	{50000, "0.05"},
	{100000, "0.1"},
	{250000, "0.25"},
	{500000, "0.5"},
	{1000000, "1"},
	{2500000, "2.5"},
	{10000000, "10"},
};

static const struct bound patient[HISTOGRAM_BUCKETS - 1] = {
	{10000, "0.01"},
	{50000, "0.05"},
	{100000, "0.1"},
	{500000, "0.5"},
	{1000000, "1"},
	{2500000, "2.5"},
	{5000000, "5"},
	{10000000, "10"},
	{15000000, "15"},
	{20000000, "20"},
	{30000000, "30"},
	{60000000, "60"},
	{120000000, "120"},
	{300000000, "300"},
	{900000000, "900"},
};

static const struct {
	struct metric_text text;
	const struct bound *bounds;
} histograms[HISTOGRAM_COUNT] = {
	[HISTOGRAM_DNS_US] = {{"dns_seconds", "Time to resolve a name, cache hits excluded."},
		quick},
	[HISTOGRAM_DIAL_US] = {{"dial_seconds", "Time to connect to an upstream host."}, quick},
	[HISTOGRAM_SETUP_US] = {{"setup_seconds",
					"Time from the complete request head to the reply to it."},
		quick},
	[HISTOGRAM_HELD_US] = {{"held_seconds", "Time that a request waited for a decision."},
		patient},
};

/* One writer: a load and a store are enough, and no locked instruction is needed. */
static void add(_Atomic uint64_t *value, uint64_t by)
{
	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + by,
		memory_order_relaxed);
}

static uint64_t load(const _Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

void metrics_count(struct metrics *m, enum metric_counter counter, uint64_t by)
{
	assert((unsigned)counter < COUNTER_COUNT);
	add(&m->counter[counter], by);
}

void metrics_gauge(struct metrics *m, enum metric_gauge gauge, int64_t by)
{
	assert((unsigned)gauge < GAUGE_COUNT);
	_Atomic int64_t *value = &m->gauge[gauge];
	atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + by,
		memory_order_relaxed);
}

void metrics_observe(struct metrics *m, enum metric_histogram histogram, uint64_t us)
{
	size_t i = 0;

	assert((unsigned)histogram < HISTOGRAM_COUNT);
	const struct bound *bounds = histograms[histogram].bounds;
	while (i < HISTOGRAM_BUCKETS - 1 && us > bounds[i].us)
		i++;
	add(&m->histogram[histogram].bucket[i], 1);
	add(&m->histogram[histogram].sum, us);
}

void metrics_ended(struct metrics *m, enum reason reason)
{
	assert((unsigned)reason < REASON_COUNT);
	add(&m->ended[reason], 1);
}

static void write_head(FILE *out, const char *name, const char *help, const char *type)
{
	fprintf(out, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n", name, help, name, type);
}

static void write_counters(FILE *out, const struct metrics *const *workers, size_t worker_count)
{
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		uint64_t sum = 0;
		for (size_t w = 0; w < worker_count; w++)
			sum += load(&workers[w]->counter[i]);
		write_head(out, counters[i].name, counters[i].help, "counter");
		fprintf(out, "sallyport_%s %" PRIu64 "\n", counters[i].name, sum);
	}
	for (size_t i = 0; i < GAUGE_COUNT; i++) {
		int64_t sum = 0;
		for (size_t w = 0; w < worker_count; w++)
			sum += atomic_load_explicit(&workers[w]->gauge[i], memory_order_relaxed);
		write_head(out, gauges[i].name, gauges[i].help, "gauge");
		fprintf(out, "sallyport_%s %" PRId64 "\n", gauges[i].name, sum);
	}
}

static void write_ended(FILE *out, const struct metrics *const *workers, size_t worker_count)
{
	write_head(out, "ended_total", "How requests and tunnels ended.", "counter");
	for (size_t i = 0; i < REASON_COUNT; i++) {
		uint64_t sum = 0;
		for (size_t w = 0; w < worker_count; w++)
			sum += load(&workers[w]->ended[i]);
		fprintf(out, "sallyport_ended_total{reason=\"%s\"} %" PRIu64 "\n",
			reason_word((enum reason)i), sum);
	}
}

/* Microseconds as seconds, without the rounding of floating point. */
static void write_seconds(FILE *out, uint64_t us)
{
	fprintf(out, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void write_histogram(
	FILE *out, size_t at, const struct metrics *const *workers, size_t worker_count)
{
	const char *name = histograms[at].text.name;
	const struct bound *bounds = histograms[at].bounds;
	uint64_t below = 0, sum = 0;

	write_head(out, name, histograms[at].text.help, "histogram");
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		for (size_t w = 0; w < worker_count; w++)
			below += load(&workers[w]->histogram[at].bucket[i]);
		fprintf(out, "sallyport_%s_bucket{le=\"%s\"} %" PRIu64 "\n", name,
			i < HISTOGRAM_BUCKETS - 1 ? bounds[i].seconds : "+Inf", below);
	}
	for (size_t w = 0; w < worker_count; w++)
		sum += load(&workers[w]->histogram[at].sum);
	fprintf(out, "sallyport_%s_sum ", name);
	write_seconds(out, sum);
	fprintf(out, "\nsallyport_%s_count %" PRIu64 "\n", name, below);
}

static void write_exporter(FILE *out, const struct exporter_counts *e)
{
	write_head(
		out, "telemetry_records_total", "Event records by what became of them.", "counter");
	fprintf(out,
		"sallyport_telemetry_records_total{outcome=\"delivered\"} %" PRIu64 "\n"
		"sallyport_telemetry_records_total{outcome=\"rejected\"} %" PRIu64 "\n"
		"sallyport_telemetry_records_total{outcome=\"dropped\"} %" PRIu64 "\n",
		e->delivered, e->rejected, e->dropped);
	write_head(
		out, "telemetry_spooled_records", "Event records waiting in the spool.", "gauge");
	fprintf(out, "sallyport_telemetry_spooled_records %" PRIu64 "\n", e->spooled);
	write_head(out, "telemetry_requests_total", "Requests sent to the collector.", "counter");
	fprintf(out, "sallyport_telemetry_requests_total %" PRIu64 "\n", e->requests);
	write_head(out, "telemetry_failures_total",
		"Requests to the collector that failed or were refused.", "counter");
	fprintf(out, "sallyport_telemetry_failures_total %" PRIu64 "\n", e->failures);
}

static void write_value(FILE *out, const struct metric_text *text, const char *type, uint64_t value)
{
	write_head(out, text->name, text->help, type);
	fprintf(out, "sallyport_%s %" PRIu64 "\n", text->name, value);
}

void metrics_write_desk(FILE *out, const struct metrics_desk *desk)
{
	const struct {
		struct metric_text text;
		uint64_t value;
	} gauges_now[] =
		{
			{{"questions_pending", "Questions that wait for a decision."},
				desk->pending},
			{{"waiters", "Connections that wait for a decision."}, desk->waiters},
			{{"grants", "Decisions that are in force."}, desk->grants},
		},
	  totals[] = {
		  {{"questions_total", "Questions asked."}, desk->asked},
		  {{"questions_refused_total",
			   "Requests beyond the bounds on questions and waiters."},
			  desk->refused},
		  {{"grants_revoked_total", "Decisions taken back."}, desk->revoked},
	  };

	for (size_t i = 0; i < sizeof(gauges_now) / sizeof(gauges_now[0]); i++)
		write_value(out, &gauges_now[i].text, "gauge", gauges_now[i].value);
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
		write_value(out, &totals[i].text, "counter", totals[i].value);
	write_head(out, "approvals_total", "How questions ended.", "counter");
	fprintf(out,
		"sallyport_approvals_total{outcome=\"approved\"} %" PRIu64 "\n"
		"sallyport_approvals_total{outcome=\"denied\"} %" PRIu64 "\n"
		"sallyport_approvals_total{outcome=\"expired\"} %" PRIu64 "\n"
		"sallyport_approvals_total{outcome=\"withdrawn\"} %" PRIu64 "\n",
		desk->approved, desk->denied, desk->expired, desk->withdrawn);
}

void metrics_write(FILE *out, const struct metrics *const *workers, size_t worker_count,
	const struct exporter_counts *exporter)
{
	write_head(out, "build_info", "The version that runs.", "gauge");
	fprintf(out, "sallyport_build_info{version=\"%s\"} 1\n", SALLYPORT_VERSION);
	write_counters(out, workers, worker_count);
	write_ended(out, workers, worker_count);
	for (size_t i = 0; i < HISTOGRAM_COUNT; i++)
		write_histogram(out, i, workers, worker_count);
	if (exporter)
		write_exporter(out, exporter);
}
