/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_transfer.h"

#include "proxy/search_line.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Entries that one change of the store puts: others may write between two. */
	BATCH_ENTRIES = 100,
	PAGE_ENTRIES = 64,
	READ_BYTES = 64 * 1024,
};

/* ---- importing ---------------------------------------------------------------------------- */

void search_import_fault(struct search_import *i, uint64_t place, const char *why)
{
	i->counts.faults++;
	if (i->on_fault)
		i->on_fault(i->owner, place, why);
}

static bool store_failed(struct search_import *i, enum search_stored stored)
{
	snprintf(i->sentence, sizeof(i->sentence), "%s",
		stored == SEARCH_STORE_BUSY ? "another process writes to the store for too long"
		: stored == SEARCH_STORE_DAMAGED
			? "the store is damaged"
			: "the store cannot be written: is the disk full?");
	return false;
}

static bool end_batch(struct search_import *i)
{
	if (i->in_batch == 0)
		return true;
	i->in_batch = 0;
	enum search_stored stored = search_store_batch(i->store, false);
	return stored == SEARCH_STORE_OK || store_failed(i, stored);
}

static bool put(
	struct search_import *i, const struct search_entry *e, const struct search_texts *texts)
{
	enum search_stored stored = SEARCH_STORE_OK;

	if (i->in_batch == 0)
		stored = search_store_batch(i->store, true);
	if (stored != SEARCH_STORE_OK)
		return store_failed(i, stored);
	i->in_batch++;
	stored = search_store_put(i->store, e, texts);
	if (stored == SEARCH_STORE_NONE)
		i->counts.passed++;
	else if (stored == SEARCH_STORE_OK)
		i->counts.taken++;
	else
		i->in_batch = BATCH_ENTRIES; /* its end says why */
	return i->in_batch < BATCH_ENTRIES || end_batch(i);
}

bool search_import_entry(
	struct search_import *i, const struct search_entry *e, const struct search_texts *texts)
{
	int64_t newest_s;

	if (!i->puts)
		return true;
	enum search_stored stored = search_newest(i->store, e, &newest_s);
	if (stored == SEARCH_STORE_NONE ||
		(stored == SEARCH_STORE_OK && newest_s < e->freshness.response_s))
		return put(i, e, texts);
	if (stored != SEARCH_STORE_OK)
		return store_failed(i, stored);
	i->counts.known++;
	return true;
}

static bool run_once(struct search_import *i, search_reader reader, void *context)
{
	struct squeeze_file *file = squeeze_file_open(i->path);

	if (!file) {
		snprintf(i->sentence, sizeof(i->sentence), "it cannot be opened: %s",
			strerror(errno));
		return false;
	}
	bool ok = reader(i, file, context);
	squeeze_file_close(file);
	return ok;
}

bool search_import_run(struct search_import *i, search_reader reader, void *context)
{
	if (!run_once(i, reader, context) || i->counts.faults > 0)
		return false;
	i->counts = (struct search_counts){0};
	i->puts = true;
	bool ok = run_once(i, reader, context);
	/* What was whole before a fault of the second time is as good as the rest. */
	return end_batch(i) && ok && i->counts.faults == 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

static bool take_line(struct search_import *i, struct slice text, uint64_t number)
{
	struct search_line line;
	const char *why = NULL;

	if (slice_ends(text, SLICE("\r")))
		text.len--;
	if (text.len == 0)
		return true;
	switch (search_line_read(text, &line, &why)) {
	case SEARCH_LINE_BAD:
		search_import_fault(i, number, why);
		return true;
	case SEARCH_LINE_NO_MEMORY:
		snprintf(i->sentence, sizeof(i->sentence), "out of memory");
		return false;
	case SEARCH_LINE_OK:
		break;
	}
	bool ok = search_import_entry(i, &line.entry, &line.texts);
	search_line_done(&line);
	return ok;
}

/* Every whole line of the buffer. */
static bool take_lines(struct search_import *i, struct buffer *b, uint64_t *number)
{
	struct slice held = buffer_bytes(b);
	size_t end, taken = 0;
	bool ok = true;

	while (ok && (end = slice_find(slice_after(held, taken), '\n')) < held.len - taken) {
		ok = take_line(i, slice_first(slice_after(held, taken), end), ++*number);
		taken += end + 1;
	}
	buffer_take(b, taken);
	return ok;
}

static bool read_lines(struct search_import *i, struct squeeze_file *file, void *context)
{
	char bytes[READ_BYTES];
	struct buffer held;
	uint64_t number = 0;
	size_t len = 1;
	bool ok = true;

	(void)context;
	buffer_init(&held, LIMIT_SEARCH_LINE_BYTES);
	while (ok && len > 0) {
		ok = squeeze_file_read(file, bytes, sizeof(bytes), &len);
		if (!ok)
			snprintf(i->sentence, sizeof(i->sentence), "it cannot be read to its end");
		else if (!buffer_append(&held, slice_from(bytes, len)))
			snprintf(i->sentence, sizeof(i->sentence),
				"a line is longer than any entry");
		ok = ok && !held.failed && take_lines(i, &held, &number);
	}
	if (ok && held.len > 0)
		ok = take_line(i, buffer_bytes(&held), number + 1);
	buffer_done(&held);
	return ok;
}

bool search_import_lines(struct search_import *i)
{
	return search_import_run(i, read_lines, NULL);
}

/* ---- exporting ---------------------------------------------------------------------------- */

struct ids {
	uint64_t ids[PAGE_ENTRIES];
	size_t count;
};

static bool keep_id(void *owner, struct search_entry *e)
{
	struct ids *page = owner;

	page->ids[page->count++] = e->id;
	return true;
}

/* One that went meanwhile, or was damaged, is left out. */
static bool export_one(struct search_store *s, uint64_t id, search_export_cb each, void *owner)
{
	struct search_shown shown;
	enum search_stored stored = search_show_texts(s, id, &shown);

	if (stored == SEARCH_STORE_NONE || stored == SEARCH_STORE_DAMAGED)
		return true;
	if (stored != SEARCH_STORE_OK)
		return false;
	bool ok = each(owner, shown.entry, &shown.texts);
	search_shown_done(&shown);
	return ok;
}

bool search_export(struct search_store *s, const struct search_filter *filter,
	search_export_cb each, void *owner)
{
	struct search_page page = {0, PAGE_ENTRIES};
	struct ids found = {.count = 1};

	while (found.count > 0) {
		found.count = 0;
		if (search_list(s, filter, &page, keep_id, &found) != SEARCH_STORE_OK)
			return false;
		for (size_t i = 0; i < found.count; i++)
			if (!export_one(s, found.ids[i], each, owner))
				return false;
		if (found.count > 0)
			page.after = found.ids[found.count - 1];
	}
	return true;
}
