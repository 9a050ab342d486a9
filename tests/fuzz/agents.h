/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/agents.h: a desk where somebody waits: question 1 is of "local", question 2 of another. */
#ifndef SALLYPORT_TESTS_AGENTS_H
#define SALLYPORT_TESTS_AGENTS_H

#include "proxy/agent_call.h"

#include <stdlib.h>

static inline bool agents_keep(void *owner, const struct news *news)
{
	return owner || news;
}

static inline void agents_answer(
	void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	(void)owner, (void)waiters, (void)count, (void)ruling;
	abort(); /* nobody may decide */
}

static inline void agents_tell(void *owner, const struct news *news)
{
	(void)owner, (void)news;
}

static inline void agents_regrant(void *owner)
{
	(void)owner;
	abort();
}

static inline uint64_t agents_new_id(void *owner)
{
	return ++*(uint64_t *)owner;
}

static inline struct desk *agents_desk(void)
{
	static uint64_t id;
	const struct desk_options options = {1000, 1000, 1000, 9, 9, 9, 9, 9,
		{&id, agents_keep, agents_answer, agents_tell, agents_regrant, agents_new_id}};
	static const struct claimant who[] = {{{"local", 5}, {"", 0}}, {{"other", 5}, {"", 0}}};
	struct desk *d = desk_new(&options);
	struct target t;
	struct ruling r;

	id = 0;
	if (!d || target_parse_authority(SLICE("new.example:443"), &t) != REASON_NONE)
		abort();
	for (size_t i = 0; i < 2; i++)
		desk_ask(d, i + 1, &who[i], &(struct concern){&t, QUESTION_CONNECT, {0}}, NULL, 1,
			&r);
	return d;
}

static inline const struct config *agents_config(void)
{
	static const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};
	static struct config config = {.unlisted = UNLISTED_HOLD, .control_count = 1};
	struct policy_builder *b = config.policy ? NULL : policy_builder_new();

	if (b)
		config.policy = policy_builder_finish(b, &settings);
	if (!config.policy)
		abort();
	return &config;
}

#endif
