/* SPDX-License-Identifier: Apache-2.0 */
/* soak: many connections of every kind, a bounded number at once, through one proxy to origins in
 * the same loop. Checks what each client sees; what the proxy keeps is checked by run.py. Prints
 * one line per scenario: how many, how many went wrong. */
#include "tests/soak/caller.h"

#include "bench/origin.h"
#include "bench/origin_secure.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONCURRENCY 256
/* Longer than every deadline that run.py configures. */
#define STALL_MS 20000

struct tally {
	uint64_t count;
	uint64_t wrong;
};

static struct {
	struct loop loop;
	struct caller callers[CONCURRENCY];
	struct tally tallies[96]; /* more than scenarios */
	uint16_t proxy_port;
	uint64_t count;
	uint64_t started, ended;
	uint32_t seed;
	unsigned weight; /* of all scenarios */
} soak;

static const struct origin_plan plans[PLACE_LISTENED] = {
	[PLACE_GOOD] = {ORIGIN_TUNNEL, ORIGIN_WAITS, CALLER_ANSWER, 0, 0},
	[PLACE_HALF] = {ORIGIN_TUNNEL, ORIGIN_HALF_CLOSES, CALLER_ANSWER, 0, 0},
	[PLACE_RESET] = {ORIGIN_TUNNEL, ORIGIN_RESETS, CALLER_BIG_ANSWER, 0, 0},
	[PLACE_RESET_AT_ONCE] = {ORIGIN_TUNNEL, ORIGIN_RESETS_AT_ONCE, CALLER_ANSWER, 0, 0},
	[PLACE_BIG] = {ORIGIN_TUNNEL, ORIGIN_WAITS, CALLER_BIG_ANSWER, 0, 0},
	[PLACE_PLAIN] = {ORIGIN_HTTP, ORIGIN_WAITS, CALLER_ANSWER, 0, 0},
};

static uint32_t random_below(uint32_t bound)
{
	soak.seed = soak.seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)soak.seed * bound) >> 32);
}

static const struct scenario *choose(void)
{
	unsigned at = random_below(soak.weight);
	const struct scenario *s = scenarios;

	while (at >= s->weight) {
		at -= s->weight;
		s++;
	}
	return s;
}

static bool start_next(struct caller *c)
{
	c->scenario = choose();
	if (!caller_start(c, &soak.loop, soak.proxy_port, (uint32_t)soak.started)) {
		perror("soak: no connection");
		return false;
	}
	soak.started++;
	return true;
}

static void on_ended(struct caller *c, bool wrong)
{
	struct tally *t = &soak.tallies[c->scenario - scenarios];

	t->count++;
	t->wrong += wrong;
	soak.loop.progress++;
	soak.ended++;
	if (wrong && t->wrong <= 3)
		fprintf(stderr, "soak: %s: step %u, %zu bytes, status %u\n", c->scenario->name,
			c->step + 1, c->done, c->status);
	if (soak.started < soak.count && !start_next(c))
		soak.loop.stopped = true;
	if (soak.ended == soak.count)
		soak.loop.stopped = true;
}

/* One line per scenario; a caller that never ended is wrong too. Returns how many were. */
static uint64_t print_tallies(void)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < CONCURRENCY; i++) {
		struct caller *c = &soak.callers[i];
		if (c->watch.fd < 0)
			continue;
		fprintf(stderr, "soak: %s: stuck in step %u\n", c->scenario->name, c->step + 1);
		soak.tallies[c->scenario - scenarios].wrong++;
	}
	for (size_t i = 0; i < scenario_count; i++) {
		wrong += soak.tallies[i].wrong;
		printf("%s\t%llu\t%llu\n", scenarios[i].name,
			(unsigned long long)soak.tallies[i].count,
			(unsigned long long)soak.tallies[i].wrong);
	}
	return wrong;
}

struct origins {
	const char *certificate, *key;
	struct origin *plain[PLACE_LISTENED]; /* NULL for those that are not */
	struct origin_secure *inside;
};

static bool origin_open(struct origins *o, int place, int fd)
{
	const struct origin_secure_plan secure = {.certificate = o->certificate,
		.key = o->key,
		.answer_bytes = CALLER_ANSWER,
		.size = 4 * CONCURRENCY};

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (place == PLACE_INSIDE)
		o->inside = origin_secure_new(&soak.loop, fd, &secure);
	else
		o->plain[place] = origin_new(&soak.loop, fd, &plans[place], 4 * CONCURRENCY);
	return o->inside || o->plain[place];
}

/* The origins on inherited listening sockets, in the order of enum place; the last one is only
 * bound, so that it refuses connections. */
static bool origins_open(int first_fd, struct origins *ret_origins)
{
	uint16_t ports[PLACE_LISTENED];

	for (int i = 0; i < PLACE_LISTENED; i++) {
		struct sockaddr_in at;
		socklen_t len = sizeof(at);
		if (getsockname(first_fd + i, (struct sockaddr *)&at, &len) != 0)
			return false;
		ports[i] = ntohs(at.sin_port);
		if (i != PLACE_DEAD && !origin_open(ret_origins, i, first_fd + i))
			return false;
	}
	return caller_prepare(ports);
}

static bool run(void)
{
	for (size_t i = 0; i < scenario_count; i++)
		soak.weight += scenarios[i].weight;
	for (size_t i = 0; i < CONCURRENCY; i++) {
		soak.callers[i].watch.fd = -1;
		soak.callers[i].on_ended = on_ended;
	}
	for (size_t i = 0; i < CONCURRENCY && soak.started < soak.count; i++)
		if (!start_next(&soak.callers[i]))
			return false;
	return loop_run(&soak.loop, STALL_MS) && soak.ended == soak.count;
}

int main(int argc, char **argv)
{
	struct origins origins = {.certificate = NULL};

	if (argc != 7 || scenario_count > sizeof(soak.tallies) / sizeof(soak.tallies[0])) {
		fputs("usage: soak PROXY_PORT FIRST_ORIGIN_FD COUNT SEED CERTIFICATE KEY\n",
			stderr);
		return 2;
	}
	soak.proxy_port = (uint16_t)strtoul(argv[1], NULL, 10);
	soak.count = strtoull(argv[3], NULL, 10);
	soak.seed = (uint32_t)strtoul(argv[4], NULL, 10);
	origins.certificate = argv[5];
	origins.key = argv[6];
	signal(SIGPIPE, SIG_IGN);
	if (!loop_open(&soak.loop) || !origins_open((int)strtol(argv[2], NULL, 10), &origins)) {
		perror("soak");
		return 1;
	}
	bool whole = run();
	uint64_t wrong = print_tallies();
	loop_done(&soak.loop);
	for (size_t i = 0; i < PLACE_LISTENED; i++)
		origin_free(origins.plain[i]);
	origin_secure_free(origins.inside);
	return whole && wrong == 0 ? 0 : 1;
}
