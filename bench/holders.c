/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/holders.h"

#include "bench/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Connections between two looks at what the proxy holds, so that its backlog is never full. */
#define BATCH 1000
/* What a child needs beside its connections. */
#define SPARE 64

static bool ask(const struct holder_plan *plan, size_t n)
{
	char head[512];
	size_t name = n % plan->questions;
	size_t len = (size_t)snprintf(head, sizeof(head),
		"CONNECT q%zu.held.test:443 HTTP/1.1\r\nHost: q%zu.held.test:443\r\n"
		"User-Agent: load/1.0 (bench)\r\n\r\n",
		name, name);
	int fd = loop_dial_blocking(plan->port, (uint32_t)n);

	return fd >= 0 && send(fd, head, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* The child: asks as often as it is told to, from the n-th on, and keeps what it opened. */
static void serve_orders(const struct holder_plan *plan, size_t n, int orders, int done)
{
	size_t more;

	while (read(orders, &more, sizeof(more)) == (ssize_t)sizeof(more)) {
		char word = '.';
		for (; more > 0; more--) {
			if (ask(plan, n++))
				continue;
			fprintf(stderr, "load: cannot ask: %s\n", strerror(errno));
			word = '!';
			break;
		}
		if (write(done, &word, 1) != 1)
			break;
	}
	_exit(0);
}

static bool start_child(struct holders *h, const struct holder_plan *plan, size_t from)
{
	struct holder *child = &h->all[h->count];
	int orders[2], done[2];

	if (h->count == HOLDERS_MAX || pipe(orders) != 0 || pipe(done) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		/* The ends of elder children too, or those would never see theirs. */
		for (size_t i = 0; i < h->count; i++)
			close(h->all[i].orders);
		close(orders[1]);
		close(done[0]);
		serve_orders(plan, from, orders[0], done[1]);
	}
	close(orders[0]);
	close(done[1]);
	*child = (struct holder){.pid = pid, .orders = orders[1], .done = done[0]};
	h->count++;
	return pid > 0;
}

static bool open_more(struct holder *child, size_t count)
{
	char word = '!';

	return write(child->orders, &count, sizeof(count)) == (ssize_t)sizeof(count) &&
	       read(child->done, &word, 1) == 1 && word == '.';
}

bool holders_start(struct holders *h, const struct holder_plan *plan)
{
	struct rlimit limit;
	long held = control_held(plan->control);
	size_t each, open = 0;

	*h = (struct holders){.control = plan->control, .before = held};
	if (held < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= SPARE + BATCH) {
		fprintf(stderr, "load: no control endpoint, or too few descriptors\n");
		return false;
	}
	each = (size_t)limit.rlim_cur - SPARE;
	while (open < plan->count) {
		size_t share = plan->count - open < each ? plan->count - open : each;
		if (!start_child(h, plan, open))
			return false;
		while (share > 0) {
			size_t more = share < BATCH ? share : BATCH;
			share -= more;
			open += more;
			if (!open_more(&h->all[h->count - 1], more) ||
				!control_await_held(plan->control, held + (long)open))
				return false;
		}
	}
	return true;
}

bool holders_end(struct holders *h)
{
	for (size_t i = 0; i < h->count; i++) {
		close(h->all[i].orders);
		close(h->all[i].done);
		if (h->all[i].pid > 0)
			waitpid(h->all[i].pid, NULL, 0);
	}
	h->count = 0;
	return h->before >= 0 && control_await_held(h->control, h->before);
}
