/* SPDX-License-Identifier: Apache-2.0 */
/* What a record costs the exporter before it is posted: view, OTLP, gzip. CPU time. */
#include "telemetry/batch.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 100, RECORDS = 512, HOST_BYTES = 64 };

static struct event events[RECORDS];
static char hosts[RECORDS][HOST_BYTES];

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Decisions and ends of connections by turns, with numbers that do not repeat. */
static void make_events(void)
{
	uint32_t random = 1;

	for (uint32_t i = 0; i < RECORDS; i++) {
		random = random * 1664525 + 1013904223;
		int len = snprintf(
			hosts[i], HOST_BYTES, "host-%u.packages.example.com", random >> 20);
		events[i] = (struct event){
			.name = i % 2 ? EVENT_CONNECTION_CLOSED : EVENT_POLICY_DECISION,
			.time_ns = 1700000000000000000u + random,
			.reason = i % 2 ? REASON_COMPLETED : REASON_NONE,
			.protocol = EVENT_PROTOCOL_CONNECT,
			.host = slice_from(hosts[i], (size_t)len),
			.port = 443,
			.method = SLICE("CONNECT"),
			.client = {4, {127, 0, 0, 1}},
			.client_port = (uint16_t)(random >> 16),
			.connection = i,
			.rule = SLICE("*.packages.example.com"),
			.rule_file = SLICE("/etc/sallyport/config.toml"),
			.rule_line = 12,
			.bytes_up = random >> 12,
			.bytes_down = random >> 10,
			.duration_us = random >> 8,
			.upstream = {4, {192, 0, 2, 7}},
			.sni = slice_from(hosts[i], (size_t)len),
			.status = 200,
		};
	}
}

int main(void)
{
	static struct view view;
	static struct otlp_origin origin;
	struct packer packer = {0};
	struct batch batch = {0};
	double views = 0, encodings = 0, packings = 0;
	size_t plain = 0, packed = 0;

	make_events();
	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_ns();
		for (size_t i = 0; i < RECORDS; i++)
			view_of(&events[i], &view);
		double viewed = cpu_ns();
		for (size_t i = 0; i < RECORDS; i++) {
			view_of(&events[i], &view);
			batch_add(&batch, &events[i], &view, events[i].time_ns);
		}
		double encoded = cpu_ns();
		plain = batch.records_len;
		batch_seal(&batch, &origin);
		batch_pack(&batch, &packer);
		packings += cpu_ns() - encoded;
		packed = batch.body.len;
		batch_clear(&batch);
		views += viewed - start;
		encodings += encoded - viewed - (viewed - start);
	}
	const double count = (double)ROUNDS * RECORDS;
	printf("view %.0f ns, otlp %.0f ns, gzip %.0f ns per record of %zu bytes, %zu packed\n",
		views / count, encodings / count, packings / count, plain / RECORDS,
		packed / RECORDS);
	batch_rest(&batch);
	packer_rest(&packer);
	return 0;
}
