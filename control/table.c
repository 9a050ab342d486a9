/* SPDX-License-Identifier: Apache-2.0 */
#include "control/table.h"

#include <assert.h>
#include <stdlib.h>

enum { GAP = 2 };

void table_init(struct table *t, const struct table_column *columns, size_t count)
{
	assert(count >= 1 && count <= TABLE_COLUMNS);
	*t = (struct table){.columns = columns, .column_count = count};
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->count = t->size = 0;
}

static bool make_room(struct table *t)
{
	if (t->count < t->size)
		return true;
	size_t size = t->size ? t->size * 2 : 64;
	char **cells = realloc(t->cells, size * sizeof(*cells));
	if (!cells)
		return false;
	t->cells = cells;
	t->size = size;
	return true;
}

void table_add(struct table *t, const char *text)
{
	char safe[TABLE_CELL_BYTES];

	if (t->failed)
		return;
	terminal_text(text && text[0] ? slice_of(text) : SLICE("-"), safe, sizeof(safe));
	char *copy = make_room(t) ? strdup(safe) : NULL;
	if (copy)
		t->cells[t->count++] = copy;
	t->failed = !copy;
}

void table_add_number(struct table *t, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	table_add(t, text);
}

/* ---- widths -------------------------------------------------------------------------------- */

/* The widest column that may still give; column_count when none does. */
static size_t widest(const struct table *t, const unsigned widths[TABLE_COLUMNS])
{
	size_t best = t->column_count;

	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].least == 0 || widths[i] <= t->columns[i].least)
			continue;
		if (best == t->column_count || widths[i] > widths[best])
			best = i;
	}
	return best;
}

void table_widths(const struct table *t, unsigned columns, unsigned ret_widths[TABLE_COLUMNS])
{
	unsigned total = 0;

	for (size_t i = 0; i < t->column_count; i++)
		ret_widths[i] = (unsigned)strlen(t->columns[i].title);
	for (size_t i = 0; i < t->count; i++) {
		unsigned width = (unsigned)terminal_columns(slice_of(t->cells[i]));
		if (width > ret_widths[i % t->column_count])
			ret_widths[i % t->column_count] = width;
	}
	for (size_t i = 0; i < t->column_count; i++)
		total += ret_widths[i] + (i > 0 ? GAP : 0);
	while (columns > 0 && total > columns) {
		size_t victim = widest(t, ret_widths);
		if (victim == t->column_count)
			break;
		ret_widths[victim]--;
		total--;
	}
}

/* ---- writing ------------------------------------------------------------------------------- */

/* A cell that is cut ends with "…" in ASCII: a tilde, as list commands have it. */
static void write_cell(FILE *out, struct slice text, unsigned width, bool last)
{
	unsigned columns = (unsigned)terminal_columns(text);

	if (columns > width) {
		struct slice part = terminal_cut(text, width - 1);
		fprintf(out, "%.*s~", (int)part.len, part.ptr);
		columns = (unsigned)terminal_columns(part) + 1;
	} else {
		fwrite(text.ptr, 1, text.len, out);
	}
	for (; !last && columns < width + GAP; columns++)
		fputc(' ', out);
}

void table_line(const struct table *t, size_t row, const unsigned widths[TABLE_COLUMNS], FILE *out)
{
	for (size_t i = 0; i < t->column_count; i++) {
		const char *text =
			row == SIZE_MAX ? t->columns[i].title : t->cells[row * t->column_count + i];
		write_cell(out, slice_of(text), widths[i], i + 1 == t->column_count);
	}
}

bool table_print(const struct table *t, FILE *out, const struct terminal *terminal)
{
	unsigned widths[TABLE_COLUMNS];

	if (t->failed)
		return false;
	assert(t->count % t->column_count == 0);
	table_widths(t, terminal->columns, widths);
	fputs(terminal->colour ? TERMINAL_BOLD : "", out);
	table_line(t, SIZE_MAX, widths, out);
	fputs(terminal->colour ? TERMINAL_PLAIN "\n" : "\n", out);
	for (size_t row = 0; row < t->count / t->column_count; row++) {
		table_line(t, row, widths, out);
		fputc('\n', out);
	}
	return true;
}
