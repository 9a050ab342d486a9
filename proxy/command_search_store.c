/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport search list | show | find | purge | stats. */
#include "proxy/command_search_store.h"

#include "base/utf8.h"
#include "control/moment.h"
#include "control/table.h"
#include "policy/quantity.h"

#include <stdlib.h>
#include <time.h>

enum { LIST_MOST = 100, FIND_MOST = 20, MISSED_MOST = 10, NUMBER_MOST = 1000000 };

/* ---- what is meant ------------------------------------------------------------------------- */

static int wrong(const char *what)
{
	fprintf(stderr, "sallyport: %s\n", what);
	return EXIT_USAGE;
}

static bool take_number(const char *text, uint64_t most, uint64_t *ret_number)
{
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	*ret_number = number;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= most;
}

static int take_flags(struct search_work *w, const struct arguments *a)
{
	const char *older = a->values[FLAG_OLDER], *key = a->values[FLAG_KEY];
	uint64_t ms;

	w->filter.provider = slice_of(a->values[FLAG_PROVIDER]);
	w->filter.pattern = slice_of(a->values[FLAG_QUERIES]);
	if (key && !search_key_parse(slice_of(key), &w->key))
		return wrong("--key takes the 64 digits that `sallyport search key` prints");
	if (key)
		w->filter.key = w->key.bytes;
	if (older && !duration_parse(slice_of(older), &ms))
		return wrong("--older-than takes a time such as 12h or 30d");
	if (older)
		w->filter.before_s = (int64_t)time(NULL) - (int64_t)(ms / 1000);
	if (a->values[FLAG_MOST] &&
		(!take_number(a->values[FLAG_MOST], NUMBER_MOST, &w->most) || w->most == 0))
		return wrong("--most takes a number from 1 to 1000000");
	return EXIT_DONE;
}

int search_work_begin(struct search_work *w, const struct arguments *a, uint64_t most, bool make)
{
	char notice[4608];

	*w = (struct search_work){.arguments = a, .most = most};
	int status = take_flags(w, a);
	if (status != EXIT_DONE)
		return status;
	w->config = cli_load(a, false);
	if (!w->config)
		return EXIT_REFUSED;
	const struct search_store_options options = {.path = w->config->search_store, .make = make};
	w->store = search_store_open(&options, notice, sizeof(notice));
	if (w->store)
		return EXIT_DONE;
	fprintf(stderr, "sallyport: %s\n", notice);
	config_free(w->config);
	return EXIT_REFUSED;
}

int search_work_end(struct search_work *w, enum search_stored stored)
{
	static const char *const sentences[] = {
		[SEARCH_STORE_OK] = NULL,
		[SEARCH_STORE_NONE] = "there is no such answer",
		[SEARCH_STORE_BUSY] = "another process writes to the store for too long",
		[SEARCH_STORE_DAMAGED] = "the store, or this answer in it, is damaged",
		[SEARCH_STORE_FAILED] = "the store cannot be used: is the disk full?",
	};

	if (sentences[stored])
		fprintf(stderr, "sallyport: %s\n", sentences[stored]);
	search_store_close(w->store);
	config_free(w->config);
	return stored == SEARCH_STORE_OK ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- list ---------------------------------------------------------------------------------- */

struct listing {
	struct table table;
	bool as_json;
	size_t count;
	uint64_t last;
};

static void add_text(struct table *t, struct slice text)
{
	char copy[TABLE_CELL_BYTES];

	utf8_copy(text, copy, sizeof(copy));
	table_add(t, copy);
}

static void add_ago(struct table *t, int64_t s)
{
	char text[MOMENT_TEXT_SIZE];

	moment_relative(s > 0 ? (uint64_t)s * 1000 : 0, moment_now(), text);
	table_add(t, text);
}

static void write_time(const char *name, int64_t s)
{
	char text[MOMENT_SIZE];

	moment_format(s > 0 ? (uint64_t)s * 1000 : 0, text);
	printf(", \"%s\": \"%s\"", name, text);
}

static void write_member(const char *name, struct slice text)
{
	printf(", \"%s\": ", name);
	json_write_text(stdout, text);
}

static void write_entry(const struct search_entry *e)
{
	struct search_key key;
	char text[SEARCH_KEY_TEXT_SIZE];

	memcpy(key.bytes, e->key, sizeof(key.bytes));
	search_key_format(&key, text);
	printf("{\"id\": %llu, \"key\": \"%s\"", (unsigned long long)e->id, text);
	write_member("provider", e->provider);
	write_member("query", e->query);
	write_member("search", e->canonical);
	write_time("stored", e->stored_s);
	write_time("validated", e->freshness.response_s);
	printf(", \"age\": %u, \"lifetime\": %u", freshness_age(&e->freshness, (int64_t)time(NULL)),
		e->freshness.lifetime_s);
	printf(", \"bytes\": %llu, \"hits\": %llu", (unsigned long long)e->body_bytes,
		(unsigned long long)e->hits);
	write_time("used", e->used_s);
}

static bool list_entry(void *owner, struct search_entry *e)
{
	struct listing *l = owner;

	l->last = e->id;
	if (l->as_json) {
		fputs(l->count++ > 0 ? ",\n    " : "\n    ", stdout);
		write_entry(e);
		fputs("}", stdout);
		return true;
	}
	l->count++;
	table_add_number(&l->table, e->id);
	add_ago(&l->table, e->freshness.response_s);
	add_text(&l->table, e->provider);
	table_add_number(&l->table, e->body_bytes);
	table_add_number(&l->table, e->hits);
	add_text(&l->table, e->query);
	return !l->table.failed;
}

static void print_table(struct table *t)
{
	struct terminal terminal;

	terminal_look(&terminal);
	table_print(t, stdout, &terminal);
	table_done(t);
}

int command_search_list(const struct arguments *a)
{
	static const struct table_column columns[] = {{"ID", 0}, {"STORED", 0}, {"PROVIDER", 0},
		{"BYTES", 0}, {"HITS", 0}, {"QUERY", 20}};
	struct listing l = {.as_json = a->given[FLAG_JSON]};
	struct search_work w;
	uint64_t after = 0;

	if (a->values[FLAG_AFTER] && !take_number(a->values[FLAG_AFTER], INT64_MAX, &after))
		return wrong("--after takes an id of the list");
	int status = search_work_begin(&w, a, LIST_MOST, false);
	if (status != EXIT_DONE)
		return status;
	const struct search_page page = {after, (size_t)w.most};
	table_init(&l.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (l.as_json)
		fputs("{\n  \"entries\": [", stdout);
	enum search_stored stored = search_list(w.store, &w.filter, &page, list_entry, &l);
	bool more = l.count == w.most;
	if (l.as_json && more)
		printf("\n  ],\n  \"next\": %llu\n}\n", (unsigned long long)l.last);
	else if (l.as_json)
		fputs("\n  ],\n  \"next\": null\n}\n", stdout);
	else
		print_table(&l.table);
	if (!l.as_json && more)
		fprintf(stderr, "More: --after %llu\n", (unsigned long long)l.last);
	return search_work_end(&w, stored);
}

/* ---- show ---------------------------------------------------------------------------------- */

static void print_text(const char *name, struct slice text)
{
	char *shown = malloc(text.len * 8 + 16);

	if (shown)
		terminal_text(text, shown, text.len * 8 + 16);
	printf("%-10s %s\n", name, shown ? shown : "");
	free(shown);
}

static void print_time(const char *name, int64_t s)
{
	char text[MOMENT_SIZE];

	moment_format(s > 0 ? (uint64_t)s * 1000 : 0, text);
	printf("%-10s %s\n", name, text);
}

static void show_text(const struct search_shown *shown)
{
	const struct search_entry *e = shown->entry;
	struct slice rest = e->fields;
	struct field f;

	print_text("provider", e->provider);
	print_text("query", e->query);
	print_text("search", e->canonical);
	print_time("stored", e->stored_s);
	print_time("validated", e->freshness.response_s);
	printf("%-10s %us of %us\n", "age", freshness_age(&e->freshness, (int64_t)time(NULL)),
		e->freshness.lifetime_s);
	printf("%-10s %llu\n", "hits", (unsigned long long)e->hits);
	printf("%-10s %llu\n", "bytes", (unsigned long long)e->body_bytes);
	while (freshness_next_field(&rest, &f))
		print_text("field",
			slice_from(f.name.ptr, (size_t)(f.value.ptr + f.value.len - f.name.ptr)));
	for (size_t i = 0; i < shown->texts.count; i++) {
		print_text("result", shown->texts.texts[i].title);
		print_text("", shown->texts.texts[i].url);
		print_text("", shown->texts.texts[i].snippet);
	}
}

static void show_json(const struct search_shown *shown)
{
	const struct search_entry *e = shown->entry;

	write_entry(e);
	write_member("fields", e->fields);
	fputs(", \"results\": [", stdout);
	for (size_t i = 0; i < shown->texts.count; i++) {
		printf("%s{\"title\": ", i > 0 ? ", " : "");
		json_write_text(stdout, shown->texts.texts[i].title);
		write_member("url", shown->texts.texts[i].url);
		write_member("snippet", shown->texts.texts[i].snippet);
		fputs("}", stdout);
	}
	fputs("]", stdout);
	write_member("body", e->body);
	fputs("}\n", stdout);
}

static bool keep_id(void *owner, struct search_entry *e)
{
	*(uint64_t *)owner = e->id;
	return true;
}

int command_search_show(const struct arguments *a)
{
	struct search_shown shown = {.entry = NULL};
	struct search_work w;
	struct search_key key;
	uint64_t id = 0;
	bool by_key = search_key_parse(slice_of(a->operands[0]), &key);

	if (!by_key && !take_number(a->operands[0], INT64_MAX, &id))
		return wrong("write an id of the list, or a key");
	int status = search_work_begin(&w, a, 1, false);
	if (status != EXIT_DONE)
		return status;
	/* Of several variants the newest. */
	const struct search_filter one = {.key = key.bytes};
	const struct search_page page = {0, LIMIT_SEARCH_VARIANTS};
	enum search_stored stored = SEARCH_STORE_OK;
	if (by_key)
		stored = search_list(w.store, &one, &page, keep_id, &id);
	if (stored == SEARCH_STORE_OK)
		stored = search_show_texts(w.store, id, &shown);
	if (stored == SEARCH_STORE_OK && a->given[FLAG_JSON])
		show_json(&shown);
	else if (stored == SEARCH_STORE_OK)
		show_text(&shown);
	search_shown_done(&shown);
	return search_work_end(&w, stored);
}

/* ---- find ---------------------------------------------------------------------------------- */

static bool find_entry(void *owner, const struct search_found *found)
{
	struct listing *l = owner;

	l->count++;
	if (l->as_json) {
		printf("%s{\"id\": %llu", l->count > 1 ? ",\n    " : "\n    ",
			(unsigned long long)found->id);
		write_member("title", found->text.title);
		write_member("url", found->text.url);
		write_member("snippet", found->text.snippet);
		fputs("}", stdout);
		return true;
	}
	table_add_number(&l->table, found->id);
	add_text(&l->table, found->text.title);
	add_text(&l->table, found->text.url);
	return !l->table.failed;
}

int command_search_find(const struct arguments *a)
{
	static const struct table_column columns[] = {{"ID", 0}, {"TITLE", 20}, {"URL", 20}};
	struct listing l = {.as_json = a->given[FLAG_JSON]};
	struct search_work w;
	int status = search_work_begin(&w, a, FIND_MOST, false);

	if (status != EXIT_DONE)
		return status;
	table_init(&l.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (l.as_json)
		fputs("{\n  \"found\": [", stdout);
	enum search_stored stored =
		search_look(w.store, slice_of(a->operands[0]), (size_t)w.most, find_entry, &l);
	if (l.as_json)
		fputs("\n  ]\n}\n", stdout);
	else
		print_table(&l.table);
	return search_work_end(&w, stored);
}

/* ---- purge --------------------------------------------------------------------------------- */

int command_search_purge(const struct arguments *a)
{
	struct search_work w;
	uint64_t after = 0, gone = 0;
	size_t some = 1;
	bool filtered = a->given[FLAG_PROVIDER] || a->given[FLAG_QUERIES] || a->given[FLAG_KEY] ||
			a->given[FLAG_OLDER];

	if (filtered == a->given[FLAG_ALL])
		return wrong("say which: --provider, --pattern, --key or --older-than, or --all");
	int status = search_work_begin(&w, a, 1, false);
	if (status != EXIT_DONE)
		return status;
	enum search_stored stored = SEARCH_STORE_OK;
	while (stored == SEARCH_STORE_OK && some > 0) {
		stored = search_purge(w.store, &w.filter, &after, &some);
		gone += some;
	}
	printf(a->given[FLAG_JSON] ? "{\"removed\": %llu}\n" : "%llu answers removed\n",
		(unsigned long long)gone);
	return search_work_end(&w, stored);
}
