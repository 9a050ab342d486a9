/* SPDX-License-Identifier: Apache-2.0 */
/* control/guard.h: every check that stands between a request and its handler, in this order: Host
 * (421), where it comes from (403), path (404) and method (405), who asks (401) and may they (403),
 * media type (415), the content itself (400). Source: shared design §8, docs/control.md. */
#ifndef SALLYPORT_CONTROL_GUARD_H
#define SALLYPORT_CONTROL_GUARD_H

#include "control/caller.h"

/* The head is there. Fills the call and finds its route; false: it has been answered. */
bool guard_head(struct caller *c);
/* The content is there. Parses it into the call; false: answered. */
bool guard_content(struct caller *c);
/* Answers a request that cannot be read, and takes no other from this client. */
void guard_refuse(struct caller *c, unsigned status, const char *sentence);

/* The value of the cookie that signs a browser in; empty when there is none. Inside `cookies`. */
struct slice guard_cookie(struct slice cookies);

#endif
