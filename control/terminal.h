/* SPDX-License-Identifier: Apache-2.0 */
/* control/terminal.h: the terminal that somebody sits at: is it one, how wide, does it show colours,
 * and text from elsewhere made safe for it. */
#ifndef SALLYPORT_CONTROL_TERMINAL_H
#define SALLYPORT_CONTROL_TERMINAL_H

#include "base/slice.h"

struct terminal {
	bool is_terminal; /* standard output is one */
	bool colour; /* it is one, and neither NO_COLOR nor TERM=dumb is said */
	unsigned columns, rows; /* 0: not a terminal, nothing is cut */
};

/* Looks at standard output, and takes the character set from the environment (LC_CTYPE). */
void terminal_look(struct terminal *t);
/* The size again, after SIGWINCH. */
void terminal_measure(struct terminal *t);

/* Writes `text` so that each character takes its place and none has an effect: what the character
 * set of the environment can show passes, every control, mark, bidirectional or other invisible
 * character becomes \u{hex}, bytes that are no UTF-8 become \xNN. Cut with "..." before overflow;
 * NUL-terminated; size at least 16. Returns the columns it takes. */
size_t terminal_text(struct slice text, char *ret_text, size_t size);

/* Columns that a text of terminal_text takes, and its first bytes that take at most `columns`. */
size_t terminal_columns(struct slice text);
struct slice terminal_cut(struct slice text, size_t columns);

/* Escape sequences (ECMA-48 §8.3.117). */
#define TERMINAL_BOLD   "\033[1m"
#define TERMINAL_DIM    "\033[2m"
#define TERMINAL_RED    "\033[31m"
#define TERMINAL_GREEN  "\033[32m"
#define TERMINAL_YELLOW "\033[33m"
#define TERMINAL_PLAIN  "\033[0m"

#endif
