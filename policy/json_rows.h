/* SPDX-License-Identifier: Apache-2.0 */
/* policy/json_rows.h: a list of objects somewhere in a JSON document, as rows of texts. Source:
 * RFC 8259. */
#ifndef SALLYPORT_POLICY_JSON_ROWS_H
#define SALLYPORT_POLICY_JSON_ROWS_H

#include "base/slice.h"

enum { JSON_COLUMNS = 3 };

struct json_rows {
	struct slice list; /* names with dots between them, from the document on; empty: itself */
	struct slice columns[JSON_COLUMNS]; /* the same, from an element of the list on */
	size_t most; /* rows; the rest is left out */
	/* ptr NULL where an element has no text. What it is handed lives until it returns. */
	void (*on_row)(void *owner, const struct slice texts[JSON_COLUMNS]);
	void *owner;
};

/* Tells each object of the list, and of lists that are its elements. False when the text is no JSON,
 * has no such list, or memory ran out. */
bool json_rows_read(struct slice text, const struct json_rows *rows);

#endif
