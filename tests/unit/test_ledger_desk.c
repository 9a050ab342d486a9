/* SPDX-License-Identifier: Apache-2.0 */
/* A real desk over a real ledger: whatever happened, and whatever could not be written, a new process
 * finds the same questions and grants. */
#include "tests/unit/rows.h"

#include "tests/unit/ledgers.h"
#include "tests/unit/rules.h"

#include <stdlib.h>
#include <time.h>

enum { STEPS = 20000, MOST_IDS = 4 * STEPS, WAITERS = 40 };

struct world {
	struct ledger *ledger;
	struct policy *policy;
	struct desk *desk;
	uint64_t now_ms, last_id, seed;
	uint64_t waiters[WAITERS]; /* 0: none */
	bool once[MOST_IDS]; /* by the news: a once-grant that nobody has used */
	bool decided[MOST_IDS];
	bool faults; /* writing what may be refused fails at times */
	unsigned restarts, decisions;
};

static struct world world;
static char directory[64], path[96], notice[512];

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

static uint32_t random_below(uint32_t bound)
{
	world.seed = world.seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(world.seed >> 33) % bound;
}

/* ---- outlets ------------------------------------------------------------------------------- */

static void note_once(const struct news *n)
{
	if (!n->grant || n->grant->scope != GRANT_ONCE)
		return;
	world.once[n->grant->id] = n->kind == NEWS_DECIDED && n->grant->expires_ms > 0;
}

static bool keep_news(void *owner, const struct news *n)
{
	bool may_fail = n->kind == NEWS_DECIDED || n->kind == NEWS_GRANTED ||
			n->kind == NEWS_REVOKED || n->kind == NEWS_GRANT_ENDED;
	(void)owner;
	if (world.faults && may_fail && random_below(10) == 0)
		return false;
	assert_true(ledger_keep(world.ledger, n));
	note_once(n);
	if (n->kind == NEWS_DECIDED) {
		world.decided[n->question->id] = true;
		world.decisions++;
	}
	return true;
}

static void answer(void *owner, const uint64_t *waiters, size_t count, const struct ruling *ruling)
{
	(void)owner, (void)ruling;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < WAITERS; k++)
			if (world.waiters[k] == waiters[i])
				world.waiters[k] = 0;
}

static void tell(void *owner, const struct news *n)
{
	(void)owner, (void)n;
}

static void regrant(void *owner)
{
	(void)owner;
}

static uint64_t new_id(void *owner)
{
	(void)owner;
	assert_true(world.last_id + 1 < MOST_IDS);
	return ++world.last_id;
}

static struct desk *new_desk(void)
{
	const struct desk_options options = {.pending_ms = 60000,
		.deny_ms = 40000,
		.session_ms = 80000,
		.waiters = WAITERS,
		.waiters_identity = WAITERS,
		.waiters_question = WAITERS,
		.questions = 1000,
		.questions_identity = 1000,
		.outlets = {NULL, keep_news, answer, tell, regrant, new_id}};
	struct desk *d = desk_new(&options);
	assert_non_null(d);
	return d;
}

/* ---- steps --------------------------------------------------------------------------------- */

static const char *const identities[] = {"local", "10.0.0.7", "10.0.0.8"};
static const char *const sessions[] = {"", "s", "t"};
static const struct subject subjects[] = {{.kind = SUBJECT_NONE}, {.kind = SUBJECT_NONE},
	{SUBJECT_REQUEST, {"POST /in/", 9}}, {SUBJECT_SEARCH, {"how\xc3\xa9", 5}}};

static void step_ask(void)
{
	static const char *const targets[] = {"a.x.test:443", "b.x.test:443", "x.test:443",
		"a.x.test:80", "a.x.test:8080", "192.0.2.7:443", "[2001:db8::1]:443"};
	size_t free_at = random_below(WAITERS);
	struct claimant who = {slice_of(identities[random_below(COUNT(identities))]),
		slice_of(sessions[random_below(COUNT(sessions))])};
	struct target target = rules_target(targets[random_below(COUNT(targets))]);
	struct ruling ruling;
	if (world.waiters[free_at] != 0)
		return;
	uint64_t number = ++world.last_id;
	const struct concern about = {&target, random_below(2) ? QUESTION_HTTP : QUESTION_CONNECT,
		subjects[random_below(COUNT(subjects))]};
	enum desk_asked asked =
		desk_ask(world.desk, number, &who, &about, NULL, world.now_ms, &ruling);
	if (asked == DESK_HELD)
		world.waiters[free_at] = number;
}

static void step_leave(void)
{
	size_t at = random_below(WAITERS);
	if (world.waiters[at] != 0)
		desk_leave(world.desk, world.waiters[at], random_below(2), world.now_ms);
	world.waiters[at] = 0;
}

struct choice {
	uint32_t skip;
	uint64_t id;
};

static bool choose_question(void *owner, const struct question *q)
{
	struct choice *c = owner;
	c->id = q->id;
	return c->skip-- > 0;
}

static bool choose_grant(void *owner, const struct grant *g)
{
	struct choice *c = owner;
	c->id = g->id;
	return c->skip-- > 0;
}

static struct decision_ask random_decision(void)
{
	static const char *const patterns[] = {
		"", "", "", "*.x.test", "**.x.test", "*.x.test:1-65535", "192.0.2.0/24"};
	return (struct decision_ask){
		.allow = random_below(3) > 0,
		.scope = (enum grant_scope)random_below(GRANT_SCOPE_COUNT),
		.pattern = slice_of(patterns[random_below(COUNT(patterns))]),
		.everybody = random_below(4) == 0,
		.ttl_ms = 1000 * (1 + random_below(100)),
		.has_protocol = random_below(4) == 0,
		.protocol = PORT_RAW,
		.decider = SLICE("admin"),
		.note = SLICE("note"),
	};
}

static void step_decide(void)
{
	struct choice choice = {random_below(10), 0};
	struct decision_ask ask = random_decision();
	const struct grant *grant;
	char sentence[512];
	desk_each_question(world.desk, QUESTION_PENDING, choose_question, &choice);
	if (choice.id != 0)
		desk_decide(world.desk, choice.id, &ask, world.policy, world.now_ms, &grant,
			sentence, sizeof(sentence));
}

static void step_grant(void)
{
	struct claimant who = {
		slice_of(random_below(3) ? identities[random_below(COUNT(identities))] : ""),
		SLICE("s")};
	struct decision_ask ask = random_decision();
	const struct grant *grant;
	char sentence[512];
	if (ask.pattern.len == 0)
		ask.pattern = SLICE("a.x.test:443");
	desk_grant(world.desk, &who, &ask, world.policy, world.now_ms, &grant, sentence,
		sizeof(sentence));
}

static void step_revoke(void)
{
	struct choice choice = {random_below(10), 0};
	char sentence[512];
	desk_each_grant(world.desk, choose_grant, &choice);
	if (choice.id != 0)
		desk_revoke(world.desk, choice.id, SLICE("ann"), world.now_ms, sentence,
			sizeof(sentence));
}

/* ---- a new process ------------------------------------------------------------------------- */

struct comparison {
	const struct desk *other;
	size_t count;
	bool is_old; /* of the two, this is the one from before */
};

static bool compare_question(void *owner, const struct question *q)
{
	struct comparison *c = owner;
	const struct question *other = desk_question(c->other, q->id);
	c->count++;
	assert_non_null(other);
	assert_int_equal(other->state, QUESTION_PENDING);
	assert_string_equal(other->identity, q->identity);
	assert_string_equal(other->session, q->session);
	assert_true(target_equal(&other->target, &q->target));
	assert_int_equal(other->protocol, q->protocol);
	assert_int_equal(other->expires_ms, q->expires_ms);
	return true;
}

static bool compare_grant(void *owner, const struct grant *g)
{
	struct comparison *c = owner;
	const struct grant *other = desk_find_grant(c->other, g->id);
	char text[GRANT_PATTERN_SIZE], other_text[GRANT_PATTERN_SIZE];
	if (g->scope == GRANT_ONCE && c->is_old && !world.once[g->id])
		return true;
	assert_true(g->scope != GRANT_ONCE || world.once[g->id]);
	c->count++;
	assert_non_null(other);
	grant_pattern_format(g, text);
	grant_pattern_format(other, other_text);
	assert_string_equal(other_text, text);
	assert_string_equal(other->identity, g->identity);
	assert_string_equal(other->session, g->session);
	assert_int_equal(other->allow, g->allow);
	assert_int_equal(other->scope, g->scope);
	assert_int_equal(other->expires_ms, g->expires_ms);
	assert_int_equal(other->question, g->question);
	return true;
}

static void compare(const struct desk *old, const struct desk *new)
{
	struct comparison back = {new, 0, true}, forth = {old, 0, false};
	desk_each_question(old, QUESTION_PENDING, compare_question, &back);
	desk_each_question(new, QUESTION_PENDING, compare_question, &forth);
	assert_int_equal(back.count, forth.count);
	back.count = forth.count = 0;
	desk_each_grant(old, compare_grant, &back);
	desk_each_grant(new, compare_grant, &forth);
	assert_int_equal(back.count, forth.count);
}

static void step_restart(void)
{
	struct desk *old = world.desk;
	bool faults = world.faults;
	world.faults = false;
	desk_tick(old, world.now_ms);
	ledger_close(world.ledger);
	world.ledger = ledger_open(path, notice, sizeof(notice));
	assert_non_null(world.ledger);
	world.desk = new_desk();
	assert_true(ledger_restore(world.ledger, world.desk, world.now_ms));
	desk_tick(world.desk, world.now_ms);
	compare(old, world.desk);
	desk_free(old);
	memset(world.waiters, 0, sizeof(world.waiters));
	world.faults = faults;
	world.restarts++;
}

static void step(void)
{
	uint32_t what = random_below(100);
	world.now_ms += random_below(1500);
	if (what < 45)
		step_ask();
	else if (what < 60)
		step_leave();
	else if (what < 80)
		step_decide();
	else if (what < 88)
		step_grant();
	else if (what < 95)
		step_revoke();
	else if (what < 98)
		desk_tick(world.desk, world.now_ms);
	else
		step_restart();
}

static void walk(bool faults)
{
	const struct policy_settings settings = {.unlisted = UNLISTED_HOLD};
	const char *given = getenv("SEED");
	struct ledger_entry entry;
	memset(&world, 0, sizeof(world));
	world.seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)world.seed);
	world.faults = faults;
	world.now_ms = 1700000000000;
	unlink(path);
	world.ledger = ledger_open(path, notice, sizeof(notice));
	assert_non_null(world.ledger);
	world.policy = rules_policy("listed.test", "denied.test", &settings);
	world.desk = new_desk();
	for (int i = 0; i < STEPS; i++)
		step();
	step_restart();
	for (uint64_t id = 1; id <= world.last_id; id++)
		assert_true(!world.decided[id] || ledger_find(world.ledger, id, &entry));
	print_message("%u decisions, %u restarts\n", world.decisions, world.restarts);
	assert_true(world.decisions > 100 && world.restarts > 100);
	desk_free(world.desk);
	ledger_close(world.ledger);
	policy_unref(world.policy);
}

static void a_new_process_finds_what_the_old_one_had(void **state)
{
	(void)state;
	walk(false);
}

static void even_when_writing_fails_at_times(void **state)
{
	(void)state;
	walk(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_process_finds_what_the_old_one_had),
		cmocka_unit_test(even_when_writing_fails_at_times),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
