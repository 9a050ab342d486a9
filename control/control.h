/* SPDX-License-Identifier: Apache-2.0 */
/* control/control.h: the control endpoint: HTTP API, event stream and page for people and scripts
 * that decide. Runs in the control thread, on unix sockets and loopback TCP. Never sees proxied
 * bytes. Source: shared design §8. */
#ifndef SALLYPORT_CONTROL_CONTROL_H
#define SALLYPORT_CONTROL_CONTROL_H

#include "control/host.h"

struct control; /* opaque */

/* Binds every endpoint of the configuration's [listen] control, loads or creates the tokens in
 * `directory`. `host` is copied; what it points to outlives the control. NULL with a sentence. */
struct control *control_start(const struct control_host *host, const struct listen_at *at,
	size_t at_count, const char *directory, char *ret_error, size_t error_size);

/* The TCP endpoints as bound, for the policy's own endpoints; at most LIMIT_LISTENERS. */
size_t control_endpoints(const struct control *c, struct endpoint *ret_endpoints);

/* A link that signs a browser in once, within LIMIT_LINK_MS. False without a TCP listener. */
bool control_link(struct control *c, char *ret_url, size_t size);

/* From the desk's outlet `tell`: for the event stream and long polls. */
void control_tell(struct control *c, const struct news *news);
/* Once every LIMIT_FEED_MS, more often while host.watch says so: new records of the digest go to the
 * event stream. */
void control_turn(struct control *c);
/* A reload changed rules or settings; `text` as in the config_changed event. */
void control_reloaded(struct control *c, const char *actor, const char *text, bool refused);

/* Closes listeners and connections; on_closed runs when the last handle is gone, then `c` is freed. */
void control_close(struct control *c, void (*on_closed)(void *owner), void *owner);

#endif
