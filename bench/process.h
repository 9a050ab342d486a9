/* SPDX-License-Identifier: Apache-2.0 */
/* bench/process.h: what other processes have used, exactly: CPU time in nanoseconds and resident
 * bytes, summed over a proxy's processes with all their threads, ended ones included. */
#ifndef SALLYPORT_BENCH_PROCESS_H
#define SALLYPORT_BENCH_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_MAX 64

struct processes {
	pid_t pids[PROCESS_MAX];
	size_t count;
};

/* CPU time so far; 0 when none of them lives. */
uint64_t processes_cpu_ns(const struct processes *p);

/* Resident bytes, exact (smaps_rollup; the cheap counters of statm lag behind). */
uint64_t processes_resident(const struct processes *p);

#endif
