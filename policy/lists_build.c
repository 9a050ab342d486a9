/* SPDX-License-Identifier: Apache-2.0 */
/* The collected entries, once all sources are known, into a policy. */
#include "policy/list_file.h"
#include "policy/loading.h"
#include "policy/provider_items.h"
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>

/* FNV-1a: only to see that a file has changed. */
static uint64_t digest(struct slice bytes)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ (unsigned char)bytes.ptr[i]) * UINT64_C(1099511628211);
	return h;
}

/* Local allow entries do not count where the requirements say so; a warning names them. */
static void ignore_local(struct loading *l)
{
	struct config_trace *t = l->trace;
	struct buffer names;

	buffer_init(&names, 4096);
	for (size_t i = 0; i < t->item_count; i++) {
		struct list_item *item = &t->items[i];
		if (item->list != LIST_ALLOW || item->from.layer == LAYER_REQUIREMENTS)
			continue;
		item->ignored = true;
		struct slice name = item->is_file ? slice_of(item->text) : item->pattern;
		buffer_format(&names, "%s%s (%s", names.len > 0 ? ", " : "", quote(name).text,
			item->from.file);
		if (item->from.place.line > 0)
			buffer_format(&names, ":%u", item->from.place.line);
		buffer_append(&names, SLICE(")"));
	}
	struct slice text = buffer_bytes(&names);
	if (text.len > 0)
		loading_notice(l, &t->origins[OPTION_MANAGED_ONLY],
			"managed_allowed_domains_only: local allow entries are ignored: %.*s%s",
			(int)text.len, text.ptr, names.failed ? " and more" : "");
	buffer_done(&names);
}

/* Copies the texts of an array; false when there are too many. */
static bool take_texts(const struct toml_value *array, struct slice *ret_texts, size_t *ret_count)
{
	*ret_count = 0;
	for (const struct toml_value *v = array->first; v; v = v->next) {
		if (*ret_count == LIMIT_ENTRY_PATTERNS)
			return false;
		ret_texts[(*ret_count)++] = v->text;
	}
	return true;
}

struct parts {
	struct slice addresses[LIMIT_ENTRY_PATTERNS];
	struct slice except[LIMIT_ENTRY_PATTERNS];
};

/* What a table says beside its domain; checked when it was collected. */
static bool take_parts(
	struct loading *l, const struct toml_value *table, struct entry *entry, struct parts *parts)
{
	for (const struct toml_value *v = table->first; v; v = v->next) {
		bool fits = true;
		if (slice_equal(v->key, SLICE("protocol"))) {
			entry->has_protocol = true;
			entry->protocol = (enum port_protocol)words_find("tls|http|raw", v->text);
		} else if (slice_equal(v->key, SLICE("public_suffix"))) {
			entry->public_suffix = v->boolean;
		} else if (slice_equal(v->key, SLICE("addresses"))) {
			fits = take_texts(v, parts->addresses, &entry->address_count);
			entry->addresses = parts->addresses;
		} else if (slice_equal(v->key, SLICE("except"))) {
			fits = take_texts(v, parts->except, &entry->except_count);
			entry->except = parts->except;
		}
		if (!fits)
			return loading_fail(l, v->place,
				"more than %d in one entry: write a second entry for the rest",
				LIMIT_ENTRY_PATTERNS);
	}
	return true;
}

/* Names of parameters and fields may need quotes. */
static void write_key(struct slice key, struct buffer *out)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = ascii_lower(key.ptr[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) {
			setting_write_text(key, out);
			return;
		}
	}
	buffer_append(out, key);
}

static void write_children(const struct toml_value *value, bool keys, struct buffer *out)
{
	for (const struct toml_value *v = value->first; v; v = v->next) {
		if (keys) {
			write_key(v->key, out);
			buffer_append(out, SLICE(" = "));
		}
		lists_write_value(v, out);
		buffer_append(out, v->next ? SLICE(", ") : SLICE(""));
	}
}

/* Texts, whole numbers, booleans, arrays of texts and tables around them: checked before. */
void lists_write_value(const struct toml_value *value, struct buffer *out)
{
	if (value->type == TOML_TEXT) {
		setting_write_text(value->text, out);
	} else if (value->type == TOML_BOOLEAN) {
		buffer_append(out, value->boolean ? SLICE("true") : SLICE("false"));
	} else if (value->type == TOML_INTEGER) {
		buffer_format(out, "%lld", (long long)value->integer);
	} else if (value->type == TOML_ARRAY) {
		buffer_append(out, SLICE("["));
		write_children(value, false, out);
		buffer_append(out, SLICE("]"));
	} else {
		buffer_append(out, SLICE("{ "));
		write_children(value, true, out);
		buffer_append(out, SLICE(" }"));
	}
}

void lists_write_keys(const struct toml_value *table, struct buffer *out)
{
	for (const struct toml_value *v = table->first; v; v = v->next) {
		buffer_append(out, v->key);
		buffer_append(out, SLICE(" = "));
		lists_write_value(v, out);
		buffer_append(out, SLICE("\n"));
	}
}

/* What `config show` prints, since the document goes when the load is over. */
static bool keep_text(struct loading *l, struct list_item *item)
{
	struct buffer out;

	buffer_init(&out, LIMIT_CONFIG_BYTES);
	if (item->value)
		lists_write_value(item->value, &out);
	else
		setting_write_text(item->pattern, &out);
	struct slice text = buffer_bytes(&out);
	item->text = out.failed ? NULL : strndup(text.ptr, text.len);
	buffer_done(&out);
	return item->text ? true : loading_out_of_memory(l);
}

static bool build_entry(struct loading *l, struct policy_builder *b, struct list_item *item)
{
	struct parts parts;
	struct entry entry = {.list = item->list,
		.pattern = item->pattern,
		.file = slice_of(item->from.file),
		.line = item->from.place.line};
	struct fault fault;

	l->file = item->from.file;
	if (!keep_text(l, item))
		return false;
	if (item->value && item->value->type == TOML_TABLE &&
		!take_parts(l, item->value, &entry, &parts))
		return false;
	if (item->ignored || policy_builder_add(b, &entry, &fault))
		return true;
	return loading_fail(l, item->from.place, "%s", fault.text);
}

static bool build_file(struct loading *l, struct policy_builder *b, struct list_item *item)
{
	struct entry like = {.list = item->list, .file = slice_of(item->text)};
	struct slice bytes;

	l->file = item->from.file;
	if (item->ignored)
		return true;
	if (!loading_read(l, item->text, item->from.place, &bytes))
		return false;
	item->digest = digest(bytes);
	bool added = list_file_add(b, &like, bytes, &item->count, l->fault);
	free((void *)(uintptr_t)bytes.ptr);
	return added;
}

static size_t own_endpoints(const struct config *c, struct endpoint *ret_own)
{
	size_t count = 0;

	/* Port 0 is known after binding only: policy_add_own. */
	for (size_t i = 0; i < c->proxy_count; i++)
		if (!c->proxy[i].path && c->proxy[i].at.port != 0)
			ret_own[count++] = c->proxy[i].at;
	for (size_t i = 0; i < c->control_count; i++)
		if (!c->control[i].path && c->control[i].at.port != 0)
			ret_own[count++] = c->control[i].at;
	return count;
}

static bool finish(struct loading *l, struct policy_builder *b)
{
	struct config *c = l->config;
	struct endpoint own[2 * LIMIT_LISTENERS];
	struct policy_settings settings = {.mode = c->mode,
		.unlisted = config_can_ask(c) ? c->unlisted : UNLISTED_DENY,
		.nobody_answers = !config_can_ask(c),
		.allow_local_binding = c->allow_local_binding,
		.own = own,
		.own_count = own_endpoints(c, own),
		.searches = {.set = (c->web_search_modes & CONFIG_WORDS_SAID) != 0,
			.cached = (c->web_search_modes & SEARCH_CACHED) != 0,
			.live = (c->web_search_modes & SEARCH_LIVE) != 0}};

	c->policy = policy_builder_finish(b, &settings);
	return c->policy ? true : loading_out_of_memory(l);
}

bool lists_build(struct loading *l)
{
	struct config_trace *t = l->trace;
	struct policy_builder *b = policy_builder_new();

	if (!b)
		return loading_out_of_memory(l);
	if (l->config->managed_only)
		ignore_local(l);
	for (size_t i = 0; i < t->item_count; i++) {
		struct list_item *item = &t->items[i];
		if (!(item->is_file ? build_file(l, b, item) : build_entry(l, b, item))) {
			policy_builder_free(b);
			return false;
		}
	}
	if (!rules_build(l, b) || !provider_items_build(l, b)) {
		policy_builder_free(b);
		return false;
	}
	return finish(l, b);
}
