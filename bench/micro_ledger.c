/* SPDX-License-Identifier: Apache-2.0 */
/* What keeping costs the control thread: a flood of questions, its end, and decisions, which wait
 * for the disk. The file is in the directory given, or in /tmp. */
#include "policy/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { QUESTIONS = 10000, DECISIONS = 200 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool make_question(uint64_t number, struct question *ret_question)
{
	char authority[64];
	int len = snprintf(authority, sizeof(authority), "name-%llu.flood.test:443",
		(unsigned long long)number);

	*ret_question = (struct question){.id = number * 0x9e3779b97f4a7c15u, .asked_ms = number};
	snprintf(ret_question->identity, sizeof(ret_question->identity), "10.0.0.7");
	return target_parse_authority(slice_from(authority, (size_t)len), &ret_question->target) ==
	       REASON_NONE;
}

/* Milliseconds for all, negative on failure. */
static double keep_all(struct ledger *l, enum news_kind kind, uint64_t first, uint64_t count)
{
	struct grant grant = {.allow = true, .scope = GRANT_ALWAYS};
	struct question question;
	char sentence[256];
	double start = now_ms();

	if (!pattern_parse(SLICE("*.flood.test:443"), &grant.pattern, sentence, sizeof(sentence)))
		return -1;
	for (uint64_t i = first; i < first + count; i++) {
		const struct news news = {.kind = kind,
			.question = &question,
			.grant = kind == NEWS_DECIDED ? &grant : NULL};
		if (!make_question(i, &question))
			return -1;
		grant.id = question.id;
		question.state = kind == NEWS_DECIDED   ? QUESTION_APPROVED
				 : kind == NEWS_EXPIRED ? QUESTION_EXPIRED
							: QUESTION_PENDING;
		question.decided_ms = kind == NEWS_ASKED ? 0 : i;
		if (!ledger_keep(l, &news))
			return -1;
	}
	return now_ms() - start;
}

int main(int argc, char **argv)
{
	char path[512], log[520], notice[512];

	snprintf(path, sizeof(path), "%s/micro_ledger.%d", argc > 1 ? argv[1] : "/tmp",
		(int)getpid());
	snprintf(log, sizeof(log), "%s-wal", path);
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	if (!l) {
		fprintf(stderr, "%s\n", notice);
		return 1;
	}
	double asked = keep_all(l, NEWS_ASKED, 1, QUESTIONS);
	double decided = keep_all(l, NEWS_DECIDED, 1, DECISIONS);
	double expired = keep_all(l, NEWS_EXPIRED, DECISIONS + 1, QUESTIONS - DECISIONS);
	ledger_close(l);
	unlink(path);
	unlink(log);
	if (asked < 0 || decided < 0 || expired < 0)
		return 1;
	printf("ledger_keep: asked %.0f us, expired %.0f us, decided %.0f us\n",
		asked * 1e3 / QUESTIONS, expired * 1e3 / (QUESTIONS - DECISIONS),
		decided * 1e3 / DECISIONS);
	return 0;
}
