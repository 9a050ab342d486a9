/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/search_collection.h: copies of the texts of results, as many and as long as a store takes. */
#ifndef SALLYPORT_PROXY_SEARCH_COLLECTION_H
#define SALLYPORT_PROXY_SEARCH_COLLECTION_H

#include "base/buffer.h"
#include "proxy/search_store.h"

struct search_collection {
	struct search_text texts[LIMIT_SEARCH_RESULTS];
	size_t count;
	struct buffer bytes; /* grows: slices point into it once all is there */
};

void search_collection_init(struct search_collection *c);
void search_collection_done(struct search_collection *c);
/* Shaped as what extractors call; the owner is the collection. */
void search_collection_add(void *owner, const struct search_text *text);
/* What was added; the collection's until it is done. Nothing is added after it. */
struct search_texts search_collection_texts(struct search_collection *c);

#endif
