/* SPDX-License-Identifier: Apache-2.0 */
/* Agents' calls at the clerk: which are answered at once, which wait, and for what. */
#include "tests/unit/desks.h"

#include "proxy/agents.h"

#include <stdio.h>
#include <stdlib.h>

static struct desk_log desk;
static struct config config;
static struct agents agents;
static char replies[64 * 1024]; /* "WAITER STATUS;" of each, in order */

static void on_reply(void *owner, uint64_t waiter, struct agent_reply *reply)
{
	size_t len = strlen(replies);

	assert_ptr_equal(owner, &agents);
	assert_non_null(reply);
	snprintf(replies + len, sizeof(replies) - len, "%u %u;", (unsigned)waiter, reply->status);
	free(reply);
}

static void begin(void)
{
	desks_init(&desk, "", "");
	config = (struct config){.unlisted = UNLISTED_HOLD, .control_count = 1};
	config.policy = desk.policy;
	agents = (struct agents){.desk = desk.desk,
		.config = &config,
		.reply = on_reply,
		.owner = &agents,
		.pace.key = {{1, 2}}};
	replies[0] = '\0';
}

static void end(void)
{
	agents_done(&agents);
	assert_int_equal(agents.count, 0);
	desks_done(&desk);
}

static void take_of(const char *identity, uint64_t waiter, uint64_t question, uint32_t wait_ms)
{
	struct agent_call *call = calloc(1, sizeof(*call));
	char ident[IDENT_SIZE];

	assert_non_null(call);
	ident_format('q', question, ident);
	snprintf(call->identity, sizeof(call->identity), "%s", identity);
	snprintf(call->path, sizeof(call->path), "/questions/%s", ident);
	call->wait_ms = wait_ms;
	agents_take(&agents, waiter, call, DESK_START_MS);
}

static void take(uint64_t waiter, uint64_t question, uint32_t wait_ms)
{
	take_of("local", waiter, question, wait_ms);
}

static void expect(const char *text)
{
	assert_string_equal(replies, text);
	replies[0] = '\0';
}

static bool decided(uint64_t question)
{
	const struct news news = {
		.kind = NEWS_DECIDED, .question = desk_question(desk.desk, question)};

	return agents_hear(&agents, &news);
}

static void who_need_not_wait_does_not(void **state)
{
	(void)state;
	begin();
	desks_ask(&desk, 1, "local", "new.example:443", 0);
	take(11, desk.last_id, 0);
	expect("11 200;");
	take(12, desk.last_id + 1, 1000);
	expect("12 404;");
	assert_int_equal(agents_turn(&agents, DESK_START_MS), 0);
	expect("");
	end();
}

static void a_decision_answers_those_that_wait_for_it(void **state)
{
	(void)state;
	begin();
	desks_ask(&desk, 1, "local", "one.example:443", 0);
	uint64_t one = desk.last_id;
	desks_ask(&desk, 2, "local", "two.example:443", 0);
	uint64_t two = desk.last_id;
	take(11, one, 1000);
	take(12, two, 3000);
	take(13, one, 2000);
	take(14, one, 2000);
	expect("");
	/* That somebody came or left is no end. */
	assert_false(decided(one));
	assert_int_equal(agents_turn(&agents, DESK_START_MS), DESK_START_MS + 1000);
	expect("");
	agents_leave(&agents, 14);
	agents_leave(&agents, 99);
	desks_decide(&desk, one, (struct decision_ask){.allow = true, .decider = SLICE("a")}, 0);
	assert_true(decided(one));
	expect("");
	assert_int_equal(agents_turn(&agents, DESK_START_MS), DESK_START_MS + 3000);
	expect("13 200;11 200;");
	assert_int_equal(agents.count, 1);
	end();
}

static void time_answers_too(void **state)
{
	(void)state;
	begin();
	desks_ask(&desk, 1, "local", "one.example:443", 0);
	take(11, desk.last_id, 1000);
	take(12, desk.last_id, 2000);
	assert_int_equal(agents_turn(&agents, DESK_START_MS + 999), DESK_START_MS + 1000);
	expect("");
	assert_int_equal(agents_turn(&agents, DESK_START_MS + 1000), DESK_START_MS + 2000);
	expect("11 200;");
	assert_int_equal(agents_turn(&agents, DESK_START_MS + 2000), 0);
	expect("12 200;");
	end();
}

static void an_identity_has_its_own_questions_and_bound(void **state)
{
	(void)state;
	begin();
	desks_ask(&desk, 1, "local", "one.example:443", 0);
	uint64_t local = desk.last_id;
	desks_ask(&desk, 2, "192.0.2.1", "one.example:443", 0);
	uint64_t other = desk.last_id;
	take(10, other, 0);
	expect("10 404;");
	for (unsigned i = 0; i < LIMIT_AGENT_CALLS_IDENTITY; i++)
		take(100 + i, local, 1000);
	expect("");
	take(11, local, 1000);
	expect("11 200;");
	take_of("192.0.2.1", 12, other, 1000);
	expect("");
	agents_leave(&agents, 100);
	take(13, local, 1000);
	expect("");
	assert_int_equal(agents.count, LIMIT_AGENT_CALLS_IDENTITY + 1);
	end();
}

static void beyond_the_bound_nobody_waits(void **state)
{
	enum { IDENTITIES = LIMIT_AGENT_CALLS / LIMIT_AGENT_CALLS_IDENTITY };
	uint64_t question = 0;
	char who[16];

	(void)state;
	begin();
	for (unsigned i = 0; i < IDENTITIES; i++) {
		snprintf(who, sizeof(who), "192.0.2.%u", i + 1);
		desks_ask(&desk, i + 1, who, "one.example:443", 0);
		question = desk.last_id;
		for (unsigned n = 0; n < LIMIT_AGENT_CALLS_IDENTITY; n++)
			take_of(who, 1000 * (i + 1) + n, question, 1000);
	}
	expect("");
	assert_int_equal(agents.count, LIMIT_AGENT_CALLS);
	desks_ask(&desk, 99, "local", "one.example:443", 0);
	take(11, desk.last_id, 1000);
	expect("11 200;");
	agents_leave(&agents, 1000);
	take(12, desk.last_id, 1000);
	expect("");
	end();
}

static void too_many_calls_are_told_to_wait(void **state)
{
	(void)state;
	begin();
	desks_ask(&desk, 1, "local", "one.example:443", 0);
	for (unsigned i = 0; i < LIMIT_AGENT_BURST; i++) {
		take(11, desk.last_id, 0);
		expect("11 200;");
	}
	take(12, desk.last_id, 0);
	expect("12 429;");
	/* Somebody else is not meant. */
	take_of("192.0.2.1", 13, desk.last_id, 0);
	expect("13 404;");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_need_not_wait_does_not),
		cmocka_unit_test(a_decision_answers_those_that_wait_for_it),
		cmocka_unit_test(time_answers_too),
		cmocka_unit_test(an_identity_has_its_own_questions_and_bound),
		cmocka_unit_test(beyond_the_bound_nobody_waits),
		cmocka_unit_test(too_many_calls_are_told_to_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
