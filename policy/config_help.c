/* SPDX-License-Identifier: Apache-2.0 */
/* The option table as pages to read. */
#include "base/escape.h"
#include "policy/config.h"
#include "policy/option.h"
#include "policy/quantity.h"

static const char *type_text(const struct option_row *row)
{
	switch (row->type) {
	case OPTION_TYPE_BOOLEAN:
		return "true or false";
	case OPTION_TYPE_COUNT:
		return "number";
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SPAN:
		return "duration";
	case OPTION_TYPE_SIZE:
		return "size";
	case OPTION_TYPE_WORD:
		return "word";
	case OPTION_TYPE_WORDS:
		return "list of words";
	case OPTION_TYPE_TEXT:
		return "string";
	case OPTION_TYPE_PATH:
		return "file";
	case OPTION_TYPE_URL:
		return "URL";
	case OPTION_TYPE_LOG:
		return "word or file";
	case OPTION_TYPE_LISTEN_PROXY:
	case OPTION_TYPE_LISTEN_CONTROL:
		return "list of addresses and ports";
	case OPTION_TYPE_SERVERS:
		return "list of addresses";
	case OPTION_TYPE_HEADERS:
		return "table of strings";
	case OPTION_TYPE_EXPORTER:
		return "word or table";
	case OPTION_TYPE_ALLOW:
	case OPTION_TYPE_DENY:
		return "list of patterns";
	case OPTION_TYPE_DOMAINS:
		return "table of words";
	case OPTION_TYPE_RULES:
	case OPTION_TYPE_PROVIDERS:
		return "list of tables";
	case OPTION_TYPE_ALLOW_FILES:
	case OPTION_TYPE_DENY_FILES:
		return "list of files";
	case OPTION_TYPE_ANY:
		break;
	}
	return "anything";
}

/* "duration from 10ms to 1d", "word: full, limited". */
static void range_text(const struct option_row *row, char *ret_text, size_t size)
{
	char least[QUANTITY_TEXT_SIZE] = "", most[QUANTITY_TEXT_SIZE] = "";
	int len = snprintf(ret_text, size, "%s", type_text(row));
	char *at = ret_text + len;
	size_t left = size - (size_t)len;

	if (row->type == OPTION_TYPE_DURATION || row->type == OPTION_TYPE_SPAN) {
		const uint64_t unit = option_unit_ms(row);
		duration_format(row->min * unit, least, sizeof(least));
		duration_format(row->max * unit, most, sizeof(most));
	} else if (row->type == OPTION_TYPE_SIZE) {
		size_format(row->min, least, sizeof(least));
		size_format(row->max, most, sizeof(most));
	} else if (row->type == OPTION_TYPE_COUNT) {
		snprintf(least, sizeof(least), "%llu", (unsigned long long)row->min);
		snprintf(most, sizeof(most), "%llu", (unsigned long long)row->max);
	}
	if (least[0])
		snprintf(at, left, " from %s to %s", least, most);
	for (unsigned i = 0; words_at(row->words, i).len > 0; i++) {
		struct slice word = words_at(row->words, i);
		len = snprintf(at, left, "%s%.*s", i == 0 ? ": " : ", ", (int)word.len, word.ptr);
		at += len;
		left -= (size_t)len;
	}
}

static const char *standard_text(const struct option_row *row)
{
	return row->standard[0] ? row->standard : "none";
}

/* ---- text ---------------------------------------------------------------------------------- */

/* Words of a sentence over lines of at most `width`. */
static void wrap(FILE *out, const char *text, int indent, size_t width)
{
	struct slice rest = slice_of(text);
	size_t column = 0;

	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ' '));
		rest = slice_after(rest, word.len + 1);
		if (column == 0 || column + 1 + word.len > width) {
			fprintf(out, "%s%*s", column ? "\n" : "", indent, "");
			column = (size_t)indent;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)word.len, word.ptr);
		column += word.len;
	}
	fputc('\n', out);
}

/* What stands behind the range. */
static const char *effect_text(const struct option_row *row)
{
	if (row->effect == OPTION_START)
		return "; a change counts from the next start on";
	return row->effect == OPTION_LATER ? "; no effect in this version" : "";
}

static void help_text(FILE *out, const struct option_row *row, bool new_section)
{
	char range[160];

	if (new_section)
		fprintf(out, "\n[%s]\n", row->section);
	range_text(row, range, sizeof(range));
	fprintf(out, "  %s = %s\n", row->name, standard_text(row));
	wrap(out, row->help, 6, 96);
	fprintf(out, "      (%s%s)\n", range, effect_text(row));
}

/* ---- Markdown ------------------------------------------------------------------------------ */

/* A cell: the bar would end it. */
static void cell(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void help_markdown(FILE *out, const struct option_row *row, bool new_section)
{
	char range[160];

	if (new_section)
		fprintf(out, "\n## %s%s%s\n\n| option | default | takes | |\n|---|---|---|---|\n",
			row->section[0] ? "`[" : "Top level", row->section,
			row->section[0] ? "]`" : "");
	range_text(row, range, sizeof(range));
	fprintf(out, "| `%s` | `", row->name);
	cell(out, standard_text(row));
	fputs("` | ", out);
	cell(out, range);
	fputs(" | ", out);
	cell(out, row->help);
	fputs(row->effect == OPTION_LATER     ? " *No effect in this version.* |\n"
		: row->effect == OPTION_START ? " *A change counts from the next start on.* |\n"
					      : " |\n",
		out);
}

/* ---- man page ------------------------------------------------------------------------------ */

/* roff: a backslash begins an escape, a hyphen may break, a quote groups words. */
static void roff(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			fputc(*text, out);
	}
}

static void help_man(FILE *out, const struct option_row *row, bool new_section)
{
	char range[160];

	if (new_section) {
		fputs(".SS ", out);
		roff(out, row->section[0] ? "" : "Top level");
		fprintf(out, row->section[0] ? "[%s]" : "%s", row->section);
		fputs("\n", out);
	}
	range_text(row, range, sizeof(range));
	fputs(".TP\n.B ", out);
	roff(out, row->name);
	fputs(" = ", out);
	roff(out, standard_text(row));
	fputs("\n", out);
	roff(out, row->help);
	fputs("\n(", out);
	roff(out, range);
	fprintf(out, "%s)\n", effect_text(row));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_member(FILE *out, const char *name, const char *text)
{
	char escaped[2048];

	escape_json(slice_of(text), escaped, sizeof(escaped));
	fprintf(out, "\"%s\": \"%s\", ", name, escaped);
}

static void help_json(FILE *out, const struct option_row *row, bool new_section)
{
	(void)new_section;
	fputs("  {", out);
	json_member(out, "section", row->section);
	json_member(out, "name", row->name);
	json_member(out, "type", type_text(row));
	json_member(out, "default", row->standard);
	json_member(out, "words", row->words);
	json_member(out, "help", row->help);
	fprintf(out, "\"min\": %llu, \"max\": %llu, \"effect\": %s}", (unsigned long long)row->min,
		(unsigned long long)row->max, row->effect == OPTION_LATER ? "false" : "true");
}

void config_help(FILE *out, enum option_format format)
{
	static void (*const writers[])(FILE *, const struct option_row *, bool) = {
		[OPTION_TEXT] = help_text,
		[OPTION_MARKDOWN] = help_markdown,
		[OPTION_MAN] = help_man,
		[OPTION_JSON] = help_json,
	};
	const char *section = format == OPTION_TEXT ? "" : NULL;
	const char *between = "[\n";

	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		if (row->effect == OPTION_FOREIGN)
			continue;
		bool new_section = !section || strcmp(section, row->section) != 0;
		section = row->section;
		if (format == OPTION_JSON)
			fputs(between, out);
		between = ",\n";
		writers[format](out, row, new_section);
	}
	if (format == OPTION_JSON)
		fputs("\n]\n", out);
}
