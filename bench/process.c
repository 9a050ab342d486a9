/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/process.h"

#include <stdio.h>
#include <time.h>

uint64_t processes_cpu_ns(const struct processes *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->count; i++) {
		clockid_t clock;
		struct timespec t;
		if (clock_getcpuclockid(p->pids[i], &clock) == 0 && clock_gettime(clock, &t) == 0)
			sum += (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	}
	return sum;
}

static uint64_t resident(pid_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %llu kB", &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

uint64_t processes_resident(const struct processes *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->count; i++)
		sum += resident(p->pids[i]);
	return sum;
}
