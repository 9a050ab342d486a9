/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told what: by what is stored, and by what others fetch. */
#include "base/log.h"
#include "proxy/fill.h"

#include <time.h>

enum { COMPLAIN_S = 60 };

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

static void count(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- answering ---------------------------------------------------------------------------- */

/* The variants of one key. */
struct looked {
	struct search_entry *entries[LIMIT_SEARCH_VARIANTS];
	size_t count;
};

static void complain(struct library *l)
{
	int64_t now = now_s();

	if (now - l->complained_s < COMPLAIN_S)
		return;
	l->complained_s = now;
	log_warning(
		"the store of search answers cannot be used: is the disk full, or does another process write to it?");
}

static struct looked look(struct library *l, const uint8_t key[SEARCH_KEY_BYTES])
{
	struct looked found;
	enum search_stored stored = search_store_find(
		l->store, key, found.entries, LIMIT_SEARCH_VARIANTS, &found.count);

	if (stored == SEARCH_STORE_BUSY || stored == SEARCH_STORE_FAILED)
		complain(l);
	return found;
}

static void looked_done(struct looked *found)
{
	for (size_t i = 0; i < found->count; i++)
		search_entry_unref(found->entries[i]);
}

/* The one that Vary selects for this request, RFC 9111 §4.1; borrowed. NULL: none. */
static struct search_entry *choose(const struct looked *found, const struct loan *loan)
{
	uint8_t variant[ENTRY_VARIANT_BYTES];

	for (size_t i = 0; i < found->count; i++)
		if (library_variant(found->entries[i]->fields, loan->asked_fields, variant) &&
			memcmp(variant, found->entries[i]->variant, sizeof(variant)) == 0)
			return found->entries[i];
	return NULL;
}

/* The loan is the worker's from here on. */
static void tell(struct library *l, struct loan *loan, const struct loan_told *told)
{
	search_entry_unref(loan->told.entry);
	loan->told = *told;
	if (told->entry)
		search_entry_ref(told->entry);
	loan->parcel.kind = PARCEL_TOLD;
	outbox_send(&l->outbox, &loan->parcel, &loan->counter->box);
}

static void tell_hit(struct library *l, struct loan *loan, struct search_entry *e, bool waited)
{
	const int64_t now = now_s();
	struct loan_told told = {.news = LOAN_HIT,
		.entry = e,
		.age_s = freshness_age(&e->freshness, now),
		.waited = waited};

	told.stale = told.age_s >= e->freshness.lifetime_s;
	search_store_touch(l->store, e->id, now);
	count(&l->tally.hits);
	if (told.stale)
		count(&l->tally.stale_hits);
	if (waited)
		count(&l->tally.waited);
	tell(l, loan, &told);
}

static void tell_without(struct library *l, struct loan *loan)
{
	bool pass = loan->may_fetch && !loan->request.only_if_cached;
	const struct loan_told told = {.news = pass ? LOAN_PASS : LOAN_MISS};

	tell(l, loan, &told);
}

static void tell_lead(
	struct library *l, struct loan *loan, struct search_entry *e, bool answer_first)
{
	struct loan_told told = {.news = LOAN_LEAD, .entry = e, .answer_first = answer_first};

	/* What is not to be kept is no fill. */
	if (loan->request.no_store || !fill_start(l, loan)) {
		tell_without(l, loan);
		return;
	}
	if (e) {
		told.age_s = freshness_age(&e->freshness, now_s());
		told.stale = told.age_s >= e->freshness.lifetime_s;
		told.after_error = freshness_after_error(&e->freshness, now_s());
	}
	count(&l->tally.leads);
	tell(l, loan, &told);
}

static void count_miss(struct library *l, const struct loan *loan)
{
	struct search_miss miss = {
		.provider = loan->provider, .query = loan->query, .last_s = now_s()};

	if (loan->again)
		return;
	memcpy(miss.key, loan->key, sizeof(miss.key));
	count(&l->tally.misses);
	search_store_missed(l->store, &miss);
}

/* How the entry may be used for a request that has the way out, or not. */
static enum freshness_use use_of(const struct loan *loan, const struct search_entry *e)
{
	if (loan->may_fetch)
		return freshness_use(&e->freshness, &loan->request, now_s());
	return freshness_disconnected(&e->freshness, &loan->rules, now_s()) ? FRESHNESS_FRESH
									    : FRESHNESS_VALIDATE;
}

/* e: the entry for this request, or NULL. */
static void decide(struct library *l, struct loan *loan, struct search_entry *e)
{
	const bool may_lead = loan->may_fetch && !loan->request.only_if_cached;
	struct fill *under_way = fill_of(l, loan->key);
	enum freshness_use use = e ? use_of(loan, e) : FRESHNESS_VALIDATE;

	if (use == FRESHNESS_FRESH || (use == FRESHNESS_WHILE && (under_way || !may_lead))) {
		tell_hit(l, loan, e, false);
		return;
	}
	if (under_way) {
		if (!fill_join(under_way, loan))
			tell_without(l, loan);
		return;
	}
	if (!e)
		count_miss(l, loan);
	loan->again = true; /* it may come here once more, from a fill that failed */
	if (may_lead)
		tell_lead(l, loan, e, use == FRESHNESS_WHILE);
	else
		tell_without(l, loan);
}

void library_on_ask(struct library *l, struct loan *loan)
{
	struct looked found = look(l, loan->key);

	decide(l, loan, choose(&found, loan));
	looked_done(&found);
}

/* ---- the end of a fill -------------------------------------------------------------------- */

/* The answer came after these had asked: it is theirs too, however short its life is (§4, collapsed
 * requests), unless one of both says otherwise. */
static bool is_shared(const struct loan *loan, const struct search_entry *e)
{
	return !e->freshness.no_cache && !loan->request.no_cache;
}

static void after_store(struct library *l, struct loan *waiting)
{
	struct looked found = {.count = 0};

	if (waiting)
		found = look(l, waiting->key);
	for (struct loan *loan = waiting, *next; loan; loan = next) {
		struct search_entry *e = choose(&found, loan);
		next = loan->next;
		loan->fill = NULL;
		if (e && is_shared(loan, e))
			tell_hit(l, loan, e, true);
		else if (e)
			tell_without(l, loan);
		else
			decide(l, loan, NULL);
	}
	looked_done(&found);
}

static void without_store(struct library *l, struct loan *waiting)
{
	for (struct loan *loan = waiting, *next; loan; loan = next) {
		next = loan->next;
		loan->fill = NULL;
		tell_without(l, loan);
	}
}

void library_on_refused(struct library *l, struct loan *leader)
{
	count(&l->tally.refused_by[leader->refused]);
	without_store(l, fill_end(l, leader->fill));
	loan_free(leader);
}

void library_on_store(struct library *l, struct loan *leader)
{
	enum storable storable = library_shelve(l, leader);

	if (storable == STORABLE_NOT_NOW)
		complain(l);
	if (storable != STORABLE) {
		leader->refused = storable;
		library_on_refused(l, leader);
		return;
	}
	count(&l->tally.stored);
	struct loan *waiting = fill_end(l, leader->fill);
	loan_free(leader);
	after_store(l, waiting);
}

void library_on_validated(struct library *l, struct loan *leader)
{
	struct looked found = {.count = 0};
	struct search_entry *e = NULL;

	buffer_done(&leader->body);
	if (!leader->failed && library_revalidate(l, leader)) {
		found = look(l, leader->key);
		e = choose(&found, leader);
	}
	buffer_done(&leader->fields);
	if (e) {
		count(&l->tally.validated);
		struct loan *waiting = fill_end(l, leader->fill);
		tell_hit(l, leader, e, false);
		after_store(l, waiting);
	} else {
		const struct loan_told again = {.news = LOAN_LEAD};
		tell(l, leader, &again);
	}
	looked_done(&found);
}

/* The next one that may, leads; what is stale is better than an error for those who may have it. */
static void after_giving_up(struct library *l, struct loan *waiting, bool failed)
{
	struct looked found = {.count = 0};

	if (waiting)
		found = look(l, waiting->key);
	for (struct loan *loan = waiting, *next; loan; loan = next) {
		struct search_entry *e = choose(&found, loan);
		next = loan->next;
		loan->fill = NULL;
		if (failed && e && freshness_after_error(&e->freshness, now_s()))
			tell_hit(l, loan, e, true);
		else
			decide(l, loan, e);
	}
	looked_done(&found);
}

static void give_up(struct library *l, struct loan *leader)
{
	struct loan *waiting = fill_end(l, leader->fill);

	count(&l->tally.given_up);
	after_giving_up(l, waiting, leader->failed);
}

void library_on_gave_up(struct library *l, struct loan *leader)
{
	give_up(l, leader);
	loan_free(leader);
}

void library_on_leave(struct library *l, struct loan *loan)
{
	struct fill *f = loan->fill;

	/* It may have been told meanwhile, and may have been told to lead. */
	if (f && f->leader == loan)
		give_up(l, loan);
	else if (f)
		fill_leave(f, loan);
	loan->leaving.kind = PARCEL_LEFT;
	outbox_send(&l->outbox, &loan->leaving, &loan->counter->box);
}
