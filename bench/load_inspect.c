/* SPDX-License-Identifier: Apache-2.0 */
/* inspect: connect, CONNECT, TLS with the proxy, one request and its response, close. inspect-kept: the same
 * once per connection, then request after request. inspect-idle: connections that did one request and
 * wait. The origin speaks TLS, too: a proxy that looks inside does two handshakes for each. */
#include "bench/load.h"
#include "bench/origin_secure.h"
#include "bench/secure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum talk_phase {
	TALK_CONNECTING, /* until the head of the CONNECT is out */
	TALK_ANSWERED, /* the reply to it */
	TALK_HANDSHAKE,
	TALK_RESPONSE,
	TALK_IDLE,
};

struct talk {
	struct watch watch;
	struct load *load;
	SSL *ssl;
	enum talk_phase phase;
	unsigned matched; /* of the blank line that ends a head */
	size_t content_left;
};

enum talk_end { END_CLOSE, END_NEXT, END_IDLE };

static SSL_CTX *context;
static char request[512];
static size_t request_len;
static enum talk_end talk_end;

static void on_talk_ready(struct watch *w);

static void talk_close(struct talk *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
	loop_close(&t->watch);
}

static void talk_open(struct talk *t)
{
	struct load *l = t->load;
	int fd = loop_dial(l->options->port, (uint32_t)l->started++);

	t->phase = TALK_CONNECTING;
	t->ssl = fd >= 0 ? secure_new(context, fd, l->options->sni) : NULL;
	if (!t->ssl || !loop_watch(&l->loop, &t->watch, fd, on_talk_ready)) {
		fprintf(stderr, "load: no connection: %s\n", strerror(errno));
		l->result.failed++;
		l->loop.stopped = true;
	}
}

static void talk_fail(struct talk *t)
{
	struct load *l = t->load;

	talk_close(t);
	l->result.failed++;
	l->loop.progress++;
	l->loop.stopped = l->result.failed >= 20;
	if (!l->loop.stopped)
		talk_open(t);
}

/* Counts one operation; the connection goes on as the workload wants it. */
static void talk_complete(struct talk *t)
{
	struct load *l = t->load;

	l->loop.progress++;
	l->result.operations++;
	l->loop.stopped = l->result.operations >= l->options->count;
	t->phase = TALK_IDLE;
	if (talk_end == END_CLOSE)
		talk_close(t);
	if (talk_end == END_CLOSE && l->started < l->options->count)
		talk_open(t);
}

static enum secure_step talk_ask(struct talk *t)
{
	t->phase = TALK_RESPONSE;
	t->matched = 0;
	t->content_left = t->load->options->answer_bytes;
	return secure_write(t->ssl, request, request_len);
}

/* Takes bytes up to the end of a head; how many there were. */
static size_t match_head(struct talk *t, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";
	size_t i = 0;

	for (; i < len && t->matched < 4; i++)
		t->matched = bytes[i] == end[t->matched] ? t->matched + 1 : (bytes[i] == '\r');
	return i;
}

static enum secure_step step_connecting(struct talk *t)
{
	const struct tunnel_plan *plan = &t->load->plan;
	ssize_t sent = send(t->watch.fd, plan->head, plan->head_len, MSG_NOSIGNAL);

	if (sent != (ssize_t)plan->head_len)
		return sent < 0 && errno == EAGAIN ? SECURE_WAIT : SECURE_GONE;
	t->phase = TALK_ANSWERED;
	t->matched = 0;
	return SECURE_DONE;
}

/* A server of TLS waits for its client, so that nothing follows the reply's head. */
static enum secure_step step_answered(struct talk *t)
{
	char bytes[1024];
	ssize_t len = recv(t->watch.fd, bytes, sizeof(bytes), 0);

	if (len <= 0)
		return len < 0 && errno == EAGAIN ? SECURE_WAIT : SECURE_GONE;
	match_head(t, bytes, (size_t)len);
	if (t->matched == 4)
		t->phase = TALK_HANDSHAKE;
	return SECURE_DONE;
}

static enum secure_step step_response(struct talk *t)
{
	char bytes[16384];
	size_t len;
	enum secure_step step = secure_read(t->ssl, bytes, sizeof(bytes), &len);

	if (step != SECURE_DONE)
		return step;
	len -= match_head(t, bytes, len);
	t->content_left -= len < t->content_left ? len : t->content_left;
	if (t->matched < 4 || t->content_left > 0)
		return SECURE_DONE;
	t->load->result.bytes += t->load->options->answer_bytes;
	talk_complete(t);
	if (talk_end == END_NEXT && !t->load->loop.stopped)
		return talk_ask(t);
	return SECURE_WAIT;
}

static enum secure_step talk_step(struct talk *t)
{
	char byte;
	size_t len;
	enum secure_step step;

	switch (t->phase) {
	case TALK_CONNECTING:
		return step_connecting(t);
	case TALK_ANSWERED:
		return step_answered(t);
	case TALK_HANDSHAKE:
		step = secure_handshake(t->ssl);
		return step == SECURE_DONE ? talk_ask(t) : step;
	case TALK_RESPONSE:
		return step_response(t);
	case TALK_IDLE:
		return secure_read(t->ssl, &byte, 1, &len) == SECURE_WAIT ? SECURE_WAIT
									  : SECURE_GONE;
	}
	return SECURE_GONE;
}

static void on_talk_ready(struct watch *w)
{
	struct talk *t = (struct talk *)(void *)w;
	enum secure_step step = SECURE_DONE;

	while (step == SECURE_DONE && !t->load->loop.stopped)
		step = talk_step(t);
	if (step == SECURE_GONE)
		talk_fail(t);
}

static void drain(struct load *l, const struct origin_secure *origin)
{
	uint64_t until = loop_now_ns() + 1000000000;

	while (origin_secure_open_count(origin) > 0 && loop_now_ns() < until)
		loop_turn(&l->loop, 10);
}

/* Every connection does one request before what counts begins. */
static bool open_all(struct load *l, struct talk *talks, size_t count)
{
	struct load_options whole = *l->options;
	const struct load_options *given = l->options;
	const enum talk_end end = talk_end;

	whole.count = count;
	l->options = &whole;
	talk_end = END_IDLE;
	/* No more than 64 handshakes at once: what they leave behind is not what idle ones cost. */
	for (size_t done = 0; done < count && l->result.failed == 0; done = l->result.operations) {
		whole.count = count - done < 64 ? count : done + 64;
		for (size_t i = done; i < whole.count; i++) {
			talks[i].load = l;
			talk_open(&talks[i]);
		}
		if (!load_run(l))
			return false;
	}
	l->options = given;
	talk_end = end;
	return l->result.failed == 0;
}

static bool run_kept(struct load *l, struct talk *talks, size_t count)
{
	if (!open_all(l, talks, count))
		return false;
	l->result = (struct load_result){0};
	load_begin(l);
	for (size_t i = 0; i < count; i++)
		if (talk_ask(&talks[i]) != SECURE_DONE)
			return false;
	bool ok = load_run(l);
	load_end(l);
	return ok;
}

static bool run_idle(struct load *l, struct talk *talks, size_t count)
{
	load_begin(l);
	bool ok = open_all(l, talks, count);
	load_end(l);
	return ok;
}

static bool run_setups(
	struct load *l, struct talk *talks, size_t count, struct origin_secure *origin)
{
	load_begin(l);
	for (size_t i = 0; i < count; i++) {
		talks[i].load = l;
		talk_open(&talks[i]);
	}
	bool ok = load_run(l);
	if (ok)
		drain(l, origin);
	load_end(l);
	return ok;
}

static bool run_inspect(struct load *l, enum talk_end end)
{
	const struct load_options *o = l->options;
	size_t count = end == END_IDLE ? o->count : o->concurrency;
	struct talk *talks = calloc(count, sizeof(*talks));
	const struct origin_secure_plan plan = {.certificate = o->certificate,
		.key = o->key,
		.answer_bytes = o->answer_bytes,
		.size = 2 * count + 64};
	struct origin_secure *origin = origin_secure_new(&l->loop, o->origin_fd, &plan);
	bool ok = false;

	talk_end = end;
	context = secure_client(NULL);
	request_len = (size_t)snprintf(request, sizeof(request),
		"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n", o->target);
	if (!talks || !origin || !context)
		goto out;
	if (end == END_CLOSE)
		ok = run_setups(l, talks, count, origin);
	else
		ok = end == END_NEXT ? run_kept(l, talks, count) : run_idle(l, talks, count);
	for (size_t i = 0; i < count; i++)
		if (talks[i].load)
			talk_close(&talks[i]);
out:
	origin_secure_free(origin);
	SSL_CTX_free(context);
	free(talks);
	return ok;
}

static bool run_close(struct load *l)
{
	return run_inspect(l, END_CLOSE);
}

static bool run_next(struct load *l)
{
	return run_inspect(l, END_NEXT);
}

static bool run_waiting(struct load *l)
{
	return run_inspect(l, END_IDLE);
}

const struct workload workload_inspect = {"inspect", run_close};
const struct workload workload_inspect_kept = {"inspect-kept", run_next};
const struct workload workload_inspect_idle = {"inspect-idle", run_waiting};
