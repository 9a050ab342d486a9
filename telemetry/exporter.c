/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/exporter.h"

#include "base/trim.h"
#include "telemetry/leftover.h"
#include "telemetry/pump.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* How often rings are looked at: at once again while records come, ever more rarely while none do,
 * so that a proxy at rest wakes nobody. A ring that fills wakes the thread whenever it likes. */
enum {
	TICK_MS = 50,
	TICK_QUIET_MS = 250,
	TICK_RESTING_MS = 1000,
	REST_AFTER_MS = 5000, /* without a record: memory is given back */
	RARELY_AFTER_MS = 60000 /* without a record: TICK_RESTING_MS */
};

struct exporter {
	pthread_t thread;
	int wake_fd;
	_Atomic bool stopping, reopening, watched;
	_Atomic uint64_t stop_ms; /* monotonic: the deadline of exporter_stop */

	struct ring **rings; /* the caller's, then the leftovers */
	size_t given_count;
	struct pump pump;
	uint64_t last_record_ms;
	bool resting;
	pthread_mutex_t lock; /* of `counts` */
	struct exporter_counts counts;
};

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the thread --------------------------------------------------------------------------- */

static void publish_counts(struct exporter *e)
{
	struct exporter_counts counts = pump_counts(&e->pump);

	pthread_mutex_lock(&e->lock);
	e->counts = counts;
	pthread_mutex_unlock(&e->lock);
}

/* Memory goes back once, when a while has passed without a record. */
static void rest(struct exporter *e, uint64_t now_ms, bool busy)
{
	if (busy) {
		e->last_record_ms = now_ms;
		e->resting = false;
	}
	if (e->resting || now_ms - e->last_record_ms < REST_AFTER_MS)
		return;
	e->resting = true;
	pump_rest(&e->pump);
	trim_memory();
}

static uint32_t tick_ms(const struct exporter *e, uint64_t now_ms)
{
	uint64_t quiet_ms = now_ms - e->last_record_ms;
	uint32_t due = pump_due_ms(&e->pump, now_ms);
	uint32_t tick = TICK_RESTING_MS;

	if (atomic_load(&e->watched))
		tick = EXPORTER_WATCHED_MS;
	else if (quiet_ms < TICK_QUIET_MS)
		tick = TICK_MS;
	else if (quiet_ms < RARELY_AFTER_MS)
		tick = TICK_QUIET_MS;
	return due < tick ? due : tick;
}

static void wait_for_work(struct exporter *e, uint32_t timeout_ms)
{
	struct pollfd wake = {.fd = e->wake_fd, .events = POLLIN};
	uint64_t count;

	if (e->pump.has_collector)
		collector_wait(e->pump.delivery.collector, e->wake_fd, timeout_ms);
	else
		poll(&wake, 1, (int)timeout_ms);
	/* Non-blocking: nothing to read is no error. */
	ssize_t ignored = read(e->wake_fd, &count, sizeof(count));
	(void)ignored;
}

static void *run(void *argument)
{
	struct exporter *e = argument;

	pthread_setname_np(pthread_self(), "exporter");
	for (;;) {
		uint64_t now_ms;
		bool stopping = atomic_load(&e->stopping);
		if (e->pump.lines && atomic_exchange(&e->reopening, false))
			lines_reopen(e->pump.lines);
		bool busy = pump_turn(&e->pump, monotonic_ms());
		now_ms = monotonic_ms();
		publish_counts(e);
		rest(e, now_ms, busy);
		if (stopping &&
			(pump_empty(&e->pump, now_ms) || now_ms >= atomic_load(&e->stop_ms)))
			break;
		wait_for_work(e, tick_ms(e, now_ms));
	}
	pump_finish(&e->pump);
	publish_counts(e);
	return NULL;
}

/* ---- start and stop ----------------------------------------------------------------------- */

void exporter_wake(struct exporter *e)
{
	const uint64_t one = 1;
	/* A full counter wakes as well. */
	ssize_t ignored = write(e->wake_fd, &one, sizeof(one));
	(void)ignored;
}

void exporter_watch(struct exporter *e, bool watched)
{
	atomic_store(&e->watched, watched);
	if (watched)
		exporter_wake(e);
}

static void on_half(void *owner)
{
	exporter_wake(owner);
}

void exporter_reopen(struct exporter *e)
{
	atomic_store(&e->reopening, true);
	exporter_wake(e);
}

struct exporter_counts exporter_counts(const struct exporter *e)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&e->lock;
	struct exporter_counts counts;

	pthread_mutex_lock(lock);
	counts = e->counts;
	pthread_mutex_unlock(lock);
	return counts;
}

static void exporter_free(struct exporter *e)
{
	pump_done(&e->pump);
	for (size_t i = 0; i < e->pump.ring_count; i++) {
		if (i < e->given_count)
			ring_on_half(e->rings[i], NULL, NULL);
		else
			ring_close(e->rings[i]);
	}
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	pthread_mutex_destroy(&e->lock);
	free(e->rings);
	free(e);
}

/* The rings given and those found. False without memory. */
static bool gather_rings(
	struct exporter *e, struct ring *const *rings, size_t count, const char *directory)
{
	e->rings = calloc(count + LEFTOVER_RINGS, sizeof(struct ring *));
	if (!e->rings)
		return false;
	for (size_t i = 0; i < count; i++) {
		e->rings[i] = rings[i];
		ring_on_half(rings[i], on_half, e);
	}
	e->given_count = count;
	if (directory)
		count += leftover_open(directory, e->rings + count);
	e->pump.rings = e->rings;
	e->pump.ring_count = count;
	return true;
}

/* The thread takes no signals: they are the control thread's, and a closed pipe is an error. */
static int thread_start(struct exporter *e)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&e->thread, NULL, run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct exporter *exporter_start(const struct exporter_options *options, struct ring *const *rings,
	size_t ring_count, char *ret_error, size_t error_size)
{
	char sentence[PUMP_ERROR_BYTES] = "out of memory";
	struct exporter *e = calloc(1, sizeof(*e));
	int error;

	snprintf(ret_error, error_size, "%s", sentence);
	if (!e)
		return NULL;
	pthread_mutex_init(&e->lock, NULL);
	e->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->wake_fd < 0 || !gather_rings(e, rings, ring_count, options->ring_directory) ||
		!pump_init(&e->pump, options, sentence))
		goto fail;
	e->last_record_ms = monotonic_ms();
	error = thread_start(e);
	if (error == 0)
		return e;
	snprintf(sentence, sizeof(sentence), "no thread for the exporter: %s", strerror(error));
fail:
	snprintf(ret_error, error_size, "%s", sentence);
	exporter_free(e);
	return NULL;
}

struct exporter_counts exporter_stop(struct exporter *e, uint32_t deadline_ms)
{
	struct exporter_counts counts;

	atomic_store(&e->stop_ms, monotonic_ms() + deadline_ms);
	atomic_store(&e->stopping, true);
	exporter_wake(e);
	pthread_join(e->thread, NULL);
	counts = e->counts;
	exporter_free(e);
	return counts;
}
