/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the configuration back to TOML: for `config show`, for what changed, and to see whether
 * a value is the default. */
#include "base/escape.h"
#include "policy/loading.h"
#include "policy/quantity.h"

#include <stdlib.h>

/* A JSON string is a basic string of TOML too. */
void setting_write_text(struct slice text, struct buffer *out)
{
	size_t size = text.len * 6 + 16;
	char *escaped = malloc(size);

	if (!escaped) {
		out->failed = true;
		return;
	}
	size_t len = escape_json(text, escaped, size);
	buffer_append(out, SLICE("\""));
	buffer_append(out, slice_from(escaped, len));
	buffer_append(out, SLICE("\""));
	free(escaped);
}

static void write_words(const struct option_row *row, uint32_t bits, struct buffer *out)
{
	bool any = false;

	if (!(bits & CONFIG_WORDS_SAID))
		return;
	buffer_append(out, SLICE("["));
	for (unsigned i = 0; words_at(row->words, i).len > 0; i++) {
		if (!(bits & (1u << i)))
			continue;
		buffer_append(out, any ? SLICE(", ") : SLICE(""));
		setting_write_text(words_at(row->words, i), out);
		any = true;
	}
	buffer_append(out, SLICE("]"));
}

static void write_listeners(const struct listen_at *at, size_t count, struct buffer *out)
{
	char text[QUANTITY_TEXT_SIZE];

	buffer_append(out, SLICE("["));
	for (size_t i = 0; i < count; i++) {
		buffer_append(out, i > 0 ? SLICE(", ") : SLICE(""));
		if (at[i].path) {
			char path[160] = "unix:";
			size_t len = sizeof("unix:") - 1;
			memccpy(path + len, at[i].path, '\0', sizeof(path) - len);
			path[sizeof(path) - 1] = '\0';
			setting_write_text(slice_of(path), out);
			continue;
		}
		endpoint_format(&at[i].at, text, sizeof(text));
		buffer_format(out, "\"%s\"", text);
	}
	buffer_append(out, SLICE("]"));
}

static void write_servers(const struct config *c, struct buffer *out)
{
	char text[QUANTITY_TEXT_SIZE];

	buffer_append(out, SLICE("["));
	for (size_t i = 0; i < c->dns_server_count; i++) {
		endpoint_format(&c->dns_servers[i], text, sizeof(text));
		buffer_format(out, "%s\"%s\"", i > 0 ? ", " : "", text);
	}
	buffer_append(out, SLICE("]"));
}

/* "Name: value" lines as { "Name" = "***" }: values are secrets. */
static void write_headers(const char *headers, struct buffer *out)
{
	struct slice rest = slice_of(headers);
	const char *between = "";

	buffer_append(out, rest.len > 0 ? SLICE("{ ") : SLICE("{"));
	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));
		rest = slice_after(rest, line.len + 1);
		buffer_append(out, slice_of(between));
		setting_write_text(slice_first(line, slice_find(line, ':')), out);
		buffer_append(out, SLICE(" = \"***\""));
		between = ", ";
	}
	buffer_append(out, slice_of(headers).len > 0 ? SLICE(" }") : SLICE("}"));
}

static void write_number(const void *at, const struct option_row *row, struct buffer *out)
{
	char text[QUANTITY_TEXT_SIZE];

	if (row->type == OPTION_TYPE_COUNT) {
		buffer_format(out, "%u", *(const uint32_t *)at);
		return;
	}
	if (row->type == OPTION_TYPE_SIZE)
		size_format(*(const uint64_t *)at, text, sizeof(text));
	else
		duration_format(*(const uint32_t *)at * option_unit_ms(row), text, sizeof(text));
	buffer_format(out, "\"%s\"", text);
}

static void write_word(const void *at, const struct option_row *row, struct buffer *out)
{
	unsigned index;

	memcpy(&index, at, sizeof(index));
	setting_write_text(words_at(row->words, index), out);
}

void setting_write(const struct config *c, const struct option_row *row, struct buffer *out)
{
	const void *at = (const char *)c + row->offset;

	switch (row->type) {
	case OPTION_TYPE_BOOLEAN:
		buffer_append(out, *(const bool *)at ? SLICE("true") : SLICE("false"));
		break;
	case OPTION_TYPE_COUNT:
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SPAN:
	case OPTION_TYPE_SIZE:
		write_number(at, row, out);
		break;
	case OPTION_TYPE_WORD:
	case OPTION_TYPE_EXPORTER:
		write_word(at, row, out);
		break;
	case OPTION_TYPE_WORDS:
		write_words(row, *(const uint32_t *)at, out);
		break;
	case OPTION_TYPE_TEXT:
	case OPTION_TYPE_PATH:
	case OPTION_TYPE_URL:
	case OPTION_TYPE_LOG:
		if (*(char *const *)at)
			setting_write_text(slice_of(*(char *const *)at), out);
		break;
	case OPTION_TYPE_LISTEN_PROXY:
		write_listeners(c->proxy, c->proxy_count, out);
		break;
	case OPTION_TYPE_LISTEN_CONTROL:
		write_listeners(c->control, c->control_count, out);
		break;
	case OPTION_TYPE_SERVERS:
		write_servers(c, out);
		break;
	case OPTION_TYPE_HEADERS:
		write_headers(c->otel_headers, out);
		break;
	case OPTION_TYPE_ALLOW:
	case OPTION_TYPE_DENY:
	case OPTION_TYPE_DOMAINS:
	case OPTION_TYPE_ALLOW_FILES:
	case OPTION_TYPE_DENY_FILES:
	case OPTION_TYPE_RULES:
	case OPTION_TYPE_PROVIDERS:
	case OPTION_TYPE_ANY:
		break; /* lists are written entry by entry */
	}
}
