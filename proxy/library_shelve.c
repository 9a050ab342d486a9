/* SPDX-License-Identifier: Apache-2.0 */
/* From a response to an entry: its content coding undone, its variant named, its texts taken out. */
#include "proxy/library_inside.h"

#include "policy/fingerprint.h"
#include "proxy/squeeze.h"

#include <stdlib.h>

/* ---- variants ----------------------------------------------------------------------------- */

static size_t read_fields(struct slice text, struct field fields[LIMIT_HEAD_FIELDS])
{
	size_t count = 0;

	while (count < LIMIT_HEAD_FIELDS && freshness_next_field(&text, &fields[count]))
		count++;
	return count;
}

bool library_variant(
	struct slice kept, struct slice asked_fields, uint8_t ret_variant[ENTRY_VARIANT_BYTES])
{
	struct field fields[LIMIT_HEAD_FIELDS];
	struct buffer text;
	uint8_t print[FINGERPRINT_BYTES] = {0};

	buffer_init(&text, LIMIT_SEARCH_VARIANT_BYTES);
	bool ok = freshness_variant(&text, kept, fields, read_fields(asked_fields, fields));
	/* No selection is no digest: most entries have none. */
	ok = ok && (text.len == 0 || fingerprint_of(buffer_bytes(&text), print));
	buffer_done(&text);
	if (ok)
		memcpy(ret_variant, print, ENTRY_VARIANT_BYTES);
	return ok;
}

/* ---- texts -------------------------------------------------------------------------------- */

/* Copies, because what an extractor hands out lives for one call. */
struct collection {
	struct search_text texts[LIMIT_SEARCH_RESULTS];
	size_t count;
	struct buffer bytes; /* grows: slices are taken when all is there */
};

static void add_part(struct collection *c, struct slice part, struct slice *ret_kept)
{
	struct slice kept = slice_first(part, LIMIT_SEARCH_RESULT_BYTES);

	ret_kept->len = buffer_append(&c->bytes, kept) ? kept.len : 0;
}

static void add_text(void *owner, const struct search_text *text)
{
	struct collection *c = owner;

	if (c->count == LIMIT_SEARCH_RESULTS)
		return;
	struct search_text *t = &c->texts[c->count++];
	add_part(c, text->title, &t->title);
	add_part(c, text->url, &t->url);
	add_part(c, text->snippet, &t->snippet);
}

static void settle_texts(struct collection *c)
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
}

/* ---- shelving ----------------------------------------------------------------------------- */

/* The content as it is kept: *decoded, or what came. */
static enum storable decode(struct loan *loan, struct buffer *decoded, struct slice *ret_body)
{
	bool known;

	*ret_body = buffer_bytes(&loan->body);
	if (loan->coding.len == 0)
		return STORABLE;
	switch (squeeze_decode(buffer_bytes(&loan->coding), *ret_body, decoded, &known)) {
	case INFLATED:
		*ret_body = buffer_bytes(decoded);
		return STORABLE;
	case INFLATED_LARGE:
		return STORABLE_NOT_LARGE;
	case INFLATED_BAD: /* broken, as one that was cut short */
		return STORABLE_NOT_STATUS;
	case INFLATED_NO_MEMORY:
		break;
	}
	return STORABLE_NOT_NOW;
}

static const struct provider *provider_of(const struct loan *loan)
{
	return loan->policy ? policy_provider_named(loan->policy, loan->provider) : NULL;
}

static enum storable put(struct library *l, const struct loan *loan, const struct search_entry *e)
{
	struct collection *c = calloc(1, sizeof(*c));
	enum search_stored stored = SEARCH_STORE_FAILED;

	if (!c)
		return STORABLE_NOT_NOW;
	buffer_init(&c->bytes, LIMIT_SEARCH_RESULTS * 3 * LIMIT_SEARCH_RESULT_BYTES);
	if (l->options.extract)
		l->options.extract(provider_of(loan), e->body, add_text, c);
	settle_texts(c);
	const struct search_texts texts = {c->texts, c->count};
	stored = search_store_put(l->store, e, &texts);
	buffer_done(&c->bytes);
	free(c);
	if (stored == SEARCH_STORE_OK)
		return STORABLE;
	return stored == SEARCH_STORE_NONE ? STORABLE_NOT_LARGE : STORABLE_NOT_NOW;
}

enum storable library_shelve(struct library *l, struct loan *loan)
{
	struct search_entry e = {.provider = loan->provider,
		.query = loan->query,
		.canonical = loan->canonical,
		.status = 200,
		.fields = buffer_bytes(&loan->fields),
		.stored_s = loan->times.response_s,
		.freshness = loan->freshness};
	struct buffer decoded;

	memcpy(e.key, loan->key, sizeof(e.key));
	if (!library_variant(e.fields, loan->asked_fields, e.variant))
		return STORABLE_NOT_VARY;
	buffer_init(&decoded, l->options.answer_bytes);
	enum storable storable = decode(loan, &decoded, &e.body);
	if (storable == STORABLE)
		storable = put(l, loan, &e);
	buffer_done(&decoded);
	return storable;
}

bool library_revalidate(struct library *l, struct loan *loan)
{
	return search_store_validate(l->store, loan->told.entry->id, &loan->freshness,
		       buffer_bytes(&loan->fields)) == SEARCH_STORE_OK;
}
