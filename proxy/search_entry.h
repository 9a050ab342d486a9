/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_entry.h: an entry of the store of search answers as one run of memory, and as columns of
 * the store's table. */
#ifndef SALLYPORT_PROXY_SEARCH_ENTRY_H
#define SALLYPORT_PROXY_SEARCH_ENTRY_H

#include "policy/database.h"
#include "proxy/search_store.h"

/* In the order in which the functions below put and take. */
#define ENTRY_COLUMNS                                                                              \
	"id, key, variant, provider, query, canonical, status, stored, response, initial_age,"     \
	" lifetime, stale_while, stale_error, flags, hits, used, fields, fields_sum, body_bytes,"  \
	" body_sum, bytes"
#define ENTRY_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

/* A copy, with one reference. NULL without memory. */
struct search_entry *search_entry_copy(const struct search_entry *e);

/* What the bound of bytes counts for it. */
uint64_t search_entry_bytes(
	const struct search_entry *e, size_t squeezed, const struct search_texts *texts);

/* As it stands in the file: zeros, as most of them are, are nothing. */
struct slice search_entry_variant(const struct search_entry *e);

/* The id is left to the file; `bytes` as above. Borrows until the statement ends. */
void search_entry_put(struct cursor *c, const struct search_entry *e, uint64_t bytes);
void search_entry_put_freshness(struct cursor *c, const struct freshness *f);

/* A new entry from the columns; with_body: the next column is the squeezed body. OK, DAMAGED (not what
 * was put) or FAILED (no memory). */
enum search_stored search_entry_take(
	struct cursor *c, bool with_body, struct search_entry **ret_entry);

#endif
