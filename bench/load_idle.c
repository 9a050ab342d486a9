/* SPDX-License-Identifier: Apache-2.0 */
/* idle: opens `count` tunnels that say nothing after their first answer; the result is what the
 * proxy's resident size grew by. A first batch is opened and closed again before that, so that
 * what a proxy allocates once and for all is not counted as a tunnel's. */
#include "bench/load.h"

#include <stdio.h>

static void on_warm(struct tunnel *t)
{
	struct load *l = load_of(t);

	tunnel_close(t);
	l->loop.progress++;
	if (++l->open_count == l->options->concurrency)
		l->loop.stopped = true;
}

static void on_open(struct tunnel *t)
{
	struct load *l = load_of(t);

	l->loop.progress++;
	if (++l->result.operations == l->options->count)
		l->loop.stopped = true;
	else if (l->open_count < l->options->count)
		load_start(l, &l->tunnels[l->open_count++]);
}

static void on_ready(struct tunnel *t)
{
	(void)t; /* an idle tunnel has nothing to say; its end is the run's */
}

static bool run_idle(struct load *l)
{
	struct origin_plan plan = {.play = ORIGIN_TUNNEL, .answer_bytes = l->options->answer_bytes};

	if (!load_origin(l, &plan, l->options->count + 64) ||
		!load_tunnels(l, l->options->count, on_warm, on_ready))
		return false;
	for (size_t i = 0; i < l->options->concurrency; i++)
		load_start(l, &l->tunnels[i]);
	if (!load_run(l))
		return false;
	load_drain(l);
	for (size_t i = 0; i < l->tunnel_count; i++)
		l->tunnels[i].on_open = on_open;
	load_begin(l);
	for (l->open_count = 0; l->open_count < l->options->concurrency; l->open_count++)
		load_start(l, &l->tunnels[l->open_count]);
	if (!load_run(l))
		return false;
	load_end(l);
	return true;
}

const struct workload workload_idle = {"idle", run_idle};
