/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/ledgers.h: questions, grants and news for the tests of the ledger. */
#ifndef SALLYPORT_TESTS_LEDGERS_H
#define SALLYPORT_TESTS_LEDGERS_H

#include "policy/ledger.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* Stand for the C library's in SQLite: a test does not wait for the disk, and counts. */
static unsigned syncs;

int fsync(int fd)
{
	(void)fd;
	syncs++;
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

/* As long as there may be, with more than one byte to a character. */
static inline const char *a_long_subject(void)
{
	static char text[LIMIT_SUBJECT_BYTES + 1];
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, i % 8 ? "\xc3\xa9" : " \n", 2);
	return text;
}

static inline struct question a_question(uint64_t id)
{
	struct question q = {.id = id, .asked_ms = 1000 + id, .expires_ms = 901000 + id, .asks = 1};
	char authority[64];
	int len = snprintf(
		authority, sizeof(authority), "host-%llu.test:443", (unsigned long long)id);

	enum reason reason = target_parse_authority(slice_from(authority, (size_t)len), &q.target);
	assert(reason == REASON_NONE);
	(void)reason;
	snprintf(q.identity, sizeof(q.identity), "local");
	return q;
}

static inline struct grant a_grant(uint64_t id, const char *pattern)
{
	struct grant g = {.id = id, .allow = true, .scope = GRANT_ALWAYS, .made_ms = 5000 + id};
	char sentence[256];
	bool ok = pattern_parse(slice_of(pattern), &g.pattern, sentence, sizeof(sentence));

	assert(ok);
	(void)ok;
	snprintf(g.decider, sizeof(g.decider), "admin");
	return g;
}

static inline bool keep(
	struct ledger *l, enum news_kind kind, const struct question *q, const struct grant *g)
{
	const struct news news = {.kind = kind, .question = q, .grant = g, .now_ms = 7000};

	return ledger_keep(l, &news);
}

static inline bool keep_asked(struct ledger *l, const struct question *q)
{
	return keep(l, NEWS_ASKED, q, NULL);
}

/* Ends a question as the desk does. */
static inline bool keep_ended(struct ledger *l, struct question *q, enum question_state state,
	uint64_t at_ms, const struct grant *g)
{
	enum news_kind kind = state == QUESTION_EXPIRED     ? NEWS_EXPIRED
			      : state == QUESTION_WITHDRAWN ? NEWS_WITHDRAWN
							    : NEWS_DECIDED;

	q->state = state;
	q->decided_ms = at_ms;
	q->grant = g ? g->id : 0;
	return keep(l, kind, q, g);
}

#endif
