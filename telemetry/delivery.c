/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/delivery.h"

#include "base/log.h"
#include "telemetry/resource.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	PACE_MS = 50, /* between two posts, unless a batch is full */
	LATE_MS = 200, /* a post not answered by then is stored as well */
	LINGER_MS = 1000, /* how long records wait for company on their way to the spool */
	COMPLAIN_MS = 60000
};

/* ---- safe and settled --------------------------------------------------------------------- */

/* The parcel's records are delivered, refused or stored: nobody will read them again. */
static void parcel_settle(struct delivery *d, struct parcel *p)
{
	for (size_t i = 0; i < d->ring_count; i++)
		ring_settle(d->rings[i], &p->marks[i]);
	if (p->spool_dropped > 0)
		spool_settle_dropped(d->spool, p->spool_dropped);
	p->spool_dropped = p->loss_records = p->losses = 0;
}

/* From here on nothing is added. */
static void parcel_seal(struct delivery *d, struct parcel *p)
{
	if (p->batch.body.ptr)
		return;
	batch_seal(&p->batch, &d->origin);
	if (d->gzip)
		batch_pack(&p->batch, &d->packer);
	for (size_t i = 0; i < d->ring_count; i++)
		p->marks[i] = ring_mark(d->rings[i]);
}

static bool parcel_store(struct delivery *d, struct parcel *p)
{
	/* A tenth of the space keeps ten times the records while the collector is away. */
	if (d->gzip_spool)
		batch_pack(&p->batch, &d->packer);
	struct spool_batch stored = {
		.records = p->batch.records,
		.loss_records = p->loss_records,
		.losses = p->losses,
		.gzip = p->batch.gzip,
		.body = p->batch.body,
	};

	/* What the collector may have taken before it fell silent is offered until it says so: it
	 * must not count as lost. */
	if (!spool_store(d->spool, &stored, d->in_doubt))
		return false;
	parcel_settle(d, p);
	if (p == &d->sent) {
		d->stored = stored;
		d->in_doubt = stored.id;
	}
	return true;
}

/* The batch under way becomes safe while the collector takes its time. */
static void store_sent(struct delivery *d)
{
	if (d->sending == SENDING_DIRECT && parcel_store(d, &d->sent))
		d->sending = SENDING_STORED;
}

static void store_open(struct delivery *d)
{
	if (d->open.batch.records == 0)
		return;
	parcel_seal(d, &d->open);
	if (parcel_store(d, &d->open))
		batch_clear(&d->open.batch);
}

/* ---- results ------------------------------------------------------------------------------ */

static uint64_t sent_records(const struct delivery *d)
{
	return d->sending == SENDING_DIRECT ? d->sent.batch.records : d->stored.records;
}

/* Answered for good: the collector has it, or never will. */
static void sent_done(struct delivery *d)
{
	if (d->sending == SENDING_DIRECT)
		parcel_settle(d, &d->sent);
	else
		spool_remove(d->spool, &d->stored);
	d->in_doubt = 0;
	batch_clear(&d->sent.batch);
	d->sending = SENDING_NOTHING;
	d->posted = false;
}

static void on_acked(struct delivery *d, uint64_t now_ms, uint64_t rejected)
{
	uint64_t records = sent_records(d);

	if (rejected > records)
		rejected = records;
	d->counts.delivered += records - rejected;
	d->counts.rejected += rejected;
	if (rejected > 0 && now_ms - d->complained_ms >= COMPLAIN_MS) {
		d->complained_ms = now_ms;
		log_warning("the collector rejected %" PRIu64 " of %" PRIu64 " event records",
			rejected, records);
	}
	sent_done(d);
	if (d->away_since_ms) {
		log_info("the collector is back after %" PRIu64 " s; %" PRIu64
			 " event records waited for it",
			(now_ms - d->away_since_ms) / 1000, spool_records(d->spool) + records);
		d->away_since_ms = 0;
	}
}

static void on_refused(struct delivery *d, uint64_t now_ms)
{
	d->counts.failures++;
	d->counts.rejected += sent_records(d);
	if (now_ms - d->complained_ms >= COMPLAIN_MS) {
		d->complained_ms = now_ms;
		log_warning("%" PRIu64 " event records were refused and are not repeated: %s",
			sent_records(d), collector_failure(d->collector));
	}
	sent_done(d);
}

static void on_failed(struct delivery *d, uint64_t now_ms)
{
	d->counts.failures++;
	d->posted = false;
	if (!d->away_since_ms) {
		d->away_since_ms = now_ms ? now_ms : 1;
		log_warning("event records wait in the spool: %s", collector_failure(d->collector));
	}
	store_sent(d);
	/* In the spool it waits its turn, and it is the oldest there. */
	if (d->sending == SENDING_STORED) {
		batch_clear(&d->sent.batch);
		d->sending = SENDING_NOTHING;
	}
}

static void take_result(struct delivery *d, uint64_t now_ms)
{
	uint64_t rejected = 0;

	if (!d->posted)
		return;
	switch (collector_take(d->collector, now_ms, &rejected)) {
	case POST_ACKED:
		on_acked(d, now_ms, rejected);
		break;
	case POST_REFUSED:
		on_refused(d, now_ms);
		break;
	case POST_FAILED:
		on_failed(d, now_ms);
		break;
	case POST_NONE:
	case POST_PENDING:
		break;
	}
}

/* ---- what is due -------------------------------------------------------------------------- */

static bool sent_late(const struct delivery *d, uint64_t now_ms)
{
	return d->sending == SENDING_DIRECT && (!d->posted || now_ms - d->sent_ms >= LATE_MS);
}

/* Records in the open batch cannot go straight to the collector soon. */
static bool detour(const struct delivery *d, uint64_t now_ms)
{
	return d->sending == SENDING_STORED || spool_records(d->spool) > 0 ||
	       (d->sending == SENDING_NOTHING && !collector_ready(d->collector, now_ms));
}

static void make_safe(struct delivery *d, uint64_t now_ms, bool half_full)
{
	const struct batch *open = &d->open.batch;

	if (half_full || sent_late(d, now_ms))
		store_sent(d);
	if (open->records > 0 && detour(d, now_ms) &&
		(half_full || batch_full(open) || now_ms - open->since_ms >= LINGER_MS))
		store_open(d);
}

static void post(struct delivery *d, struct slice body, bool gzip, uint64_t now_ms)
{
	collector_post(d->collector, body, gzip);
	d->posted = true;
	d->sent_ms = now_ms;
	d->counts.requests++;
}

/* A post costs as much as a hundred records: those that come while one is under way go together. */
static bool open_ripe(const struct delivery *d, uint64_t now_ms)
{
	const struct batch *open = &d->open.batch;

	return open->records > 0 && (batch_full(open) || now_ms - d->sent_ms >= PACE_MS);
}

static void send_next(struct delivery *d, uint64_t now_ms)
{
	if (d->posted || !collector_ready(d->collector, now_ms))
		return;
	if (d->sending == SENDING_NOTHING && spool_oldest(d->spool, &d->stored)) {
		d->sending = SENDING_STORED;
		d->in_doubt = d->stored.id;
		post(d, d->stored.body, d->stored.gzip, now_ms);
		return;
	}
	if (d->sending == SENDING_NOTHING && open_ripe(d, now_ms)) {
		struct parcel sealed;
		parcel_seal(d, &d->open);
		sealed = d->open;
		d->open = d->sent;
		d->sent = sealed;
		d->sending = SENDING_DIRECT;
	}
	if (d->sending != SENDING_NOTHING)
		post(d, d->sent.batch.body, d->sent.batch.gzip, now_ms);
}

void delivery_turn(struct delivery *d, uint64_t now_ms, bool half_full)
{
	take_result(d, now_ms);
	if (d->open.batch.records > 0 && d->open.batch.since_ms == 0)
		d->open.batch.since_ms = now_ms;
	make_safe(d, now_ms, half_full);
	send_next(d, now_ms);
	d->counts.spooled = spool_records(d->spool);
}

uint32_t delivery_due_ms(const struct delivery *d, uint64_t now_ms)
{
	uint64_t due = UINT32_MAX;

	if (d->sending == SENDING_DIRECT)
		due = sent_late(d, now_ms) ? LINGER_MS : LATE_MS - (now_ms - d->sent_ms);
	if (!d->posted && (d->open.batch.records > 0 || spool_records(d->spool) > 0)) {
		uint64_t delay = collector_delay_ms(d->collector, now_ms);
		if (delay == 0 && spool_records(d->spool) == 0 && !open_ripe(d, now_ms))
			delay = PACE_MS - (now_ms - d->sent_ms);
		due = delay < due ? delay : due;
	}
	if (d->open.batch.records > 0 && due > LINGER_MS)
		due = LINGER_MS;
	return due < UINT32_MAX ? (uint32_t)due : UINT32_MAX;
}

bool delivery_wants(const struct delivery *d)
{
	return !batch_full(&d->open.batch);
}

bool delivery_add(struct delivery *d, const struct event *e, const struct view *v)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	uint64_t observed_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	/* The coarse clock is milliseconds behind; nothing is observed before it happened. */
	if (observed_ns < e->time_ns)
		observed_ns = e->time_ns;
	return batch_add(&d->open.batch, e, v, observed_ns);
}

/* ---- the end, and rest -------------------------------------------------------------------- */

bool delivery_safe(const struct delivery *d, uint64_t now_ms)
{
	/* A record in the spool that is just being delivered would be delivered twice. */
	if (d->posted && now_ms - d->sent_ms < LATE_MS)
		return false;
	return d->open.batch.records == 0 && d->sending != SENDING_DIRECT &&
	       (d->durable || spool_records(d->spool) == 0);
}

bool delivery_well(const struct delivery *d)
{
	return !d->durable || (d->away_since_ms == 0 && spool_records(d->spool) == 0);
}

uint64_t delivery_store(struct delivery *d)
{
	store_sent(d);
	store_open(d);
	d->counts.spooled = spool_records(d->spool);
	return d->durable ? 0 : d->counts.spooled;
}

void delivery_rest(struct delivery *d)
{
	if (d->open.batch.records > 0 || d->sending != SENDING_NOTHING)
		return;
	batch_rest(&d->open.batch);
	batch_rest(&d->sent.batch);
	packer_rest(&d->packer);
}

bool delivery_init(struct delivery *d, const struct exporter_options *options,
	char ret_error[DELIVERY_ERROR_BYTES])
{
	const struct collector_options collector = {
		.endpoint = options->endpoint,
		.headers = options->headers,
		.ca = options->ca,
		.certificate = options->certificate,
		.key = options->key,
		.timeout_ms = options->timeout_ms,
	};
	struct spool_batch oldest;

	d->gzip = options->gzip;
	d->gzip_spool = options->gzip || options->gzip_spool;
	d->durable = options->spool != NULL;
	d->spool = spool_new(options->spool, options->spool_bytes, ret_error, DELIVERY_ERROR_BYTES);
	if (!d->spool)
		return false;
	if (spool_oldest(d->spool, &oldest))
		d->in_doubt = oldest.id; /* the earlier process may have been posting it */
	d->collector = collector_new(&collector);
	d->open.marks = calloc(d->ring_count + 1, sizeof(*d->open.marks));
	d->sent.marks = calloc(d->ring_count + 1, sizeof(*d->sent.marks));
	if (!d->collector || !d->open.marks || !d->sent.marks) {
		snprintf(ret_error, DELIVERY_ERROR_BYTES, "out of memory");
		return false;
	}
	if (!resource_init(&d->origin, options->service_name, options->service_version,
		    options->resource_attributes)) {
		snprintf(ret_error, DELIVERY_ERROR_BYTES, "OTEL_RESOURCE_ATTRIBUTES is too long");
		return false;
	}
	return true;
}

void delivery_done(struct delivery *d)
{
	batch_clear(&d->open.batch);
	batch_clear(&d->sent.batch);
	batch_rest(&d->open.batch);
	batch_rest(&d->sent.batch);
	packer_rest(&d->packer);
	collector_free(d->collector);
	spool_free(d->spool);
	free(d->open.marks);
	free(d->sent.marks);
	*d = (struct delivery){0};
}
