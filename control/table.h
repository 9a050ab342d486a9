/* SPDX-License-Identifier: Apache-2.0 */
/* control/table.h: rows of text in aligned columns, cut to the terminal's width. What stands in a cell
 * has been through terminal_text, and nothing else may be put there. */
#ifndef SALLYPORT_CONTROL_TABLE_H
#define SALLYPORT_CONTROL_TABLE_H

#include "control/terminal.h"

#include <stdio.h>

enum { TABLE_COLUMNS = 10, TABLE_CELL_BYTES = 512 };

struct table_column {
	const char *title;
	unsigned least; /* columns that are left when space is short; 0: never cut */
};

struct table {
	const struct table_column *columns;
	size_t column_count; /* at most TABLE_COLUMNS */
	char **cells; /* row by row; owned */
	size_t count, size; /* cells */
	bool failed; /* sticky: out of memory */
};

/* Embedded. `columns` outlives the table. */
void table_init(struct table *t, const struct table_column *columns, size_t count);
void table_done(struct table *t);

/* The next cell, row by row from the left: any bytes, made safe here. NULL is "-". */
void table_add(struct table *t, const char *text);
void table_add_number(struct table *t, uint64_t number);

/* With titles (bold where there is colour), two spaces between columns, nothing behind the last.
 * False without memory (nothing is written). */
bool table_print(const struct table *t, FILE *out, const struct terminal *terminal);
/* One line of it, without its end: the titles for row SIZE_MAX. Widths as table_widths gave them. */
void table_widths(const struct table *t, unsigned columns, unsigned ret_widths[TABLE_COLUMNS]);
void table_line(const struct table *t, size_t row, const unsigned widths[TABLE_COLUMNS], FILE *out);

#endif
