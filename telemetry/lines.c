/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/lines.h"

#include "base/buffer.h"
#include "base/escape.h"
#include "base/limits.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct lines {
	char *path; /* NULL: standard output */
	int fd;
	bool regular; /* a file on disk takes everything at once */
	bool complained; /* since the last write that worked */
	uint64_t dropped;
	struct buffer waiting;
	char line[LINES_BYTES];
};

/* ---- one line ----------------------------------------------------------------------------- */

struct cursor {
	char *at, *end;
};

static void put(struct cursor *c, struct slice s)
{
	assert(s.len <= (size_t)(c->end - c->at));
	memcpy(c->at, s.ptr, s.len);
	c->at += s.len;
}

static void put_quoted(struct cursor *c, struct slice s)
{
	put(c, SLICE("\""));
	c->at += escape_json(s, c->at, (size_t)(c->end - c->at));
	put(c, SLICE("\""));
}

static void put_member(struct cursor *c, struct slice key, struct slice value)
{
	put_quoted(c, key);
	put(c, SLICE(":"));
	put_quoted(c, value);
}

static void put_hex(struct cursor *c, struct slice key, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	char text[32];

	assert(count <= sizeof(text) / 2);
	for (size_t i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	put(c, SLICE(","));
	put_member(c, key, slice_from(text, 2 * count));
}

static void put_time(struct cursor *c, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000u);
	char text[64];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t)snprintf(
		text + len, sizeof(text) - len, ".%09" PRIu64 "Z", time_ns % 1000000000u);
	put_member(c, SLICE("time"), slice_from(text, len));
}

static void put_value(struct cursor *c, const struct view_attribute *a)
{
	char text[32];
	int len;

	switch (a->kind) {
	case VIEW_TEXT:
		put_quoted(c, a->value.text);
		break;
	case VIEW_INTEGER:
		len = snprintf(text, sizeof(text), "%" PRId64, a->value.integer);
		put(c, slice_from(text, (size_t)len));
		break;
	case VIEW_REAL:
		len = snprintf(text, sizeof(text), "%.6f", a->value.real);
		put(c, slice_from(text, (size_t)len));
		break;
	case VIEW_BOOLEAN:
		put(c, a->value.boolean ? SLICE("true") : SLICE("false"));
		break;
	}
}

static bool has_trace(const struct event *e)
{
	static const uint8_t none[sizeof(e->trace_id)];

	return memcmp(e->trace_id, none, sizeof(none)) != 0;
}

size_t lines_encode(const struct event *e, const struct view *v, char *to)
{
	struct cursor c = {to, to + LINES_BYTES};

	put(&c, SLICE("{"));
	put_time(&c, e->time_ns);
	put(&c, SLICE(","));
	put_member(&c, SLICE("event_name"), v->name);
	put(&c, SLICE(","));
	put_member(&c, SLICE("severity"), v->severity_text);
	put(&c, SLICE(","));
	put_member(&c, SLICE("body"), v->body);
	if (has_trace(e)) {
		put_hex(&c, SLICE("trace_id"), e->trace_id, sizeof(e->trace_id));
		put_hex(&c, SLICE("span_id"), e->span_id, sizeof(e->span_id));
	}
	put(&c, SLICE(",\"attributes\":{"));
	for (size_t i = 0; i < v->attribute_count; i++) {
		put(&c, i > 0 ? SLICE(",") : SLICE(""));
		put_quoted(&c, view_key_name(v->attributes[i].key));
		put(&c, SLICE(":"));
		put_value(&c, &v->attributes[i]);
	}
	put(&c, SLICE("}}\n"));
	return (size_t)(c.at - to);
}

/* ---- the file ----------------------------------------------------------------------------- */

static int file_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

static bool is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

struct lines *lines_open(const char *where)
{
	struct lines *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	buffer_init(&l->waiting, LIMIT_LINES_BYTES);
	l->fd = STDOUT_FILENO;
	if (strcmp(where, "stdout") != 0) {
		l->path = strdup(where);
		l->fd = l->path ? file_open(l->path) : -1;
		if (l->fd < 0) {
			int saved = errno;
			lines_close(l);
			errno = saved;
			return NULL;
		}
	}
	l->regular = is_regular(l->fd);
	return l;
}

void lines_close(struct lines *l)
{
	if (!l)
		return;
	if (l->path && l->fd >= 0)
		close(l->fd);
	buffer_done(&l->waiting);
	free(l->path);
	free(l);
}

void lines_reopen(struct lines *l)
{
	int fd;

	if (!l->path)
		return;
	lines_flush(l);
	fd = file_open(l->path);
	if (fd < 0) {
		log_warning("JSON lines: %s cannot be opened anew: %s", l->path, strerror(errno));
		return;
	}
	close(l->fd);
	l->fd = fd;
	l->regular = is_regular(fd);
}

bool lines_add(struct lines *l, const struct event *e, const struct view *v)
{
	size_t len = lines_encode(e, v, l->line);

	if (buffer_append(&l->waiting, slice_from(l->line, len)))
		return true;
	l->waiting.failed = false;
	l->dropped++;
	return false;
}

bool lines_wants(const struct lines *l)
{
	return l->waiting.len < LIMIT_LINES_BYTES / 2;
}

/* One write that does not wait: a pipe that is ready for writing takes PIPE_BUF bytes at once. */
static ssize_t write_some(struct lines *l, struct slice bytes)
{
	struct pollfd ready = {.fd = l->fd, .events = POLLOUT};

	if (l->regular)
		return write(l->fd, bytes.ptr, bytes.len);
	if (poll(&ready, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	bytes = slice_first(bytes, PIPE_BUF);
	return write(l->fd, bytes.ptr, bytes.len);
}

bool lines_flush(struct lines *l)
{
	while (l->waiting.len > 0) {
		ssize_t written = write_some(l, buffer_bytes(&l->waiting));
		if (written < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN && !l->complained) {
				l->complained = true;
				log_warning("JSON lines cannot be written: %s", strerror(errno));
			}
			return false;
		}
		l->complained = false;
		buffer_take(&l->waiting, (size_t)written);
	}
	return true;
}

uint64_t lines_dropped(const struct lines *l)
{
	return l->dropped;
}
