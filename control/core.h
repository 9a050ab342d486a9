/* SPDX-License-Identifier: Apache-2.0 */
/* control/core.h: the control endpoint from inside; only for the files that make it up, not for
 * handlers.
 *
 *	control ─┬─ entrances ─► callers: one connection, one call after another
 *	         ├─ tokens, signin: who they are
 *	         └─ audience: who listens to what happens */
#ifndef SALLYPORT_CONTROL_CORE_H
#define SALLYPORT_CONTROL_CORE_H

#include "control/audience.h"
#include "control/control.h"
#include "control/entrance.h"
#include "control/signin.h"

enum { CONTROL_READ_BYTES = 16 * 1024 };

struct caller;

struct control {
	struct control_host host;
	char *directory; /* where the tokens are */
	struct tokens tokens;
	struct signin signin;
	struct entrance *entrances[LIMIT_LISTENERS];
	size_t entrance_count;
	struct caller *callers; /* list, newest first */
	size_t caller_count;
	struct audience audience;
	uv_timer_t wake; /* at once, for long polls that something happened for */
	bool closing;
	size_t open; /* entrances, callers and the timer: close callbacks to come */
	void (*on_closed)(void *owner);
	void *owner;
	char input[CONTROL_READ_BYTES]; /* what was just read; used up before the next read */
};

/* One of `open` is gone; the last one ends the control. */
void control_released(struct control *c);

/* The tables of all handlers, NULL at the end. */
extern const struct route *const control_routes[];

#endif
