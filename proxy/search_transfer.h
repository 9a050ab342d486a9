/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_transfer.h: search answers into a store and out of it, as lines of JSON (search_line.h) or
 * as web archives (search_archive.h). A file is looked through before the first entry is put: with one
 * fault in it nothing of it is. What the store has as new already stays, so that a file may be
 * imported again. */
#ifndef SALLYPORT_PROXY_SEARCH_TRANSFER_H
#define SALLYPORT_PROXY_SEARCH_TRANSFER_H

#include "proxy/search_list.h"
#include "proxy/squeeze.h"

#include <stdio.h>

struct search_counts {
	uint64_t taken; /* put into the store */
	uint64_t known; /* the store has them as new */
	uint64_t passed; /* records that are no answers to searches, or are not to be kept */
	uint64_t faults;
};

struct search_import {
	struct search_store *store;
	const char *path; /* gzip too */
	/* What is wrong and where: the line, or the record by its number, from 1. May be NULL. */
	void (*on_fault)(void *owner, uint64_t place, const char *why);
	void *owner;
	struct search_counts counts; /* 0 before */
	char sentence[256]; /* why it failed, where no fault says it */
	/* inside */
	bool puts; /* the second time through the file */
	size_t in_batch;
};

/* False: nothing was put when there were faults; up to where it came when the store failed. */
bool search_import_lines(struct search_import *i);

/* For the two readers. A fault at a place. */
void search_import_fault(struct search_import *i, uint64_t place, const char *why);
/* An entry, which is put the second time through. False: the store failed. */
bool search_import_entry(
	struct search_import *i, const struct search_entry *e, const struct search_texts *texts);
/* Runs a reader through the file twice. It returns false with a sentence when it cannot go on. */
typedef bool (*search_reader)(struct search_import *i, struct squeeze_file *file, void *context);
bool search_import_run(struct search_import *i, search_reader reader, void *context);

/* Every entry that fits, in the order of storing, told with its texts; both are borrowed. False when the
 * store fails, or `each` does. */
typedef bool (*search_export_cb)(
	void *owner, const struct search_entry *e, const struct search_texts *texts);
bool search_export(struct search_store *s, const struct search_filter *filter,
	search_export_cb each, void *owner);

#endif
