/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/soak/caller.h"

#include "bench/hello.h"
#include "bench/origin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TEXT_BYTES 512
/* Of "HTTP/1.1 200": where the status stands. */
#define STATUS_FROM 9
#define STATUS_TO   12
#define POST_BYTES  8000

static const char *const names[PLACE_COUNT] = {
	[PLACE_GOOD] = "soak.test",
	[PLACE_HALF] = "soak.test",
	[PLACE_RESET] = "soak.test",
	[PLACE_RESET_AT_ONCE] = "soak.test",
	[PLACE_BIG] = "soak.test",
	[PLACE_PLAIN] = "plain.test",
	[PLACE_DEAD] = "soak.test",
	[PLACE_RAW] = "raw.test",
	[PLACE_REFUSED] = "refused.test",
	[PLACE_HELD] = "held.test",
	[PLACE_HELD_PLAIN] = "held.test",
	[PLACE_DENIED] = "denied.test",
	[PLACE_UNANSWERED] = "unanswered.test",
	[PLACE_INSIDE] = "inside.test",
	[PLACE_INSIDE_RESET] = "inside.test",
};

static const char *const malformed[] = {
	"CONNECT soak.test HTTP/1.1\r\nHost: soak.test\r\n\r\n",
	"CONNECT soak.test:0443 HTTP/1.1\r\nHost: soak.test\r\n\r\n",
	"CONNECT a%62c.test:443 HTTP/1.1\r\nHost: a\r\n\r\n",
	"CONNECT 127.1:443 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: soak.test\r\n\r\n",
	"GET http://plain.test/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"GET http://user@plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n",
	"PUT http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\nTransfer-Encoding: gzip\r\n\r\n",
	"\x16\x03\x01 no proxy speaks TLS here\r\n\r\n",
};

static char connects[PLACE_COUNT][TEXT_BYTES];
static char gets[PLACE_COUNT][TEXT_BYTES];
static char posts[PLACE_COUNT][TEXT_BYTES + POST_BYTES];
static char inner_gets[PLACE_COUNT][TEXT_BYTES];
static unsigned char hellos[PLACE_COUNT][HELLO_SIZE];
static unsigned char wrong_hello[HELLO_SIZE], nameless_hello[HELLO_SIZE];
static char noise[128 * 1024];

static unsigned port_of[PLACE_COUNT];

/* Of a place that has no port of its own: whose it is. */
static size_t listened(size_t place)
{
	if (place < PLACE_LISTENED)
		return place;
	if (place == PLACE_INSIDE_RESET)
		return PLACE_RESET_AT_ONCE;
	return place == PLACE_HELD_PLAIN ? PLACE_PLAIN : PLACE_GOOD;
}

struct place_name caller_place(size_t place)
{
	return (struct place_name){names[place], port_of[place]};
}

bool caller_prepare(const uint16_t *ports)
{
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		unsigned port = port_of[i] = ports[listened(i)];
		const char *name = names[i];
		snprintf(connects[i], TEXT_BYTES,
			"CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: soak\r\n\r\n", name,
			port, name, port);
		snprintf(gets[i], TEXT_BYTES, "GET http://%s:%u/ HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
			name, port, name, port);
		snprintf(inner_gets[i], TEXT_BYTES, "GET / HTTP/1.1\r\nHost: %s:%u\r\n\r\n", name,
			port);
		int len = snprintf(posts[i], TEXT_BYTES,
			"POST http://%s:%u/ HTTP/1.1\r\nHost: %s:%u\r\nContent-Length: %d\r\n\r\n",
			name, port, name, port, POST_BYTES);
		memset(posts[i] + len, 'x', POST_BYTES);
		hello_write(name, hellos[i]);
	}
	hello_write("plain.test", wrong_hello);
	hello_write("", nameless_hello);
	memset(noise, 'n', sizeof(noise));
	return caller_prepare_secure();
}

/* A short message, whole. Waits while connecting; an end that the proxy made first is no fault of
 * its own: the next expectation judges. */
static enum outcome send_bytes(struct caller *c, const void *bytes, size_t len)
{
	ssize_t sent = send(c->watch.fd, bytes, len, MSG_NOSIGNAL);

	if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
		return OUTCOME_DONE;
	if (sent < 0)
		return errno == EAGAIN ? OUTCOME_WAIT : OUTCOME_WRONG;
	return (size_t)sent == len ? OUTCOME_DONE : OUTCOME_WRONG;
}

static enum outcome send_pieces(struct caller *c, const void *bytes, size_t len)
{
	const char *at = bytes;

	for (size_t i = 0; i < 4; i++) {
		size_t from = len * i / 4;
		enum outcome o = send_bytes(c, at + from, len * (i + 1) / 4 - from);
		if (o != OUTCOME_DONE)
			return o == OUTCOME_WAIT && i == 0 ? OUTCOME_WAIT : OUTCOME_WRONG;
	}
	return OUTCOME_DONE;
}

enum outcome send_head(struct caller *c, size_t place)
{
	return send_bytes(c, connects[place], strlen(connects[place]));
}

enum outcome send_half_head(struct caller *c, size_t place)
{
	return send_bytes(c, connects[place], strlen(connects[place]) / 2);
}

enum outcome send_head_in_pieces(struct caller *c, size_t place)
{
	return send_pieces(c, connects[place], strlen(connects[place]));
}

enum outcome send_malformed(struct caller *c, size_t which)
{
	static size_t turn;
	const char *text = malformed[(which + turn) % (sizeof(malformed) / sizeof(malformed[0]))];
	enum outcome o = send_bytes(c, text, strlen(text));

	turn += o == OUTCOME_DONE;
	return o;
}

enum outcome send_hello(struct caller *c, size_t place)
{
	return send_bytes(c, hellos[place], HELLO_SIZE);
}

enum outcome send_half_hello(struct caller *c, size_t unused)
{
	(void)unused;
	return send_bytes(c, hellos[PLACE_GOOD], HELLO_SIZE / 2);
}

enum outcome send_hello_in_pieces(struct caller *c, size_t unused)
{
	(void)unused;
	return send_pieces(c, hellos[PLACE_GOOD], HELLO_SIZE);
}

enum outcome send_hello_in_records(struct caller *c, size_t record_bytes)
{
	unsigned char records[3 * HELLO_SIZE];
	size_t len = 0;

	for (size_t from = 5; from < HELLO_SIZE; from += record_bytes) {
		size_t part = HELLO_SIZE - from < record_bytes ? HELLO_SIZE - from : record_bytes;
		memcpy(records + len, hellos[PLACE_GOOD], 3);
		records[len + 3] = 0;
		records[len + 4] = (unsigned char)part;
		memcpy(records + len + 5, hellos[PLACE_GOOD] + from, part);
		len += 5 + part;
	}
	return send_bytes(c, records, len);
}

enum outcome send_wrong_hello(struct caller *c, size_t unused)
{
	(void)unused;
	return send_bytes(c, wrong_hello, HELLO_SIZE);
}

enum outcome send_nameless_hello(struct caller *c, size_t unused)
{
	(void)unused;
	return send_bytes(c, nameless_hello, HELLO_SIZE);
}

enum outcome send_noise(struct caller *c, size_t bytes)
{
	return send_bytes(c, noise, bytes);
}

enum outcome send_get(struct caller *c, size_t place)
{
	return send_bytes(c, gets[place], strlen(gets[place]));
}

enum outcome send_post(struct caller *c, size_t place)
{
	return send_bytes(c, posts[place], strlen(posts[place]));
}

enum outcome send_inner_get(struct caller *c, size_t place)
{
	return send_bytes(c, inner_gets[place], strlen(inner_gets[place]));
}

size_t caller_take_head(struct caller *c, const char *bytes, size_t len)
{
	static const char end[] = "\r\n\r\n";
	size_t i = 0;

	for (; i < len && c->matched < 4; i++, c->done++) {
		if (c->done >= STATUS_FROM && c->done < STATUS_TO)
			c->status = c->status * 10 + (unsigned)(bytes[i] - '0');
		c->matched = bytes[i] == end[c->matched] ? c->matched + 1 : (bytes[i] == '\r');
	}
	return i;
}

enum outcome expect_reply(struct caller *c, size_t status)
{
	char bytes[4096];

	while (c->matched < 4) {
		ssize_t len = recv(c->watch.fd, bytes, sizeof(bytes), 0);
		if (len < 0 && errno == EAGAIN)
			return OUTCOME_WAIT;
		if (len <= 0)
			return OUTCOME_WRONG;
		caller_take_head(c, bytes, (size_t)len);
	}
	return c->status == status ? OUTCOME_DONE : OUTCOME_WRONG;
}

enum outcome expect_refusal(struct caller *c, size_t status)
{
	char bytes[4096];

	for (;;) {
		ssize_t len = recv(c->watch.fd, bytes, sizeof(bytes), 0);
		if (len < 0 && errno == EAGAIN)
			return OUTCOME_WAIT;
		if (len <= 0)
			return c->matched == 4 && c->status == status ? OUTCOME_DONE
								      : OUTCOME_WRONG;
		caller_take_head(c, bytes, (size_t)len);
	}
}

enum outcome read_answer(struct caller *c, size_t bytes)
{
	char content[32 * 1024];

	while (c->done < bytes) {
		ssize_t len = recv(c->watch.fd, content, sizeof(content), 0);
		if (len < 0 && errno == EAGAIN)
			return OUTCOME_WAIT;
		if (len <= 0)
			return OUTCOME_WRONG;
		c->done += (size_t)len;
	}
	return OUTCOME_DONE;
}

enum outcome read_response(struct caller *c, size_t bytes)
{
	char content[4096];

	while (c->matched < 4 || c->content < bytes) {
		ssize_t len = recv(c->watch.fd, content, sizeof(content), 0);
		if (len < 0 && errno == EAGAIN)
			return OUTCOME_WAIT;
		if (len <= 0)
			return OUTCOME_WRONG;
		c->content += (size_t)len - caller_take_head(c, content, (size_t)len);
	}
	return c->status == 200 && c->content == bytes ? OUTCOME_DONE : OUTCOME_WRONG;
}

enum outcome upload(struct caller *c, size_t bytes)
{
	while (c->done < bytes) {
		size_t len = bytes - c->done < sizeof(noise) ? bytes - c->done : sizeof(noise);
		ssize_t sent = send(c->watch.fd, noise, len, MSG_NOSIGNAL);
		if (sent < 0)
			return errno == EAGAIN ? OUTCOME_WAIT : OUTCOME_WRONG;
		c->done += (size_t)sent;
	}
	return OUTCOME_DONE;
}

enum outcome expect_end(struct caller *c, size_t unused)
{
	char bytes[32 * 1024];
	ssize_t len;

	(void)unused;
	while ((len = recv(c->watch.fd, bytes, sizeof(bytes), 0)) > 0)
		;
	return len < 0 && errno == EAGAIN ? OUTCOME_WAIT : OUTCOME_DONE;
}

enum outcome expect_silence(struct caller *c, size_t unused)
{
	char byte;
	ssize_t len = recv(c->watch.fd, &byte, 1, 0);

	(void)unused;
	if (len > 0)
		return OUTCOME_WRONG;
	return len < 0 && errno == EAGAIN ? OUTCOME_WAIT : OUTCOME_DONE;
}

enum outcome half_close(struct caller *c, size_t unused)
{
	(void)unused;
	return shutdown(c->watch.fd, SHUT_WR) == 0 ? OUTCOME_DONE : OUTCOME_WRONG;
}

enum outcome reset(struct caller *c, size_t unused)
{
	(void)unused;
	SSL_free(c->ssl);
	c->ssl = NULL;
	origin_reset(c->watch.fd);
	c->watch.fd = -1;
	return OUTCOME_DONE;
}

static void caller_rewind(struct caller *c)
{
	c->done = c->content = 0;
	c->matched = c->status = 0;
}

static void caller_end(struct caller *c, bool wrong)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	loop_close(&c->watch);
	c->on_ended(c, wrong);
}

static void on_caller_ready(struct watch *w)
{
	struct caller *c = (struct caller *)(void *)w;

	while (c->step < CALLER_STEPS && c->scenario->steps[c->step].run) {
		const struct step *s = &c->scenario->steps[c->step];
		enum outcome o = s->run(c, s->argument);
		if (o == OUTCOME_WAIT)
			return;
		if (o == OUTCOME_WRONG) {
			caller_end(c, true);
			return;
		}
		c->step++;
		caller_rewind(c);
	}
	caller_end(c, false);
}

bool caller_start(struct caller *c, struct loop *l, uint16_t proxy_port, uint32_t source)
{
	int fd = loop_dial(proxy_port, source);

	c->step = 0;
	caller_rewind(c);
	if (fd < 0)
		return false;
	if (loop_watch(l, &c->watch, fd, on_caller_ready))
		return true;
	loop_close(&c->watch);
	return false;
}
