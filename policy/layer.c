/* SPDX-License-Identifier: Apache-2.0 */
/* From the tables and keys of a document to options. */
#include "policy/loading.h"

#include <stdio.h>

enum { SECTION_BYTES = 64 }; /* longer than any section of the table */

/* The dotted path of a table inside another. */
struct section {
	char text[SECTION_BYTES];
	size_t len; /* 0 too when the path is longer than any that is known */
};

static struct slice section_slice(const struct section *s)
{
	return slice_from(s->text, s->len);
}

static struct section section_below(const struct section *parent, struct slice key)
{
	struct section s = {.len = 0};
	size_t dot = parent->len > 0 ? 1 : 0;

	if (parent->len + dot + key.len > sizeof(s.text))
		return s;
	memcpy(s.text, parent->text, parent->len);
	if (dot)
		s.text[parent->len] = '.';
	s.len = parent->len + dot + key.len;
	if (key.len > 0)
		memcpy(s.text + parent->len + dot, key.ptr, key.len);
	return s;
}

static bool has_default(const struct option_row *row)
{
	return row->effect != OPTION_FOREIGN && row->standard[0] != '\0';
}

/* One document of all defaults, a line for each row that has one. */
bool layer_defaults(struct loading *l)
{
	struct toml_fault fault;
	struct buffer text;

	buffer_init(&text, LIMIT_CONFIG_BYTES);
	for (enum option i = 0; i < OPTION_COUNT; i++)
		if (has_default(option_row(i)))
			buffer_format(&text, "option%d = %s\n", (int)i, option_row(i)->standard);
	struct toml_document *d = text.failed ? NULL : toml_parse(buffer_bytes(&text), &fault);
	buffer_done(&text);
	if (!d)
		return loading_out_of_memory(l);
	const struct toml_value *value = toml_root(d)->first;
	bool applied = true;
	for (enum option i = 0; i < OPTION_COUNT && applied; i++) {
		if (!has_default(option_row(i)))
			continue;
		applied = setting_apply(l, i, value);
		value = value->next;
	}
	toml_free(d);
	return applied;
}

/* True for the value that a foreign key may have without a word. */
static bool is_quiet(const struct option_row *row, const struct toml_value *value)
{
	struct slice standard = slice_of(row->standard);

	switch (value->type) {
	case TOML_BOOLEAN:
		return slice_equal(standard, value->boolean ? SLICE("true") : SLICE("false"));
	case TOML_ARRAY:
		return !value->first && slice_equal(standard, SLICE("[]"));
	case TOML_TABLE:
		return !value->first && slice_equal(standard, SLICE("{}"));
	case TOML_TEXT:
		return standard.len == value->text.len + 2 &&
		       slice_equal(
			       slice_first(slice_after(standard, 1), value->text.len), value->text);
	case TOML_INTEGER:
	case TOML_FLOAT:
	case TOML_TIME:
		break;
	}
	return false;
}

static bool apply_foreign(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	struct origin from = loading_origin(l, value->key_place);

	if (row->type == OPTION_TYPE_BOOLEAN && value->type != TOML_BOOLEAN)
		return setting_wrong(l, row, value, "true or false");
	if (row->type == OPTION_TYPE_COUNT && value->type != TOML_INTEGER)
		return setting_wrong(l, row, value, "a whole number");
	if (row->type == OPTION_TYPE_TEXT && value->type != TOML_TEXT)
		return setting_wrong(l, row, value, "a string");
	if (!is_quiet(row, value))
		loading_notice(l, &from, "%s has no effect here: %s", row->name, row->help);
	return true;
}

static bool unknown(struct loading *l, const struct section *in, const struct toml_value *value)
{
	char suggestion[160];

	option_suggest(section_slice(in), value->key, suggestion, sizeof(suggestion));
	if (suggestion[0])
		return loading_fail(l, value->key_place, "unknown option \"%s\": %s",
			quote(value->key).text, suggestion);
	return loading_fail(l, value->key_place,
		"unknown option \"%s\": `sallyport config help` lists all of them",
		quote(value->key).text);
}

static bool apply_table(struct loading *l, const struct section *s, const struct toml_value *table);

static bool apply_key(struct loading *l, const struct section *in, const struct toml_value *value)
{
	enum option option = option_find(section_slice(in), value->key);
	struct section below = section_below(in, value->key);

	if (option == OPTION_EXPORTER && value->type == TOML_TABLE)
		return setting_apply(l, option, value) && apply_table(l, &below, value);
	if (option != OPTION_COUNT && option_row(option)->effect == OPTION_FOREIGN)
		return apply_foreign(l, option_row(option), value);
	if (option != OPTION_COUNT)
		return setting_apply(l, option, value);
	if (option_is_section(section_slice(&below))) {
		if (value->type == TOML_TABLE)
			return apply_table(l, &below, value);
		return loading_fail(l, value->key_place,
			"%s is a table: write [%.*s] above its options", quote(value->key).text,
			(int)below.len, below.text);
	}
	if (in->len == 0 && option_is_agent_key(value->key)) {
		buffer_append(&l->agent_keys, l->agent_keys.len > 0 ? SLICE(", ") : SLICE(""));
		buffer_append(&l->agent_keys, value->key);
		return true;
	}
	return unknown(l, in, value);
}

/* As deep as the deepest section of the table. */
static bool apply_table(struct loading *l, const struct section *s, const struct toml_value *table)
{
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (!apply_key(l, s, v))
			return false;
	return true;
}

bool layer_document(struct loading *l, const struct toml_value *root)
{
	static const struct section top = {.len = 0};
	struct origin from = loading_origin(l, (struct toml_place){0, 0});

	buffer_init(&l->agent_keys, 2048);
	bool applied = apply_table(l, &top, root);
	struct slice keys = buffer_bytes(&l->agent_keys);
	if (applied && keys.len > 0)
		loading_notice(l, &from, "no effect here, they are for coding agents: %.*s",
			(int)keys.len, keys.ptr);
	buffer_done(&l->agent_keys);
	return applied;
}
