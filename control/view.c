/* SPDX-License-Identifier: Apache-2.0 */
#include "control/view.h"

#include "base/utf8.h"
#include "control/listing.h"
#include "control/moment.h"

#include <jansson.h>

/* Lines beside the list: title, a blank, its head; a blank, seven of details; a blank, message, keys. */
enum { LINES_BESIDE = 14, LIST_LEAST = 3, LINE_BYTES = 2048 };

/* ---- the list ------------------------------------------------------------------------------ */

/* The questions that fit, the chosen one among them; *ret_first is the first one's index. */
static json_t *window(const struct view *v, unsigned rows, size_t *ret_first)
{
	size_t count = board_count(v->board), size = LIST_LEAST;
	json_t *shown = json_array();

	if (rows > LINES_BESIDE + LIST_LEAST)
		size = rows - LINES_BESIDE;
	size_t first = v->board->chosen > size / 2 ? v->board->chosen - size / 2 : 0;
	if (first + size > count)
		first = count > size ? count - size : 0;
	for (size_t i = first; i < count && i < first + size; i++)
		json_array_append(shown, json_array_get(v->board->questions, i));
	*ret_first = first;
	return shown;
}

static void draw_row(struct screen *s, const struct table *t, size_t row,
	const unsigned widths[TABLE_COLUMNS], bool chosen)
{
	char text[LINE_BYTES] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	const char *style = row == SIZE_MAX ? TERMINAL_DIM : chosen ? TERMINAL_BOLD : "";

	if (!out)
		return;
	fputs(chosen ? "> " : "  ", out);
	table_line(t, row, widths, out);
	fclose(out);
	screen_line(s, s->terminal->colour || chosen ? style : "", text);
}

static void draw_list(const struct view *v, struct screen *s)
{
	unsigned widths[TABLE_COLUMNS];
	unsigned columns = s->terminal->columns;
	struct table table;
	size_t first;
	json_t *shown = window(v, s->terminal->rows, &first);

	listing_questions(&table, shown, true, v->now_ms);
	table_widths(&table, columns > 2 ? columns - 2 : 1, widths);
	if (!table.failed)
		draw_row(s, &table, SIZE_MAX, widths, false);
	for (size_t i = 0; !table.failed && i < json_array_size(shown); i++)
		draw_row(s, &table, i, widths, first + i == v->board->chosen);
	table_done(&table);
	json_decref(shown);
}

/* ---- the chosen one ------------------------------------------------------------------------ */

/* "Label    value", unless there is no value. */
static void draw_member(struct screen *s, const char *label, const char *value)
{
	char safe[LINE_BYTES - 32], line[LINE_BYTES];

	if (!value || !value[0])
		return;
	terminal_text(slice_of(value), safe, sizeof(safe));
	snprintf(line, sizeof(line), "  %-9s %s", label, safe);
	screen_line(s, "", line);
}

static void draw_who(const struct view *v, struct screen *s, const json_t *q)
{
	const char *identity = listing_word(q, "identity"), *session = listing_word(q, "session");
	char asked[MOMENT_TEXT_SIZE], ends[MOMENT_TEXT_SIZE], text[LINE_BYTES - 64];

	moment_relative(listing_time(q, "asked_at"), v->now_ms, asked);
	moment_relative(listing_time(q, "expires_at"), v->now_ms, ends);
	snprintf(text, sizeof(text), "%s%s%s, asked %s, %u waiting now, ends %s",
		identity ? identity : "-", session ? " as " : "", session ? session : "", asked,
		(unsigned)listing_number(q, "waiters"), ends);
	draw_member(s, "Who", text);
}

static void draw_request(struct screen *s, const json_t *q)
{
	const json_t *context = json_object_get(q, "context");
	const char *words[] = {listing_word(q, "protocol"), listing_word(context, "method"),
		listing_word(context, "path_class"), listing_word(context, "user_agent")};
	char text[LINE_BYTES - 64] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i] || len >= sizeof(text))
			continue;
		int added = snprintf(
			text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "", words[i]);
		len += added > 0 ? (size_t)added : 0;
	}
	draw_member(s, "Request", text);
}

/* Whoever decides must have seen all of it. */
static void draw_subject(struct screen *s, const json_t *q)
{
	enum { WIDTH = 64 };
	const char *kind = listing_word(q, "subject_kind"), *label = "Asks to";
	char part[WIDTH + 5];
	struct slice rest = slice_of(listing_word(q, "subject"));

	if (kind && strcmp(kind, "search") == 0)
		label = "Searches";
	while (rest.len > 0) {
		/* A character that the cut parts goes to the next line. */
		size_t taken = rest.len < WIDTH ? rest.len : WIDTH;
		while (taken < rest.len && taken > WIDTH - 4 && (rest.ptr[taken] & 0xc0) == 0x80)
			taken--;
		size_t len = utf8_copy(slice_first(rest, taken), part, sizeof(part));
		draw_member(s, label, len > 0 ? part : NULL);
		rest = slice_after(rest, taken);
		label = "";
	}
}

static void draw_chosen(const struct view *v, struct screen *s)
{
	const json_t *q = board_chosen(v->board);
	const json_t *process = json_object_get(json_object_get(q, "context"), "process");
	const char *registrable = listing_word(q, "registrable");
	const char *command = listing_word(process, "command");
	char text[LISTING_TEXT_BYTES];

	screen_line(s, "", "");
	listing_target(q, text);
	draw_member(s, "Host", text);
	/* Whose name it is, apart from what anybody may write before it. */
	draw_member(s, "Domain", registrable);
	draw_member(s, "Reads as", listing_word(q, "unicode"));
	draw_subject(s, q);
	draw_who(v, s, q);
	draw_member(s, "Process", command ? command : listing_word(process, "name"));
	draw_request(s, q);
	draw_member(s, "It says", listing_word(q, "justification"));
}

/* ---- what can be done ---------------------------------------------------------------------- */

static void draw_menu(const struct view *v, struct screen *s)
{
	char target[LISTING_TEXT_BYTES], pattern[LISTING_TEXT_BYTES], line[LINE_BYTES];

	listing_target(board_chosen(v->board), target);
	terminal_text(slice_of(v->pattern ? v->pattern : target), pattern, sizeof(pattern));
	snprintf(line, sizeof(line), "Approve %s for %s:", pattern,
		v->everybody ? "everybody" : "whoever asked");
	screen_line(s, TERMINAL_BOLD, v->message[0] ? v->message : line);
	screen_line(s, "",
		"1 once  2 session  3 hour  4 day  5 always   w wider  e everybody  Esc back");
}

static void draw_foot(const struct view *v, struct screen *s)
{
	screen_line(s, "", "");
	if (v->choosing && board_chosen(v->board)) {
		draw_menu(v, s);
		return;
	}
	screen_line(s, "", v->message);
	screen_line(s, s->terminal->colour ? TERMINAL_DIM : "",
		"a approve once  A choose how  d deny  up/down move  q quit");
}

bool view_draw(const struct view *v, struct screen *s)
{
	size_t count = board_count(v->board);
	char title[LINE_BYTES];

	snprintf(title, sizeof(title), "sallyport: %zu question%s  (%s)", count,
		count == 1 ? " waits" : "s wait", v->stream);
	screen_begin(s);
	screen_line(s, TERMINAL_BOLD, title);
	screen_line(s, "", "");
	if (count > 0) {
		draw_list(v, s);
		draw_chosen(v, s);
	}
	draw_foot(v, s);
	return screen_end(s);
}
