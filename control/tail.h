/* SPDX-License-Identifier: Apache-2.0 */
/* control/tail.h: what happens at a running proxy, one line for each event, until a signal ends it. */
#ifndef SALLYPORT_CONTROL_TAIL_H
#define SALLYPORT_CONTROL_TAIL_H

#include "control/remote.h"

struct json_t;

/* Follows these kinds of events. With JSON every event is an object of its own line,
 * {"event", "id", "data"}; for people, of a question only what is new. Where questions are among
 * the kinds, those that wait already are told first. False when the endpoint refuses, or cannot be
 * reached at the start. */
bool tail_run(struct remote *r, const char *kinds);

enum { TAIL_LINE_BYTES = 1024 };
/* An event as a line for a person, without time and end, safe for a terminal. False when it says
 * nothing to a person. */
bool tail_line(const char *kind, const struct json_t *data, char ret_line[TAIL_LINE_BYTES]);

#endif
