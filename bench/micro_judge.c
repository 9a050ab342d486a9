/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a million mixed patterns and judges a million different targets of each kind. Prints the
 * load time, the bytes per pattern, and per kind the time of a judgement. The targets come from
 * text that is read in order and are parsed on the spot, and the time of parsing is taken off: so
 * each judgement finds its own target in the cache, and the lists nowhere but in memory. A listed
 * name costs two trips to memory that wait for each other (bucket, record), which nothing but luck
 * with the cache makes shorter; "memory" is what one such trip takes on this machine. */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PATTERNS = 1000000, TARGETS = 1000000, TEXT_SIZE = 96, NAME_SIZE = 40 };

typedef void (*write_fn)(char *ret_text, uint32_t n);

static uint32_t scramble(uint32_t n)
{
	n = (n ^ n >> 16) * 0x45d9f3bu;
	n = (n ^ n >> 16) * 0x45d9f3bu;
	return n ^ n >> 16;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Names of 8 to 24 bytes, as block lists have them. */
static void write_name(char *text, uint32_t n)
{
	static const char *const words[] = {"ads", "tracking", "cdn", "metrics-eu", "shop", "img"};
	static const char *const tops[] = {"com", "net", "co.uk", "example", "org", "io", "de"};
	uint32_t r = scramble(n);

	snprintf(text, NAME_SIZE, "%s%x.%s", words[r % 6], n, tops[r / 8 % 7]);
}

/* A fifth of the list is of each of: names, names with a label more, wildcards, holes (half of them
 * below one and the same name), addresses and ranges. Every sixteenth has a port. */
static void write_pattern(char *text, uint32_t n)
{
	static const char *const before[] = {"", "www.", "*.", "**."};
	char name[NAME_SIZE];
	uint32_t r = scramble(n);

	write_name(name, n);
	if (n % 5 < 3)
		snprintf(text, TEXT_SIZE, "%s%s%s", before[n % 5 + (n % 10 == 2)], name,
			n % 16 ? "" : ":8443");
	else if (n % 5 == 3)
		snprintf(text, TEXT_SIZE, "api-%x-*.%s", n, n % 2 ? name : "example.net");
	else if (n % 2)
		snprintf(text, TEXT_SIZE, "%u.%u.%u.%u", 1 + r % 200, r >> 8 & 255, r >> 16 & 255,
			r >> 24);
	else
		snprintf(
			text, TEXT_SIZE, "%u.%u.%u.0/24", 1 + r % 200, r >> 8 & 255, r >> 16 & 255);
}

/* Targets: hits are entry number n, misses are names that no entry has. */
static void write_hit(char *text, uint32_t n)
{
	char name[NAME_SIZE];

	n = scramble(n) % PATTERNS / 5 * 5;
	write_name(name, n);
	snprintf(text, TEXT_SIZE, "%s:8443", name);
}

static void write_deep_hit(char *text, uint32_t n)
{
	char name[NAME_SIZE];

	n = scramble(n) % PATTERNS / 5 * 5 + 2;
	write_name(name, n);
	snprintf(text, TEXT_SIZE, "a.b%x.c.%s:443", n & 0xff, name);
}

static void write_hole_hit(char *text, uint32_t n)
{
	n = scramble(n) % (PATTERNS / 10) * 10 + 8;
	snprintf(text, TEXT_SIZE, "api-%x-x%x.example.net:443", n, n & 0xf);
}

static void write_miss(char *text, uint32_t n, const char *before)
{
	char name[NAME_SIZE];

	write_name(name, scramble(n) | 0x80000000u);
	snprintf(text, TEXT_SIZE, "%s%s:443", before, name);
}

static void write_miss_2(char *text, uint32_t n)
{
	write_miss(text, n, "");
}

static void write_miss_4(char *text, uint32_t n)
{
	write_miss(text, n, "www.eu-1.");
}

static void write_miss_12(char *text, uint32_t n)
{
	write_miss(text, n, "a.b.c.d.e.f.g.h.i.j.");
}

/* What a proxy with a long deny list is asked: one in sixteen is on it. */
static void write_mix(char *text, uint32_t n)
{
	if (n % 16 == 0)
		write_hit(text, n);
	else if (n % 2)
		write_miss_2(text, n);
	else
		write_miss_4(text, n);
}

static void write_address_hit(char *text, uint32_t n)
{
	uint32_t r = scramble(scramble(n) % PATTERNS / 10 * 10 + 9);

	snprintf(text, TEXT_SIZE, "%u.%u.%u.%u:443", 1 + r % 200, r >> 8 & 255, r >> 16 & 255,
		r >> 24);
}

static struct policy *load(uint32_t count, uint64_t *ret_ns)
{
	char(*texts)[TEXT_SIZE] = calloc(count, TEXT_SIZE);
	struct policy_settings settings = {0};
	struct fault fault;

	if (!texts)
		return NULL;
	for (uint32_t n = 0; n < count; n++)
		write_pattern(texts[n], n);
	uint64_t start = now_ns();
	struct policy_builder *b = policy_builder_new();
	for (uint32_t n = 0; b && n < count; n++) {
		struct entry e = {.list = n % 8 ? LIST_DENY : LIST_ALLOW,
			.pattern = slice_of(texts[n]),
			.file = SLICE("blocklist.txt"),
			.line = n + 1,
			.public_suffix = true};
		if (!policy_builder_add(b, &e, &fault))
			printf("%s\n", fault.text);
	}
	struct policy *p = b ? policy_builder_finish(b, &settings) : NULL;
	*ret_ns = now_ns() - start;
	free(texts);
	return p;
}

/* Nanoseconds for parsing all texts, and judging them where there is a policy. */
static double run(const struct policy *p, char (*texts)[TEXT_SIZE], unsigned *ret_matched)
{
	struct target t;
	unsigned matched = 0;
	uint64_t start = now_ns();

	for (uint32_t n = 0; n < TARGETS; n++) {
		if (target_parse_authority(slice_of(texts[n]), &t) != REASON_NONE)
			abort();
		matched += p ? policy_judge(p, &t).entry != ENTRY_NONE : t.port & 1;
	}
	*ret_matched = matched;
	return (double)(now_ns() - start) / TARGETS;
}

/* Nanoseconds for a read that nothing could foresee, in 64 MiB. */
static double memory_ns(void)
{
	enum { LINES = 1 << 20, STEPS = 1000000 };
	typedef uint32_t line[16];
	line *lines = calloc(LINES, sizeof(line));
	uint32_t at = 0;

	if (!lines)
		abort();
	/* A full period through all lines: an odd increment and a factor of 4 n + 1. */
	for (uint32_t i = 0; i < LINES; i++)
		lines[i][0] = (i * 1664525u + 1013904223u) % LINES;
	uint64_t start = now_ns();
	for (int i = 0; i < STEPS; i++)
		at = lines[at][0];
	double ns = (double)(now_ns() - start) / STEPS;
	volatile uint32_t sink = at;
	(void)sink;
	free(lines);
	return ns;
}

int main(void)
{
	static const struct {
		const char *name;
		write_fn write;
	} kinds[] = {
		{"mix, 1 in 16 listed", write_mix},
		{"listed name", write_hit},
		{"5 labels, listed wildcard", write_deep_hit},
		{"listed hole", write_hole_hit},
		{"listed address", write_address_hit},
		{"2 labels, not listed", write_miss_2},
		{"4 labels, not listed", write_miss_4},
		{"12 labels, not listed", write_miss_12},
	};
	uint64_t small_ns, large_ns;
	unsigned matched;
	struct policy *small = load(1000, &small_ns);
	struct policy *large = load(PATTERNS, &large_ns);
	char(*texts)[TEXT_SIZE] = calloc(TARGETS, TEXT_SIZE);

	if (!small || !large || !texts)
		abort();
	struct policy_counts counts = policy_counts(large);
	printf("policy load, 1000000 patterns: %.3f s, %.1f bytes per pattern\n",
		(double)large_ns / 1e9, (double)counts.bytes / (counts.allow + counts.deny));
	printf("memory, one read: %.0f ns\n", memory_ns());
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (uint32_t n = 0; n < TARGETS; n++)
			kinds[i].write(texts[n], n);
		double parse_ns = run(NULL, texts, &matched);
		double small_run_ns = run(small, texts, &matched) - parse_ns;
		double large_run_ns = run(large, texts, &matched) - parse_ns;
		printf("judge, %s: %.0f ns (%.0f ns with 1000 patterns; parse %.0f ns; %u%% decided by an entry)\n",
			kinds[i].name, large_run_ns, small_run_ns, parse_ns,
			matched / (TARGETS / 100));
	}
	free(texts);
	policy_unref(small);
	policy_unref(large);
	return 0;
}
