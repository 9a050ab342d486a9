/* SPDX-License-Identifier: Apache-2.0 */
#include "control/terminal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

void terminal_measure(struct terminal *t)
{
	struct winsize size = {0};

	t->columns = 80;
	t->rows = 24;
	if (!t->is_terminal)
		t->columns = t->rows = 0;
	else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		t->columns = size.ws_col;
		t->rows = size.ws_row;
	}
}

void terminal_look(struct terminal *t)
{
	const char *quiet = getenv("NO_COLOR"), *kind = getenv("TERM");

	setlocale(LC_CTYPE, "");
	t->is_terminal = isatty(STDOUT_FILENO) == 1;
	t->colour = t->is_terminal && !(quiet && quiet[0]) && kind && strcmp(kind, "dumb") != 0;
	terminal_measure(t);
}

/* One character at the start of `text`: its bytes, its columns, and which it is. Columns 0: it is not
 * shown as it is. */
struct character {
	size_t bytes;
	size_t columns;
	uint32_t point; /* 0xffffffff: no character */
};

static struct character first_character(struct slice text)
{
	struct character c = {1, 0, UINT32_MAX};
	mbstate_t state = {0};
	wchar_t wide;

	if ((unsigned char)text.ptr[0] < 0x80) {
		c.point = (unsigned char)text.ptr[0];
		c.columns = c.point >= ' ' && c.point <= '~';
		return c;
	}
	size_t used = mbrtowc(&wide, text.ptr, text.len, &state);
	if (used == 0 || used == (size_t)-1 || used == (size_t)-2)
		return c;
	int columns = wcwidth(wide);
	c.bytes = used;
	c.point = (uint32_t)wide;
	c.columns = columns > 0 && c.point >= 0xa0 ? (size_t)columns : 0;
	return c;
}

size_t terminal_text(struct slice text, char *ret_text, size_t size)
{
	size_t len = 0, columns = 0;

	while (text.len > 0) {
		struct character c = first_character(text);
		char piece[16];
		size_t piece_len = c.bytes;
		if (c.columns > 0)
			memcpy(piece, text.ptr, c.bytes);
		else if (c.point == UINT32_MAX)
			piece_len = (size_t)snprintf(
				piece, sizeof(piece), "\\x%02x", (unsigned char)text.ptr[0]);
		else
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\u{%x}", c.point);
		if (len + piece_len + 4 > size) {
			memcpy(ret_text + len, "...", 3);
			ret_text[len + 3] = '\0';
			return columns + 3;
		}
		memcpy(ret_text + len, piece, piece_len);
		len += piece_len;
		columns += c.columns > 0 ? c.columns : piece_len;
		text = slice_after(text, c.bytes);
	}
	ret_text[len] = '\0';
	return columns;
}

size_t terminal_columns(struct slice text)
{
	size_t columns = 0;

	while (text.len > 0) {
		struct character c = first_character(text);
		columns += c.columns;
		text = slice_after(text, c.bytes);
	}
	return columns;
}

struct slice terminal_cut(struct slice text, size_t columns)
{
	size_t len = 0;

	while (len < text.len) {
		struct character c = first_character(slice_after(text, len));
		if (c.columns > columns)
			break;
		columns -= c.columns;
		len += c.bytes;
	}
	return slice_first(text, len);
}
