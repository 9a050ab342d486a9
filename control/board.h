/* SPDX-License-Identifier: Apache-2.0 */
/* control/board.h: the pending questions as somebody looks at them: in order of asking, one of them
 * chosen. The choice stays with its question whatever comes and goes; when that one goes, nothing is
 * decided about its neighbour before somebody can have seen that it is another. No terminal. */
#ifndef SALLYPORT_CONTROL_BOARD_H
#define SALLYPORT_CONTROL_BOARD_H

#include "base/slice.h"

struct json_t;

struct board {
	struct json_t *questions; /* an array of pending ones, oldest first */
	size_t chosen; /* an index; 0 when there are none */
	uint64_t moved_ms; /* when the choice last fell on another question by itself */
};

enum board_change {
	BOARD_SAME,
	BOARD_CAME, /* new */
	BOARD_CHANGED, /* still pending, something about it is new */
	BOARD_WENT, /* no longer pending */
	BOARD_FULL, /* LIMIT_ROWS, or no memory: the list is to be loaded again */
};

/* Embedded. False without memory. */
bool board_init(struct board *b);
void board_done(struct board *b);

/* All pending questions anew; other things in the list are passed over. Takes no reference. */
void board_load(struct board *b, const struct json_t *list, uint64_t now_ms);
/* One of them as it is now. */
enum board_change board_update(struct board *b, const struct json_t *question, uint64_t now_ms);

size_t board_count(const struct board *b);
const struct json_t *board_at(const struct board *b, size_t index);
/* NULL when there is none. Borrowed until the next change. */
const struct json_t *board_chosen(const struct board *b);
/* Up or down by so many, not beyond the ends. */
void board_move(struct board *b, int by);

/* False for LIMIT_SETTLE_MS after the choice moved by itself. */
bool board_settled(const struct board *b, uint64_t now_ms);

#endif
