/* SPDX-License-Identifier: Apache-2.0 */
/* What a full store of search answers costs: micro_search_store [DIRECTORY [ENTRIES]]. Fills it with so
 * many entries (a million) of 1 KiB with two results each, a tenth more than its bound, opens
 * it anew, and asks for entries by chance. */
#include "proxy/search_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HITS = 50000, BODY_BYTES = 1024, BATCH = 1000 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint64_t mix(uint64_t n)
{
	n = (n ^ n >> 31) * 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9u;
	return n ^ n >> 32;
}

/* Keys are digests: spread over the index. */
static void make_key(uint64_t n, uint8_t key[SEARCH_KEY_BYTES])
{
	for (size_t i = 0; i < SEARCH_KEY_BYTES / 8; i++) {
		uint64_t word = mix(n * 4 + i + 1);
		memcpy(key + 8 * i, &word, 8);
	}
}

/* Words of a vocabulary, as text has them. */
static size_t make_words(uint64_t seed, char *text, size_t size)
{
	size_t len = 0;

	while (len + 12 < size) {
		seed = mix(seed + len + 1);
		len += (size_t)snprintf(
			text + len, size - len, "w%x ", (unsigned)(seed % 5000 * (seed >> 60)));
	}
	return len;
}

static bool put(struct search_store *s, uint64_t n)
{
	static char body[BODY_BYTES], query[64], fields[] = "Content-Type: application/json\r\n";
	struct search_entry e = {.provider = SLICE("bench"),
		.status = 200,
		.stored_s = 1700000000 + (int64_t)n,
		.freshness = {.response_s = 1700000000 + (int64_t)n, .lifetime_s = 3600}};

	make_key(n, e.key);
	e.body = slice_from(body, make_words(n, body, sizeof(body)));
	e.query = slice_from(query, (size_t)snprintf(query, sizeof(query), "question %llx of many",
					    (unsigned long long)mix(n)));
	e.canonical = e.query;
	e.fields = slice_of(fields);
	const struct search_text results[] = {
		{slice_from(body, 60), SLICE("https://a.test/some/page"),
			slice_from(body + 60, 150)},
		{slice_from(body + 300, 60), SLICE("https://b.test/page"),
			slice_from(body + 360, 150)},
	};
	const struct search_texts texts = {results, 2};
	return search_store_put(s, &e, &texts) == SEARCH_STORE_OK;
}

static bool put_batch(struct search_store *s, uint64_t first)
{
	bool ok = search_store_batch(s, true) == SEARCH_STORE_OK;

	for (uint64_t n = first; ok && n < first + BATCH; n++)
		ok = put(s, n);
	return search_store_batch(s, false) == SEARCH_STORE_OK && ok;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Of the newest entries, which are there for certain. */
static bool hit(struct search_store *s, uint64_t filled, uint64_t there, double us[HITS])
{
	struct search_entry *found[LIMIT_SEARCH_VARIANTS];
	uint8_t key[SEARCH_KEY_BYTES];
	size_t count;

	for (size_t i = 0; i < HITS; i++) {
		make_key(filled - 1 - mix(i) % there, key);
		double start = now_us();
		if (search_store_find(s, key, found, LIMIT_SEARCH_VARIANTS, &count) !=
			SEARCH_STORE_OK)
			return false;
		us[i] = now_us() - start;
		search_entry_unref(found[0]);
	}
	qsort(us, HITS, sizeof(us[0]), compare);
	return true;
}

int main(int argc, char **argv)
{
	static double us[HITS];
	char path[512], notice[512];
	const uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	const uint64_t filled = entries + entries / 10;
	const struct search_store_options options = {
		.path = path, .owner = true, .entries = entries, .bytes = UINT64_C(1) << 40};
	struct search_statistics found;

	snprintf(path, sizeof(path), "%s/micro_search_store.%d", argc > 1 ? argv[1] : "/tmp",
		(int)getpid());
	struct search_store *s = search_store_open(&options, notice, sizeof(notice));
	double start = now_us();
	for (uint64_t n = 0; s && n < filled; n += BATCH)
		if (!put_batch(s, n))
			return 1;
	double put_us = (now_us() - start) / (double)filled;
	search_store_close(s);
	start = now_us();
	s = search_store_open(&options, notice, sizeof(notice));
	double open_ms = (now_us() - start) / 1e3;
	bool ok = s && search_store_statistics(s, &found) == SEARCH_STORE_OK &&
		  hit(s, filled, entries, us);
	search_store_close(s);
	unlink(path);
	if (!ok)
		return 1;
	printf("search_store: %llu entries, %.1f of %.1f MB, put %.0f us, open %.1f ms, hit p50 %.0f us"
	       ", p99 %.0f us\n",
		(unsigned long long)found.entries, (double)found.file_bytes / 1e6,
		(double)found.bytes / 1e6, put_us, open_ms, us[HITS / 2], us[HITS / 100 * 99]);
	return 0;
}
