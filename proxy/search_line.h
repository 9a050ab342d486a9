/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_line.h: a search answer as one line of JSON, to be carried from store to store; the shape
 * is in docs/search.md. Nothing is taken from a line that a store would not have kept by itself. */
#ifndef SALLYPORT_PROXY_SEARCH_LINE_H
#define SALLYPORT_PROXY_SEARCH_LINE_H

#include "proxy/search_store.h"

#include <stdio.h>

/* Writes the line with its end. */
void search_line_write(FILE *out, const struct search_entry *e, const struct search_texts *texts);

/* What a line says. Slices are of its own memory. */
struct search_line {
	struct search_entry entry;
	struct search_text results[LIMIT_SEARCH_RESULTS];
	struct search_texts texts;
	char *memory;
};

enum search_line_result {
	SEARCH_LINE_OK, /* *ret_line is to be freed by search_line_done */
	SEARCH_LINE_BAD, /* *ret_why says why; static */
	SEARCH_LINE_NO_MEMORY,
};
enum search_line_result search_line_read(
	struct slice text, struct search_line *ret_line, const char **ret_why);
void search_line_done(struct search_line *l);

#endif
