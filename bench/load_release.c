/* SPDX-License-Identifier: Apache-2.0 */
/* release: `concurrency` connections wait for one question, and one call approves it. wall_ns is the
 * time from the moment the approval was sent until the last of them has its 200, with an upstream
 * connection behind each. */
#include "bench/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct release {
	struct load *load;
	struct watch *watches; /* one for each that waits */
	size_t answered;
	char head[512];
	size_t head_len;
};

/* Watches have no owner, and there is one release. */
static struct release release;

static void on_answer(struct watch *w)
{
	char bytes[4096];
	ssize_t len = recv(w->fd, bytes, sizeof(bytes), 0);
	static const char ok[] = "HTTP/1.1 200 ";

	if (len < 0)
		return;
	if ((size_t)len < sizeof(ok) - 1 || memcmp(bytes, ok, sizeof(ok) - 1) != 0) {
		fprintf(stderr, "load: not released: %.*s\n", (int)(len > 60 ? 60 : len), bytes);
		release.load->result.failed++;
	}
	release.load->loop.progress++;
	if (++release.answered == release.load->options->concurrency)
		release.load->loop.stopped = true;
	loop_close(w);
}

/* All ask, and are held before this returns. */
static bool ask_all(struct load *l, long held)
{
	for (size_t i = 0; i < l->options->concurrency; i++) {
		int fd = loop_dial_blocking(l->options->port, (uint32_t)l->started++);
		if (fd < 0 || send(fd, release.head, release.head_len, MSG_NOSIGNAL) < 0 ||
			fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
			!loop_watch(&l->loop, &release.watches[i], fd, on_answer))
			return false;
	}
	return control_await_held(&l->options->control, held + (long)l->options->concurrency);
}

/* The id of the newest pending question for the target's host. */
static bool find_question(const struct load *l, char ret_path[64])
{
	static char list[256 * 1024];
	char host[160];
	const char *last = NULL;

	const struct control_call call = {
		"GET", "/v1/approvals?limit=1000", NULL, list, sizeof(list)};
	if (control_call(&l->options->control, &call) != 200)
		return false;
	snprintf(host, sizeof(host), "\"%.*s\"", (int)strcspn(l->options->target, ":"),
		l->options->target);
	const char *found = strstr(list, host);
	for (const char *at = list; found && (at = strstr(at, "\"q-")) && at < found; at++)
		last = at;
	if (last)
		snprintf(ret_path, 64, "/v1/approvals/%.18s/approve", last + 1);
	return last != NULL;
}

static bool approve(struct load *l)
{
	char path[64];
	long held = control_held(&l->options->control);

	release.answered = 0;
	if (!ask_all(l, held) || !find_question(l, path)) {
		fprintf(stderr, "load: nothing to approve\n");
		return false;
	}
	uint64_t sent_ns = loop_now_ns();
	const struct control_call call = {"POST", path, "{\"scope\":\"once\"}", NULL, 0};
	unsigned status = control_call(&l->options->control, &call);
	uint64_t told_ns = loop_now_ns();
	if (status != 200 || !load_run(l))
		return false;
	uint64_t ended_ns = loop_now_ns();
	l->result.wall_ns = ended_ns - sent_ns;
	l->result.wall_after_ns = ended_ns - told_ns;
	l->result.operations = release.answered;
	load_drain(l);
	return control_await_held(&l->options->control, held);
}

static bool run_release(struct load *l)
{
	struct origin_plan plan = {.play = ORIGIN_TUNNEL, .answer_bytes = l->options->answer_bytes};
	const struct load_options *o = l->options;

	release = (struct release){.load = l};
	release.head_len = (size_t)snprintf(release.head, sizeof(release.head),
		"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", o->target, o->target);
	release.watches = calloc(o->concurrency, sizeof(*release.watches));
	bool ok = release.watches && load_origin(l, &plan, 2 * o->concurrency) && approve(l);
	free(release.watches);
	return ok;
}

const struct workload workload_release = {"release", run_release};
