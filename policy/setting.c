/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/loading.h"
#include "policy/provider_items.h"
#include "policy/quantity.h"
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>

static void *field(struct loading *l, const struct option_row *row)
{
	return (char *)l->config + row->offset;
}

static const char *type_word(const struct toml_value *value)
{
	switch (value->type) {
	case TOML_TEXT:
		return "a string";
	case TOML_INTEGER:
		return "a number";
	case TOML_FLOAT:
		return "a fraction";
	case TOML_BOOLEAN:
		return value->boolean ? "true" : "false";
	case TOML_TIME:
		return "a date or time";
	case TOML_ARRAY:
		return "a list";
	case TOML_TABLE:
		break;
	}
	return "a table";
}

/* What an empty default does not show. */
static const char *list_example(enum option_type type)
{
	if (type == OPTION_TYPE_ALLOW || type == OPTION_TYPE_DENY)
		return "[\"*.example.com\"]";
	if (type == OPTION_TYPE_ALLOW_FILES || type == OPTION_TYPE_DENY_FILES)
		return "[\"blocklist.txt\"]";
	if (type == OPTION_TYPE_SERVERS)
		return "[\"127.0.0.1:5353\"]";
	if (type == OPTION_TYPE_LISTEN_CONTROL)
		return "[\"127.0.0.1:3129\"]";
	return "[\"cached\"]";
}

bool setting_wrong(struct loading *l, const struct option_row *row, const struct toml_value *value,
	const char *wanted)
{
	bool words = row->type == OPTION_TYPE_WORDS;
	bool empty_list = words || slice_equal(slice_of(row->standard), SLICE("[]"));
	/* Foreign keys have no default, only a value that needs no mention. */
	bool shown = (words || row->standard[0]) && row->effect != OPTION_FOREIGN &&
		     row->standard[0] != '{';
	char example[128] = "";

	if (shown)
		snprintf(example, sizeof(example), ": write for example %s = %s", row->name,
			empty_list ? list_example(row->type) : row->standard);
	return loading_fail(l, value->place, "%s must be %s, not %s%s", row->name, wanted,
		type_word(value), example);
}

static bool out_of_range(struct loading *l, const struct option_row *row,
	const struct toml_value *value, const char *least, const char *most)
{
	return loading_fail(
		l, value->place, "%s must be between %s and %s", row->name, least, most);
}

static bool apply_boolean(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	if (value->type != TOML_BOOLEAN)
		return setting_wrong(l, row, value, "true or false");
	*(bool *)field(l, row) = value->boolean;
	return true;
}

static bool apply_count(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	char least[24], most[24];

	if (value->type != TOML_INTEGER)
		return setting_wrong(l, row, value, "a whole number");
	if (value->integer < (int64_t)row->min || value->integer > (int64_t)row->max) {
		snprintf(least, sizeof(least), "%llu", (unsigned long long)row->min);
		snprintf(most, sizeof(most), "%llu", (unsigned long long)row->max);
		return out_of_range(l, row, value, least, most);
	}
	*(uint32_t *)field(l, row) = (uint32_t)value->integer;
	return true;
}

static bool apply_duration(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	const uint64_t unit = option_unit_ms(row);
	char least[QUANTITY_TEXT_SIZE], most[QUANTITY_TEXT_SIZE];
	uint64_t ms;

	if (value->type != TOML_TEXT)
		return setting_wrong(l, row, value, "a duration");
	if (!duration_parse(value->text, &ms))
		return loading_fail(l, value->place,
			"%s: \"%s\" is no duration: write a whole number and ms, s, m, h or d, as in \"30s\"",
			row->name, quote(value->text).text);
	duration_format(row->min * unit, least, sizeof(least));
	duration_format(row->max * unit, most, sizeof(most));
	if (ms < row->min * unit || ms > row->max * unit)
		return out_of_range(l, row, value, least, most);
	*(uint32_t *)field(l, row) = (uint32_t)(ms / unit);
	return true;
}

static bool apply_size(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	char least[QUANTITY_TEXT_SIZE], most[QUANTITY_TEXT_SIZE];
	uint64_t bytes;

	if (value->type != TOML_TEXT)
		return setting_wrong(l, row, value, "a size");
	if (!size_parse(value->text, &bytes))
		return loading_fail(l, value->place,
			"%s: \"%s\" is no size: write a whole number and B, KiB, MiB, GiB or TiB, as in \"256MiB\"",
			row->name, quote(value->text).text);
	size_format(row->min, least, sizeof(least));
	size_format(row->max, most, sizeof(most));
	if (bytes < row->min || bytes > row->max)
		return out_of_range(l, row, value, least, most);
	*(uint64_t *)field(l, row) = bytes;
	return true;
}

/* `"full" or "limited"`, for a sentence. */
static void list_words(const char *words, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (unsigned i = 0; used < size; i++) {
		struct slice word = words_at(words, i);
		bool last = words_at(words, i + 1).len == 0;
		if (word.len == 0)
			break;
		const char *before = i == 0 ? "" : last ? " or " : ", ";
		int len = snprintf(ret_text + used, size - used, "%s\"%.*s\"", before,
			(int)word.len, word.ptr);
		used += (size_t)len;
	}
}

/* The index of the word, or -1 with the fault set. */
static int find_word(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	char choice[160];

	list_words(row->words, choice, sizeof(choice));
	int index = value->type == TOML_TEXT ? words_find(row->words, value->text) : -1;
	if (value->type != TOML_TEXT)
		setting_wrong(l, row, value, choice);
	else if (index < 0)
		loading_fail(l, value->place, "%s must be %s, not \"%s\"", row->name, choice,
			quote(value->text).text);
	return index;
}

static bool apply_word(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	int index = find_word(l, row, value);

	if (index < 0)
		return false;
	/* Every enum of struct config has the size of an unsigned. */
	memcpy(field(l, row), &index, sizeof(index));
	return true;
}

static bool apply_words(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	uint32_t bits = CONFIG_WORDS_SAID;

	if (value->type != TOML_ARRAY)
		return setting_wrong(l, row, value, "a list of words");
	for (const struct toml_value *v = value->first; v; v = v->next) {
		int index = find_word(l, row, v);
		if (index < 0)
			return false;
		bits |= 1u << index;
	}
	*(uint32_t *)field(l, row) = bits;
	return true;
}

/* A word, or a table whose one key says how; what is inside the table are options of their own. */
static bool apply_exporter(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	static const struct toml_value http = {
		.type = TOML_TEXT, .text = {"otlp-http", sizeof("otlp-http") - 1}};

	if (value->type != TOML_TABLE)
		return apply_word(l, row, value);
	for (const struct toml_value *v = value->first; v; v = v->next)
		if (!slice_equal(v->key, http.text))
			return loading_fail(l, v->key_place,
				"exporter \"%s\" is not spoken here: write exporter = { otlp-http = { ... } } or \"none\"",
				quote(v->key).text);
	if (!value->first)
		return loading_fail(l, value->place,
			"exporter is empty: write exporter = { otlp-http = { ... } } or \"none\"");
	return apply_word(l, row, &http);
}

static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return true;
	return false;
}

/* http or https, a host, nothing that would split a request line. */
static bool is_url(struct slice text)
{
	struct slice rest;

	if (slice_starts(text, SLICE("http://")))
		rest = slice_after(text, sizeof("http://") - 1);
	else if (slice_starts(text, SLICE("https://")))
		rest = slice_after(text, sizeof("https://") - 1);
	else
		return false;
	return rest.len > 0 && rest.ptr[0] != '/' && rest.ptr[0] != ':' &&
	       slice_find(rest, ' ') == rest.len;
}

/* Relative names are relative to the file that has them, so that a configuration can be moved. */
static char *text_of(const struct loading *l, const struct option_row *row, struct slice text)
{
	const char *slash = l->file && l->layer >= LAYER_CONFIG ? strrchr(l->file, '/') : NULL;
	bool relative = row->type == OPTION_TYPE_PATH ||
			(row->type == OPTION_TYPE_LOG && slice_find(text, '/') < text.len);
	char *owned;
	int len;

	if (relative && slash && text.ptr[0] != '/')
		len = asprintf(&owned, "%.*s/%.*s", (int)(slash - l->file), l->file, (int)text.len,
			text.ptr);
	else
		len = asprintf(&owned, "%.*s", (int)text.len, text.ptr);
	return len < 0 ? NULL : owned;
}

static bool apply_text(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	char **at = field(l, row);

	if (value->type != TOML_TEXT)
		return setting_wrong(l, row, value, "a string");
	if (value->text.len == 0 || value->text.len > INT16_MAX)
		return loading_fail(l, value->place,
			"%s is %s: give it a value or take the line out", row->name,
			value->text.len ? "too long" : "empty");
	if (has_control(value->text))
		return loading_fail(
			l, value->place, "%s has a control character: take it out", row->name);
	if (row->type == OPTION_TYPE_URL && !is_url(value->text))
		return loading_fail(l, value->place,
			"%s: \"%s\" is no URL: write http://HOST:PORT/PATH or https://...",
			row->name, quote(value->text).text);
	if (row->type == OPTION_TYPE_LOG && words_find("stdout|none", value->text) < 0 &&
		slice_find(value->text, '/') == value->text.len)
		return loading_fail(l, value->place,
			"log must be \"stdout\", \"none\" or a file with a slash, as in \"./%s\"",
			quote(value->text).text);
	char *owned = text_of(l, row, value->text);
	if (!owned)
		return loading_out_of_memory(l);
	free(*at);
	*at = owned;
	return true;
}

static bool store(struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	switch (row->type) {
	case OPTION_TYPE_BOOLEAN:
		return apply_boolean(l, row, value);
	case OPTION_TYPE_COUNT:
		return apply_count(l, row, value);
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SPAN:
		return apply_duration(l, row, value);
	case OPTION_TYPE_SIZE:
		return apply_size(l, row, value);
	case OPTION_TYPE_WORD:
		return apply_word(l, row, value);
	case OPTION_TYPE_WORDS:
		return apply_words(l, row, value);
	case OPTION_TYPE_EXPORTER:
		return apply_exporter(l, row, value);
	case OPTION_TYPE_TEXT:
	case OPTION_TYPE_PATH:
	case OPTION_TYPE_URL:
	case OPTION_TYPE_LOG:
		return apply_text(l, row, value);
	case OPTION_TYPE_LISTEN_PROXY:
	case OPTION_TYPE_LISTEN_CONTROL:
		return listeners_apply(l, row, value);
	case OPTION_TYPE_SERVERS:
		return servers_apply(l, row, value);
	case OPTION_TYPE_HEADERS:
		return headers_apply(l, row, value);
	case OPTION_TYPE_ALLOW:
	case OPTION_TYPE_DENY:
	case OPTION_TYPE_DOMAINS:
	case OPTION_TYPE_ALLOW_FILES:
	case OPTION_TYPE_DENY_FILES:
		return lists_collect(l, row, value);
	case OPTION_TYPE_RULES:
		return rules_collect(l, row, value);
	case OPTION_TYPE_PROVIDERS:
		return provider_items_collect(l, row, value);
	case OPTION_TYPE_ANY:
		break;
	}
	return true;
}

/* An operator who set a value wants to know that it does not count. */
static void tell_pinned(struct loading *l, enum option option, const struct origin *local,
	const struct buffer *before)
{
	const struct option_row *row = option_row(option);
	struct toml_place at = l->trace->origins[option].place;
	struct buffer after;
	char label[96];

	buffer_init(&after, LIMIT_CONFIG_BYTES);
	setting_write(l->config, row, &after);
	if (!slice_equal(buffer_bytes(before), buffer_bytes(&after))) {
		option_label(row, label, sizeof(label));
		struct slice text = buffer_bytes(&after);
		bool secret = row->type == OPTION_TYPE_HEADERS;
		loading_notice(l, local, "%s is ignored: %s:%u pins it%s%.*s", label,
			quote(slice_of(l->file)).text, at.line, secret ? "" : " to ",
			secret ? 0 : (int)slice_first(text, 200).len, text.ptr ? text.ptr : "");
	}
	buffer_done(&after);
}

bool setting_apply(struct loading *l, enum option option, const struct toml_value *value)
{
	const struct option_row *row = option_row(option);
	struct origin *origin = &l->trace->origins[option];
	struct origin local = *origin;
	struct buffer before;

	if (option_adds_up(row)) {
		if (l->layer > LAYER_DEFAULT && origin->layer == LAYER_DEFAULT)
			*origin = loading_origin(l, value->place);
		return store(l, row, value);
	}
	if (l->layer >= LAYER_CONFIG && local.layer == l->layer)
		return loading_fail(l, value->key_place,
			"%s is set twice, first in line %u: keep one of them", row->name,
			local.place.line);
	buffer_init(&before, LIMIT_CONFIG_BYTES);
	if (l->layer == LAYER_REQUIREMENTS && local.layer == LAYER_CONFIG)
		setting_write(l->config, row, &before);
	bool stored = store(l, row, value);
	if (stored && l->layer > LAYER_DEFAULT) {
		*origin = loading_origin(l, value->place);
		if (l->layer == LAYER_REQUIREMENTS && local.layer == LAYER_CONFIG)
			tell_pinned(l, option, &local, &before);
	}
	buffer_done(&before);
	return stored;
}
