/* SPDX-License-Identifier: Apache-2.0 */
/* load: one workload against one proxy, once; client and origin in one thread, one JSON line out.
 * The figure is the CPU time of the proxy's processes. bench/run.py runs it for all candidates. */
#include "bench/load.h"

#include "base/container.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define STALL_MS 10000

static const struct workload *const workloads[] = {&workload_setup, &workload_refuse,
	&workload_bulk, &workload_small, &workload_idle, &workload_forward, &workload_held,
	&workload_release, &workload_steady, &workload_inspect, &workload_inspect_kept,
	&workload_inspect_idle};

/* Tunnels know their plan, and the plan lies in the load. */
struct load *load_of(const struct tunnel *t)
{
	return CONTAINER((char *)(uintptr_t)t->plan, struct load, plan);
}

bool load_origin(struct load *l, const struct origin_plan *plan, size_t size)
{
	l->origin = origin_new(&l->loop, l->options->origin_fd, plan, size);
	if (!l->origin)
		fprintf(stderr, "load: no origin: %s\n", strerror(errno));
	return l->origin != NULL;
}

static void on_tunnel_failed(struct tunnel *t)
{
	struct load *l = load_of(t);

	l->result.failed++;
	l->loop.progress++;
	tunnel_close(t);
	/* One failure may be chance, a hundred are a broken set-up; the run says so at once. */
	if (l->result.failed >= 100)
		l->loop.stopped = true;
	else
		load_start(l, t);
}

bool load_tunnels(struct load *l, size_t count, void (*on_open)(struct tunnel *t),
	void (*on_ready)(struct tunnel *t))
{
	l->tunnels = calloc(count, sizeof(*l->tunnels));
	if (!l->tunnels)
		return false;
	l->tunnel_count = count;
	for (size_t i = 0; i < count; i++) {
		struct tunnel *t = &l->tunnels[i];
		t->watch.fd = -1;
		t->plan = &l->plan;
		t->on_open = on_open;
		t->on_ready = on_ready;
		t->on_failed = on_tunnel_failed;
	}
	return true;
}

void load_start(struct load *l, struct tunnel *t)
{
	if (tunnel_start(t, (uint32_t)l->started)) {
		l->started++;
		return;
	}
	fprintf(stderr, "load: no connection: %s\n", strerror(errno));
	l->result.failed++;
	l->loop.stopped = true;
}

void load_begin(struct load *l)
{
	l->result.resident_before = processes_resident(&l->options->processes);
	l->begun_cpu_ns = processes_cpu_ns(&l->options->processes);
	l->begun_ns = loop_now_ns();
}

void load_end(struct load *l)
{
	l->result.wall_ns = loop_now_ns() - l->begun_ns;
	uint64_t until = loop_now_ns() + (uint64_t)l->options->settle_ms * 1000000;
	while (loop_now_ns() < until)
		loop_turn(&l->loop, 10);
	l->result.cpu_ns = processes_cpu_ns(&l->options->processes) - l->begun_cpu_ns;
	l->result.resident_after = processes_resident(&l->options->processes);
}

bool load_run(struct load *l)
{
	bool moved = loop_run(&l->loop, STALL_MS);

	if (!moved)
		fprintf(stderr, "load: %s: nothing moved for %d s\n", l->options->workload,
			STALL_MS / 1000);
	return moved;
}

void load_drain(struct load *l)
{
	uint64_t until = loop_now_ns() + 1000000000;

	while (origin_open_count(l->origin) > 0 && loop_now_ns() < until)
		loop_turn(&l->loop, 10);
}

static void print_result(const struct load *l)
{
	const struct load_result *r = &l->result;
	uint64_t count = r->operations ? r->operations : 1;

	printf("{\"workload\": \"%s\", \"operations\": %" PRIu64 ", \"failed\": %" PRIu64
	       ", \"bytes\": %" PRIu64 ", \"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64
	       ", \"cpu_ns_per_operation\": %" PRIu64 ", \"resident_before\": %" PRIu64
	       ", \"resident_after\": %" PRIu64 ", \"wall_after_ns\": %" PRIu64
	       ", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"base_p50_ns\": %" PRIu64
	       ", \"base_p99_ns\": %" PRIu64 "}\n",
		l->options->workload, r->operations, r->failed, r->bytes, r->wall_ns, r->cpu_ns,
		r->cpu_ns / count, r->resident_before, r->resident_after, r->wall_after_ns,
		r->p50_ns, r->p99_ns, r->base_p50_ns, r->base_p99_ns);
}

static void use_all_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(const struct load_options *options, const struct workload *workload)
{
	struct load l = {.options = options};
	bool ok = false;

	l.plan = (struct tunnel_plan){
		.loop = &l.loop,
		.port = options->port,
		.direct = options->direct,
		.status = workload == &workload_refuse ? 403 : 200,
		.answer_bytes = options->answer_bytes,
	};
	tunnel_plan_target(&l.plan, options->target, options->sni);
	if (loop_open(&l.loop))
		ok = workload->run(&l);
	if (ok)
		print_result(&l);
	loop_done(&l.loop);
	free(l.tunnels);
	origin_free(l.origin);
	return ok && l.result.failed == 0 ? 0 : 1;
}

static const char usage[] =
	"usage: load WORKLOAD --port PORT --target HOST:PORT --origin-fd N [options]\n"
	"workloads: setup refuse bulk small idle forward held release steady inspect inspect-kept\n"
	"           inspect-idle\n"
	"  --port N          of the proxy, on 127.0.0.1\n"
	"  --target H:P      what the proxy is asked for\n"
	"  --sni NAME        what the ClientHello asks for (bench.test)\n"
	"  --origin-fd N     inherited listening socket that the target leads to\n"
	"  --origin-port N   or: listen there\n"
	"  --certificate F, --key F: what an origin of TLS shows\n"
	"  --direct          no CONNECT: the peer routes by SNI\n"
	"  --pid N           a process of the proxy; repeat\n"
	"  --count N         operations, or idle tunnels (1000)\n"
	"  --concurrency N   connections at once (32)\n"
	"  --message N       bytes of a small message (128)\n"
	"  --answer N        bytes of the origin's first answer or HTTP content (1024)\n"
	"  --megabytes N     of bulk, per tunnel and direction (256)\n"
	"  --direction D     of bulk: down, up, both (down)\n"
	"  --questions N     names that held connections ask for (10)\n"
	"  --control N       port of the proxy's control endpoint\n"
	"  --token T         that it takes\n"
	"  --base-port N, --base-control N, --base-token T: the same of one that holds nothing\n"
	"  --rate N          operations per second (500)\n"
	"  --settle N        milliseconds before CPU time is read (100)\n";

enum {
	OPTION_PORT = 256,
	OPTION_TARGET,
	OPTION_SNI,
	OPTION_ORIGIN_FD,
	OPTION_ORIGIN_PORT,
	OPTION_CERTIFICATE,
	OPTION_KEY,
	OPTION_DIRECT,
	OPTION_PID,
	OPTION_COUNT,
	OPTION_CONCURRENCY,
	OPTION_MESSAGE,
	OPTION_ANSWER,
	OPTION_MEGABYTES,
	OPTION_DIRECTION,
	OPTION_QUESTIONS,
	OPTION_CONTROL,
	OPTION_TOKEN,
	OPTION_BASE_PORT,
	OPTION_BASE_CONTROL,
	OPTION_BASE_TOKEN,
	OPTION_RATE,
	OPTION_SETTLE,
};

static const struct option long_options[] = {
	{"port", required_argument, NULL, OPTION_PORT},
	{"target", required_argument, NULL, OPTION_TARGET},
	{"sni", required_argument, NULL, OPTION_SNI},
	{"origin-fd", required_argument, NULL, OPTION_ORIGIN_FD},
	{"origin-port", required_argument, NULL, OPTION_ORIGIN_PORT},
	{"certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"key", required_argument, NULL, OPTION_KEY},
	{"direct", no_argument, NULL, OPTION_DIRECT},
	{"pid", required_argument, NULL, OPTION_PID},
	{"count", required_argument, NULL, OPTION_COUNT},
	{"concurrency", required_argument, NULL, OPTION_CONCURRENCY},
	{"message", required_argument, NULL, OPTION_MESSAGE},
	{"answer", required_argument, NULL, OPTION_ANSWER},
	{"megabytes", required_argument, NULL, OPTION_MEGABYTES},
	{"direction", required_argument, NULL, OPTION_DIRECTION},
	{"questions", required_argument, NULL, OPTION_QUESTIONS},
	{"control", required_argument, NULL, OPTION_CONTROL},
	{"token", required_argument, NULL, OPTION_TOKEN},
	{"base-port", required_argument, NULL, OPTION_BASE_PORT},
	{"base-control", required_argument, NULL, OPTION_BASE_CONTROL},
	{"base-token", required_argument, NULL, OPTION_BASE_TOKEN},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"settle", required_argument, NULL, OPTION_SETTLE},
	{NULL, 0, NULL, 0},
};

static enum direction direction_of(const char *word)
{
	if (strcmp(word, "up") == 0)
		return DIRECTION_UP;
	return strcmp(word, "both") == 0 ? DIRECTION_BOTH : DIRECTION_DOWN;
}

/* One of those about held connections or TLS; false when it is unknown. */
static bool take_other_option(struct load_options *o, int option)
{
	unsigned long long number = optarg ? strtoull(optarg, NULL, 10) : 0;
	uint16_t port = (uint16_t)number;

	switch (option) {
	case OPTION_CERTIFICATE:
		o->certificate = optarg;
		return true;
	case OPTION_KEY:
		o->key = optarg;
		return true;
	case OPTION_QUESTIONS:
		o->questions = number;
		return true;
	case OPTION_CONTROL:
		o->control.port = port;
		return true;
	case OPTION_TOKEN:
		o->control.token = optarg;
		return true;
	case OPTION_BASE_PORT:
		o->base_port = port;
		return true;
	case OPTION_BASE_CONTROL:
		o->base_control.port = port;
		return true;
	case OPTION_BASE_TOKEN:
		o->base_control.token = optarg;
		return true;
	case OPTION_RATE:
		o->rate = (uint32_t)number;
		return true;
	default:
		return false;
	}
}

/* One option; false when it is unknown. */
static bool take_option(struct load_options *o, int option)
{
	unsigned long long number = optarg ? strtoull(optarg, NULL, 10) : 0;
	uint16_t port = (uint16_t)number;

	switch (option) {
	case OPTION_PORT:
		o->port = port;
		return true;
	case OPTION_TARGET:
		o->target = optarg;
		return true;
	case OPTION_SNI:
		o->sni = optarg;
		return true;
	case OPTION_ORIGIN_FD:
		o->origin_fd = (int)number;
		return true;
	case OPTION_ORIGIN_PORT:
		o->origin_fd = loop_listen(port, &port);
		return true;
	case OPTION_DIRECT:
		o->direct = true;
		return true;
	case OPTION_PID:
		if (o->processes.count < PROCESS_MAX)
			o->processes.pids[o->processes.count++] = (pid_t)number;
		return true;
	case OPTION_COUNT:
		o->count = number;
		return true;
	case OPTION_CONCURRENCY:
		o->concurrency = number;
		return true;
	case OPTION_MESSAGE:
		o->message_bytes = number;
		return true;
	case OPTION_ANSWER:
		o->answer_bytes = number;
		return true;
	case OPTION_MEGABYTES:
		o->megabytes = number;
		return true;
	case OPTION_DIRECTION:
		o->direction = direction_of(optarg);
		return true;
	case OPTION_SETTLE:
		o->settle_ms = (int)number;
		return true;
	default:
		return take_other_option(o, option);
	}
}

static bool in_range(const struct load_options *o)
{
	return o->port > 0 && o->target && strlen(o->target) < 150 && strlen(o->sni) < 150 &&
	       o->origin_fd >= 0 && o->count > 0 && o->concurrency > 0 && o->questions > 0 &&
	       o->rate > 0 && o->answer_bytes > 0 && o->answer_bytes <= ORIGIN_ANSWER_MAX &&
	       o->message_bytes > 0 && o->message_bytes <= 4096;
}

int main(int argc, char **argv)
{
	struct load_options o = {.sni = "bench.test",
		.origin_fd = -1,
		.certificate = "",
		.key = "",
		.count = 1000,
		.concurrency = 32,
		.message_bytes = 128,
		.answer_bytes = 1024,
		.megabytes = 256,
		.questions = 10,
		.control = {.token = ""},
		.base_control = {.token = ""},
		.rate = 500,
		.settle_ms = 100};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&o, option))
			goto usage;
	if (optind + 1 != argc || !in_range(&o))
		goto usage;
	o.workload = argv[optind];
	if (o.concurrency > o.count)
		o.concurrency = o.count;
	signal(SIGPIPE, SIG_IGN);
	use_all_descriptors();
	fcntl(o.origin_fd, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (strcmp(workloads[i]->name, o.workload) == 0)
			return run(&o, workloads[i]);
usage:
	fputs(usage, stderr);
	return 2;
}
