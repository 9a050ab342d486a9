/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/docket.h"

#include "base/container.h"

#include <assert.h>
#include <stdlib.h>

void docket_init(struct docket *d, const struct hash_key *key)
{
	*d = (struct docket){.key = *key};
}

static struct matter *of_id(struct bucket_link *link)
{
	return link ? CONTAINER(link, struct matter, by_id) : NULL;
}

static struct matter *of_ask(struct bucket_link *link)
{
	return link ? CONTAINER(link, struct matter, by_ask) : NULL;
}

static struct asker *of_asker(struct bucket_link *link)
{
	return link ? CONTAINER(link, struct asker, link) : NULL;
}

/* The block of all texts of a context, which begins with the first of them. */
static void *block_of(const struct question_texts *texts)
{
	union {
		const char *text;
		void *block;
	} first = {NULL};

	for (int i = 0; i < QUESTION_TEXT_COUNT && !first.text; i++)
		first.text = texts->all[i];
	return first.block;
}

static void matter_free(struct matter *m)
{
	union {
		const char *text;
		void *block;
	} subject = {m->question.subject};

	free(block_of(&m->question.context));
	free(subject.block);
	free(m);
}

bool docket_describe(struct matter *m, const struct question_texts *texts)
{
	struct question_texts own = *texts;
	size_t size = 0;
	char *block = NULL;

	for (int i = 0; i < QUESTION_TEXT_COUNT; i++)
		size += texts->all[i] ? strlen(texts->all[i]) + 1 : 0;
	if (size > 0 && !(block = malloc(size)))
		return false;
	char *at = block;
	for (int i = 0; i < QUESTION_TEXT_COUNT; i++) {
		if (!texts->all[i])
			continue;
		size_t len = strlen(texts->all[i]) + 1;
		own.all[i] = memcpy(at, texts->all[i], len);
		at += len;
	}
	free(block_of(&m->question.context));
	m->question.context = own;
	return true;
}

void docket_done(struct docket *d)
{
	while (d->first) {
		struct matter *m = d->first;
		d->first = m->after;
		if (m->asker && --m->asker->questions == 0)
			free(m->asker);
		matter_free(m);
	}
	buckets_done(&d->by_id);
	buckets_done(&d->by_ask);
	buckets_done(&d->askers);
	agenda_done(&d->due);
}

uint64_t docket_hash(const struct docket *d, struct slice identity, const struct concern *about)
{
	const struct target *target = about->target;
	char text[LIMIT_IDENTITY_BYTES + sizeof(target->host) + sizeof(uint64_t) + 5];
	size_t len = 0;

	assert(identity.len <= LIMIT_IDENTITY_BYTES);
	text[len++] = (char)about->protocol;
	text[len++] = (char)about->subject.kind;
	text[len++] = (char)(target->port >> 8);
	text[len++] = (char)(target->port & 0xff);
	text[len++] = (char)identity.len;
	if (identity.len > 0)
		memcpy(text + len, identity.ptr, identity.len);
	len += identity.len;
	if (about->subject.kind != SUBJECT_NONE) {
		uint64_t subject =
			keyed_hash(&d->key, about->subject.text.ptr, about->subject.text.len);
		memcpy(text + len, &subject, sizeof(subject));
		len += sizeof(subject);
	}
	memcpy(text + len, target->host, target->host_len);
	return keyed_hash(&d->key, text, len + target->host_len);
}

static bool is_about(const struct question *q, const struct concern *about)
{
	const struct subject subject = question_subject(q);

	return q->protocol == about->protocol && target_equal(&q->target, about->target) &&
	       subject_equal(&subject, &about->subject);
}

struct matter *docket_find(
	const struct docket *d, struct slice identity, const struct concern *about)
{
	struct bucket_link *link = buckets_find(&d->by_ask, docket_hash(d, identity, about));

	for (; link; link = buckets_next(link)) {
		const struct question *q = &of_ask(link)->question;
		if (is_about(q, about) && slice_equal(slice_of(q->identity), identity))
			return of_ask(link);
	}
	return NULL;
}

struct matter *docket_find_id(const struct docket *d, uint64_t id)
{
	struct bucket_link *link = buckets_find(&d->by_id, id);

	return of_id(link);
}

static struct asker *find_asker(const struct docket *d, struct slice identity, uint64_t hash)
{
	struct bucket_link *link = buckets_find(&d->askers, hash);

	while (link && !slice_equal(slice_of(of_asker(link)->identity), identity))
		link = buckets_next(link);
	return of_asker(link);
}

const struct asker *docket_asker(const struct docket *d, struct slice identity)
{
	return find_asker(d, identity, keyed_hash(&d->key, identity.ptr, identity.len));
}

/* The asker of an identity, made when it is new. NULL without memory. */
static struct asker *need_asker(struct docket *d, const char *identity)
{
	size_t len = strlen(identity);
	uint64_t hash = keyed_hash(&d->key, identity, len);
	struct asker *a = find_asker(d, slice_from(identity, len), hash);

	if (a || !buckets_reserve(&d->askers))
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	memcpy(a->identity, identity, len + 1);
	buckets_add(&d->askers, &a->link, hash);
	return a;
}

static void release_asker(struct docket *d, struct matter *m)
{
	struct asker *a = m->asker;

	m->asker = NULL;
	if (--a->questions > 0)
		return;
	assert(a->waiters == 0);
	buckets_remove(&d->askers, &a->link);
	free(a);
}

static void append(struct docket *d, struct matter *m)
{
	m->before = d->last;
	m->after = NULL;
	if (d->last)
		d->last->after = m;
	else
		d->first = m;
	d->last = m;
}

static void unlink_matter(struct docket *d, struct matter *m)
{
	if (m->before)
		m->before->after = m->after;
	else
		d->first = m->after;
	if (m->after)
		m->after->before = m->before;
	else
		d->last = m->before;
	buckets_remove(&d->by_id, &m->by_id);
}

static void append_ended(struct docket *d, struct matter *m)
{
	m->ended_after = NULL;
	if (d->ended_last)
		d->ended_last->ended_after = m;
	else
		d->ended_first = m;
	d->ended_last = m;
	d->ended++;
}

static bool reserve(struct docket *d)
{
	return buckets_reserve(&d->by_id) && buckets_reserve(&d->by_ask) && agenda_reserve(&d->due);
}

/* A copy of the question with texts of its own. */
static struct matter *matter_new(const struct question *q)
{
	struct matter *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->question = *q;
	m->question.context = (struct question_texts){.process_id = q->context.process_id};
	m->question.subject = q->subject ? strdup(q->subject) : NULL;
	if ((q->subject && !m->question.subject) || !docket_describe(m, &q->context)) {
		matter_free(m);
		return NULL;
	}
	return m;
}

struct matter *docket_enter(struct docket *d, const struct question *q)
{
	struct matter *m = reserve(d) ? matter_new(q) : NULL;

	if (!m)
		return NULL;
	if (q->state == QUESTION_PENDING) {
		m->asker = need_asker(d, q->identity);
		if (!m->asker) {
			matter_free(m);
			return NULL;
		}
		m->asker->questions++;
		d->pending++;
		const struct concern about = question_concern(q);
		buckets_add(&d->by_ask, &m->by_ask, docket_hash(d, slice_of(q->identity), &about));
		agenda_add(&d->due, &m->due, q->expires_ms);
	} else {
		append_ended(d, m);
	}
	buckets_add(&d->by_id, &m->by_id, q->id);
	append(d, m);
	return m;
}

/* It is pending no more. */
static void close_matter(struct docket *d, struct matter *m)
{
	assert(m->party.count == 0);
	buckets_remove(&d->by_ask, &m->by_ask);
	agenda_remove(&d->due, &m->due);
	release_asker(d, m);
	d->pending--;
}

void docket_drop(struct docket *d, struct matter *m)
{
	close_matter(d, m);
	unlink_matter(d, m);
	matter_free(m);
}

void docket_end(struct docket *d, struct matter *m)
{
	close_matter(d, m);
	append_ended(d, m);
}

void docket_trim(struct docket *d)
{
	while (d->ended > LIMIT_DECIDED) {
		struct matter *m = d->ended_first;
		d->ended_first = m->ended_after;
		if (!d->ended_first)
			d->ended_last = NULL;
		d->ended--;
		unlink_matter(d, m);
		matter_free(m);
	}
}
