/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's side of the library. */
#include "proxy/library_inside.h"

#include "proxy/squeeze.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

enum { CODING_BYTES = 64 };

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

/* ---- counter ------------------------------------------------------------------------------ */

static void on_box_closed(void *owner)
{
	struct counter *c = owner;

	if (c->on_closed)
		c->on_closed(c->owner);
}

/* Nothing of it is with the library any more. */
static void close_if_quiet(void *owner)
{
	struct counter *c = owner;

	if (!c->closing || c->count > 0 || !outbox_is_empty(&c->outbox))
		return;
	c->closing = false;
	outbox_close(&c->outbox);
	mailbox_close(&c->box, on_box_closed);
}

static void forget(struct loan *l)
{
	l->counter->count--;
	loan_free(l);
}

/* The loan of any news but LEAD is gone before its owner hears of it, and may ask anew. */
static void deliver(struct loan *l)
{
	const struct loan_told told = l->told;
	loan_cb on_news = l->on_news;
	void *owner = l->owner;

	l->is_here = true;
	if (told.news == LOAN_LEAD) {
		on_news(owner, &told);
		return;
	}
	l->told.entry = NULL;
	forget(l);
	on_news(owner, &told);
	search_entry_unref(told.entry);
}

static void on_parcel(void *owner, void *message)
{
	struct counter *c = owner;
	struct parcel *p = message;
	struct loan *l = p->of;

	if (p->kind == PARCEL_LEFT)
		forget(l);
	else if (!l->cancelled)
		deliver(l);
	close_if_quiet(c);
}

int counter_init(struct counter *c, struct library *library, uv_loop_t *loop)
{
	*c = (struct counter){.library = library};
	if (!library)
		return 0;
	int status = mailbox_init(&c->box, loop, 2 * LIMIT_LOANS, on_parcel, c);
	if (status == 0)
		outbox_init(&c->outbox, loop, close_if_quiet, c);
	return status;
}

void counter_close(struct counter *c, void (*on_closed)(void *owner), void *owner)
{
	c->on_closed = on_closed;
	c->owner = owner;
	if (!c->library) {
		on_box_closed(c);
		return;
	}
	c->closing = true;
	close_if_quiet(c);
}

void counter_done(struct counter *c)
{
	if (c->library)
		mailbox_done(&c->box);
}

/* ---- asking ------------------------------------------------------------------------------- */

void loan_free(struct loan *l)
{
	if (l->counted > 0)
		atomic_fetch_sub(&l->library->tally.fill_bytes, l->counted);
	search_entry_unref(l->told.entry);
	policy_unref(l->policy);
	buffer_done(&l->fields);
	buffer_done(&l->body);
	buffer_done(&l->coding);
	free(l);
}

/* What an answer may vary by. */
static bool is_asked_by(const struct field *f)
{
	return f->id == FIELD_OTHER && !freshness_is_secret(f->name);
}

static size_t fields_len(const struct loan_ask *ask)
{
	size_t len = 0;

	for (size_t i = 0; i < ask->field_count; i++)
		if (is_asked_by(&ask->fields[i]))
			len += ask->fields[i].name.len + ask->fields[i].value.len + 4;
	return len;
}

static struct slice keep(char **place, struct slice text)
{
	struct slice kept = slice_from(*place, text.len);

	if (text.len > 0)
		memcpy(*place, text.ptr, text.len);
	*place += text.len;
	return kept;
}

static void keep_texts(struct loan *l, const struct loan_ask *ask)
{
	char *place = l->text;

	l->provider = keep(&place, ask->provider);
	l->query = keep(&place, ask->query);
	l->canonical = keep(&place, ask->canonical);
	char *start = place;
	for (size_t i = 0; i < ask->field_count; i++) {
		if (!is_asked_by(&ask->fields[i]))
			continue;
		keep(&place, ask->fields[i].name);
		keep(&place, SLICE(": "));
		keep(&place, ask->fields[i].value);
		keep(&place, SLICE("\r\n"));
	}
	l->asked_fields = slice_from(start, (size_t)(place - start));
}

static void send_back(struct loan *l, enum parcel_kind kind)
{
	struct parcel *p = kind == PARCEL_LEAVE ? &l->leaving : &l->parcel;

	p->kind = kind;
	p->of = l;
	outbox_send(&l->counter->outbox, p, &l->library->box);
}

struct loan *loan_start(struct counter *c, const struct loan_ask *ask, loan_cb on_news, void *owner)
{
	size_t len = ask->provider.len + ask->query.len + ask->canonical.len + fields_len(ask);

	if (!c->library || c->closing || c->count >= LIMIT_LOANS || len > LIMIT_LOAN_BYTES)
		return NULL;
	struct loan *l = calloc(1, sizeof(*l) + len);
	if (!l)
		return NULL;
	l->counter = c;
	l->library = c->library;
	l->on_news = on_news;
	l->owner = owner;
	memcpy(l->key, ask->key, sizeof(l->key));
	keep_texts(l, ask);
	l->policy = ask->policy ? policy_ref(ask->policy) : NULL;
	l->rules = ask->rules;
	freshness_read_request(ask->fields, ask->field_count, &l->request);
	l->may_fetch = ask->may_fetch;
	l->again = ask->again;
	buffer_init(&l->fields, LIMIT_HEAD_BYTES);
	buffer_init(&l->body, c->library->options.answer_bytes);
	buffer_init(&l->coding, CODING_BYTES);
	l->parcel.kind = PARCEL_ASK;
	l->parcel.of = l;
	if (!mailbox_post(&c->library->box, &l->parcel)) {
		policy_unref(l->policy);
		free(l);
		return NULL;
	}
	c->count++;
	return l;
}

/* The library frees it. */
static void hand_over(struct loan *l, enum parcel_kind kind)
{
	assert(l->is_here);
	l->counter->count--;
	send_back(l, kind);
}

void loan_cancel(struct loan *l, bool failed)
{
	if (!l)
		return;
	if (l->is_here) {
		l->failed = failed;
		hand_over(l, PARCEL_GAVE_UP);
		return;
	}
	l->cancelled = true;
	send_back(l, PARCEL_LEAVE);
}

/* ---- of a leader -------------------------------------------------------------------------- */

static enum storable refuse(struct loan *l, enum storable why)
{
	l->refused = why;
	hand_over(l, PARCEL_REFUSED);
	return why;
}

/* The coding of the content when it is one that can be undone. Several are left as they are. */
static bool take_coding(struct loan *l, const struct head *response)
{
	struct slice coding = {NULL, 0};
	struct buffer none;
	bool known = false;

	for (size_t i = 0; i < response->field_count; i++) {
		if (!slice_equal_nocase(response->fields[i].name, SLICE("content-encoding")))
			continue;
		if (coding.ptr)
			return true;
		coding = response->fields[i].value;
	}
	buffer_init(&none, 1);
	if (coding.len > 0)
		squeeze_decode(coding, SLICE(""), &none, &known);
	buffer_done(&none);
	return !known || buffer_append(&l->coding, coding);
}

enum storable loan_begin(struct loan *l, const struct head *response, int64_t asked_s)
{
	l->times = (struct freshness_times){asked_s, now_s()};
	enum storable storable =
		freshness_judge(&l->rules, &l->request, response, &l->times, &l->freshness);

	if (storable != STORABLE)
		return refuse(l, storable);
	if (response->framing == FRAMING_LENGTH &&
		response->content_length > l->library->options.answer_bytes)
		return refuse(l, STORABLE_NOT_LARGE);
	if (!take_coding(l, response) ||
		!freshness_keep_fields(&l->fields, response, l->coding.len > 0))
		return refuse(l, STORABLE_NOT_NOW);
	return STORABLE;
}

bool loan_append(struct loan *l, struct slice content)
{
	struct library *library = l->library;
	bool small = l->body.len + content.len <= library->options.answer_bytes;

	l->counted += content.len;
	uint64_t before = atomic_fetch_add(&library->tally.fill_bytes, content.len);
	if (small && before + content.len <= LIMIT_FILL_BYTES && buffer_append(&l->body, content))
		return true;
	refuse(l, small ? STORABLE_NOT_NOW : STORABLE_NOT_LARGE);
	return false;
}

void loan_commit(struct loan *l)
{
	hand_over(l, PARCEL_STORE);
}

void loan_validated(struct loan *l, const struct head *response, int64_t asked_s)
{
	l->times = (struct freshness_times){asked_s, now_s()};
	freshness_judge(&l->rules, &l->request, response, &l->times, &l->freshness);
	/* Without the fields it counts as not validated, and is fetched anew. */
	l->failed = !l->told.entry || response->status != 304 ||
		    !freshness_is_validated(l->told.entry->fields, response) ||
		    !freshness_update_fields(&l->fields, l->told.entry->fields, response);
	l->is_here = false;
	send_back(l, PARCEL_VALIDATED);
}
