/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/search_collection.h"

void search_collection_init(struct search_collection *c)
{
	c->count = 0;
	buffer_init(&c->bytes, LIMIT_SEARCH_RESULTS * 3 * LIMIT_SEARCH_RESULT_BYTES);
}

void search_collection_done(struct search_collection *c)
{
	buffer_done(&c->bytes);
}

static void add_part(struct search_collection *c, struct slice part, struct slice *ret_kept)
{
	struct slice kept = slice_first(part, LIMIT_SEARCH_RESULT_BYTES);

	*ret_kept = slice_from(NULL, buffer_append(&c->bytes, kept) ? kept.len : 0);
}

void search_collection_add(void *owner, const struct search_text *text)
{
	struct search_collection *c = owner;

	if (c->count == LIMIT_SEARCH_RESULTS)
		return;
	struct search_text *t = &c->texts[c->count++];
	add_part(c, text->title, &t->title);
	add_part(c, text->url, &t->url);
	add_part(c, text->snippet, &t->snippet);
}

struct search_texts search_collection_texts(struct search_collection *c)
{
	const char *ptr = buffer_bytes(&c->bytes).ptr;

	for (size_t i = 0; ptr && i < c->count; i++) {
		struct slice *parts[] = {
			&c->texts[i].title, &c->texts[i].url, &c->texts[i].snippet};
		for (size_t k = 0; k < 3; k++) {
			parts[k]->ptr = ptr;
			ptr += parts[k]->len;
		}
	}
	return (struct search_texts){c->texts, c->count};
}
