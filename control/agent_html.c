/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's page for somebody with a browser in the sandbox. Written from the same JSON; nothing is
 * ever written but through put_text. */
#include "control/agent_view.h"

/* What cannot be said in HTML as it is, HTML Living Standard §13.1.2. */
static void put_text(struct buffer *b, struct slice text)
{
	size_t plain = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		const char *entity = c == '&'    ? "&amp;"
				     : c == '<'  ? "&lt;"
				     : c == '>'  ? "&gt;"
				     : c == '"'  ? "&quot;"
				     : c == '\'' ? "&#39;"
						 : NULL;
		if (!entity)
			continue;
		buffer_append(b, slice_from(text.ptr + plain, i - plain));
		buffer_append(b, slice_of(entity));
		plain = i + 1;
	}
	buffer_append(b, slice_after(text, plain));
}

/* A string, a number or a truth; nothing for null. */
static void put_value(struct buffer *b, const json_t *value)
{
	if (json_is_string(value))
		put_text(b, slice_from(json_string_value(value), json_string_length(value)));
	else if (json_is_integer(value))
		buffer_format(b, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		buffer_append(b, json_is_true(value) ? SLICE("yes") : SLICE("no"));
}

static void put_row(struct buffer *b, const json_t *row)
{
	static const char *const members[] = {"state", "host", "port", "asked_at", "justified"};
	const char *url = json_string_value(json_object_get(row, "url"));

	buffer_append(b, SLICE("<tr>"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		buffer_append(b, SLICE("<td>"));
		put_value(b, json_object_get(row, members[i]));
	}
	buffer_append(b, SLICE("<td><a href=\""));
	put_text(b, slice_of(url));
	buffer_append(b, SLICE("\">"));
	put_value(b, json_object_get(row, "id"));
	buffer_append(b, SLICE("</a>\n"));
}

static void put_rows(struct buffer *b, const char *heading, const json_t *rows)
{
	size_t count = json_array_size(rows);

	buffer_format(b, "<h2>%s</h2>\n", heading);
	if (count == 0) {
		buffer_append(b, SLICE("<p>None.\n"));
		return;
	}
	buffer_append(b,
		SLICE("<table><tr><th>State<th>Host<th>Port<th>Asked<th>Justified<th>Question\n"));
	for (size_t i = 0; i < count; i++)
		put_row(b, json_array_get(rows, i));
	buffer_append(b, SLICE("</table>\n"));
}

static void put_allowed(struct buffer *b, const json_t *allowed)
{
	const json_t *patterns = json_object_get(allowed, "patterns");

	buffer_append(b, SLICE("<h2>Allowed</h2>\n<p>Entries: "));
	put_value(b, json_object_get(allowed, "count"));
	if (json_is_false(json_object_get(allowed, "complete")))
		buffer_append(b, SLICE(", of which these are the first"));
	buffer_append(b, SLICE("\n<ul>\n"));
	for (size_t i = 0; i < json_array_size(patterns); i++) {
		buffer_append(b, SLICE("<li><code>"));
		put_value(b, json_array_get(patterns, i));
		buffer_append(b, SLICE("</code>\n"));
	}
	buffer_append(b, SLICE("</ul>\n"));
}

static void put_all(struct buffer *b, const json_t *view)
{
	buffer_append(b, SLICE("<p>Mode: "));
	put_value(b, json_object_get(view, "mode"));
	buffer_append(b, SLICE(". Other hosts: "));
	put_value(b, json_object_get(view, "unlisted"));
	buffer_append(b, SLICE(". You are: "));
	put_value(b, json_object_get(view, "identity"));
	buffer_append(b, SLICE(".\n"));
	put_rows(b, "Your pending questions", json_object_get(view, "questions"));
	put_rows(b, "Your last answers", json_object_get(view, "decisions"));
	put_allowed(b, json_object_get(view, "allowed"));
}

static void put_one(struct buffer *b, const json_t *view)
{
	const char *name;
	json_t *value;

	buffer_append(b, SLICE("<dl>\n"));
	json_object_foreach((json_t *)view, name, value)
	{
		if (json_is_null(value) || strcmp(name, "guidance") == 0)
			continue;
		buffer_format(b, "<dt>%s<dd>", name);
		put_value(b, value);
		buffer_append(b, SLICE("\n"));
	}
	buffer_append(b, SLICE("</dl>\n"));
}

bool agent_view_html(struct buffer *b, const json_t *view)
{
	bool all = json_object_get(view, "allowed") != NULL;

	buffer_append(b, SLICE("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
			       "<meta name=\"viewport\" content=\"width=device-width\">"
			       "<title>sallyport</title>\n<h1>sallyport</h1>\n<p>"));
	put_value(b, json_object_get(view, "guidance"));
	buffer_append(b, SLICE("\n"));
	if (all)
		put_all(b, view);
	else
		put_one(b, view);
	return !b->failed;
}
