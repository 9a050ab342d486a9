/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/pump.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 40, BURSTS = 60, TURN_MS = 2000, SPOOL_BYTES = 40000 };

static char path[64], endpoint[64], sentence[PUMP_ERROR_BYTES];
static int closed_port, idle[2];

/* A port that is bound, so that nobody else takes it, and on which nobody listens. */
static int make_places(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd;
	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	closed_port = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(closed_port, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(closed_port, (struct sockaddr *)&address, &len), 0);
	snprintf(
		endpoint, sizeof(endpoint), "http://127.0.0.1:%d/v1/logs", ntohs(address.sin_port));
	assert_int_equal(pipe(idle), 0);
	snprintf(path, sizeof(path), "/tmp/test_pump.XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_places(void **state)
{
	(void)state;
	close(closed_port);
	close(idle[0]);
	close(idle[1]);
	return unlink(path);
}

static void record_burst(struct ring *ring)
{
	const struct event event = {.name = EVENT_POLICY_DECISION, .time_ns = 1, .port = 443};
	for (int i = 0; i < BURST; i++)
		assert_true(ring_record(ring, &event));
}

/* The sum of what the loss reports in the JSON lines say; the number of reports. */
static uint64_t lines_tell(size_t *ret_reports)
{
	static const char key[] = "\"network_proxy.dropped.count\":";
	static char line[LINES_BYTES];
	uint64_t sum = 0;
	FILE *file = fopen(path, "r");
	*ret_reports = 0;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, key);
		if (!at)
			continue;
		sum += strtoull(at + strlen(key), NULL, 10);
		++*ret_reports;
	}
	fclose(file);
	return sum;
}

/* Decisions in the spool, which is emptied; *ret_oldest is the id of its first batch. */
static uint64_t spool_decisions(struct spool *s, int64_t *ret_oldest)
{
	static const char word[] = "network_proxy.policy_decision";
	struct spool_batch batch;
	uint64_t count = 0;
	*ret_oldest = 0;
	while (spool_oldest(s, &batch)) {
		const char *at = batch.body.ptr, *end = at + batch.body.len;
		if (*ret_oldest == 0)
			*ret_oldest = batch.id;
		while ((at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL) {
			at += strlen(word);
			count++;
		}
		spool_remove(s, &batch);
	}
	return count;
}

static void turn(struct pump *p, uint64_t *now_ms)
{
	*now_ms += TURN_MS;
	pump_turn(p, *now_ms);
	collector_wait(p->delivery.collector, idle[0], 5);
}

/* Away for long, so that batches with reports of losses are dropped too: each lost record is
 * counted once, in the counter and in the lines, and what was offered to the collector is kept. */
static void losses_are_counted_once(void **state)
{
	const struct exporter_options options = {.endpoint = endpoint,
		.timeout_ms = 1000,
		.spool_bytes = SPOOL_BYTES,
		.json = path,
		.service_name = "x",
		.service_version = "0"};
	struct ring *ring = ring_open(NULL, RING_BYTES_LEAST);
	struct pump pump = {.rings = &ring, .ring_count = 1};
	uint64_t now_ms = 0;
	size_t reports;
	int64_t oldest;
	(void)state;
	assert_non_null(ring);
	assert_true(pump_init(&pump, &options, sentence));
	for (int i = 0; i < BURSTS; i++) {
		record_burst(ring);
		turn(&pump, &now_ms);
	}
	for (int i = 0; i < 5; i++)
		turn(&pump, &now_ms); /* the last drop is told, and that is stored */

	struct exporter_counts counts = pump_counts(&pump);
	assert_true(counts.failures > 1);
	assert_int_equal(lines_tell(&reports), counts.dropped);
	assert_true(reports > 10);
	assert_int_equal(
		counts.dropped + spool_decisions(pump.delivery.spool, &oldest), BURST * BURSTS);
	assert_int_equal(oldest, 1);
	pump_done(&pump);
	ring_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_are_counted_once),
	};
	return cmocka_run_group_tests(tests, make_places, remove_places);
}
