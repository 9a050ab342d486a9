/* SPDX-License-Identifier: Apache-2.0 */
/* bench/load.h: what the workloads of the load program share: the options of the run, the loop with
 * the origin in it, the tunnels, and the measurement around the part that counts. */
#ifndef SALLYPORT_BENCH_LOAD_H
#define SALLYPORT_BENCH_LOAD_H

#include "bench/control.h"
#include "bench/origin.h"
#include "bench/process.h"
#include "bench/tunnel.h"

enum direction { DIRECTION_DOWN, DIRECTION_UP, DIRECTION_BOTH };

struct load_options {
	const char *workload;
	const char *target; /* host:port as the proxy is asked for it */
	const char *sni;
	uint16_t port; /* of the proxy */
	int origin_fd; /* listening socket that the target leads to */
	const char *certificate, *key; /* PEM files of an origin of TLS */
	bool direct;
	enum direction direction;
	uint64_t count; /* operations, or tunnels of `idle` */
	size_t concurrency; /* connections at once */
	size_t message_bytes;
	size_t answer_bytes;
	uint64_t megabytes; /* of `bulk`, per tunnel and direction */
	size_t questions; /* names that held connections ask for */
	struct control control; /* the proxy's control endpoint */
	uint16_t base_port; /* of the same proxy that holds nothing, and its control endpoint */
	struct control base_control;
	uint32_t rate; /* operations per second */
	int settle_ms; /* after the last operation, before CPU time is read */
	struct processes processes; /* the proxy's */
};

struct load_result {
	uint64_t operations;
	uint64_t failed;
	uint64_t bytes; /* payload moved, both directions */
	uint64_t wall_ns;
	uint64_t wall_after_ns; /* of `release`: from the API's answer on */
	uint64_t p99_ns, base_p99_ns; /* of `steady`: with connections held, and without */
	uint64_t p50_ns, base_p50_ns;
	uint64_t cpu_ns; /* of the proxy */
	uint64_t resident_before; /* of the proxy */
	uint64_t resident_after;
};

struct load {
	const struct load_options *options;
	struct loop loop;
	struct tunnel_plan plan;
	struct origin *origin;
	struct tunnel *tunnels; /* `concurrency` of them, closed, callbacks set by load_tunnels */
	size_t tunnel_count;
	uint64_t started;
	size_t open_count;
	uint64_t begun_ns, begun_cpu_ns;
	struct load_result result;
};

/* A workload runs once from nothing to the filled result. False: it could not go on, and said why
 * on standard error. */
struct workload {
	const char *name;
	bool (*run)(struct load *l);
};

extern const struct workload workload_setup, workload_refuse, workload_bulk, workload_small,
	workload_idle, workload_forward, workload_held, workload_release, workload_steady,
	workload_inspect, workload_inspect_kept, workload_inspect_idle;

/* The origin that plays `play`, with room for `size` connections. */
bool load_origin(struct load *l, const struct origin_plan *plan, size_t size);

/* `count` closed tunnels with these callbacks; their `owner` is the load. */
bool load_tunnels(struct load *l, size_t count, void (*on_open)(struct tunnel *t),
	void (*on_ready)(struct tunnel *t));

/* The load that a tunnel belongs to. */
struct load *load_of(const struct tunnel *t);

/* Start the next tunnel in this slot; a lack of sockets is a failed operation. */
void load_start(struct load *l, struct tunnel *t);

/* Around the part that counts. load_end waits settle_ms for the proxy to finish what it began. */
void load_begin(struct load *l);
void load_end(struct load *l);

/* Run until a callback stops the loop; false, with a sentence, when nothing moves for 10 s. */
bool load_run(struct load *l);

/* Turn until the origin has no connection left or a second passed. */
void load_drain(struct load *l);

#endif
