/* SPDX-License-Identifier: Apache-2.0 */
/* A process that keeps decisions is killed at random moments: whatever it was told is kept, is. */
#include "tests/unit/rows.h"

#include "tests/unit/ledgers.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A question of number n has the grant n; every third grant is revoked after its decision. */
enum { ROUNDS = 40, MOST = 200000, MOST_DELAY_US = 25000 };

struct desk {
	bool pending[MOST], live[MOST];
};

bool desk_restore_question(struct desk *d, const struct question *q)
{
	assert_in_range(q->id, 1, MOST - 1);
	assert_int_equal(q->state, QUESTION_PENDING);
	d->pending[q->id] = true;
	return true;
}

bool desk_restore_grant(struct desk *d, const struct grant *g)
{
	assert_in_range(g->id, 1, MOST - 1);
	d->live[g->id] = true;
	return true;
}

/* What the killed process said was kept. */
static bool asked[MOST], decided[MOST], revoked[MOST];
static struct desk desk;
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

static struct grant grant_of(const struct question *q)
{
	struct grant g = a_grant(q->id, "*.test:443");
	snprintf(g.identity, sizeof(g.identity), "%llu", (unsigned long long)q->id);
	g.question = q->id;
	g.allow = q->id % 2 == 0;
	snprintf(g.note, sizeof(g.note), "note %llu", (unsigned long long)q->id);
	return g;
}

/* ---- the process that is killed ------------------------------------------------------------ */

struct said {
	char what; /* 'a'sked, 'd'ecided, 'r'evoked */
	uint64_t id;
};

static void say(int fd, char what, uint64_t id)
{
	struct said said;
	memset(&said, 0, sizeof(said));
	said.what = what;
	said.id = id;
	/* A pipe takes so few bytes whole. */
	if (write(fd, &said, sizeof(said)) != (ssize_t)sizeof(said))
		_exit(1);
}

static void keep_on(int fd, uint64_t first)
{
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	for (uint64_t id = first; l && id < MOST; id++) {
		struct question q = a_question(id);
		struct grant g = grant_of(&q);
		if (!keep_asked(l, &q))
			break;
		say(fd, 'a', id);
		if (!keep_ended(
			    l, &q, g.allow ? QUESTION_APPROVED : QUESTION_DENIED, 9000 + id, &g))
			break;
		say(fd, 'd', id);
		if (id % 3 != 0)
			continue;
		if (!keep(l, NEWS_REVOKED, NULL, &g))
			break;
		say(fd, 'r', id);
	}
	_exit(1);
}

/* ---- the one that kills it ----------------------------------------------------------------- */

static void hear(const struct said *said)
{
	bool *what = said->what == 'a' ? asked : said->what == 'd' ? decided : revoked;
	what[said->id] = true;
}

/* Starts it, kills it after the delay, which begins with its first word or at once. Returns the last
 * number that it said. */
static uint64_t kill_one(uint64_t first, uint32_t delay_us, bool at_once)
{
	struct timespec delay = {0, (long)delay_us * 1000};
	struct said said;
	uint64_t last = first - 1;
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipes[0]);
		keep_on(pipes[1], first);
	}
	close(pipes[1]);
	if (!at_once && read(pipes[0], &said, sizeof(said)) == (ssize_t)sizeof(said)) {
		last = said.id;
		hear(&said);
	}
	/* The pipe holds more than what is said in this time. */
	nanosleep(&delay, NULL);
	assert_int_equal(kill(child, SIGKILL), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	while (read(pipes[0], &said, sizeof(said)) == (ssize_t)sizeof(said)) {
		last = said.id;
		hear(&said);
	}
	close(pipes[0]);
	return last;
}

static void check_one(struct ledger *l, uint64_t id)
{
	struct ledger_entry entry;
	struct question q = a_question(id);
	struct grant g = grant_of(&q);
	bool ended = ledger_find(l, id, &entry);
	assert_true(ended || !decided[id]);
	assert_true(ended || desk.pending[id] || !asked[id]);
	assert_false(ended && desk.pending[id]);
	assert_false(desk.live[id] && !ended);
	assert_false(desk.live[id] && revoked[id]);
	if (!ended)
		return;
	assert_true(desk.live[id] || id % 3 == 0);
	assert_int_equal(entry.question.grant, id);
	assert_string_equal(entry.question.target.host, q.target.host);
	assert_int_equal(entry.grant.allow, g.allow);
	assert_string_equal(entry.grant.note, g.note);
	assert_string_equal(entry.grant.pattern.host, g.pattern.host);
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void nothing_said_is_lost(void **state)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	uint64_t first = 1, kept = 0;
	(void)state;
	print_message("SEED=%llu\n", (unsigned long long)seed);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t delay_us = next_random(&seed) % MOST_DELAY_US;
		uint64_t last = kill_one(first, delay_us, round % 4 == 0);
		struct ledger *l = ledger_open(path, notice, sizeof(notice));
		assert_non_null(l);
		assert_string_equal(notice, "");
		memset(&desk, 0, sizeof(desk));
		assert_true(ledger_restore(l, &desk, 0));
		/* One that was not said any more may be there, whole. */
		for (uint64_t id = 1; id <= last + 2; id++) {
			check_one(l, id);
			kept += round == ROUNDS - 1 && decided[id];
		}
		ledger_close(l);
		first = last + 2;
	}
	print_message("%llu decisions in %d rounds\n", (unsigned long long)kept, ROUNDS);
	assert_true(kept > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_lost),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
