/* SPDX-License-Identifier: Apache-2.0 */
/* The effective configuration, for a person as TOML that loads again, for a program as JSON. */
#include "base/escape.h"
#include "policy/loading.h"
#include "policy/provider_items.h"
#include "policy/rules.h"

#include <stdlib.h>

enum { VALUE_BYTES = 1024 * 1024 }; /* of one option as text; far beyond any */

/* "config.toml:3", "OTEL_SERVICE_NAME" or "default". size at least 8. */
static void write_origin(const struct origin *from, char *ret_text, size_t size)
{
	char file[200];

	if (!from->file) {
		snprintf(ret_text, size, "default");
		return;
	}
	escape_text(slice_of(from->file), file, sizeof(file));
	if (from->place.line > 0)
		snprintf(ret_text, size, "%s:%u", file, from->place.line);
	else
		snprintf(ret_text, size, "%s", file);
}

/* A JSON string; TOML reads it as well. */
static void write_text(FILE *out, const char *text)
{
	size_t size = slice_of(text).len * 6 + 16;
	char *escaped = malloc(size);

	if (escaped)
		escape_json(slice_of(text), escaped, size);
	fprintf(out, "\"%s\"", escaped ? escaped : "");
	free(escaped);
}

/* Options that say nothing by themselves: lists, which are shown entry by entry, and keys of
 * others. */
static bool is_shown(const struct option_row *row)
{
	return row->effect != OPTION_FOREIGN && !option_adds_up(row);
}

/* ---- TOML ---------------------------------------------------------------------------------- */

static void show_items(const struct config *c, FILE *out, enum policy_list list, bool files)
{
	const struct config_trace *t = c->trace;
	bool any = false;
	char from[256];

	fprintf(out, "%s_domains%s = [", list == LIST_ALLOW ? "allowed" : "denied",
		files ? "_files" : "");
	for (size_t i = 0; i < t->item_count; i++) {
		const struct list_item *item = &t->items[i];
		if (item->list != list || item->is_file != files)
			continue;
		write_origin(&item->from, from, sizeof(from));
		any = true;
		/* An ignored entry stays visible but does not count when this is loaded. */
		fprintf(out, "\n    %s", item->ignored ? "# " : "");
		if (files) {
			write_text(out, item->text);
			fprintf(out, ",  # %s, %u entries", from, item->count);
		} else {
			fprintf(out, "%s,  # %s", item->text, from);
		}
		if (item->ignored)
			fprintf(out, ", ignored: managed_allowed_domains_only");
	}
	fprintf(out, "%s]\n", any ? "\n" : "");
}

static void show_lists(const struct config *c, FILE *out)
{
	show_items(c, out, LIST_ALLOW, false);
	show_items(c, out, LIST_DENY, false);
	show_items(c, out, LIST_ALLOW, true);
	show_items(c, out, LIST_DENY, true);
}

/* Behind the options of their table. */
static void show_rules(const struct config *c, FILE *out)
{
	char from[256];

	for (size_t i = 0; i < c->trace->rule_count; i++) {
		const struct rule_item *item = &c->trace->rules[i];
		write_origin(&item->from, from, sizeof(from));
		fprintf(out, "\n[[network.rules]]  # %s\n%s", from, item->text);
	}
}

static void show_providers(const struct config *c, FILE *out)
{
	char from[256];

	for (size_t i = 0; i < c->trace->provider_count; i++) {
		const struct provider_item *item = &c->trace->providers[i];
		write_origin(&item->from, from, sizeof(from));
		if (item->ignored)
			fprintf(out, "\n# the provider of %s is ignored\n", from);
		else
			fprintf(out, "\n[[search.providers]]  # %s\n%s", from, item->text);
	}
}

static void show_option(const struct config *c, FILE *out, enum option option)
{
	const struct option_row *row = option_row(option);
	struct buffer value;
	char from[256];

	buffer_init(&value, VALUE_BYTES);
	setting_write(c, row, &value);
	write_origin(&c->trace->origins[option], from, sizeof(from));
	struct slice text = buffer_bytes(&value);
	if (text.len > 0)
		fprintf(out, "%s = %.*s  # %s%s\n", row->name, (int)text.len, text.ptr, from,
			row->effect == OPTION_LATER ? ", no effect in this version" : "");
	else
		fprintf(out, "# %s is not set\n", row->name);
	buffer_done(&value);
}

static void show_toml(const struct config *c, FILE *out)
{
	const char *section = "";

	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		/* The word and the table of the exporter exclude each other. */
		bool exporter = strncmp(row->section, "otel.exporter", 13) == 0;
		if (i == OPTION_EXPORTER ? c->exporter == EXPORTER_OTLP_HTTP
					 : exporter && c->exporter == EXPORTER_NONE)
			continue;
		if (!is_shown(row))
			continue;
		if (strcmp(section, row->section) != 0) {
			if (strcmp(section, "network") == 0)
				show_rules(c, out);
			if (strcmp(section, "search") == 0)
				show_providers(c, out);
			section = row->section;
			fprintf(out, "\n[%s]\n", section);
			if (strcmp(section, "network") == 0)
				show_lists(c, out);
		}
		show_option(c, out, i);
	}
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void json_origin(FILE *out, const struct origin *from)
{
	static const char *const layers[] = {[LAYER_DEFAULT] = "default",
		[LAYER_ENVIRONMENT] = "environment",
		[LAYER_CONFIG] = "config",
		[LAYER_REQUIREMENTS] = "requirements",
		[LAYER_COMMAND] = "command line"};

	fprintf(out, "\"source\": \"%s\"", layers[from->layer]);
	if (from->file) {
		fprintf(out, ", \"file\": ");
		write_text(out, from->file);
	}
	if (from->place.line > 0)
		fprintf(out, ", \"line\": %u", from->place.line);
}

static void json_option(const struct config *c, FILE *out, enum option option)
{
	const struct option_row *row = option_row(option);
	struct buffer value;
	char label[96];

	option_label(row, label, sizeof(label));
	buffer_init(&value, VALUE_BYTES);
	setting_write(c, row, &value);
	struct slice text = buffer_bytes(&value);
	fprintf(out, "    \"%s\": {\"value\": ", label);
	if (row->type == OPTION_TYPE_HEADERS) {
		/* The one value that TOML and JSON write differently. */
		for (size_t i = 0; i < text.len; i++)
			fputc(text.ptr[i] == '=' ? ':' : text.ptr[i], out);
	} else if (text.len > 0) {
		fwrite(text.ptr, 1, text.len, out);
	} else {
		fputs("null", out);
	}
	fputs(", ", out);
	json_origin(out, &c->trace->origins[option]);
	fputs("}", out);
	buffer_done(&value);
}

static void json_items(const struct config *c, FILE *out, bool files)
{
	const char *between = "\n";

	for (size_t i = 0; i < c->trace->item_count; i++) {
		const struct list_item *item = &c->trace->items[i];
		if (item->is_file != files)
			continue;
		fprintf(out, "%s    {\"list\": \"%s\", \"%s\": ", between,
			item->list == LIST_ALLOW ? "allow" : "deny", files ? "path" : "entry");
		/* A plain entry is a string in both languages; a table is shown as it is written. */
		if (!files && item->text[0] == '"')
			fputs(item->text, out);
		else
			write_text(out, item->text);
		if (files)
			fprintf(out, ", \"entries\": %u", item->count);
		fprintf(out, ", \"ignored\": %s, ", item->ignored ? "true" : "false");
		json_origin(out, &item->from);
		fputs("}", out);
		between = ",\n";
	}
	fputs("\n  ]", out);
}

static void json_rules(const struct config *c, FILE *out)
{
	for (size_t i = 0; i < c->trace->rule_count; i++) {
		const struct rule_item *item = &c->trace->rules[i];
		fprintf(out, "%s    {\"rule\": ", i > 0 ? ",\n" : "\n");
		write_text(out, item->text);
		fputs(", ", out);
		json_origin(out, &item->from);
		fputs("}", out);
	}
	fputs("\n  ]", out);
}

static void json_providers(const struct config *c, FILE *out)
{
	for (size_t i = 0; i < c->trace->provider_count; i++) {
		const struct provider_item *item = &c->trace->providers[i];
		fprintf(out, "%s    {\"provider\": ", i > 0 ? ",\n" : "\n");
		write_text(out, item->text);
		fprintf(out, ", \"ignored\": %s, ", item->ignored ? "true" : "false");
		json_origin(out, &item->from);
		fputs("}", out);
	}
	fputs("\n  ]", out);
}

static void show_json(const struct config *c, FILE *out)
{
	const char *between = "\n";

	fputs("{\n  \"options\": {", out);
	for (enum option i = 0; i < OPTION_COUNT; i++) {
		if (!is_shown(option_row(i)))
			continue;
		fputs(between, out);
		json_option(c, out, i);
		between = ",\n";
	}
	fputs("\n  },\n  \"entries\": [", out);
	json_items(c, out, false);
	fputs(",\n  \"files\": [", out);
	json_items(c, out, true);
	fputs(",\n  \"rules\": [", out);
	json_rules(c, out);
	fputs(",\n  \"providers\": [", out);
	json_providers(c, out);
	fputs("\n}\n", out);
}

void config_show(const struct config *c, FILE *out, bool as_json)
{
	if (as_json)
		show_json(c, out);
	else
		show_toml(c, out);
}
