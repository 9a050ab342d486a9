/* SPDX-License-Identifier: Apache-2.0 */
/* held: `count` connections ask for names on no list and wait; the result is what the proxy's
 * resident size grew by, questions and control thread included. As many are refused before that:
 * the rings that events go through are of one size whatever is held, and full of them then. */
#include "bench/holders.h"
#include "bench/load.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* One that is refused, read to its end. */
static bool refused(const struct load *l, uint32_t n)
{
	static const char head[] =
		"CONNECT denied.test:443 HTTP/1.1\r\nHost: denied.test:443\r\n\r\n";
	char bytes[4096];
	int fd = loop_dial_blocking(l->options->port, n);

	if (fd < 0)
		return false;
	bool sent = send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(head) - 1;
	while (sent && recv(fd, bytes, sizeof(bytes), 0) > 0)
		continue;
	close(fd);
	return sent;
}

static bool run_held(struct load *l)
{
	const struct load_options *o = l->options;
	const struct holder_plan plan = {.port = o->port,
		.control = &o->control,
		.count = o->count,
		.questions = o->questions};
	struct holders holders;

	for (size_t i = 0; i < o->count; i++)
		if (!refused(l, (uint32_t)i))
			return false;
	load_begin(l);
	bool ok = holders_start(&holders, &plan);
	l->result.operations = o->count;
	load_end(l);
	return holders_end(&holders) && ok;
}

const struct workload workload_held = {"held", run_held};
