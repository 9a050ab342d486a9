/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/control.h"

#include "bench/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES (256 * 1024)
#define STALL_NS     10000000000u

/* The whole answer, for the server closes after it; its length, 0 when there was none. */
static size_t converse(uint16_t port, const char *request, size_t len, char *ret_answer)
{
	size_t got = 0;
	int fd = loop_dial_blocking(port, 0);

	if (fd < 0)
		return 0;
	if (send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len) {
		while (got < ANSWER_BYTES - 1) {
			ssize_t more = recv(fd, ret_answer + got, ANSWER_BYTES - 1 - got, 0);
			if (more <= 0)
				break;
			got += (size_t)more;
		}
	}
	close(fd);
	ret_answer[got] = '\0';
	return got;
}

unsigned control_call(const struct control *c, const struct control_call *call)
{
	static char answer[ANSWER_BYTES];
	char request[2048];
	const char *content = call->body ? call->body : "";
	int len = snprintf(request, sizeof(request),
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%s",
		call->method, call->path, c->port, c->token, strlen(content), content);

	if (len < 0 || (size_t)len >= sizeof(request) ||
		converse(c->port, request, (size_t)len, answer) < sizeof("HTTP/1.1 200") - 1)
		return 0;
	char *head_end = strstr(answer, "\r\n\r\n");
	if (call->size > 0)
		snprintf(call->answer, call->size, "%s", head_end ? head_end + 4 : "");
	return (unsigned)strtoul(answer + sizeof("HTTP/1.1 ") - 1, NULL, 10);
}

long control_held(const struct control *c)
{
	static const char name[] = "\nsallyport_held ";
	static char metrics[ANSWER_BYTES];

	const struct control_call call = {"GET", "/metrics", NULL, metrics, sizeof(metrics)};

	if (control_call(c, &call) != 200)
		return -1;
	const char *line = strstr(metrics, name);
	return line ? strtol(line + sizeof(name) - 1, NULL, 10) : -1;
}

bool control_await_held(const struct control *c, long count)
{
	long seen = -1;
	uint64_t since = loop_now_ns();

	for (;;) {
		long held = control_held(c);
		if (held == count)
			return true;
		if (held != seen)
			since = loop_now_ns();
		seen = held;
		if (loop_now_ns() - since > STALL_NS) {
			fprintf(stderr, "load: %ld connections are held, not %ld\n", held, count);
			return false;
		}
		usleep(2000);
	}
}
