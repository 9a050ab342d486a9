/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger's file of an older version is used on, with all that is in it. */
#include "tests/unit/rows.h"

#include "tests/unit/ledgers.h"

#include <sqlite3.h>
#include <stdlib.h>

/* Stands for the real one: counts. */
struct desk {
	size_t questions, grants;
};

bool desk_restore_question(struct desk *d, const struct question *q)
{
	d->questions += q->subject_kind == SUBJECT_NONE && !q->subject && !q->context.path;
	return true;
}

bool desk_restore_grant(struct desk *d, const struct grant *g)
{
	d->grants += (g->subject_kind == SUBJECT_NONE) == !g->subject;
	return true;
}

static char path[64], notice[512];

static struct ledger *open_ledger(void)
{
	struct ledger *l = ledger_open(path, notice, sizeof(notice));
	assert_non_null(l);
	assert_string_equal(notice, "");
	return l;
}

static struct desk restored(void)
{
	struct desk d = {0};
	struct ledger *l = open_ledger();
	assert_true(ledger_restore(l, &d, 0));
	ledger_close(l);
	return d;
}

static void by_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Before questions were about anything beside their host. */
static const char first_version[] =
	"ALTER TABLE question DROP COLUMN subject_kind; ALTER TABLE question DROP COLUMN subject;"
	"ALTER TABLE question DROP COLUMN path; ALTER TABLE history DROP COLUMN path;"
	"ALTER TABLE history DROP COLUMN subject_kind; ALTER TABLE history DROP COLUMN subject;"
	"ALTER TABLE history DROP COLUMN grant_subject_kind;"
	"ALTER TABLE history DROP COLUMN grant_subject;"
	"ALTER TABLE live_grant DROP COLUMN grant_subject_kind;"
	"ALTER TABLE live_grant DROP COLUMN grant_subject; PRAGMA user_version = 1";

static void make_file(void)
{
	struct ledger *l = open_ledger();
	struct question q = a_question(1), ended = a_question(2);
	struct grant g = a_grant(2, "a.test");
	assert_true(keep_asked(l, &q));
	assert_true(keep_ended(l, &ended, QUESTION_APPROVED, 7000, &g));
	ledger_close(l);
}

static void the_first_version_is_used_on(void **state)
{
	struct ledger_entry entry;
	(void)state;
	make_file();
	by_sql(first_version);
	for (int i = 0; i < 2; i++) {
		struct desk d = restored();
		assert_int_equal(d.questions, 1);
		assert_int_equal(d.grants, 1);
	}
	struct ledger *l = open_ledger();
	assert_true(ledger_find(l, 2, &entry));
	assert_true(entry.grant.id == 2 && entry.question.state == QUESTION_APPROVED);

	/* The first takes the place of the older one for the same, the other is about something else. */
	struct grant same = a_grant(3, "a.test"), other = a_grant(4, "a.test");
	other.subject_kind = SUBJECT_REQUEST;
	other.subject = "POST /";
	assert_true(keep(l, NEWS_GRANTED, NULL, &same));
	assert_true(keep(l, NEWS_GRANTED, NULL, &other));
	ledger_close(l);
	assert_int_equal(restored().grants, 2);
}

/* What was begun and not ended is begun anew. */
static void half_an_upgrade_is_none(void **state)
{
	(void)state;
	make_file();
	by_sql(first_version);
	by_sql("BEGIN; ALTER TABLE question ADD COLUMN subject; ROLLBACK");
	assert_int_equal(restored().questions, 1);
}

static int make_path(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_ledger_upgrade.%d.db", (int)getpid());
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_first_version_is_used_on, make_path, remove_file),
		cmocka_unit_test_setup_teardown(half_an_upgrade_is_none, make_path, remove_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
