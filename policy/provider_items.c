/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/provider_items.h"

#include "policy/rules.h"
#include "policy/search.h"

#include <stdlib.h>

bool provider_items_collect(
	struct loading *l, const struct option_row *row, const struct toml_value *value)
{
	struct config_trace *t = l->trace;

	if (value->type != TOML_ARRAY)
		return loading_fail(l, value->key_place,
			"%s are tables of their own: write [[search.providers]] above each",
			row->name);
	for (const struct toml_value *v = value->first; v; v = v->next) {
		if (v->type != TOML_TABLE)
			return loading_fail(l, v->place,
				"a provider is a table: write [[search.providers]] and below it name = \"corp\" and hosts = [\"search.example.com\"]");
		if (t->provider_count == LIMIT_PROVIDERS)
			return loading_fail(l, v->place, "more than %d providers", LIMIT_PROVIDERS);
		struct provider_item *grown =
			realloc(t->providers, (t->provider_count + 1) * sizeof(*grown));
		if (!grown)
			return loading_out_of_memory(l);
		t->providers = grown;
		t->providers[t->provider_count++] =
			(struct provider_item){.from = loading_origin(l, v->place), .value = v};
	}
	return true;
}

void provider_items_free(struct config_trace *trace)
{
	for (size_t i = 0; i < trace->provider_count; i++)
		free(trace->providers[i].text);
	free(trace->providers);
}

/* ---- building ------------------------------------------------------------------------------ */

/* The text of the key name, or empty. */
static struct slice name_of(const struct provider_item *item)
{
	for (const struct toml_value *v = item->value->first; v; v = v->next)
		if (slice_equal(v->key, SLICE("name")) && v->type == TOML_TEXT)
			return v->text;
	return (struct slice){NULL, 0};
}

/* Another one with the name; NULL when there is none. */
static const struct provider_item *find_named(
	const struct config_trace *t, const struct provider_item *but, struct slice name)
{
	for (size_t i = 0; i < t->provider_count; i++)
		if (&t->providers[i] != but && slice_equal(name_of(&t->providers[i]), name))
			return &t->providers[i];
	return NULL;
}

/* Local ones do not count where only the requirements may open names, and not beside one of theirs. */
static bool settle_local(struct loading *l, struct provider_item *item)
{
	const struct provider_item *other = find_named(l->trace, item, name_of(item));

	if (other && other->from.layer == item->from.layer) {
		const struct provider_item *later =
			other->from.place.line > item->from.place.line ? other : item;
		return loading_fail(l, later->from.place,
			"the provider \"%s\" is there twice: keep one of them",
			quote(name_of(item)).text);
	}
	if (item->from.layer == LAYER_REQUIREMENTS)
		return true;
	if (other)
		loading_notice(l, &item->from, "provider \"%s\" is ignored: %s:%u pins it",
			quote(name_of(item)).text, quote(slice_of(other->from.file)).text,
			other->from.place.line);
	else if (l->config->managed_only)
		loading_notice(l, &item->from,
			"provider \"%s\" is ignored: managed_allowed_domains_only",
			quote(name_of(item)).text);
	item->ignored = other || l->config->managed_only;
	return true;
}

static bool keep_text(struct loading *l, struct provider_item *item)
{
	struct buffer out;

	buffer_init(&out, LIMIT_SEARCH_BODY);
	lists_write_keys(item->value, &out);
	struct slice text = buffer_bytes(&out);
	item->text = out.failed ? NULL : strndup(text.ptr, text.len);
	buffer_done(&out);
	return item->text ? true : loading_out_of_memory(l);
}

static bool build_item(struct loading *l, struct policy_builder *b, struct provider_item *item)
{
	struct provider_reading r = {.l = l};
	struct fault fault;

	l->file = item->from.file;
	bool built = provider_reading_table(&r, item->value) && settle_local(l, item) &&
		     keep_text(l, item);
	r.provider.file = item->from.file;
	r.provider.line = item->from.place.line;
	if (built && !item->ignored && !policy_builder_add_provider(b, &r.provider, &fault))
		built = loading_fail(l, item->from.place, "%s", fault.text);
	provider_reading_free(&r);
	return built;
}

static bool build_layer(struct loading *l, struct policy_builder *b, bool required)
{
	for (size_t i = 0; i < l->trace->provider_count; i++) {
		struct provider_item *item = &l->trace->providers[i];
		if ((item->from.layer == LAYER_REQUIREMENTS) == required && !build_item(l, b, item))
			return false;
	}
	return true;
}

static bool is_changed(const struct config_trace *t, const struct provider *builtin)
{
	for (size_t i = 0; i < t->provider_count; i++)
		if (!t->providers[i].ignored &&
			slice_equal(name_of(&t->providers[i]), slice_of(builtin->name)))
			return true;
	return false;
}

bool provider_items_build(struct loading *l, struct policy_builder *b)
{
	const struct provider *builtin;
	struct fault fault;

	if (!build_layer(l, b, true) || !build_layer(l, b, false))
		return false;
	for (size_t i = 0; (builtin = provider_builtin(i)) != NULL; i++) {
		/* One without hosts is only there to be made whole. */
		if (!builtin->hosts[0] || is_changed(l->trace, builtin))
			continue;
		if (!policy_builder_add_provider(b, builtin, &fault))
			return loading_out_of_memory(l);
	}
	return true;
}
