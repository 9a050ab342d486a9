/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/lines.h: events as JSON lines, on standard output or in a file. Never blocks: what a
 * pipe does not take waits within a bound, what is beyond it is dropped and counted.
 * Source: RFC 8259, RFC 3339; the same names as OTLP (telemetry/view.h). One thread. */
#ifndef SALLYPORT_TELEMETRY_LINES_H
#define SALLYPORT_TELEMETRY_LINES_H

#include "telemetry/view.h"

struct lines; /* opaque */

/* `where` is "stdout" or a file, which is appended to, mode 0640. NULL, errno set. */
struct lines *lines_open(const char *where);
void lines_close(struct lines *l); /* NULL is fine; what still waits is lost */

/* Opens the file anew after it was moved away; keeps the old one when that fails. */
void lines_reopen(struct lines *l);

/* Appends a line. False when it was dropped and counted. */
bool lines_add(struct lines *l, const struct event *e, const struct view *v);

/* True while less than half of what may wait is waiting. */
bool lines_wants(const struct lines *l);

/* Writes what can be written without waiting. True when nothing waits any more. */
bool lines_flush(struct lines *l);

/* Writes one event's line with its newline into `to`, LINES_BYTES of room. Returns its length. */
enum { LINES_BYTES = 2 * VIEW_SCRATCH_BYTES + 4096 };
size_t lines_encode(const struct event *e, const struct view *v, char *to);

uint64_t lines_dropped(const struct lines *l);

#endif
