/* SPDX-License-Identifier: Apache-2.0 */
/* control/screen.h: the whole terminal for a while: keys without Enter, a picture that is drawn over
 * itself. However the process ends, short of SIGKILL, the terminal is as it was. One per process.
 * Source: POSIX termios; ECMA-48 and xterm's private mode 1049 (the other screen). */
#ifndef SALLYPORT_CONTROL_SCREEN_H
#define SALLYPORT_CONTROL_SCREEN_H

#include "base/buffer.h"
#include "control/terminal.h"

struct screen {
	struct terminal *terminal;
	int signal_fd; /* readable when a signal came */
	int ended_by; /* the signal that asks for the end, 0: none */
	struct buffer picture; /* being drawn */
	struct buffer shown; /* what is on the screen */
	unsigned lines; /* begun in the picture */
	char pending[64]; /* bytes of keys not told yet */
	size_t pending_len;
};

/* True when both standard input and output are a terminal that can do it. */
bool screen_is_possible(const struct terminal *t);

/* Takes the terminal. False when it cannot; then nothing is changed. */
bool screen_open(struct screen *s, struct terminal *t);
/* Gives it back as it was. */
void screen_close(struct screen *s);
/* Ends the process by the signal that ended the screen, if one did, as if nobody had caught it.
 * After screen_close. */
void screen_pass_on(const struct screen *s);

/* Looks what signals came: a new size, an end. False when it is to end. */
bool screen_signals(struct screen *s);
/* The next key that was pressed, KEY_NONE when there is none now. */
int screen_key(struct screen *s);

/* One picture: begin, lines, end. A line is cut to the width and one beyond the height is left out.
 * `style` is an escape sequence or "". Text has been through terminal_text. */
void screen_begin(struct screen *s);
void screen_line(struct screen *s, const char *style, const char *text);
/* Writes what differs from what is shown. False when the terminal is gone. */
bool screen_end(struct screen *s);

#endif
