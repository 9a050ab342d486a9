/* SPDX-License-Identifier: Apache-2.0 */
/* What names cost that need no question: a cached answer among a full cache, a name that nobody has
 * asked for, an address; and what an answer costs that was asked for: reading it, an honest and a
 * hostile one, and ordering its addresses. */
#include "proxy/address_order.h"
#include "proxy/dns_cache.h"
#include "proxy/resolver.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 2000000, READS = 200000, HOSTILE_READS = 20, HOSTILE_RECORDS = 5400 };

static struct metrics metrics;

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void report(const char *name, double start_ns, int rounds)
{
	printf("%s %.0f ns\n", name, (cpu_ns() - start_ns) / rounds);
}

/* A full cache, every name asked for in turn. */
static int measure_cache(void)
{
	static char hosts[LIMIT_DNS_CACHE][32];
	struct address address = {4, {192, 0, 2, 1}};
	struct dns_cache cache;
	size_t found = 0;

	struct answer *answer = answer_of_addresses(&address, 1);
	if (!answer || !dns_cache_init(&cache))
		return 1;
	answer->ttl_s = 60;
	for (int i = 0; i < LIMIT_DNS_CACHE; i++) {
		snprintf(hosts[i], sizeof(hosts[i]), "host-%d.example.com", i);
		dns_cache_store(&cache, slice_of(hosts[i]), answer, 0);
	}
	double start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++)
		found += dns_cache_find(&cache, slice_of(hosts[i % LIMIT_DNS_CACHE]), 0) != NULL;
	report("dns_cache_find, 4096 names", start, ROUNDS);
	dns_cache_done(&cache);
	answer_unref(answer);
	return found == ROUNDS ? 0 : 1;
}

static int measure_resolver(struct resolver *r, const char *what, struct slice host, bool known)
{
	const struct answer *answer;
	int found = 0;

	double start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++)
		found += resolver_cached(r, host, &answer);
	report(what, start, ROUNDS);
	return found == (known ? ROUNDS : 0) ? 0 : 1;
}

static void on_closed(void *owner)
{
	(void)owner;
}

static int measure_known(void)
{
	struct endpoint server = {{4, {127, 0, 0, 1}}, 53};
	struct resolver_options options = {.servers = &server, .server_count = 1, .timeout_ms = 1};
	char error[200];
	uv_loop_t loop;

	uv_loop_init(&loop);
	struct resolver *r = resolver_new(&loop, &options, &metrics, error, sizeof(error));
	if (!r)
		return 1;
	int bad =
		measure_resolver(r, "resolver_cached, not there", SLICE("www.example.com"), false);
	bad |= measure_resolver(r, "resolver_cached, an address", SLICE("192.0.2.1"), true);
	resolver_close(r, on_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return bad | uv_loop_close(&loop);
}

static int measure_reply(const char *what, struct slice message, int rounds)
{
	static struct dns_reply reply;
	int found = 0;

	double start = cpu_ns();
	for (int i = 0; i < rounds; i++) {
		dns_reply_parse(message, SLICE("a.test"), DNS_A, &reply);
		found += reply.status != DNS_LATE;
	}
	report(what, start, rounds);
	return found == rounds ? 0 : 1;
}

#define QUESTION "\1a\4test\0\0\1\0\1"
#define A        "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"

/* As many records as 64 KiB hold, none of them the name's own but a chain's last, so that every
 * link of the chain means another look at all of them. */
static struct slice hostile(void)
{
	static char message[65536];
	size_t len = sizeof("\0\0\x81\x80\0\1\x15\x18\0\0\0\0" QUESTION) - 1;

	memcpy(message, "\0\0\x81\x80\0\1\x15\x18\0\0\0\0" QUESTION, len);
	for (int link = 'a'; link < 'p'; link++) {
		char record[] = "\1?\xc0\x0e\0\5\0\1\0\0\0\x3c\0\4\1?\xc0\x0e";
		record[1] = (char)link;
		record[15] = (char)(link + 1);
		memcpy(message + len, record, sizeof(record) - 1);
		len += sizeof(record) - 1;
	}
	for (int i = 15; i < HOSTILE_RECORDS && len + 12 <= sizeof(message); i++) {
		memcpy(message + len, "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\0", 12);
		len += 12;
	}
	return slice_from(message, len);
}

static void measure_order(void)
{
	double start = cpu_ns();
	for (int i = 0; i < READS; i++) {
		struct address two[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};
		address_order_here(two, 2);
	}
	report("address_order_here, one of each family", start, READS);
}

int main(void)
{
	static const char honest[] =
		"\0\0\x81\x80\0\1\0\3\0\0\0\0" QUESTION "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x0e"
		"\1b\xc0\x0e" A "\1b\xc0\x0e" A;
	int bad = measure_cache() | measure_known();

	bad |= measure_reply("dns_reply_parse, a CNAME and two A",
		slice_from(honest, sizeof(honest) - 1), READS);
	bad |= measure_reply("dns_reply_parse, 64 KiB of malice", hostile(), HOSTILE_READS);
	measure_order();
	return bad;
}
