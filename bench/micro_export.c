/* SPDX-License-Identifier: Apache-2.0 */
/* What a record costs the exporter before it is posted: view, OTLP, gzip at level 1. */
#include "telemetry/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

enum { ROUNDS = 100, RECORDS = 512, ROOM = 1024 * 1024 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t compress_all(const char *from, size_t len, char *to)
{
	z_stream z = {0};

	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	z.next_in = (Bytef *)(uintptr_t)from;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)to;
	z.avail_out = ROOM;
	deflate(&z, Z_FINISH);
	size_t out = ROOM - z.avail_out;
	deflateEnd(&z);
	return out;
}

int main(void)
{
	static struct view view;
	char *records = malloc(ROOM), *packed = malloc(ROOM);
	double spent_view = 0, spent_encode = 0, spent_gzip = 0;
	size_t len = 0, packed_len = 0;
	uint32_t random = 1;

	for (int round = 0; records && packed && round < ROUNDS; round++) {
		len = 0;
		for (int i = 0; i < RECORDS; i++) {
			char host[64];
			random = random * 1664525 + 1013904223;
			int n = snprintf(
				host, sizeof(host), "host-%u.packages.example.com", random >> 20);
			const struct event e = {
				.name = i % 2 ? EVENT_CONNECTION_CLOSED : EVENT_POLICY_DECISION,
				.time_ns = 1700000000000000000u + random,
				.reason = i % 2 ? REASON_COMPLETED : REASON_NONE,
				.protocol = EVENT_PROTOCOL_CONNECT,
				.host = slice_from(host, (size_t)n),
				.port = 443,
				.method = SLICE("CONNECT"),
				.client = {4, {127, 0, 0, 1}},
				.client_port = (uint16_t)(random >> 16),
				.connection = (uint64_t)round * RECORDS + (uint64_t)i,
				.rule = SLICE("*.packages.example.com"),
				.rule_file = SLICE("/etc/sallyport/config.toml"),
				.rule_line = 12,
				.bytes_up = random >> 12,
				.bytes_down = random >> 10,
				.duration_us = random >> 8,
				.upstream = {4, {192, 0, 2, 7}},
				.sni = slice_from(host, (size_t)n),
				.status = 200,
			};
			double start = now_ns();
			view_of(&e, &view);
			double viewed = now_ns();
			len += otlp_encode_record(&e, &view, e.time_ns, records + len);
			spent_encode += now_ns() - viewed;
			spent_view += viewed - start;
		}
		double start = now_ns();
		packed_len = compress_all(records, len, packed);
		spent_gzip += now_ns() - start;
	}
	printf("view %.0f ns, otlp %.0f ns, gzip %.0f ns per record; %zu bytes, %zu packed\n",
		spent_view / ROUNDS / RECORDS, spent_encode / ROUNDS / RECORDS,
		spent_gzip / ROUNDS / RECORDS, len / RECORDS, packed_len / RECORDS);
	free(records);
	free(packed);
	return 0;
}
