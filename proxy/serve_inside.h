/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/serve_inside.h: the running process, for serve.c (start, signals, reload, end) and
 * serve_control.c (what the control endpoint asks of it). */
#ifndef SALLYPORT_PROXY_SERVE_INSIDE_H
#define SALLYPORT_PROXY_SERVE_INSIDE_H

#include "control/control.h"
#include "control/reviewer.h"
#include "proxy/clerk.h"
#include "proxy/crew.h"
#include "proxy/inspection.h"
#include "proxy/keyring.h"

enum { SERVE_SIGNALS = 4 };

struct serve {
	uv_loop_t loop;
	uv_signal_t signals[SERVE_SIGNALS];
	uv_timer_t watch;
	uv_timer_t ended; /* while draining: are the workers done? */
	uv_timer_t feed; /* new decisions go to whoever looks on */
	const struct config_sources *sources;
	struct config *config;
	struct crew crew;
	struct clerk clerk;
	struct digest *digest;
	struct inspection *inspection; /* NULL: no rule looks into tunnels */
	struct keyring *keyring; /* the secrets of the rules */
	uv_timer_t upkeep; /* hourly: the authority's successor */
	struct control *control; /* NULL: no control endpoint */
	struct reviewer *reviewer; /* NULL: people are asked at once */
	uint64_t loaded_stamp; /* what the files looked like when they were loaded, */
	uint64_t seen_stamp; /* and when they were last looked at */
	bool draining;
};

/* Loads the configuration anew and hands it out; a bad one changes nothing. `actor` is who asked.
 * *ret_text says what changed, or what is wrong (false). */
bool serve_reload(struct serve *s, const char *actor, char *ret_text, size_t size);

/* Binds the control endpoint and lets it look in; nothing to do when none is configured. False with
 * a sentence. The desk is there already, the workers need not be. */
bool serve_open_control(struct serve *s, char *ret_error, size_t error_size);
/* The workers are there: what happens is told to the control endpoint from now on. */
void serve_begin_control(struct serve *s);
/* Prints where it listens and how to sign in. */
void serve_print_control(const struct serve *s);
void serve_close_control(struct serve *s);

/* Starts the reviewer of the configuration, if there is one, and puts to it what is pending. After a
 * reload that left its settings alone it goes on with what it has. False with a sentence. */
bool serve_open_reviewer(struct serve *s, char *ret_error, size_t error_size);
void serve_close_reviewer(struct serve *s);

#endif
