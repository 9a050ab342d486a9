/* SPDX-License-Identifier: Apache-2.0 */
/* From a response to an entry: its content coding undone, its variant named, its texts taken out. */
#include "proxy/library_inside.h"

#include "policy/fingerprint.h"
#include "proxy/search_collection.h"
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
	struct search_collection *c = calloc(1, sizeof(*c));

	if (!c)
		return STORABLE_NOT_NOW;
	search_collection_init(c);
	if (l->options.extract)
		l->options.extract(provider_of(loan), e->body, search_collection_add, c);
	const struct search_texts texts = search_collection_texts(c);
	enum search_stored stored = search_store_put(l->store, e, &texts);
	search_collection_done(c);
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
