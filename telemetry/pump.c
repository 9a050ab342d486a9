/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/pump.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum {
	TURN_RECORDS = 256, /* from one ring, then the next has its turn */
	TURN_BATCHES = 16, /* then results and the end have their turn */
	COMPLAIN_MS = 10000 /* between two log lines about losses */
};

/* Shows one event to every sink. */
static void pump_event(struct pump *p, const struct event *event)
{
	if (p->digest)
		digest_add(p->digest, event);
	if (!p->has_collector && !p->lines)
		return;
	view_of(event, &p->view);
	if (p->has_collector && !delivery_add(&p->delivery, event, &p->view))
		p->dropped++;
	if (p->lines)
		lines_add(p->lines, event, &p->view);
}

/* Without a collector the lines decide: what they do not take waits in the rings. */
static bool pump_wants(const struct pump *p)
{
	if (p->has_collector)
		return delivery_wants(&p->delivery);
	return !p->lines || lines_wants(p->lines);
}

/* One ring's turn. True when there may be more in it. */
static bool drain_ring(struct pump *p, struct ring *r)
{
	struct event event;

	if (!p->has_collector && !p->lines && !p->digest) {
		ring_skip(r); /* nobody listens */
		return false;
	}
	for (int n = 0; n < TURN_RECORDS; n++) {
		if (!pump_wants(p) || !ring_read(r, &event))
			return false;
		pump_event(p, &event);
	}
	return true;
}

/* Takes what the rings hold, as far as the open batch wants it. True when there was any. */
static bool drain(struct pump *p)
{
	bool any = false, more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < p->ring_count; i++) {
			uint64_t before = ring_mark(p->rings[i]).position;
			more |= drain_ring(p, p->rings[i]);
			any |= ring_mark(p->rings[i]).position != before;
		}
	}
	return any;
}

/* ---- losses ------------------------------------------------------------------------------- */

/* A report that the spool dropped never reached the collector and is told there `again`; the lines
 * have it already. */
static void report_loss(struct pump *p, uint64_t count, uint64_t again, struct slice cause)
{
	struct timespec now;
	struct event event = {.name = EVENT_RECORDS_DROPPED, .text = cause, .count = count};

	clock_gettime(CLOCK_REALTIME, &now);
	event.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	p->dropped += count - again;
	if (p->has_collector) {
		view_of(&event, &p->view);
		if (delivery_add(&p->delivery, &event, &p->view)) {
			p->delivery.open.loss_records++;
			p->delivery.open.losses += count;
		}
	}
	event.count -= again;
	if (p->lines && event.count > 0) {
		view_of(&event, &p->view);
		lines_add(p->lines, &event, &p->view);
	}
}

/* Losses become records of the open batch and are settled with it. */
static void report_losses(struct pump *p)
{
	uint64_t from_rings = 0, from_spool, again;

	if (!pump_wants(p))
		return;
	for (size_t i = 0; i < p->ring_count; i++)
		from_rings += ring_take_dropped(p->rings[i]);
	if (from_rings > 0)
		report_loss(
			p, from_rings, 0, SLICE("a ring was full, or torn by a killed process"));
	if (!p->has_collector)
		return;
	from_spool = spool_take_dropped(p->delivery.spool, &again);
	p->delivery.open.spool_dropped += from_spool;
	if (from_spool > 0)
		report_loss(p, from_spool, again, SLICE("the spool was full or damaged"));
}

static void tell_losses(struct pump *p, uint64_t now_ms)
{
	if (p->dropped == p->dropped_told || now_ms - p->told_ms < COMPLAIN_MS)
		return;
	log_warning("%" PRIu64 " event records lost, %" PRIu64 " since the start",
		p->dropped - p->dropped_told, p->dropped);
	p->dropped_told = p->dropped;
	p->told_ms = now_ms;
}

/* One line about what an earlier process left behind. */
static void tell_recovered(const struct pump *p)
{
	uint64_t recovered = 0, lost = 0, spooled = 0;

	for (size_t i = 0; i < p->ring_count; i++) {
		recovered += ring_recovered(p->rings[i]);
		lost += ring_dropped(p->rings[i]);
		if (ring_foreign(p->rings[i]))
			log_warning("a ring file could not be read and was renamed to *.bad; the "
				    "event records in it are lost, nobody knows how many");
	}
	if (p->has_collector)
		spooled = spool_records(p->delivery.spool);
	if (recovered > 0 || lost > 0 || spooled > 0)
		log_info("event records of an earlier run: %" PRIu64 " recovered, %" PRIu64
			 " in the spool, %" PRIu64 " lost",
			recovered, spooled, lost);
}

/* ---- turns -------------------------------------------------------------------------------- */

/* Without a collector a record is safe once its line is written. */
static void settle_lines(struct pump *p)
{
	if (p->lines && !lines_flush(p->lines))
		return;
	if (p->has_collector)
		return;
	for (size_t i = 0; i < p->ring_count; i++) {
		struct ring_mark mark = ring_mark(p->rings[i]);
		ring_settle(p->rings[i], &mark);
	}
}

static bool any_half_full(const struct pump *p)
{
	for (size_t i = 0; i < p->ring_count; i++)
		if (ring_half_full(p->rings[i]))
			return true;
	return false;
}

bool pump_turn(struct pump *p, uint64_t now_ms)
{
	bool busy = false, again = true;

	for (int i = 0; again && i < TURN_BATCHES; i++) {
		busy |= drain(p);
		again = !pump_wants(p);
		report_losses(p);
		settle_lines(p);
		if (p->has_collector)
			delivery_turn(&p->delivery, now_ms, any_half_full(p));
		/* A batch that left makes room for what had to wait. */
		again = again && pump_wants(p);
	}
	tell_losses(p, now_ms);
	return busy;
}

uint32_t pump_due_ms(const struct pump *p, uint64_t now_ms)
{
	return p->has_collector ? delivery_due_ms(&p->delivery, now_ms) : UINT32_MAX;
}

bool pump_empty(struct pump *p, uint64_t now_ms)
{
	bool written = !p->lines || lines_flush(p->lines);

	if (!p->has_collector)
		return written;
	if (!delivery_well(&p->delivery))
		delivery_store(&p->delivery);
	return written && delivery_safe(&p->delivery, now_ms);
}

void pump_finish(struct pump *p)
{
	if (p->has_collector)
		p->dropped += delivery_store(&p->delivery);
	tell_losses(p, p->told_ms + COMPLAIN_MS);
}

void pump_rest(struct pump *p)
{
	delivery_rest(&p->delivery);
	for (size_t i = 0; i < p->ring_count; i++)
		ring_trim(p->rings[i]);
}

struct exporter_counts pump_counts(const struct pump *p)
{
	struct exporter_counts counts = p->delivery.counts;

	counts.dropped = p->dropped;
	counts.lines_dropped = p->lines ? lines_dropped(p->lines) : 0;
	return counts;
}

bool pump_init(
	struct pump *p, const struct exporter_options *options, char ret_error[PUMP_ERROR_BYTES])
{
	if (options->json) {
		p->lines = lines_open(options->json);
		if (!p->lines) {
			snprintf(ret_error, PUMP_ERROR_BYTES, "%s cannot be opened: %s",
				options->json, strerror(errno));
			return false;
		}
	}
	p->digest = options->digest;
	p->has_collector = options->endpoint != NULL;
	p->delivery.rings = p->rings;
	p->delivery.ring_count = p->ring_count;
	if (p->has_collector && !delivery_init(&p->delivery, options, ret_error))
		return false;
	tell_recovered(p);
	return true;
}

void pump_done(struct pump *p)
{
	if (p->has_collector)
		delivery_done(&p->delivery);
	lines_close(p->lines);
	p->lines = NULL;
}
