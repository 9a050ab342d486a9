/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

/* Of "HTTP/1.1 200": where the status stands. */
#define STATUS_FROM 9
#define STATUS_TO   12

void tunnel_plan_target(struct tunnel_plan *plan, const char *target, const char *sni)
{
	plan->head_len = (size_t)snprintf(plan->head, sizeof(plan->head),
		"CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\n%s\r\n", target, target,
		plan->status == 200 ? "" : "Connection: close\r\n");
	hello_write(sni, plan->hello_bytes);
}

void tunnel_close(struct tunnel *t)
{
	loop_close(&t->watch);
	t->phase = TUNNEL_CLOSED;
}

/* Sends a short first message. False while connecting, *ret_failed when that came to nothing. */
static bool send_whole(struct tunnel *t, const void *bytes, size_t len, bool *ret_failed)
{
	ssize_t sent = send(t->watch.fd, bytes, len, MSG_NOSIGNAL);

	*ret_failed = sent < 0 ? errno != EAGAIN : (size_t)sent != len;
	return sent == (ssize_t)len;
}

static void turn_connecting(struct tunnel *t)
{
	const struct tunnel_plan *plan = t->plan;
	bool failed, sent;

	if (plan->direct)
		sent = send_whole(t, plan->hello_bytes, HELLO_SIZE, &failed);
	else
		sent = send_whole(t, plan->head, plan->head_len, &failed);
	t->read_len = 0;
	if (failed)
		t->on_failed(t);
	else if (sent)
		t->phase = plan->direct ? TUNNEL_HELLO : TUNNEL_ANSWERED;
}

/* Takes reply bytes up to the end of the head; true when it is there. */
static bool take_reply(struct tunnel *t, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";

	for (size_t i = 0; i < len && t->matched < 4; i++, t->read_len++) {
		if (t->read_len >= STATUS_FROM && t->read_len < STATUS_TO)
			t->status = t->status * 10 + (unsigned)(bytes[i] - '0');
		t->matched = bytes[i] == end[t->matched] ? t->matched + 1 : (bytes[i] == '\r');
	}
	return t->matched == 4;
}

static void turn_answered(struct tunnel *t)
{
	char bytes[4096];
	bool failed;

	for (;;) {
		ssize_t len = recv(t->watch.fd, bytes, sizeof(bytes), 0);
		if (len < 0 && errno == EAGAIN)
			return;
		bool refused = t->matched == 4 && t->plan->status != 200;
		if (len == 0 && refused && t->status == t->plan->status) {
			t->on_open(t);
			return;
		}
		if (len <= 0) {
			t->on_failed(t);
			return;
		}
		if (take_reply(t, bytes, (size_t)len) && t->plan->status == 200)
			break;
	}
	t->read_len = 0;
	if (t->status != 200 || !send_whole(t, t->plan->hello_bytes, HELLO_SIZE, &failed)) {
		t->on_failed(t);
		return;
	}
	t->phase = TUNNEL_HELLO;
}

static void turn_hello(struct tunnel *t)
{
	char bytes[16384];

	while (t->read_len < t->plan->answer_bytes) {
		size_t want = t->plan->answer_bytes - t->read_len;
		ssize_t len =
			recv(t->watch.fd, bytes, want < sizeof(bytes) ? want : sizeof(bytes), 0);
		if (len < 0 && errno == EAGAIN)
			return;
		if (len <= 0) {
			t->on_failed(t);
			return;
		}
		t->read_len += (size_t)len;
	}
	t->phase = TUNNEL_OPEN;
	t->on_open(t);
}

static void on_tunnel_ready(struct watch *w)
{
	struct tunnel *t = (struct tunnel *)(void *)w;

	switch (t->phase) {
	case TUNNEL_CLOSED:
		break;
	case TUNNEL_CONNECTING:
		turn_connecting(t);
		break;
	case TUNNEL_ANSWERED:
		turn_answered(t);
		break;
	case TUNNEL_HELLO:
		turn_hello(t);
		break;
	case TUNNEL_OPEN:
		t->on_ready(t);
		break;
	}
}

bool tunnel_start(struct tunnel *t, uint32_t source)
{
	int fd = loop_dial(t->plan->port, source);

	if (fd < 0)
		return false;
	t->phase = TUNNEL_CONNECTING;
	t->read_len = t->matched = t->status = 0;
	if (loop_watch(t->plan->loop, &t->watch, fd, on_tunnel_ready))
		return true;
	tunnel_close(t);
	return false;
}
