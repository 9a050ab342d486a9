/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/shelf.h"

#include "base/container.h"

#include <stdlib.h>

void shelf_init(struct shelf *s, const struct hash_key *key)
{
	*s = (struct shelf){.key = *key};
}

void shelf_done(struct shelf *s)
{
	while (s->first) {
		struct shelved *g = s->first;
		s->first = g->after;
		free(g);
	}
	buckets_done(&s->by_id);
	buckets_done(&s->by_key);
	buckets_done(&s->by_ask);
	agenda_done(&s->due);
}

static struct shelved *of_key(struct bucket_link *link)
{
	return link ? CONTAINER(link, struct shelved, by_key) : NULL;
}

static uint64_t key_hash(const struct shelf *s, const struct grant *g)
{
	char text[GRANT_PATTERN_SIZE + sizeof(g->identity) + sizeof(g->session) +
		  LIMIT_SUBJECT_BYTES + 1];
	struct slice subject = slice_of(g->subject);
	size_t len = grant_pattern_format(g, text) + 1;
	size_t identity_len = strlen(g->identity) + 1, session_len = strlen(g->session) + 1;

	memcpy(text + len, g->identity, identity_len);
	len += identity_len;
	memcpy(text + len, g->session, session_len);
	len += session_len;
	if (subject.len > 0)
		memcpy(text + len, subject.ptr, subject.len);
	return keyed_hash(&s->key, text, len + subject.len);
}

struct shelved *shelf_prepare(struct shelf *s, const struct grant *g)
{
	bool room = buckets_reserve(&s->by_id) && buckets_reserve(&s->by_key) &&
		    buckets_reserve(&s->by_ask) && agenda_reserve(&s->due);
	size_t subject = g->subject ? strlen(g->subject) + 1 : 0;
	struct shelved *copy = room ? calloc(1, sizeof(*copy) + subject) : NULL;

	if (!copy)
		return NULL;
	copy->grant = *g;
	if (subject > 0)
		copy->grant.subject = memcpy(copy + 1, g->subject, subject);
	return copy;
}

void shelf_put(struct shelf *s, struct shelved *g, uint64_t ask_hash)
{
	buckets_add(&s->by_id, &g->by_id, g->grant.id);
	buckets_add(&s->by_key, &g->by_key, key_hash(s, &g->grant));
	if (g->grant.scope == GRANT_ONCE && !g->used)
		buckets_add(&s->by_ask, &g->by_ask, ask_hash);
	if (g->grant.expires_ms != 0)
		agenda_add(&s->due, &g->due, g->grant.expires_ms);
	g->before = s->last;
	g->after = NULL;
	if (s->last)
		s->last->after = g;
	else
		s->first = g;
	s->last = g;
	s->count++;
}

void shelf_use(struct shelf *s, struct shelved *g, uint64_t at_ms)
{
	if (!g->used)
		buckets_remove(&s->by_ask, &g->by_ask);
	agenda_remove(&s->due, &g->due);
	g->used = true;
	g->grant.expires_ms = 0;
	agenda_add(&s->due, &g->due, at_ms);
}

void shelf_take(struct shelf *s, struct shelved *g)
{
	buckets_remove(&s->by_id, &g->by_id);
	buckets_remove(&s->by_key, &g->by_key);
	if (g->grant.scope == GRANT_ONCE && !g->used)
		buckets_remove(&s->by_ask, &g->by_ask);
	agenda_remove(&s->due, &g->due);
	if (g->before)
		g->before->after = g->after;
	else
		s->first = g->after;
	if (g->after)
		g->after->before = g->before;
	else
		s->last = g->before;
	s->count--;
}

struct shelved *shelf_find(const struct shelf *s, uint64_t id)
{
	struct bucket_link *link = buckets_find(&s->by_id, id);

	return link ? CONTAINER(link, struct shelved, by_id) : NULL;
}

static bool is_same(const struct grant *a, const struct grant *b)
{
	char text_a[GRANT_PATTERN_SIZE], text_b[GRANT_PATTERN_SIZE];
	const struct subject about_a = grant_subject(a), about_b = grant_subject(b);

	grant_pattern_format(a, text_a);
	grant_pattern_format(b, text_b);
	return strcmp(text_a, text_b) == 0 && strcmp(a->identity, b->identity) == 0 &&
	       strcmp(a->session, b->session) == 0 && subject_equal(&about_a, &about_b) &&
	       (a->scope == GRANT_SESSION) == (b->scope == GRANT_SESSION);
}

struct shelved *shelf_find_same(const struct shelf *s, const struct grant *g)
{
	struct bucket_link *link = buckets_find(&s->by_key, key_hash(s, g));

	while (link && (of_key(link)->used || !is_same(&of_key(link)->grant, g)))
		link = buckets_next(link);
	return of_key(link);
}

struct shelved *shelf_find_once(const struct shelf *s, uint64_t ask_hash, struct slice identity,
	const struct concern *about)
{
	const struct claimant who = {.identity = identity};
	struct bucket_link *link = buckets_find(&s->by_ask, ask_hash);

	for (; link; link = buckets_next(link)) {
		struct shelved *g = CONTAINER(link, struct shelved, by_ask);
		if (g->protocol == about->protocol &&
			grant_covers(&g->grant, &who, about->target, &about->subject))
			return g;
	}
	return NULL;
}

struct shelved *shelf_oldest_used(const struct shelf *s)
{
	struct shelved *g = s->first;

	while (g && !g->used)
		g = g->after;
	return g;
}

void shelf_note_revoked(struct shelf *s, const struct grant *g)
{
	uint32_t oldest = 0;

	if (s->revoked_count == LIMIT_REVOKED) {
		for (uint32_t i = 1; i < LIMIT_REVOKED; i++)
			if (s->revoked[i].made_ms < s->revoked[oldest].made_ms)
				oldest = i;
		/* Forgotten by its id, so by its age: what was made as early counts as taken back. */
		if (s->revoked[oldest].made_ms >= s->revoked_below_ms)
			s->revoked_below_ms = s->revoked[oldest].made_ms + 1;
		s->revoked[oldest] = s->revoked[--s->revoked_count];
	}
	s->revoked[s->revoked_count++] = (struct revoked){g->id, g->made_ms};
}

struct grants *shelf_snapshot(const struct shelf *s)
{
	const struct grant **list = malloc((s->count + 1) * sizeof(*list));
	uint64_t *ids = malloc((s->revoked_count + 1) * sizeof(*ids));
	struct grants *snapshot = NULL;
	size_t count = 0;

	if (list && ids) {
		for (const struct shelved *g = s->first; g; g = g->after)
			list[count++] = &g->grant;
		for (uint32_t i = 0; i < s->revoked_count; i++)
			ids[i] = s->revoked[i].id;
		snapshot = grants_new(list, count, ids, s->revoked_count, s->revoked_below_ms);
	}
	free(list);
	free(ids);
	return snapshot;
}
