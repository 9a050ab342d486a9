/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/desks.h"

#include <stdio.h>

static const struct decision_ask once = {.allow = true, .scope = GRANT_ONCE};
static const struct decision_ask session = {.allow = true, .scope = GRANT_SESSION};
static const struct decision_ask hour = {.allow = true, .scope = GRANT_TTL, .ttl_ms = 3600000};
static const struct decision_ask always = {.allow = true, .scope = GRANT_ALWAYS};
static const struct decision_ask no = {.scope = GRANT_ONCE};

static void equal_asks_share_a_question(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	assert_int_equal(desks_ask(&l, 1, "local", "a.example:443", 0), DESK_HELD);
	assert_int_equal(desks_ask(&l, 2, "local", "a.example:443", 5), DESK_HELD);
	assert_int_equal(desks_ask(&l, 3, "10.0.0.1", "a.example:443", 6), DESK_HELD);
	assert_int_equal(desks_ask(&l, 4, "local", "a.example:8443", 7), DESK_HELD);
	desks_expect(&l, "keep asked\nasked local a.example:443\n"
			 "waiters local a.example:443 2\n"
			 "keep asked\nasked 10.0.0.1 a.example:443\n"
			 "keep asked\nasked local a.example:8443\n");
	struct desk_counts counts = desk_counts(l.desk);
	assert_int_equal(counts.pending, 3);
	assert_int_equal(counts.waiters, 4);
	desks_done(&l);
}

static void once_releases_who_waits_and_nobody_after(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local/a", "a.example:443", 0);
	desks_ask(&l, 2, "local/b", "a.example:443", 5);
	uint64_t question = l.last_id;
	l.text[0] = '\0';
	assert_int_equal(desks_decide(&l, question, once, 10), DESK_OK);
	desks_expect(&l, "keep approved\nregrant\n"
			 "approved local a.example:443 by a.example:443\nallow 1,2\n");
	assert_int_equal(desk_question(l.desk, question)->state, QUESTION_APPROVED);
	assert_int_equal(desk_question(l.desk, question)->grant, l.grant->id);
	assert_int_equal(desks_ask(&l, 3, "local", "a.example:443", 11), DESK_HELD);
	desks_done(&l);
}

static void once_waits_for_the_next_of_the_same(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	uint64_t question = l.last_id;
	desk_leave(l.desk, 1, true, DESK_START_MS + 30000);
	assert_int_equal(desks_decide(&l, question, once, 40000), DESK_OK);
	l.text[0] = '\0';
	assert_int_equal(desks_ask(&l, 2, "10.0.0.1", "a.example:443", 50000), DESK_HELD);
	assert_int_equal(desks_ask(&l, 3, "local", "a.example:443", 50000), DESK_ANSWERED);
	assert_int_equal(desks_ask(&l, 4, "local", "a.example:443", 50000), DESK_HELD);
	desks_expect(&l, "keep asked\nasked 10.0.0.1 a.example:443\n"
			 "keep ended\nallow 3\n"
			 "keep asked\nasked local a.example:443\n");
	desks_done(&l);
}

static void once_waits_no_longer_than_the_question(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	desk_leave(l.desk, 1, true, DESK_START_MS + 30000);
	assert_int_equal(desks_decide(&l, l.last_id, once, 40000), DESK_OK);
	assert_int_equal(desk_tick(l.desk, DESK_START_MS + 40000), DESK_START_MS + 900000);
	assert_int_equal(desks_ask(&l, 2, "local", "a.example:443", 900000), DESK_HELD);
	desks_done(&l);
}

static void denials_stick_for_a_while(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	assert_int_equal(desks_decide(&l, l.last_id, no, 1000), DESK_OK);
	desks_expect(&l, "keep asked\nasked local a.example:443\n"
			 "keep denied\nregrant\ndenied local a.example:443 by a.example:443\n"
			 "deny 1\n");
	assert_int_equal(desks_ask(&l, 2, "local", "a.example:443", 600999), DESK_ANSWERED);
	assert_int_equal(desks_ask(&l, 3, "local", "a.example:443", 601000), DESK_HELD);
	desks_expect(&l, "deny 2\nkeep ended\nended by a.example:443\nregrant\n"
			 "keep asked\nasked local a.example:443\n");
	desks_done(&l);
}

static void a_question_ends_by_time_in_two_ways(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "waits.example:443", 0);
	desks_ask(&l, 2, "local", "told.example:443", 0);
	desks_ask(&l, 3, "local", "left.example:443", 0);
	desk_leave(l.desk, 2, true, DESK_START_MS + 30000);
	desk_leave(l.desk, 3, false, DESK_START_MS + 30000);
	l.text[0] = '\0';
	assert_int_equal(desk_tick(l.desk, DESK_START_MS + 899999), DESK_START_MS + 900000);
	desks_expect(&l, "");
	assert_int_equal(desk_tick(l.desk, DESK_START_MS + 900000), 0);
	assert_non_null(strstr(l.text, "expired local waits.example:443\nexpire 1\n"));
	assert_non_null(strstr(l.text, "expired local told.example:443\n"));
	assert_non_null(strstr(l.text, "withdrawn local left.example:443\n"));
	desks_done(&l);
}

static void a_session_grant_is_for_one_session(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local/s", "a.example:443", 0);
	desks_ask(&l, 2, "local/t", "a.example:443", 0);
	l.text[0] = '\0';
	assert_int_equal(desks_decide(&l, l.last_id, session, 10), DESK_OK);
	desks_expect(&l, "keep approved\nregrant\n"
			 "approved local a.example:443 by a.example:443\nallow 1\nanew 2\n");
	assert_int_equal(desks_ask(&l, 3, "local/s", "a.example:443", 20), DESK_ANSWERED);
	assert_int_equal(desks_ask(&l, 4, "local/t", "a.example:443", 20), DESK_HELD);
	assert_int_equal(desks_ask(&l, 5, "10.0.0.1/s", "a.example:443", 20), DESK_HELD);
	assert_int_equal(desks_ask(&l, 6, "local/s", "a.example:443", 28800010), DESK_HELD);
	desks_done(&l);
}

static void one_decision_decides_what_it_covers(void **state)
{
	struct decision_ask wide = hour;
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.x.example:443", 0);
	uint64_t question = l.last_id;
	desks_ask(&l, 2, "local", "b.x.example:443", 0);
	desks_ask(&l, 3, "local", "b.x.example:8443", 0);
	desks_ask(&l, 4, "10.0.0.1", "c.x.example:443", 0);
	l.text[0] = '\0';
	wide.pattern = SLICE("*.x.example");
	assert_int_equal(desks_decide(&l, question, wide, 10), DESK_OK);
	desks_expect(&l,
		"keep approved\nregrant\n"
		"approved local a.x.example:443 by *.x.example:443\nallow 1\n"
		"keep approved\napproved local b.x.example:443 by *.x.example:443\nallow 2\n");
	wide.pattern = SLICE("*.x.example:*");
	assert_int_equal(desks_grant(&l, "", wide, 20), DESK_OK);
	desks_expect(&l,
		"keep granted\nregrant\ngranted by *.x.example:*\n"
		"keep approved\napproved local b.x.example:8443 by *.x.example:*\nallow 3\n"
		"keep approved\napproved 10.0.0.1 c.x.example:443 by *.x.example:*\nallow 4\n");
	desks_done(&l);
}

static void what_is_not_kept_did_not_happen(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	uint64_t question = l.last_id;
	l.text[0] = '\0';
	l.keep_fails = true;
	assert_int_equal(desks_decide(&l, question, always, 10), DESK_NOT_KEPT);
	desks_expect(&l, "keep-not approved\n");
	assert_int_equal(desk_question(l.desk, question)->state, QUESTION_PENDING);
	assert_int_equal(desk_counts(l.desk).grants, 0);
	assert_int_equal(desks_ask(&l, 2, "local", "a.example:443", 20), DESK_HELD);
	l.keep_fails = false;
	assert_int_equal(desks_decide(&l, question, always, 30), DESK_OK);
	uint64_t grant = l.grant->id;
	l.keep_fails = true;
	assert_int_equal(desks_revoke(&l, grant, 40), DESK_NOT_KEPT);
	assert_int_equal(desks_ask(&l, 3, "local", "a.example:443", 50), DESK_ANSWERED);
	l.keep_fails = false;
	assert_int_equal(desks_revoke(&l, grant, 60), DESK_OK);
	assert_int_equal(desks_revoke(&l, grant, 60), DESK_NOT_FOUND);
	assert_int_equal(desks_ask(&l, 4, "local", "a.example:443", 70), DESK_HELD);
	desks_done(&l);
}

static void a_question_is_decided_once(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.example:443", 0);
	uint64_t question = l.last_id;
	assert_int_equal(desks_decide(&l, question + 77, once, 1), DESK_NOT_FOUND);
	assert_int_equal(desks_decide(&l, question, once, 1), DESK_OK);
	assert_int_equal(desks_decide(&l, question, no, 1), DESK_CONFLICT);
	assert_string_equal(l.sentence, "The question was approved already.");
	desks_ask(&l, 2, "local", "b.example:443", 0);
	question = l.last_id;
	assert_int_equal(desks_decide(&l, question, once, 900000), DESK_GONE);
	desks_done(&l);
}

static void the_rules_come_first(void **state)
{
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	desks_ask(&l, 1, "local", "a.bad.example:443", 0);
	desks_ask(&l, 2, "local", "b.example:443", 0);
	l.text[0] = '\0';
	policy_unref(l.policy);
	const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};
	l.policy = rules_policy("", "**.bad.example", &settings);
	assert_int_equal(desks_decide(&l, l.last_id - 1, always, 5), DESK_REFUSED_BY_POLICY);
	assert_non_null(strstr(l.sentence, "\"**.bad.example\" (rules:1)"));
	desk_rules_changed(l.desk, l.policy, DESK_START_MS + 10);
	desks_expect(&l, "keep withdrawn\nwithdrawn local a.bad.example:443\nanew 1\n");
	desks_done(&l);
}

static void a_wider_denial_is_revoked_first(void **state)
{
	struct decision_ask deny = {.scope = GRANT_ALWAYS, .pattern = SLICE("**.x.example")};
	struct decision_ask allow = {
		.allow = true, .scope = GRANT_ALWAYS, .pattern = SLICE("a.x.example")};
	struct desk_log l;
	char id[IDENT_SIZE];
	(void)state;
	desks_init(&l, "", "");
	assert_int_equal(desks_grant(&l, "", deny, 0), DESK_OK);
	ident_format('g', l.grant->id, id);
	assert_int_equal(desks_grant(&l, "", allow, 1), DESK_CONFLICT);
	assert_non_null(strstr(l.sentence, id));
	allow.pattern = deny.pattern;
	l.text[0] = '\0';
	assert_int_equal(desks_grant(&l, "", allow, 2), DESK_OK);
	desks_expect(&l, "keep granted\nkeep revoked\nrevoked by **.x.example\nregrant\n"
			 "granted by **.x.example\n");
	assert_int_equal(desk_counts(l.desk).grants, 1);
	desks_done(&l);
}

static void bounds_are_met(void **state)
{
	char who[16], target[32];
	struct desk_log l;
	(void)state;
	desks_init(&l, "", "");
	for (uint64_t n = 1; n <= 20; n++)
		assert_int_equal(desks_ask(&l, n, "local", "a.example:443", 0), DESK_HELD);
	assert_int_equal(desks_ask(&l, 21, "local", "a.example:443", 0), DESK_TOO_MANY);
	for (uint64_t n = 21; n < 25; n++) {
		snprintf(target, sizeof(target), "b%u.example:443", (unsigned)n);
		assert_int_equal(desks_ask(&l, n, "local", target, 0), DESK_HELD);
	}
	assert_int_equal(desks_ask(&l, 25, "local", "c.example:443", 0), DESK_TOO_MANY);
	for (uint64_t n = 25; n < 30; n++) {
		snprintf(who, sizeof(who), "10.0.0.%u", (unsigned)n);
		assert_int_equal(desks_ask(&l, n, who, "a.example:443", 0), DESK_HELD);
	}
	assert_int_equal(desks_ask(&l, 30, "10.0.0.1", "a.example:443", 0), DESK_TOO_MANY);
	assert_int_equal(desk_counts(l.desk).refused, 3);
	desks_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_asks_share_a_question),
		cmocka_unit_test(once_releases_who_waits_and_nobody_after),
		cmocka_unit_test(once_waits_for_the_next_of_the_same),
		cmocka_unit_test(once_waits_no_longer_than_the_question),
		cmocka_unit_test(denials_stick_for_a_while),
		cmocka_unit_test(a_question_ends_by_time_in_two_ways),
		cmocka_unit_test(a_session_grant_is_for_one_session),
		cmocka_unit_test(one_decision_decides_what_it_covers),
		cmocka_unit_test(what_is_not_kept_did_not_happen),
		cmocka_unit_test(a_question_is_decided_once),
		cmocka_unit_test(the_rules_come_first),
		cmocka_unit_test(a_wider_denial_is_revoked_first),
		cmocka_unit_test(bounds_are_met),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
