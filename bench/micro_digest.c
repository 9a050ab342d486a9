/* SPDX-License-Identifier: Apache-2.0 */
/* What the digest costs the exporter's thread for each record: decisions and ends by turns as traffic
 * has them, and a flood of names that are all new. CPU time. */
#include "telemetry/digest.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 2000, RECORDS = 512, HOST_BYTES = 64 };

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct event make_event(uint32_t i, bool flood, char host[HOST_BYTES])
{
	int len = snprintf(host, HOST_BYTES, "host-%u.packages.example.com",
		flood ? i : i * 2654435761u >> 24);

	return (struct event){
		.name = !flood && i % 2 ? EVENT_CONNECTION_CLOSED : EVENT_POLICY_DECISION,
		.time_ns = 1700000000000000000u + i * 1000000u,
		.decision = flood || i % 16 == 0 ? EVENT_DENY : EVENT_ALLOW,
		.protocol = EVENT_PROTOCOL_CONNECT,
		.host = slice_from(host, (size_t)len),
		.port = 443,
		.method = SLICE("CONNECT"),
		.client = {4, {127, 0, 0, 1}},
		.client_port = (uint16_t)i,
		.user = SLICE("local"),
		.connection = i,
		.rule = flood ? SLICE("") : SLICE("*.packages.example.com"),
		.rule_file = flood ? SLICE("") : SLICE("/etc/sallyport/config.toml"),
		.rule_line = i % 64,
	};
}

static double measure(struct digest *d, bool flood)
{
	static struct event events[RECORDS];
	static char hosts[RECORDS][HOST_BYTES];
	double spent = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < RECORDS; i++)
			events[i] = make_event(round * RECORDS + i, flood, hosts[i]);
		double start = cpu_ns();
		for (uint32_t i = 0; i < RECORDS; i++)
			digest_add(d, &events[i]);
		spent += cpu_ns() - start;
	}
	return spent / ROUNDS / RECORDS;
}

int main(void)
{
	struct digest *d = digest_new();

	if (!d)
		return 1;
	double traffic = measure(d, false);
	double flood = measure(d, true);
	printf("digest_add %.0f ns, of new names %.0f ns\n", traffic, flood);
	digest_free(d);
	return 0;
}
