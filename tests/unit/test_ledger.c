/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger keeps comes back as it was; a desk of the test's own takes what it restores. */
#include "tests/unit/rows.h"

#include "tests/unit/ledgers.h"

#include <stdlib.h>
#include <unistd.h>

/* Stands for the real one: takes what fits. */
struct desk {
	struct question questions[8];
	char texts[8][8192]; /* of their contexts */
	struct grant grants[8];
	char subjects[8][LIMIT_SUBJECT_BYTES + 1];
	size_t question_count, grant_count, room;
};

bool desk_restore_question(struct desk *d, const struct question *q)
{
	if (d->question_count >= d->room)
		return false;
	struct question *own = &d->questions[d->question_count];
	char *at = d->texts[d->question_count++];
	*own = *q;
	/* A question lends its texts for the call only. */
	for (int i = 0; i < QUESTION_TEXT_COUNT; i++) {
		if (!q->context.all[i])
			continue;
		own->context.all[i] = strcpy(at, q->context.all[i]);
		at += strlen(at) + 1;
	}
	if (q->subject)
		own->subject = strcpy(at, q->subject);
	return true;
}

bool desk_restore_grant(struct desk *d, const struct grant *g)
{
	if (d->grant_count >= d->room)
		return false;
	struct grant *own = &d->grants[d->grant_count];
	*own = *g;
	if (g->subject)
		own->subject = strcpy(d->subjects[d->grant_count], g->subject);
	d->grant_count++;
	return true;
}

static char directory[64], path[96], notice[512];
static struct desk desk;

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_ledger.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/approvals.db", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct ledger *open_ledger(void)
{
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	assert_non_null(l);
	assert_string_equal(notice, "");
	desk = (struct desk){.room = COUNT(desk.questions)};
	return l;
}

static struct ledger *open_again(struct ledger *l)
{
	ledger_close(l);
	return open_ledger();
}

static struct ledger *open_new(void)
{
	unlink(path);
	return open_ledger();
}

/* Every byte that text may hold, by turns, to the end of the array. */
static void fill(char *text, size_t size, unsigned first)
{
	for (size_t i = 0; i + 1 < size; i++)
		text[i] = (char)((first + i) % 255 + 1);
	text[size - 1] = '\0';
}

static struct question a_full_question(void)
{
	static struct question_context full;
	struct question q = a_question(UINT64_MAX);
	struct question_context *c = &full;
	assert_int_equal(
		target_parse_authority(SLICE("[2001:db8::1]:65535"), &q.target), REASON_NONE);
	q.protocol = QUESTION_HTTP;
	fill(q.identity, sizeof(q.identity), 1);
	fill(q.session, sizeof(q.session), 100);
	fill(c->method, sizeof(c->method), 30);
	fill(c->path_class, sizeof(c->path_class), 2);
	fill(c->user_agent, sizeof(c->user_agent), 200);
	fill(c->traceparent, sizeof(c->traceparent), 4);
	fill(c->process, sizeof(c->process), 120);
	fill(c->command, sizeof(c->command), 250);
	fill(c->justification, sizeof(c->justification), 7);
	fill(c->path, sizeof(c->path), 60);
	c->process_id = UINT32_MAX;
	q.subject_kind = SUBJECT_SEARCH;
	q.subject = a_long_subject();
	q.context = question_texts_of(c);
	q.asked_ms = 1700000000123;
	q.expires_ms = 1700000900123;
	q.waiters = UINT32_MAX;
	q.asks = UINT32_MAX - 1;
	q.told_pending = true;
	return q;
}

static void check_question(const struct question *got, const struct question *want)
{
#define SAME(field) assert_memory_equal(&got->field, &want->field, sizeof(want->field))
	SAME(id), SAME(state), SAME(protocol), SAME(identity), SAME(session);
	SAME(asked_ms), SAME(expires_ms), SAME(decided_ms), SAME(grant), SAME(waiters), SAME(asks);
	assert_int_equal(got->subject_kind, want->subject_kind);
	assert_true(slice_equal(slice_of(got->subject), slice_of(want->subject)));
	SAME(told_pending), SAME(target.kind), SAME(target.host_len), SAME(target.port);
	SAME(target.address);
	assert_string_equal(got->target.host, want->target.host);
	SAME(context.process_id);
	for (int i = 0; i < QUESTION_TEXT_COUNT; i++)
		assert_true(
			slice_equal(slice_of(got->context.all[i]), slice_of(want->context.all[i])));
}

static void check_grant(const struct grant *got, const struct grant *want)
{
	SAME(id), SAME(allow), SAME(scope), SAME(has_protocol), SAME(identity), SAME(session);
	SAME(question), SAME(made_ms), SAME(expires_ms), SAME(decider), SAME(note);
	assert_true(!want->has_protocol || got->protocol == want->protocol);
	SAME(pattern.kind), SAME(pattern.has_ports), SAME(pattern.port_first);
	SAME(pattern.port_last), SAME(pattern.network), SAME(pattern.prefix_bits);
	SAME(pattern.host_len);
	assert_string_equal(got->pattern.host, want->pattern.host);
	assert_int_equal(got->subject_kind, want->subject_kind);
	assert_true(slice_equal(slice_of(got->subject), slice_of(want->subject)));
}

static void every_field_of_a_question_comes_back(void **state)
{
	struct ledger *l = open_new();
	struct question full = a_full_question(), bare = a_question(1);
	(void)state;
	assert_true(keep_asked(l, &full));
	assert_true(keep_asked(l, &bare));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 0));
	assert_int_equal(desk.question_count, 2);
	check_question(&desk.questions[0], &bare);
	check_question(&desk.questions[1], &full);
	/* Kept again, it is the same question with what was found out since. */
	bare.context.process = "curl";
	assert_true(keep(l, NEWS_CONTEXT, &bare, NULL));
	assert_true(keep(l, NEWS_WAITERS, &full, NULL));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 0));
	assert_int_equal(desk.question_count, 2);
	check_question(&desk.questions[0], &bare);
	ledger_close(l);
}

static void every_field_of_a_grant_comes_back(void **state)
{
	static const struct {
		const char *pattern;
		enum grant_scope scope;
		bool allow, has_protocol;
		enum port_protocol protocol;
	} rows[] = {
		{"example.test:443", GRANT_ONCE, true, true, PORT_TLS},
		{"*.example.test:80-443", GRANT_SESSION, true, true, PORT_HTTP},
		{"**.example.test:22", GRANT_TTL, false, true, PORT_RAW},
		{"api-*.example.test", GRANT_ALWAYS, true, false, PORT_TLS},
		{"*:443", GRANT_ALWAYS, false, false, PORT_TLS},
		{"192.0.2.0/24:1", GRANT_TTL, true, false, PORT_TLS},
		{"[2001:db8::1]:65535", GRANT_TTL, true, false, PORT_TLS},
	};
	struct ledger *l = open_new();
	struct grant grants[COUNT(rows)];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct grant *g = &grants[i];
		*g = a_grant(i + 1, rows[i].pattern);
		g->id = i % 2 ? UINT64_MAX - i : i + 1;
		g->allow = rows[i].allow;
		g->scope = rows[i].scope;
		g->has_protocol = rows[i].has_protocol;
		g->protocol = rows[i].protocol;
		fill(g->identity, sizeof(g->identity), (unsigned)i);
		fill(g->session, sizeof(g->session), (unsigned)i + 50);
		fill(g->decider, sizeof(g->decider), (unsigned)i + 90);
		fill(g->note, sizeof(g->note), (unsigned)i + 150);
		g->subject_kind = i % 2 ? SUBJECT_REQUEST : SUBJECT_NONE;
		g->subject = i % 2 ? "POST /in/" : NULL;
		g->question = i == 0 ? UINT64_MAX : 0;
		g->made_ms = 1700000000000 + i;
		g->expires_ms = i == 3 ? 0 : 1700000600000 + i;
		assert_true(keep(l, NEWS_GRANTED, NULL, g));
	}
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 1700000600000 - 1));
	assert_int_equal(desk.grant_count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++)
		check_grant(&desk.grants[i], &grants[i]);
	ledger_close(l);
}

static void only_live_grants_come_back(void **state)
{
	struct ledger *l = open_new();
	struct grant always = a_grant(1, "a.test"), revoked = a_grant(2, "b.test");
	struct grant ended = a_grant(3, "c.test"), before = a_grant(4, "d.test");
	struct grant after = a_grant(5, "e.test");
	(void)state;
	ended.expires_ms = 9000, before.expires_ms = 10000, after.expires_ms = 10001;
	assert_true(keep(l, NEWS_GRANTED, NULL, &always));
	assert_true(keep(l, NEWS_GRANTED, NULL, &revoked));
	assert_true(keep(l, NEWS_GRANTED, NULL, &ended));
	assert_true(keep(l, NEWS_GRANTED, NULL, &before));
	assert_true(keep(l, NEWS_GRANTED, NULL, &after));
	assert_true(keep(l, NEWS_REVOKED, NULL, &revoked));
	assert_true(keep(l, NEWS_GRANT_ENDED, NULL, &ended));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 10000));
	assert_int_equal(desk.grant_count, 2);
	check_grant(&desk.grants[0], &always);
	check_grant(&desk.grants[1], &after);
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 0));
	assert_int_equal(desk.grant_count, 2);
	desk = (struct desk){.room = 1};
	assert_false(ledger_restore(l, &desk, 0));
	ledger_close(l);
}

/* "The connections waiting now; or, if none waits, the next one": what was waited for is used. */
static void a_used_once_grant_does_not_come_back(void **state)
{
	struct ledger *l = open_new();
	struct question waited = a_question(1), left = a_question(2);
	struct grant used = a_grant(11, "host-1.test:443"), spare = a_grant(12, "host-2.test:443");
	struct ledger_entry entry;
	(void)state;
	used.scope = spare.scope = GRANT_ONCE;
	/* As the desk has it: nothing but its connections ends a used one. */
	spare.expires_ms = 8000;
	spare.question = left.id;
	assert_true(keep_ended(l, &waited, QUESTION_APPROVED, 7000, &used));
	assert_true(keep_ended(l, &left, QUESTION_APPROVED, 7000, &spare));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 7000));
	assert_int_equal(desk.grant_count, 1);
	check_grant(&desk.grants[0], &spare);
	/* Its question says what it is for. */
	assert_int_equal(desk.question_count, 1);
	check_question(&desk.questions[0], &left);
	assert_true(ledger_find(l, 1, &entry));
	check_grant(&entry.grant, &used);
	assert_true(keep(l, NEWS_GRANT_ENDED, NULL, &spare));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 7000));
	assert_int_equal(desk.grant_count + desk.question_count, 0);
	ledger_close(l);
}

/* Whatever becomes of the word that the older one was replaced. */
static void a_newer_grant_for_the_same_replaces(void **state)
{
	static const struct {
		const char *name, *pattern, *identity, *session;
		enum grant_scope scope;
		bool replaced;
	} rows[] = {
		{"same", "a.test:443", "local", "", GRANT_TTL, true},
		{"same for ever", "a.test:443", "local", "", GRANT_ALWAYS, true},
		{"same for once", "a.test:443", "local", "", GRANT_ONCE, true},
		{"another pattern", "*.a.test:443", "local", "", GRANT_TTL, false},
		{"another port", "a.test:444", "local", "", GRANT_TTL, false},
		{"everybody", "a.test:443", "", "", GRANT_TTL, false},
		{"a session", "a.test:443", "local", "", GRANT_SESSION, false},
		{"another session", "a.test:443", "local", "s", GRANT_SESSION, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ledger *l = open_new();
		struct question q = a_question(1);
		struct grant old = a_grant(1, "a.test:443"), newer = a_grant(2, rows[i].pattern);
		snprintf(old.identity, sizeof(old.identity), "local");
		snprintf(newer.identity, sizeof(newer.identity), "%s", rows[i].identity);
		snprintf(newer.session, sizeof(newer.session), "%s", rows[i].session);
		newer.scope = rows[i].scope;
		newer.allow = false;
		assert_true(keep(l, NEWS_GRANTED, NULL, &old));
		assert_true(keep_ended(l, &q, QUESTION_DENIED, 7000, &newer));
		assert_true(keep(l, NEWS_REVOKED, NULL, &newer));
		assert_true(ledger_restore(l, &desk, 0));
		ROW_CHECK(rows[i].name, desk.grant_count == !rows[i].replaced, "%zu",
			desk.grant_count);
		ledger_close(l);
	}
}

static void ended_questions_are_history(void **state)
{
	static const enum question_state ends[] = {
		QUESTION_APPROVED, QUESTION_DENIED, QUESTION_EXPIRED, QUESTION_WITHDRAWN};
	struct ledger *l = open_new();
	struct question q[COUNT(ends)];
	struct grant g[2] = {a_grant(11, "host-1.test:443"), a_grant(12, "*.test")};
	struct ledger_entry entry;
	(void)state;
	g[1].allow = false;
	for (size_t i = 0; i < COUNT(ends); i++) {
		q[i] = a_question(i + 1);
		q[i].context.method = "GET";
		q[i].context.command = "curl example.test";
		assert_true(keep_asked(l, &q[i]));
		assert_true(keep_ended(l, &q[i], ends[i], 9000 + i, i < 2 ? &g[i] : NULL));
	}
	assert_true(keep(l, NEWS_REVOKED, NULL, &g[0]));
	l = open_again(l);
	assert_true(ledger_restore(l, &desk, 9000));
	assert_int_equal(desk.question_count, 0);
	assert_int_equal(desk.grant_count, 1);
	for (size_t i = 0; i < COUNT(ends); i++) {
		assert_true(ledger_find(l, i + 1, &entry));
		check_question(&entry.question, &q[i]);
		/* Its texts are where it says, not where it was read. */
		assert_ptr_equal(entry.question.context.method, entry.texts.context.method);
		assert_ptr_equal(entry.question.context.command, entry.texts.context.command);
		if (i < 2)
			check_grant(&entry.grant, &g[i]);
		else
			assert_int_equal(entry.grant.id, 0);
	}
	entry.question.id = 99;
	assert_false(ledger_find(l, 5, &entry));
	assert_int_equal(entry.question.id, 99);
	ledger_close(l);
}

struct page {
	uint64_t ids[16];
	size_t count, most;
};

static bool on_entry(void *owner, const struct ledger_entry *entry)
{
	struct page *p = owner;
	p->ids[p->count++] = entry->question.id;
	return p->count < p->most;
}

static void history_is_told_newest_first(void **state)
{
	static const struct {
		const char *name;
		uint64_t before_ms, behind;
		size_t count, most, first, expected;
	} rows[] = {
		{"all", 0, 0, 100, 16, 8, 8},
		{"far future", UINT64_MAX, 0, 100, 16, 8, 8},
		{"two", 0, 0, 2, 16, 8, 2},
		{"none", 0, 0, 0, 16, 0, 0},
		{"until the reader stops", 0, 0, 100, 3, 8, 3},
		{"older", 9005, 0, 100, 16, 4, 4},
		{"just not older", 9006, 0, 100, 16, 5, 5},
		{"than the oldest", 9001, 0, 100, 16, 0, 0},
		{"than three of one time", 9006, 8, 100, 16, 7, 7},
		{"than two of them", 9006, 7, 100, 16, 6, 6},
		{"than the last of them", 9006, 6, 100, 16, 5, 5},
		{"than one that ended alone", 9005, 5, 100, 16, 4, 4},
		{"than one that is not there", 9005, 77, 100, 16, 4, 4},
	};
	struct ledger *l = open_new();
	(void)state;
	for (uint64_t id = 1; id <= 8; id++) {
		struct question q = a_question(id);
		uint64_t ended_ms = 9000 + (id < 6 ? id : 6);
		assert_true(keep_ended(l, &q, QUESTION_EXPIRED, ended_ms, NULL));
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct page page = {.most = rows[i].most};
		const struct ledger_place from = {rows[i].before_ms, rows[i].behind};
		assert_true(ledger_history(l, &from, rows[i].count, on_entry, &page));
		ROW_CHECK(rows[i].name, page.count == rows[i].expected, "%zu", page.count);
		for (size_t k = 0; k < page.count; k++)
			ROW_CHECK(rows[i].name, page.ids[k] == rows[i].first - k, "order");
	}
	ledger_close(l);
}

static void outcomes_are_counted(void **state)
{
	struct ledger *l = open_new();
	struct ledger_outcomes outcomes;
	struct grant g = a_grant(1, "*.test");
	(void)state;
	assert_true(ledger_outcomes(l, 0, &outcomes));
	assert_int_equal(outcomes.count[QUESTION_APPROVED], 0);
	assert_int_equal(outcomes.waited_ms_p95, 0);
	/* Waits of 1..100 seconds, the even ones denied; the expired one waited longest. */
	for (uint64_t i = 1; i <= 101; i++) {
		struct question q = a_question(i);
		q.asked_ms = 1000;
		enum question_state end = i > 100      ? QUESTION_EXPIRED
					  : i % 2 == 0 ? QUESTION_DENIED
						       : QUESTION_APPROVED;
		assert_true(keep_ended(l, &q, end, 1000 + 1000 * i, i > 100 ? NULL : &g));
	}
	assert_true(ledger_outcomes(l, 0, &outcomes));
	assert_int_equal(outcomes.count[QUESTION_APPROVED], 50);
	assert_int_equal(outcomes.count[QUESTION_DENIED], 50);
	assert_int_equal(outcomes.count[QUESTION_EXPIRED], 1);
	assert_int_equal(outcomes.count[QUESTION_WITHDRAWN], 0);
	assert_int_equal(outcomes.waited_ms_p50, 50000);
	assert_int_equal(outcomes.waited_ms_p95, 95000);
	assert_true(ledger_outcomes(l, 101000, &outcomes));
	assert_int_equal(outcomes.count[QUESTION_DENIED], 1);
	assert_int_equal(outcomes.waited_ms_p50, 100000);
	ledger_close(l);
}

static void the_history_is_bounded(void **state)
{
	struct ledger *l = open_new();
	struct ledger_outcomes outcomes;
	struct ledger_entry entry;
	(void)state;
	for (uint64_t id = 1; id <= LIMIT_HISTORY + 1; id++) {
		struct question q = a_question(id);
		assert_true(keep_ended(l, &q, QUESTION_WITHDRAWN, 9000 + id, NULL));
		if (id == LIMIT_HISTORY) {
			assert_true(ledger_find(l, 1, &entry));
			l = open_again(l);
		}
	}
	assert_true(ledger_outcomes(l, 0, &outcomes));
	assert_true(outcomes.count[QUESTION_WITHDRAWN] <= LIMIT_HISTORY);
	assert_true(outcomes.count[QUESTION_WITHDRAWN] > LIMIT_HISTORY - 1000);
	assert_false(ledger_find(l, 1, &entry));
	assert_true(ledger_find(l, LIMIT_HISTORY + 1, &entry));
	ledger_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_question_comes_back),
		cmocka_unit_test(every_field_of_a_grant_comes_back),
		cmocka_unit_test(only_live_grants_come_back),
		cmocka_unit_test(a_used_once_grant_does_not_come_back),
		cmocka_unit_test(a_newer_grant_for_the_same_replaces),
		cmocka_unit_test(ended_questions_are_history),
		cmocka_unit_test(history_is_told_newest_first),
		cmocka_unit_test(outcomes_are_counted),
		cmocka_unit_test(the_history_is_bounded),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
