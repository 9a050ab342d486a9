/* SPDX-License-Identifier: Apache-2.0 */
#include "control/listing.h"

#include "control/moment.h"

#include <jansson.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- members ------------------------------------------------------------------------------- */

const char *listing_word(const struct json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

uint64_t listing_time(const struct json_t *object, const char *name)
{
	const char *text = listing_word(object, name);
	uint64_t ms = 0;

	return text && moment_parse(slice_of(text), &ms) ? ms : 0;
}

uint64_t listing_number(const struct json_t *object, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(object, name));

	return number > 0 ? (uint64_t)number : 0;
}

void listing_target(const struct json_t *object, char ret_text[LISTING_TEXT_BYTES])
{
	const char *host = listing_word(object, "host");
	uint64_t port = listing_number(object, "port");
	bool bare6 = host && host[0] != '[' && strchr(host, ':');

	if (host && port > 0)
		snprintf(ret_text, LISTING_TEXT_BYTES, "%s%s%s:%u", bare6 ? "[" : "", host,
			bare6 ? "]" : "", (unsigned)port);
	else
		snprintf(ret_text, LISTING_TEXT_BYTES, "%s", host ? host : "-");
}

const char *listing_subject(const struct json_t *object, char ret_text[LISTING_TEXT_BYTES])
{
	const char *kind = listing_word(object, "subject_kind");
	const char *subject = listing_word(object, "subject");

	if (!kind || !subject)
		return NULL;
	snprintf(ret_text, LISTING_TEXT_BYTES, "%s: %s", kind, subject);
	return ret_text;
}

void listing_about(const struct json_t *question, char ret_text[LISTING_TEXT_BYTES])
{
	const json_t *context = json_object_get(question, "context");
	const json_t *process = json_object_get(context, "process");
	char subject[LISTING_TEXT_BYTES];
	const char *parts[] = {
		listing_subject(question, subject),
		listing_word(question, "justification"),
		listing_word(process, "command") ? listing_word(process, "command")
						 : listing_word(process, "name"),
		listing_word(context, "user_agent"),
		listing_word(context, "method"),
		listing_word(context, "path_class"),
	};
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < COUNT(parts); i++) {
		/* The agent's own words are quoted: nobody but the agent says so. */
		const char *quote = i == 1 ? "\"" : "";
		if (!parts[i] || !parts[i][0])
			continue;
		int added = snprintf(ret_text + len, LISTING_TEXT_BYTES - len, "%s%s%s%s",
			len > 0 ? (i == 5 ? " " : ", ") : "", quote, parts[i], quote);
		if (added < 0 || (size_t)added >= LISTING_TEXT_BYTES - len)
			return;
		len += (size_t)added;
	}
}

/* ---- tables -------------------------------------------------------------------------------- */

static void add_ago(struct table *t, const json_t *object, const char *name, uint64_t now_ms)
{
	char text[MOMENT_TEXT_SIZE] = "";
	uint64_t ms = listing_time(object, name);

	if (ms > 0)
		moment_relative(ms, now_ms, text);
	table_add(t, text);
}

static void add_question(struct table *t, const json_t *q, bool pending, uint64_t now_ms)
{
	const json_t *decision = json_object_get(q, "decision");
	char text[LISTING_TEXT_BYTES];

	table_add(t, listing_word(q, "id"));
	listing_target(q, text);
	table_add(t, text);
	if (!pending)
		table_add(t, listing_word(q, "state"));
	add_ago(t, q, "asked_at", now_ms);
	if (pending)
		table_add_number(t, listing_number(q, "waiters"));
	else
		table_add(t, listing_word(decision, "decider"));
	table_add(t, listing_word(q, "identity"));
	listing_about(q, text);
	table_add(t, text);
}

void listing_questions(
	struct table *ret_table, const struct json_t *questions, bool pending, uint64_t now_ms)
{
	static const struct table_column waiting[] = {
		{"ID", 0}, {"HOST", 12}, {"ASKED", 0}, {"WAITING", 0}, {"WHO", 6}, {"WHAT FOR", 8}};
	static const struct table_column ended[] = {{"ID", 0}, {"HOST", 12}, {"STATE", 0},
		{"ASKED", 0}, {"BY", 6}, {"WHO", 6}, {"WHAT FOR", 8}};
	size_t count = json_array_size(questions);

	if (pending)
		table_init(ret_table, waiting, COUNT(waiting));
	else
		table_init(ret_table, ended, COUNT(ended));
	for (size_t i = 0; i < count; i++)
		add_question(ret_table, json_array_get(questions, i), pending, now_ms);
}

static void add_grant(struct table *t, const json_t *grant, uint64_t now_ms)
{
	table_add(t, listing_word(grant, "id"));
	table_add(t, listing_word(grant, "decision"));
	const char *pattern = listing_word(grant, "pattern");
	char subject[LISTING_TEXT_BYTES], text[2 * LISTING_TEXT_BYTES];
	if (listing_subject(grant, subject))
		snprintf(text, sizeof(text), "%s %s", pattern ? pattern : "-", subject);
	table_add(t, listing_subject(grant, subject) ? text : pattern);
	table_add(t, listing_word(grant, "scope"));
	const char *identity = listing_word(grant, "identity");
	table_add(t, identity ? identity : "everybody");
	if (listing_time(grant, "expires_at"))
		add_ago(t, grant, "expires_at", now_ms);
	else
		table_add(t, "never");
	table_add(t, listing_word(grant, "decider"));
	table_add(t, listing_word(grant, "note"));
}

void listing_grants(struct table *ret_table, const struct json_t *grants, uint64_t now_ms)
{
	static const struct table_column columns[] = {{"ID", 0}, {"DECISION", 0}, {"PATTERN", 12},
		{"SCOPE", 0}, {"WHO", 6}, {"ENDS", 0}, {"BY", 6}, {"NOTE", 6}};
	size_t count = json_array_size(grants);

	table_init(ret_table, columns, COUNT(columns));
	for (size_t i = 0; i < count; i++)
		add_grant(ret_table, json_array_get(grants, i), now_ms);
}
