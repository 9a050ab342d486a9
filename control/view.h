/* SPDX-License-Identifier: Apache-2.0 */
/* control/view.h: the picture of `approvals watch`: the list, the chosen question, what can be done.
 * Draws values; decides nothing. */
#ifndef SALLYPORT_CONTROL_VIEW_H
#define SALLYPORT_CONTROL_VIEW_H

#include "control/board.h"
#include "control/screen.h"

struct view {
	const struct board *board;
	const char *stream; /* "live", or why not; safe for a terminal */
	const char *message; /* what happened last, "" for nothing; safe for a terminal */
	bool choosing; /* the scope of a yes is being chosen */
	const char *pattern; /* what it would be for, raw; NULL: the exact name */
	bool everybody;
	uint64_t now_ms;
};

/* False when the terminal is gone. */
bool view_draw(const struct view *v, struct screen *s);

#endif
