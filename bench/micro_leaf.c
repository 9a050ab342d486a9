/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of minting a leaf, and of finding one in a full cache. */
#include "certs/leaves.h"

#include <stdio.h>
#include <time.h>

enum { MINTED = 4000, FOUND = 1000000, KEPT = 1024, LIFETIME_S = 7 * 86400 };

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool get(struct leaves *leaves, int number, int64_t now_s)
{
	struct trouble trouble;
	char host[64];
	int len = snprintf(host, sizeof(host), "host-%d.example.com", number);
	const struct leaf_name name = {.host = slice_from(host, (size_t)len)};
	struct leaf *leaf = leaves_get(leaves, &name, now_s, &trouble);

	leaf_unref(leaf);
	return leaf != NULL;
}

int main(void)
{
	const int64_t now_s = (int64_t)time(NULL);
	const struct authority_order order = {.now_s = now_s, .lifetime_s = 365 * 86400LL};
	struct trouble trouble;
	struct authority *authority = authority_new(&order, &trouble);
	struct leaves *leaves =
		authority ? leaves_new(authority, LIFETIME_S, KEPT, &trouble) : NULL;
	bool good = leaves != NULL;
	double start = cpu_ns();

	for (int i = 0; good && i < MINTED; i++)
		good = get(leaves, i, now_s);
	printf("leaf, minted: %.0f ns\n", (cpu_ns() - start) / MINTED);
	start = cpu_ns();
	for (int i = 0; good && i < FOUND; i++)
		good = get(leaves, MINTED - 1 - i % KEPT, now_s);
	printf("leaf, found: %.0f ns\n", (cpu_ns() - start) / FOUND);
	leaves_free(leaves);
	authority_unref(authority);
	return good ? 0 : 1;
}
