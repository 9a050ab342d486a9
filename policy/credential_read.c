/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/credential_read.h"

#include "policy/quantity.h"
#include "policy/rules.h"

#include <stdlib.h>

enum { REFRESH_LEAST_MS = 1000, REFRESH_MOST_MS = 7 * 24 * 3600 * 1000 };

static const char example[] =
	"write inject = { header = \"authorization\", prefix = \"Bearer \", file = \"/run/secrets/token\" }";

typedef bool (*check_fn)(struct slice text, char *ret_sentence, size_t size);

static bool read_text(
	struct loading *l, const struct toml_value *v, check_fn check, struct slice *ret_text)
{
	char sentence[400];

	if (v->type != TOML_TEXT || slice_find(v->text, '\0') < v->text.len)
		return loading_fail(
			l, v->place, "%s must be a text: %s", quote(v->key).text, example);
	if (check && !check(v->text, sentence, sizeof(sentence)))
		return loading_fail(l, v->place, "%s", sentence);
	*ret_text = v->text;
	return true;
}

static bool two_sources(struct loading *l, const struct toml_value *v)
{
	return loading_fail(l, v->key_place,
		"a secret comes from one place: file, env or command; leave %s out",
		quote(v->key).text);
}

static bool read_source(struct loading *l, const struct toml_value *v,
	enum credential_source source, struct slice *room, struct credential *c)
{
	struct slice *at = room + c->argument_count;

	if (c->source != CREDENTIAL_NONE)
		return two_sources(l, v);
	c->source = source;
	c->arguments = room;
	c->argument_count = 1;
	check_fn check = source == CREDENTIAL_ENVIRONMENT ? credential_check_variable : NULL;
	if (!read_text(l, v, check, at))
		return false;
	if (at->len == 0)
		return loading_fail(l, v->place, "%s is empty: %s", quote(v->key).text, example);
	return source != CREDENTIAL_FILE || loading_watch(l, *at);
}

static bool read_command(
	struct loading *l, const struct toml_value *v, struct slice *room, struct credential *c)
{
	static const char wanted[] =
		"command must be a program and its arguments, for no shell reads it: write command = [\"pass\", \"show\", \"api\"]";

	if (c->source != CREDENTIAL_NONE)
		return two_sources(l, v);
	if (v->type != TOML_ARRAY || !v->first)
		return loading_fail(l, v->place, "%s", wanted);
	c->source = CREDENTIAL_COMMAND;
	c->arguments = room;
	for (const struct toml_value *a = v->first; a; a = a->next) {
		if (a->type != TOML_TEXT)
			return loading_fail(l, a->place, "%s", wanted);
		if (c->argument_count == LIMIT_RULE_TEXTS)
			return loading_fail(
				l, a->place, "more than %d arguments", LIMIT_RULE_TEXTS);
		if (!read_text(l, a, NULL, &room[c->argument_count++]))
			return false;
	}
	return c->arguments[0].len > 0 ||
	       loading_fail(l, v->first->place, "the name of the program is empty");
}

static bool read_refresh(struct loading *l, const struct toml_value *v, struct credential *c)
{
	uint64_t ms = 0;

	if (v->type != TOML_TEXT || !duration_parse(v->text, &ms) ||
		ms < (uint64_t)REFRESH_LEAST_MS || ms > (uint64_t)REFRESH_MOST_MS)
		return loading_fail(
			l, v->place, "refresh must be from \"1s\" to \"7d\", such as \"5m\"");
	c->refresh_ms = (uint32_t)ms;
	return true;
}

static bool unknown_key(struct loading *l, const struct toml_value *v)
{
	if (slice_equal(v->key, SLICE("value")) || slice_equal(v->key, SLICE("secret")) ||
		slice_equal(v->key, SLICE("token")))
		return loading_fail(l, v->key_place,
			"a secret does not belong into this file: put it into a file of its own and write file = \"…\"");
	return loading_fail(l, v->key_place,
		"inject has no \"%s\": it may have header, prefix, file, env or command, placeholder and refresh",
		quote(v->key).text);
}

static bool read_key(
	struct loading *l, const struct toml_value *v, struct slice *room, struct credential *c)
{
	if (slice_equal(v->key, SLICE("header")))
		return read_text(l, v, credential_check_header, &c->header);
	if (slice_equal(v->key, SLICE("prefix")))
		return read_text(l, v, credential_check_prefix, &c->prefix);
	if (slice_equal(v->key, SLICE("placeholder")))
		return read_text(l, v, credential_check_placeholder, &c->placeholder);
	if (slice_equal(v->key, SLICE("file")))
		return read_source(l, v, CREDENTIAL_FILE, room, c);
	if (slice_equal(v->key, SLICE("env")))
		return read_source(l, v, CREDENTIAL_ENVIRONMENT, room, c);
	if (slice_equal(v->key, SLICE("command")))
		return read_command(l, v, room, c);
	return slice_equal(v->key, SLICE("refresh")) ? read_refresh(l, v, c) : unknown_key(l, v);
}

bool credential_read(struct loading *l, const struct toml_value *table, struct slice *room,
	struct credential *ret_credential)
{
	struct credential c = {.source = CREDENTIAL_NONE};

	if (table->type != TOML_TABLE)
		return loading_fail(l, table->place, "inject must be a table: %s", example);
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (!read_key(l, v, room, &c))
			return false;
	if (c.header.len == 0)
		return loading_fail(l, table->place, "inject without header: %s", example);
	if (c.source == CREDENTIAL_NONE)
		return loading_fail(
			l, table->place, "inject without file, env or command: %s", example);
	if (c.source == CREDENTIAL_ENVIRONMENT && c.refresh_ms > 0)
		return loading_fail(l, table->place,
			"a variable never changes while the proxy runs: leave refresh out, or use a file");
	*ret_credential = c;
	return true;
}

void credential_write(const struct toml_value *table, struct buffer *out)
{
	buffer_append(out, SLICE("{ "));
	for (const struct toml_value *v = table->first; v; v = v->next) {
		buffer_append(out, v->key);
		buffer_append(out, SLICE(" = "));
		if (slice_equal(v->key, SLICE("command")) && v->first) {
			buffer_append(out, SLICE("["));
			lists_write_value(v->first, out);
			buffer_append(out, v->first->next ? SLICE(", \"…\"]") : SLICE("]"));
		} else {
			lists_write_value(v, out);
		}
		buffer_append(out, v->next ? SLICE(", ") : SLICE(""));
	}
	buffer_append(out, SLICE(" }"));
}
