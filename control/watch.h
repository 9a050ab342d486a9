/* SPDX-License-Identifier: Apache-2.0 */
/* control/watch.h: somebody sits at a terminal and decides: pending questions arrive live, the arrow
 * keys choose one, a key approves or denies it. */
#ifndef SALLYPORT_CONTROL_WATCH_H
#define SALLYPORT_CONTROL_WATCH_H

#include "control/remote.h"

/* Until `q`. Where there is no terminal to do that in, or for JSON, prints lines instead, as tail_run
 * does, until a signal. False when the endpoint refuses or cannot be reached at the start. */
bool watch_run(struct remote *r);

#endif
