/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of judging a browser's post-quantum ClientHello, in one record and in records of 20. */
#include "tls/hello.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 200000 };

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int measure(const char *name, const char *file)
{
	static char bytes[LIMIT_HELLO_BYTES], scratch[LIMIT_HELLO_BYTES];
	struct hello hello;
	enum reason bad;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", HELLO_CORPUS, file);
	FILE *f = fopen(path, "rb");
	if (!f)
		return 1;
	struct slice input = slice_from(bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
	double start = cpu_ns();
	for (int i = 0; i < ROUNDS; i++)
		if (hello_parse(input, scratch, &hello, &bad) != HELLO_OK)
			return 1;
	printf("%s: %.0f ns\n", name, (cpu_ns() - start) / ROUNDS);
	return 0;
}

int main(void)
{
	return measure("hello, one record", "chromium") |
	       measure("hello, records of 20 bytes", "records-of-20");
}
