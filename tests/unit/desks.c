/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desks.h"

#include <stdio.h>

__attribute__((format(printf, 2, 3))) static void note(struct desk_log *l, const char *format, ...)
{
	size_t len = strlen(l->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(l->text + len, sizeof(l->text) - len, format, arguments);
	va_end(arguments);
}

static const char *news_word(const struct news *n)
{
	switch (n->kind) {
	case NEWS_ASKED:
		return "asked";
	case NEWS_DECIDED:
		return question_state_word(n->question->state);
	case NEWS_EXPIRED:
		return "expired";
	case NEWS_WITHDRAWN:
		return "withdrawn";
	case NEWS_GRANTED:
		return "granted";
	case NEWS_REVOKED:
		return "revoked";
	case NEWS_GRANT_ENDED:
		return "ended";
	case NEWS_WAITERS:
		return "waiters";
	case NEWS_CONTEXT:
		return "context";
	}
	return "?";
}

static bool keep(void *owner, const struct news *n)
{
	struct desk_log *l = owner;

	assert_int_not_equal(n->kind, NEWS_WAITERS);
	note(l, "%s %s\n", l->keep_fails ? "keep-not" : "keep", news_word(n));
	return !l->keep_fails;
}

static void tell(void *owner, const struct news *n)
{
	struct desk_log *l = owner;
	char text[GRANT_PATTERN_SIZE];

	note(l, "%s", news_word(n));
	if (n->question) {
		target_format(&n->question->target, text, sizeof(text));
		note(l, " %s %s", n->question->identity, text);
	}
	if (n->kind == NEWS_WAITERS)
		note(l, " %u", n->question->waiters);
	if (n->grant) {
		grant_pattern_format(n->grant, text);
		note(l, " by %s", text);
	}
	note(l, "\n");
}

static void write_answer(
	void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	static const char *const words[] = {"allow", "deny", "expire", "anew"};
	struct desk_log *l = owner;

	assert_int_not_equal(count, 0);
	note(l, "%s", words[ruling->kind]);
	for (size_t i = 0; i < count; i++)
		note(l, "%c%llu", i ? ',' : ' ', (unsigned long long)waiters[i]);
	note(l, "\n");
}

static void regrant(void *owner)
{
	struct desk_log *l = owner;

	note(l, "regrant\n");
}

static uint64_t new_id(void *owner)
{
	struct desk_log *l = owner;

	return ++l->last_id;
}

void desks_init(struct desk_log *l, const char *allow, const char *deny)
{
	const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};
	const struct desk_options options = {.pending_ms = 900000,
		.deny_ms = 600000,
		.session_ms = 28800000,
		.waiters = 100,
		.waiters_identity = 50,
		.waiters_question = 20,
		.questions = 10,
		.questions_identity = 5,
		.outlets = {l, keep, write_answer, tell, regrant, new_id}};

	*l = (struct desk_log){.last_id = 100};
	l->policy = rules_policy(allow, deny, &settings);
	l->desk = desk_new(&options);
	assert_non_null(l->desk);
}

void desks_done(struct desk_log *l)
{
	desk_free(l->desk);
	policy_unref(l->policy);
}

void desks_expect(struct desk_log *l, const char *text)
{
	if (strcmp(l->text, text) != 0) {
		print_error("came out:\n%swanted:\n%s", l->text, text);
		fail();
	}
	l->text[0] = '\0';
}

enum desk_asked desks_ask(
	struct desk_log *l, uint64_t waiter, const char *who, const char *target, uint64_t after_ms)
{
	struct slice all = slice_of(who);
	size_t slash = slice_find(all, '/');
	const struct claimant claimant = {slice_first(all, slash), slice_after(all, slash + 1)};
	struct target t = rules_target(target);
	struct ruling ruling;
	enum desk_asked asked = desk_ask(l->desk, waiter, &claimant,
		&(struct concern){&t, QUESTION_CONNECT, l->subject}, NULL, DESK_START_MS + after_ms,
		&ruling);

	if (asked == DESK_ANSWERED)
		write_answer(l, &waiter, 1, &ruling);
	return asked;
}

enum desk_result desks_decide(
	struct desk_log *l, uint64_t question, struct decision_ask ask, uint64_t after_ms)
{
	ask.decider = SLICE("ann");
	l->sentence[0] = '\0';
	return desk_decide(l->desk, question, &ask, l->policy, DESK_START_MS + after_ms, &l->grant,
		l->sentence, sizeof(l->sentence));
}

enum desk_result desks_grant(
	struct desk_log *l, const char *identity, struct decision_ask ask, uint64_t after_ms)
{
	const struct claimant who = {slice_of(identity), SLICE("s")};

	ask.decider = SLICE("ann");
	l->sentence[0] = '\0';
	return desk_grant(l->desk, &who, &ask, l->policy, DESK_START_MS + after_ms, &l->grant,
		l->sentence, sizeof(l->sentence));
}

enum desk_result desks_revoke(struct desk_log *l, uint64_t grant, uint64_t after_ms)
{
	return desk_revoke(l->desk, grant, SLICE("ann"), DESK_START_MS + after_ms, l->sentence,
		sizeof(l->sentence));
}
