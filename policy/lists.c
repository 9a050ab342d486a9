/* SPDX-License-Identifier: Apache-2.0 */
/* Allow and deny entries: collected from every source, then built into the policy, because only the
 * last source says whether local ones count. */
#include "policy/list_file.h"
#include "policy/loading.h"

#include <stdio.h>
#include <stdlib.h>

static struct list_item *new_item(struct loading *l, enum policy_list list, struct origin from)
{
	struct config_trace *t = l->trace;

	if (t->item_count == LIMIT_PATTERNS) {
		loading_fail(
			l, from.place, "more than %d entries: put them in a file", LIMIT_PATTERNS);
		return NULL;
	}
	if (t->item_count == t->item_size) {
		size_t size = t->item_size ? t->item_size * 2 : 16;
		struct list_item *grown = realloc(t->items, size * sizeof(*grown));
		if (!grown) {
			loading_out_of_memory(l);
			return NULL;
		}
		t->items = grown;
		t->item_size = size;
	}
	struct list_item *item = &t->items[t->item_count++];
	*item = (struct list_item){.list = list, .from = from};
	return item;
}

/* ---- collecting ---------------------------------------------------------------------------- */

static bool is_text_array(const struct toml_value *value)
{
	if (value->type != TOML_ARRAY)
		return false;
	for (const struct toml_value *v = value->first; v; v = v->next)
		if (v->type != TOML_TEXT)
			return false;
	return true;
}

/* One key of { domain = ..., protocol = ..., ... }. */
static bool check_key(struct loading *l, enum policy_list list, const struct toml_value *v)
{
	static const char *const elsewhere[] = {"deny", "allow"};
	static const struct {
		struct slice key;
		int list; /* -1 for both */
		bool (*fits)(const struct toml_value *);
		const char *wanted;
	} rows[] = {
		{{"domain", 6}, -1, NULL, "a pattern such as \"*.example.com\""},
		{{"protocol", 8}, LIST_ALLOW, NULL, "\"tls\", \"http\" or \"raw\""},
		{{"addresses", 9}, LIST_ALLOW, is_text_array,
			"a list of ranges such as [\"10.20.0.0/16\"]"},
		{{"public_suffix", 13}, LIST_ALLOW, NULL, "true or false"},
		{{"except", 6}, LIST_DENY, is_text_array,
			"a list of patterns such as [\"jira.corp.example\"]"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!slice_equal(rows[i].key, v->key))
			continue;
		if (rows[i].list >= 0 && rows[i].list != (int)list)
			return loading_fail(l, v->key_place,
				"%s belongs to %s entries: take it out of this one",
				rows[i].key.ptr, elsewhere[1 - rows[i].list]);
		bool fits = rows[i].fits                                  ? rows[i].fits(v)
			    : slice_equal(v->key, SLICE("public_suffix")) ? v->type == TOML_BOOLEAN
									  : v->type == TOML_TEXT;
		if (slice_equal(v->key, SLICE("protocol")) && fits)
			fits = words_find("tls|http|raw", v->text) >= 0;
		return fits ? true
			    : loading_fail(l, v->place, "%s must be %s", rows[i].key.ptr,
				      rows[i].wanted);
	}
	return loading_fail(l, v->key_place, "an entry has no \"%s\": it may have domain%s",
		quote(v->key).text,
		list == LIST_ALLOW ? ", protocol, addresses and public_suffix" : " and except");
}

static const struct toml_value *member(const struct toml_value *table, struct slice key)
{
	for (const struct toml_value *v = table->first; v; v = v->next)
		if (slice_equal(v->key, key))
			return v;
	return NULL;
}

static bool collect_entry(struct loading *l, enum policy_list list, const struct toml_value *value)
{
	const struct toml_value *domain = value;

	if (value->type == TOML_TABLE) {
		domain = member(value, SLICE("domain"));
		if (!domain)
			return loading_fail(l, value->place,
				"an entry without domain: write { domain = \"example.com\", ... }");
		for (const struct toml_value *v = value->first; v; v = v->next)
			if (!check_key(l, list, v))
				return false;
	} else if (value->type != TOML_TEXT) {
		return loading_fail(l, value->place,
			"an entry must be a pattern such as \"*.example.com\" or a table { domain = \"...\" }");
	}
	struct list_item *item = new_item(l, list, loading_origin(l, domain->place));
	if (!item)
		return false;
	item->value = value;
	item->pattern = domain->text;
	return true;
}

/* "name" = "allow" or "deny" */
static bool collect_domain(struct loading *l, const struct toml_value *value)
{
	bool text = value->type == TOML_TEXT;
	bool allow = text && slice_equal(value->text, SLICE("allow"));

	if (!allow && !(text && slice_equal(value->text, SLICE("deny"))))
		return loading_fail(l, value->place, "\"%s\" must be \"allow\" or \"deny\"",
			quote(value->key).text);
	struct list_item *item =
		new_item(l, allow ? LIST_ALLOW : LIST_DENY, loading_origin(l, value->key_place));
	if (!item)
		return false;
	item->pattern = value->key;
	return true;
}

/* A file of entries; relative to the file that names it. */
static bool collect_file(struct loading *l, enum policy_list list, const struct toml_value *value)
{
	const char *slash = l->file ? strrchr(l->file, '/') : NULL;
	struct slice name = value->text;
	int len;

	if (value->type != TOML_TEXT || name.len == 0 || name.len > INT16_MAX ||
		memchr(name.ptr, '\0', name.len))
		return loading_fail(
			l, value->place, "a list file must be a name such as \"blocklist.txt\"");
	struct list_item *item = new_item(l, list, loading_origin(l, value->place));
	if (!item)
		return false;
	item->is_file = true;
	if (slash && name.ptr[0] != '/')
		len = asprintf(&item->text, "%.*s/%.*s", (int)(slash - l->file), l->file,
			(int)name.len, name.ptr);
	else
		len = asprintf(&item->text, "%.*s", (int)name.len, name.ptr);
	if (len >= 0)
		return true;
	item->text = NULL;
	return loading_out_of_memory(l);
}

bool lists_collect(struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	bool domains = row->type == OPTION_TYPE_DOMAINS;
	bool files = row->type == OPTION_TYPE_ALLOW_FILES || row->type == OPTION_TYPE_DENY_FILES;
	bool deny = row->type == OPTION_TYPE_DENY || row->type == OPTION_TYPE_DENY_FILES;
	enum policy_list list = deny ? LIST_DENY : LIST_ALLOW;

	if (value->type != (domains ? TOML_TABLE : TOML_ARRAY))
		return setting_wrong(l, row, value,
			domains ? "a table of \"name\" = \"allow\" or \"deny\""
			: files ? "a list of files"
				: "a list of patterns");
	for (const struct toml_value *v = value->first; v; v = v->next) {
		bool taken = domains ? collect_domain(l, v)
			     : files ? collect_file(l, list, v)
				     : collect_entry(l, list, v);
		if (!taken)
			return false;
	}
	return true;
}

bool lists_collect_command(struct loading *l)
{
	const struct config_sources *s = l->sources;
	struct origin allow = {.layer = LAYER_COMMAND, .file = "--allow"};
	struct origin deny = {.layer = LAYER_COMMAND, .file = "--deny"};

	for (size_t i = 0; i < s->allow_count; i++) {
		struct list_item *item = new_item(l, LIST_ALLOW, allow);
		if (!item)
			return false;
		item->pattern = slice_of(s->allow[i]);
	}
	for (size_t i = 0; i < s->deny_count; i++) {
		struct list_item *item = new_item(l, LIST_DENY, deny);
		if (!item)
			return false;
		item->pattern = slice_of(s->deny[i]);
	}
	return true;
}

void lists_free(struct config_trace *trace)
{
	for (size_t i = 0; i < trace->item_count; i++)
		free(trace->items[i].text);
	free(trace->items);
}
