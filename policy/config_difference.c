/* SPDX-License-Identifier: Apache-2.0 */
/* What a reload changed, as a sentence for the record. */
#include "base/escape.h"
#include "policy/loading.h"
#include "policy/provider_items.h"
#include "policy/rules.h"

#include <stdlib.h>

enum {
	SENTENCE_BYTES = 2048, /* written whole, then cut to what the caller has room for */
	NAMED = 3 /* entries that are named; the rest are counted */
};

static void join(struct buffer *out)
{
	buffer_append(out, out->len > 0 ? SLICE("; ") : SLICE(""));
}

static void compare_option(const struct config *before, const struct config *after,
	const struct option_row *row, struct buffer *out)
{
	struct buffer was, is;
	char label[96];

	buffer_init(&was, LIMIT_CONFIG_BYTES);
	buffer_init(&is, LIMIT_CONFIG_BYTES);
	setting_write(before, row, &was);
	setting_write(after, row, &is);
	bool equal = slice_equal(buffer_bytes(&was), buffer_bytes(&is));
	bool secret = row->type == OPTION_TYPE_HEADERS;
	/* The written form of header fields hides their values. */
	if (secret)
		equal = slice_equal(slice_of(before->otel_headers), slice_of(after->otel_headers));
	if (!equal) {
		struct slice a = slice_first(buffer_bytes(&was), 120);
		struct slice b = slice_first(buffer_bytes(&is), 120);
		join(out);
		option_label(row, label, sizeof(label));
		if (secret)
			buffer_format(out, "%s changed", label);
		else
			buffer_format(out, "%s %.*s to %.*s", label, a.len ? (int)a.len : 4,
				a.len ? a.ptr : "none", b.len ? (int)b.len : 4,
				b.len ? b.ptr : "none");
		if (row->effect == OPTION_START)
			buffer_append(out, SLICE(" (from the next start on)"));
	}
	buffer_done(&was);
	buffer_done(&is);
}

/* ---- entries ------------------------------------------------------------------------------- */

/* Entries of one list, sorted by text, so that two loads can be walked side by side. */
struct sorted {
	const struct list_item **items;
	size_t count;
};

static int by_text(const void *a, const void *b)
{
	const struct list_item *const *left = a, *const *right = b;

	return strcmp((*left)->text, (*right)->text);
}

static bool sort_items(const struct config *c, enum policy_list list, bool files, struct sorted *s)
{
	const struct config_trace *t = c->trace;

	s->count = 0;
	s->items = malloc((t->item_count + 1) * sizeof(struct list_item *));
	if (!s->items)
		return false;
	for (size_t i = 0; i < t->item_count; i++) {
		const struct list_item *item = &t->items[i];
		if (item->list == list && item->is_file == files && !item->ignored)
			s->items[s->count++] = item;
	}
	qsort(s->items, s->count, sizeof(struct list_item *), by_text);
	return true;
}

/* Names the first few of what only one side has. */
struct tally {
	const char *verb;
	size_t count;
	struct buffer names;
};

static void count_item(struct tally *t, const struct list_item *item)
{
	if (t->count++ < NAMED)
		buffer_format(&t->names, "%s%.100s", t->names.len > 0 ? ", " : "", item->text);
}

static void say(struct tally *t, const char *what, struct buffer *out)
{
	struct slice names = buffer_bytes(&t->names);

	if (t->count > 0) {
		join(out);
		buffer_format(out, "%s: %s %.*s", what, t->verb, (int)names.len, names.ptr);
		if (t->count > NAMED)
			buffer_format(out, " and %zu more", t->count - NAMED);
	}
	buffer_done(&t->names);
}

static void compare_sorted(
	const struct sorted *was, const struct sorted *is, const char *what, struct buffer *out)
{
	struct tally added = {.verb = "added"}, removed = {.verb = "removed"};
	struct tally changed = {.verb = "changed"};
	size_t i = 0, j = 0;

	buffer_init(&added.names, SENTENCE_BYTES);
	buffer_init(&removed.names, SENTENCE_BYTES);
	buffer_init(&changed.names, SENTENCE_BYTES);
	while (i < was->count || j < is->count) {
		int order = i == was->count  ? 1
			    : j == is->count ? -1
					     : strcmp(was->items[i]->text, is->items[j]->text);
		if (order < 0) {
			count_item(&removed, was->items[i++]);
		} else if (order > 0) {
			count_item(&added, is->items[j++]);
		} else if (was->items[i++]->digest != is->items[j++]->digest) {
			count_item(&changed, is->items[j - 1]);
		}
	}
	say(&added, what, out);
	say(&removed, what, out);
	say(&changed, what, out);
}

static void compare_list(const struct config *before, const struct config *after,
	enum policy_list list, bool files, struct buffer *out)
{
	static const char *const names[2][2] = {
		{"allowed", "allowed files"}, {"denied", "denied files"}};
	struct sorted was = {NULL, 0}, is = {NULL, 0};

	if (sort_items(before, list, files, &was) && sort_items(after, list, files, &is))
		compare_sorted(&was, &is, names[list == LIST_DENY][files], out);
	free(was.items);
	free(is.items);
}

/* Rules have no names to tell them apart by. */
static void compare_rules(
	const struct config *before, const struct config *after, struct buffer *out)
{
	const struct config_trace *was = before->trace, *is = after->trace;
	bool same = was->rule_count == is->rule_count;

	for (size_t i = 0; i < was->rule_count && same; i++)
		same = was->rules[i].from.layer == is->rules[i].from.layer &&
		       strcmp(was->rules[i].text, is->rules[i].text) == 0;
	if (same)
		return;
	join(out);
	buffer_format(
		out, "rules: changed, %zu before and %zu now", was->rule_count, is->rule_count);
}

static void compare_providers(
	const struct config *before, const struct config *after, struct buffer *out)
{
	const struct config_trace *was = before->trace, *is = after->trace;
	bool same = was->provider_count == is->provider_count;

	for (size_t i = 0; i < was->provider_count && same; i++)
		same = was->providers[i].from.layer == is->providers[i].from.layer &&
		       was->providers[i].ignored == is->providers[i].ignored &&
		       strcmp(was->providers[i].text, is->providers[i].text) == 0;
	if (same)
		return;
	join(out);
	buffer_format(out, "search providers: changed, %zu before and %zu now", was->provider_count,
		is->provider_count);
}

size_t config_difference(
	const struct config *before, const struct config *after, char *ret_text, size_t size)
{
	struct buffer out;

	buffer_init(&out, SENTENCE_BYTES);
	for (enum option i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = option_row(i);
		if (row->effect != OPTION_FOREIGN && !option_adds_up(row))
			compare_option(before, after, row, &out);
	}
	compare_list(before, after, LIST_ALLOW, false, &out);
	compare_list(before, after, LIST_DENY, false, &out);
	compare_list(before, after, LIST_ALLOW, true, &out);
	compare_list(before, after, LIST_DENY, true, &out);
	compare_rules(before, after, &out);
	compare_providers(before, after, &out);
	struct slice text = buffer_bytes(&out);
	const char *more = out.failed ? "; and more" : "";
	int len = text.len == 0 ? snprintf(ret_text, size, "nothing changed")
				: snprintf(ret_text, size, "%.*s%s", (int)text.len, text.ptr, more);
	buffer_done(&out);
	return (size_t)len < size ? (size_t)len : size - 1;
}
