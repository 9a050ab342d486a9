/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's file: what it is like, what is moved aside, what a full disk or missing memory does. */
#include "tests/unit/rows.h"

#include "tests/unit/ledgers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Stands for the real one: counts. */
struct desk {
	size_t questions, grants;
};

bool desk_restore_question(struct desk *d, const struct question *q)
{
	(void)q;
	d->questions++;
	return true;
}

bool desk_restore_grant(struct desk *d, const struct grant *g)
{
	(void)g;
	d->grants++;
	return true;
}

static char directory[64], path[96], aside[104], notice[512];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_ledger.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/approvals.db", directory);
	snprintf(aside, sizeof(aside), "%s.bad", path);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct ledger *open_new(void)
{
	unlink(path);
	unlink(aside);
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	assert_non_null(l);
	assert_string_equal(notice, "");
	return l;
}

/* A ledger with a question that waits and a grant, closed. */
static void make_file(void)
{
	struct ledger *l = open_new();
	struct question q = a_question(1);
	struct grant g = a_grant(2, "a.test");
	assert_true(keep_asked(l, &q));
	assert_true(keep(l, NEWS_GRANTED, NULL, &g));
	ledger_close(l);
}

static struct desk restored(void)
{
	struct desk d = {0};
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	assert_non_null(l);
	assert_true(ledger_restore(l, &d, 0));
	ledger_close(l);
	return d;
}

static void nobody_else_may_read_it(void **state)
{
	struct stat status;
	mode_t before = umask(0);
	(void)state;
	struct ledger *l = open_new();
	struct question q = a_question(1);
	assert_true(keep_asked(l, &q));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	char log[104];
	snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(stat(log, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	ledger_close(l);
	umask(before);
}

/* A decision waits for the disk, a flood of questions does not, nor do the other questions that one
 * decision answers. */
static void what_lets_somebody_through_is_on_disk(void **state)
{
	struct ledger *l = open_new();
	struct question q[4] = {a_question(1), a_question(2), a_question(3), a_question(4)};
	struct grant g = a_grant(9, "*.test"), other = a_grant(10, "x.test");
	(void)state;
	syncs = 0;
	for (size_t i = 0; i < COUNT(q); i++)
		assert_true(keep_asked(l, &q[i]));
	assert_true(keep_ended(l, &q[3], QUESTION_EXPIRED, 9000, NULL));
	assert_int_equal(syncs, 0);
	assert_true(keep_ended(l, &q[0], QUESTION_APPROVED, 9000, &g));
	assert_int_equal(syncs, 1);
	assert_true(keep_ended(l, &q[1], QUESTION_APPROVED, 9000, &g));
	assert_int_equal(syncs, 1);
	assert_true(keep(l, NEWS_GRANTED, NULL, &other));
	assert_int_equal(syncs, 2);
	assert_true(keep(l, NEWS_REVOKED, NULL, &g));
	assert_int_equal(syncs, 3);
	assert_true(keep(l, NEWS_GRANT_ENDED, NULL, &other));
	assert_int_equal(syncs, 3);
	/* A once-grant that is used before its time is used up on disk first; one that nobody used
	 * ends by the clock. */
	struct grant used = a_grant(11, "a.test:443"), unused = a_grant(12, "b.test:443");
	used.scope = unused.scope = GRANT_ONCE;
	used.expires_ms = 7001;
	unused.expires_ms = 7000;
	assert_true(keep_ended(l, &q[2], QUESTION_APPROVED, 7000, &used));
	assert_true(keep_ended(l, &q[3], QUESTION_APPROVED, 6000, &unused));
	assert_int_equal(syncs, 5);
	assert_true(keep(l, NEWS_GRANT_ENDED, NULL, &used));
	assert_int_equal(syncs, 6);
	assert_true(keep(l, NEWS_GRANT_ENDED, NULL, &unused));
	assert_int_equal(syncs, 6);
	ledger_close(l);
}

static void a_flood_hardly_touches_the_disk(void **state)
{
	struct ledger *l = open_new();
	(void)state;
	syncs = 0;
	for (uint64_t id = 1; id <= 10000; id++) {
		struct question q = a_question(id * 0x9e3779b97f4a7c15u);
		assert_true(keep_asked(l, &q));
	}
	assert_true(syncs < 200);
	ledger_close(l);
}

static void write_text(void)
{
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", f);
	fclose(f);
}

static void by_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void another_program(void)
{
	by_sql("PRAGMA application_id = 7; CREATE TABLE question (x)");
}

static void another_empty(void)
{
	by_sql("PRAGMA application_id = 7");
}

static void no_grants(void)
{
	make_file();
	by_sql("DROP TABLE live_grant");
}

/* Everything from `at` on of a good file. */
static void damage(off_t at, size_t len)
{
	char junk[4096];
	memset(junk, 0xa5, sizeof(junk));
	int fd = open(path, O_WRONLY);
	assert_true(pwrite(fd, junk, len, at) == (ssize_t)len);
	close(fd);
}

static void damaged_head(void)
{
	make_file();
	damage(0, 16);
}

static void damaged_page(void)
{
	make_file();
	damage(4096, 4096);
}

static void cut(void)
{
	make_file();
	assert_int_equal(truncate(path, 4096), 0);
}

static void what_is_no_ledger_is_moved_aside(void **state)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} rows[] = {
		{"text", write_text},
		{"another program's", another_program},
		{"another program's without tables", another_empty},
		{"a table is missing", no_grants},
		{"damaged head", damaged_head},
		{"damaged page", damaged_page},
		{"cut", cut},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unlink(path);
		unlink(aside);
		rows[i].make();
		struct desk d = restored();
		ROW_CHECK(rows[i].name, strstr(notice, "kept as"), "%s", notice);
		ROW_CHECK(rows[i].name, access(aside, F_OK) == 0, "not kept");
		ROW_CHECK(rows[i].name, d.questions + d.grants == 0, "not new");
		restored();
		ROW_CHECK(rows[i].name, notice[0] == '\0', "again: %s", notice);
	}
}

static void sound_files_stay(void **state)
{
	(void)state;
	make_file();
	struct desk d = restored();
	assert_string_equal(notice, "");
	assert_int_equal(d.questions, 1);
	assert_int_equal(d.grants, 1);
	/* An empty file is a new one. */
	assert_int_equal(truncate(path, 0), 0);
	d = restored();
	assert_string_equal(notice, "");
	assert_int_equal(d.grants, 0);
}

static void what_cannot_be_used_is_refused(void **state)
{
	(void)state;
	make_file();
	by_sql("PRAGMA user_version = 3");
	assert_null(ledger_open(path, notice, sizeof(notice)));
	assert_non_null(strstr(notice, "newer version"));
	assert_int_equal(access(aside, F_OK), -1);
	by_sql("PRAGMA user_version = 2");
	assert_int_equal(restored().grants, 1);

	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	assert_null(ledger_open(path, notice, sizeof(notice)));
	assert_non_null(strstr(notice, "in use"));
	ledger_close(l);

	assert_null(ledger_open("/nowhere/at/all", notice, sizeof(notice)));
	assert_non_null(strstr(notice, "No such file"));
	assert_null(ledger_open(directory, notice, sizeof(notice)));
	assert_non_null(strstr(notice, "cannot be opened"));
	assert_null(ledger_open("/dev/null", notice, sizeof(notice)));
	assert_non_null(strstr(notice, "cannot be opened"));
}

/* Files may not grow beyond `bytes`; RLIM_INFINITY: as they like. */
static void bound_files(rlim_t bytes)
{
	struct rlimit bound = {bytes, RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &bound), 0);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	struct ledger *l = open_new();
	struct ledger_entry entry;
	struct grant g = a_grant(7, "*.test");
	uint64_t kept = 0, refused = 0;
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (uint64_t id = 1; refused < 5; id++) {
		struct question q = a_question(id);
		if (id == 40)
			bound_files(128 * 1024);
		if (keep_ended(l, &q, QUESTION_DENIED, 9000, &g)) {
			assert_int_equal(refused, 0);
			kept = id;
		} else {
			refused++;
		}
	}
	assert_true(kept >= 39);
	/* What was refused is not there, before and after. */
	assert_true(ledger_find(l, kept, &entry));
	assert_false(ledger_find(l, kept + 1, &entry));
	bound_files(RLIM_INFINITY);
	assert_false(ledger_find(l, kept + 1, &entry));
	struct question q = a_question(kept + 6);
	assert_true(keep_ended(l, &q, QUESTION_DENIED, 9000, &g));
	ledger_close(l);
	l = ledger_open(path, notice, sizeof(notice));
	for (uint64_t id = 1; id <= kept + 6; id++)
		assert_true(ledger_find(l, id, &entry) == (id <= kept || id == kept + 6));
	ledger_close(l);
}

/* ---- memory ------------------------------------------------------------------------------- */

static sqlite3_mem_methods plenty;
static long allowed = -1; /* allocations until they fail; negative: all succeed */

static bool may_allocate(void)
{
	if (allowed == 0)
		return false;
	if (allowed > 0)
		allowed--;
	return true;
}

static void *starved_malloc(int size)
{
	return may_allocate() ? plenty.xMalloc(size) : NULL;
}

static void *starved_realloc(void *memory, int size)
{
	return may_allocate() ? plenty.xRealloc(memory, size) : NULL;
}

/* Before SQLite is used at all. */
static void starve(void)
{
	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plenty);
	sqlite3_mem_methods methods = plenty;
	methods.xMalloc = starved_malloc;
	methods.xRealloc = starved_realloc;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

static void each_allocation_fails_in_turn(void **state)
{
	bool done = false;
	long turns = 0;
	(void)state;
	for (; !done; turns++) {
		struct question q = a_question(1);
		struct grant g = a_grant(2, "a.test");
		struct ledger_entry entry;
		struct desk d = {0};
		bool asked = false, decided = false;
		unlink(path);
		unlink(aside);
		allowed = turns;
		struct ledger *l = ledger_open(path, notice, sizeof(notice));
		if (l) {
			asked = keep_asked(l, &q);
			decided = keep_ended(l, &q, QUESTION_DENIED, 9000, &g);
			done = asked && decided && ledger_restore(l, &d, 0) &&
			       ledger_find(l, 1, &entry);
		}
		ledger_close(l);
		done = done && allowed != 0;
		allowed = -1;
		l = ledger_open(path, notice, sizeof(notice));
		assert_non_null(l);
		assert_string_equal(notice, "");
		d = (struct desk){0};
		assert_true(ledger_restore(l, &d, 0));
		assert_int_equal(d.grants, decided);
		assert_int_equal(d.questions, asked && !decided);
		assert_int_equal(ledger_find(l, 1, &entry), decided);
		ledger_close(l);
	}
	assert_true(turns > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_else_may_read_it),
		cmocka_unit_test(what_lets_somebody_through_is_on_disk),
		cmocka_unit_test(a_flood_hardly_touches_the_disk),
		cmocka_unit_test(what_is_no_ledger_is_moved_aside),
		cmocka_unit_test(sound_files_stay),
		cmocka_unit_test(what_cannot_be_used_is_refused),
		cmocka_unit_test(a_full_disk_refuses_and_recovers),
		cmocka_unit_test(each_allocation_fails_in_turn),
	};
	starve();
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
