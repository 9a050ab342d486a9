/* SPDX-License-Identifier: Apache-2.0 */
/* A process with rings and an exporter and nothing else, for test_telemetry.py. Options are
 * key=value arguments, commands come one a line on standard input:
 *   record N [HOST]   record N policy decisions, numbered on from the last
 *   others            record one of each other kind
 *   approvals         record an approval of each state, and a decision and an end that go by one
 *   full              record as fast as possible until 10 records were dropped
 *   counts            print the exporter's counts
 *   reopen            exporter_reopen
 *   digest            print how many rows the digest has (option digest=1)
 *   rss               print resident KiB
 *   stop MS           exporter_stop, print the counts, end
 * Answers one line for each command. */
#include "base/limits.h"
#include "telemetry/exporter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct ring *ring;
static struct digest *digest;
static uint64_t number;

static const char *option(int argc, char **argv, const char *key)
{
	size_t len = strlen(key);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], key, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

static bool record(const char *host)
{
	struct timespec now;
	struct event e = {
		.name = EVENT_POLICY_DECISION,
		.decision = EVENT_DENY,
		.reason = REASON_NOT_ALLOWED,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = slice_of(host),
		.port = 443,
		.method = SLICE("CONNECT"),
		.client = {4, {127, 0, 0, 1}},
		.client_port = 50000,
		.rule = SLICE("*.example.com"),
		.rule_file = SLICE("config.toml"),
		.rule_line = 12,
		.connection = ++number,
	};

	clock_gettime(CLOCK_REALTIME, &now);
	e.time_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	event_traceparent(&e, SLICE("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	return ring_record(ring, &e);
}

/* Others of every kind, once, for the decoder. */
static void record_others(void)
{
	struct event closed = {
		.name = EVENT_CONNECTION_CLOSED,
		.time_ns = 1700000000123456789u,
		.reason = REASON_COMPLETED,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("api.example.com"),
		.port = 443,
		.client = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
		.client_port = 50001,
		.user = SLICE("agent-7"),
		.session_id = SLICE("s-1"),
		.connection = 77,
		.bytes_up = 512,
		.bytes_down = 1024,
		.duration_us = 1234567,
		.upstream = {4, {192, 0, 2, 7}},
		.sni = SLICE("api.example.com\r\n\xff\x1b[31m"),
		.status = 200,
	};
	struct event changed = {
		.name = EVENT_CONFIG_CHANGED,
		.time_ns = 1700000000123456789u,
		.actor = SLICE("SIGHUP"),
		.text = SLICE("allow +1"),
	};

	ring_record(ring, &closed);
	ring_record(ring, &changed);
}

static void record_approvals(void)
{
	struct event e = {
		.name = EVENT_APPROVAL,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = SLICE("cdn.new.example"),
		.port = 443,
		.user = SLICE("local"),
		.session_id = SLICE("s-1"),
		.question = 0x0123456789abcdef,
		.approval_pattern = SLICE("*.new.example:443"),
		.approval_scope = SLICE("ttl"),
		.decider = SLICE("admin"),
		.note = SLICE("a note\r\n\xe2\x80\xae"),
		.waited_us = 1500000,
		.waiters = 3,
	};
	struct event decision = e, closed = e;

	for (int state = EVENT_ASKED; state <= EVENT_REVOKED; state++) {
		e.approval = (enum event_approval)state;
		e.time_ns = 1700000000000000000u + (unsigned)state;
		e.grant = state == EVENT_APPROVED ? 0xfedcba9876543210 : 0;
		ring_record(ring, &e);
	}
	decision.name = EVENT_POLICY_DECISION;
	decision.decision = EVENT_ASK;
	decision.reason = REASON_NOT_ALLOWED;
	ring_record(ring, &decision);
	decision.decision = EVENT_ALLOW;
	decision.source = EVENT_DECIDER;
	decision.reason = REASON_NONE;
	decision.grant = 0xfedcba9876543210;
	decision.override = true;
	ring_record(ring, &decision);
	closed.name = EVENT_CONNECTION_CLOSED;
	closed.grant = 0xfedcba9876543210;
	closed.question = 0;
	ring_record(ring, &closed);
}

static void print_counts(const struct exporter_counts *c)
{
	printf("delivered=%" PRIu64 " rejected=%" PRIu64 " dropped=%" PRIu64
	       " lines_dropped=%" PRIu64 " spooled=%" PRIu64 " requests=%" PRIu64
	       " failures=%" PRIu64 " ring_dropped=%" PRIu64 "\n",
		c->delivered, c->rejected, c->dropped, c->lines_dropped, c->spooled, c->requests,
		c->failures, ring_dropped(ring));
}

static void print_rss(void)
{
	char text[128] = "";
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fgets(text, sizeof(text), f) && sscanf(text, "%lu %lu", &size, &resident) == 2)
		printf("%lu\n", resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1024);
	if (f)
		fclose(f);
}

static void print_digest(void)
{
	static struct digest_row rows[LIMIT_DIGEST_RECENT];
	uint64_t missed;
	size_t count = digest_rows(digest, 0, rows, LIMIT_DIGEST_RECENT, &missed);

	printf("rows=%zu missed=%" PRIu64 " blocked=%zu\n", count, missed,
		digest_blocked(digest, rows, LIMIT_DIGEST_BLOCKED));
}

static void command(struct exporter *e, const char *line)
{
	char host[300] = "evil.test";
	unsigned long count;
	struct exporter_counts counts;

	if (sscanf(line, "record %lu %299s", &count, host) >= 1) {
		unsigned long kept = 0;
		for (unsigned long i = 0; i < count; i++)
			kept += record(host);
		printf("%lu\n", kept);
	} else if (strcmp(line, "full\n") == 0) {
		unsigned long kept = 0;
		for (int dropped = 0; dropped < 10;)
			if (record(host))
				kept++;
			else
				dropped++;
		printf("%lu\n", kept);
	} else if (strcmp(line, "others\n") == 0) {
		record_others();
		printf("2\n");
	} else if (strcmp(line, "approvals\n") == 0) {
		record_approvals();
		printf("9\n");
	} else if (strcmp(line, "reopen\n") == 0) {
		exporter_reopen(e);
		printf("ok\n");
	} else if (strcmp(line, "digest\n") == 0) {
		print_digest();
	} else if (strcmp(line, "rss\n") == 0) {
		print_rss();
	} else {
		counts = exporter_counts(e);
		print_counts(&counts);
	}
}

int main(int argc, char **argv)
{
	char error[256], line[512];
	const char *size = option(argc, argv, "ring_bytes");
	const char *spool_bytes = option(argc, argv, "spool_bytes");
	const char *timeout = option(argc, argv, "timeout_ms");
	digest = option(argc, argv, "digest") ? digest_new() : NULL;
	const struct exporter_options options = {
		.digest = digest,
		.endpoint = option(argc, argv, "endpoint"),
		.headers = option(argc, argv, "headers"),
		.ca = option(argc, argv, "ca"),
		.certificate = option(argc, argv, "certificate"),
		.key = option(argc, argv, "key"),
		.gzip = option(argc, argv, "gzip") != NULL,
		.gzip_spool = option(argc, argv, "gzip_spool") != NULL,
		.timeout_ms = timeout ? (uint32_t)strtoul(timeout, NULL, 10) : 5000,
		.spool = option(argc, argv, "spool"),
		.spool_bytes = spool_bytes ? strtoull(spool_bytes, NULL, 10) : 64 * 1024 * 1024,
		.ring_directory = option(argc, argv, "ring_directory"),
		.json = option(argc, argv, "json"),
		.service_name = "sallyport",
		.service_version = SALLYPORT_VERSION,
		.resource_attributes = option(argc, argv, "resource"),
	};
	unsigned long stop_ms = 5000;
	struct exporter_counts counts;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ring = ring_open(
		option(argc, argv, "ring"), size ? strtoul(size, NULL, 10) : RING_BYTES_WORKER);
	if (!ring) {
		perror("ring");
		return 1;
	}
	struct exporter *e = exporter_start(&options, &ring, 1, error, sizeof(error));
	if (!e) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	printf("ready recovered=%" PRIu64 "\n", ring_recovered(ring));
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "stop %lu", &stop_ms) == 1)
			break;
		command(e, line);
	}
	counts = exporter_stop(e, (uint32_t)stop_ms);
	print_counts(&counts);
	ring_close(ring);
	digest_free(digest);
	return 0;
}
