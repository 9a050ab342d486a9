/* SPDX-License-Identifier: Apache-2.0 */
/* What recording an event costs the worker, the reader's share left out. */
#include "telemetry/ring.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 2000, RECORDS = 1000, RING_BYTES = 1024 * 1024 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(void)
{
	const struct event decision = {
		.name = EVENT_POLICY_DECISION,
		.time_ns = 1700000000000000000u,
		.decision = EVENT_ALLOW,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("registry.packages.example.com"),
		.port = 443,
		.method = SLICE("CONNECT"),
		.client = {4, {10, 0, 0, 7}},
		.client_port = 51000,
		.user = SLICE("sandbox-0042"),
		.rule = SLICE("*.packages.example.com"),
		.rule_file = SLICE("/etc/sallyport/config.toml"),
		.rule_line = 12,
	};
	struct ring *r = ring_open(NULL, RING_BYTES);
	double spent = 0;
	struct event e;

	if (!r)
		return 1;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();
		for (int i = 0; i < RECORDS; i++)
			ring_record(r, &decision);
		spent += now_ns() - start;
		while (ring_read(r, &e))
			;
		struct ring_mark mark = ring_mark(r);
		ring_settle(r, &mark);
	}
	printf("ring_record %.0f ns\n", spent / ROUNDS / RECORDS);
	ring_close(r);
	return 0;
}
