/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/lines.h"

#include "base/buffer.h"
#include "base/escape.h"
#include "base/limits.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

static void put_quoted(struct pen *p, struct slice s)
{
	pen_put(p, SLICE("\""));
	p->at += escape_json(s, p->at, (size_t)(p->end - p->at));
	pen_put(p, SLICE("\""));
}

/* The digits of RFC 3339 §5.6, UTC. */
static void put_time(struct pen *p, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000u);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	pen_digits(p, (uint64_t)utc.tm_year + 1900, 4);
	pen_put(p, SLICE("-"));
	pen_digits(p, (uint64_t)utc.tm_mon + 1, 2);
	pen_put(p, SLICE("-"));
	pen_digits(p, (uint64_t)utc.tm_mday, 2);
	pen_put(p, SLICE("T"));
	pen_digits(p, (uint64_t)utc.tm_hour, 2);
	pen_put(p, SLICE(":"));
	pen_digits(p, (uint64_t)utc.tm_min, 2);
	pen_put(p, SLICE(":"));
	pen_digits(p, (uint64_t)utc.tm_sec, 2);
	pen_put(p, SLICE("."));
	pen_digits(p, time_ns % 1000000000u, 9);
	pen_put(p, SLICE("Z"));
}

static void put_hex(struct pen *p, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	pen_room(p, 2 * count);
	for (size_t i = 0; i < count; i++) {
		*p->at++ = digits[bytes[i] >> 4];
		*p->at++ = digits[bytes[i] & 15];
	}
}

/* A duration in seconds to the microsecond; 300,000 years are the most. */
static void put_real(struct pen *p, double real)
{
	double bounded = real < 1e13 ? real : 1e13;
	uint64_t us = bounded > 0 ? (uint64_t)(bounded * 1e6 + 0.5) : 0;

	pen_number(p, us / 1000000);
	pen_put(p, SLICE("."));
	pen_digits(p, us % 1000000, 6);
}

static void put_integer(struct pen *p, int64_t integer)
{
	if (integer < 0)
		pen_put(p, SLICE("-"));
	pen_number(p, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

static void put_value(struct pen *p, const struct view_attribute *a)
{
	switch (a->kind) {
	case VIEW_TEXT:
		put_quoted(p, a->value.text);
		break;
	case VIEW_INTEGER:
		put_integer(p, a->value.integer);
		break;
	case VIEW_REAL:
		put_real(p, a->value.real);
		break;
	case VIEW_BOOLEAN:
		pen_put(p, a->value.boolean ? SLICE("true") : SLICE("false"));
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
	struct pen p = {to, to + LINES_BYTES};

	pen_put(&p, SLICE("{\"time\":\""));
	put_time(&p, e->time_ns);
	pen_put(&p, SLICE("\",\"event_name\":"));
	put_quoted(&p, v->name);
	pen_put(&p, SLICE(",\"severity\":"));
	put_quoted(&p, v->severity_text);
	pen_put(&p, SLICE(",\"body\":"));
	put_quoted(&p, v->body);
	if (has_trace(e)) {
		pen_put(&p, SLICE(",\"trace_id\":\""));
		put_hex(&p, e->trace_id, sizeof(e->trace_id));
		pen_put(&p, SLICE("\",\"span_id\":\""));
		put_hex(&p, e->span_id, sizeof(e->span_id));
		pen_put(&p, SLICE("\""));
	}
	pen_put(&p, SLICE(",\"attributes\":{"));
	for (size_t i = 0; i < v->attribute_count; i++) {
		if (i > 0)
			pen_put(&p, SLICE(","));
		/* Names are ours and need no escape. */
		pen_put(&p, SLICE("\""));
		pen_put(&p, view_key_name(v->attributes[i].key));
		pen_put(&p, SLICE("\":"));
		put_value(&p, &v->attributes[i]);
	}
	pen_put(&p, SLICE("}}\n"));
	return pen_since(&p, to).len;
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
