/* SPDX-License-Identifier: Apache-2.0 */
/* setup: connect, CONNECT, ClientHello, first answer, close. refuse: CONNECT, refusal to its end. */
#include "bench/load.h"

static void on_done(struct tunnel *t)
{
	struct load *l = load_of(t);

	tunnel_close(t);
	l->result.operations++;
	l->loop.progress++;
	if (l->started < l->options->count)
		load_start(l, t);
	if (l->result.operations + l->result.failed >= l->options->count)
		l->loop.stopped = true;
}

static bool run_setup(struct load *l)
{
	struct origin_plan plan = {.play = ORIGIN_TUNNEL, .answer_bytes = l->options->answer_bytes};

	if (!load_origin(l, &plan, 2 * l->options->concurrency + 64) ||
		!load_tunnels(l, l->options->concurrency, on_done, on_done))
		return false;
	load_begin(l);
	for (size_t i = 0; i < l->tunnel_count; i++)
		load_start(l, &l->tunnels[i]);
	if (!load_run(l))
		return false;
	load_drain(l);
	load_end(l);
	return true;
}

const struct workload workload_setup = {"setup", run_setup};
const struct workload workload_refuse = {"refuse", run_setup};
