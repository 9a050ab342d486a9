/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/spool.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64], path[96], aside[112], error[256];
static char body[1000];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_spool.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/spool.db", directory);
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

static struct spool *open_spool(const char *where, uint64_t bytes)
{
	struct spool *s = spool_new(where, bytes, error, sizeof(error));
	assert_non_null(s);
	return s;
}

/* A batch whose body says its number. */
static struct spool_batch numbered(uint64_t number)
{
	memset(body, (int)number, sizeof(body));
	return (struct spool_batch){
		.records = number, .gzip = number % 2 == 0, .body = slice_from(body, sizeof(body))};
}

static void store(struct spool *s, uint64_t number)
{
	struct spool_batch batch = numbered(number);
	assert_true(spool_store(s, &batch, 0));
	assert_true(batch.id > 0);
}

static void take(struct spool *s, uint64_t number)
{
	struct spool_batch batch;
	assert_true(spool_oldest(s, &batch));
	assert_int_equal(batch.records, number);
	assert_int_equal(batch.gzip, number % 2 == 0);
	assert_int_equal(batch.body.len, sizeof(body));
	assert_int_equal((unsigned char)batch.body.ptr[999], number);
	spool_remove(s, &batch);
}

static void oldest_first_on_disk_and_in_memory(void **state)
{
	const char *const places[] = {path, NULL};
	struct spool_batch batch;
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct spool *s = open_spool(places[i], 1000000);
		assert_false(spool_oldest(s, &batch));
		assert_int_equal(access(path, F_OK), -1);
		for (uint64_t n = 1; n <= 5; n++)
			store(s, n);
		assert_int_equal(spool_records(s), 15);
		for (uint64_t n = 1; n <= 5; n++)
			take(s, n);
		assert_int_equal(spool_records(s), 0);
		assert_false(spool_oldest(s, &batch));
		assert_int_equal(access(path, F_OK), -1);
		store(s, 6);
		take(s, 6);
		spool_free(s);
	}
}

static void batches_outlive_the_process(void **state)
{
	(void)state;
	struct spool *s = open_spool(path, 1000000);
	store(s, 1);
	store(s, 2);
	spool_free(s);
	s = open_spool(path, 1000000);
	assert_int_equal(spool_records(s), 3);
	store(s, 3);
	for (uint64_t n = 1; n <= 3; n++)
		take(s, n);
	spool_free(s);
	assert_int_equal(access(path, F_OK), -1);
}

static void the_bound_drops_the_oldest_and_counts(void **state)
{
	struct spool_batch batch = numbered(9);
	uint64_t again;
	(void)state;
	struct spool *s = open_spool(path, 3000);
	for (uint64_t n = 1; n <= 3; n++)
		store(s, n); /* 3000 bytes: just full */
	assert_int_equal(spool_take_dropped(s, &again), 0);
	store(s, 4);
	assert_int_equal(spool_records(s), 2 + 3 + 4);
	assert_int_equal(spool_take_dropped(s, &again), 1);
	assert_int_equal(spool_take_dropped(s, &again), 0);
	store(s, 5);
	spool_free(s); /* killed before anything was reported */
	s = open_spool(path, 3000);
	assert_int_equal(spool_take_dropped(s, &again), 1 + 2);
	spool_settle_dropped(s, 3);
	spool_free(s);
	s = open_spool(path, 3000);
	assert_int_equal(spool_take_dropped(s, &again), 0);
	/* The one under delivery is kept, the next oldest goes. */
	assert_true(spool_oldest(s, &batch));
	assert_int_equal(batch.records, 3);
	struct spool_batch next = numbered(6);
	assert_true(spool_store(s, &next, batch.id));
	assert_int_equal(spool_take_dropped(s, &again), 4);
	spool_settle_dropped(s, 4);
	take(s, 3);
	take(s, 5);
	take(s, 6);
	assert_int_equal(access(path, F_OK), -1);
	spool_free(s);
}

static void one_batch_beyond_the_bound_is_kept_all_the_same(void **state)
{
	(void)state;
	struct spool *s = open_spool(path, 10);
	store(s, 1);
	assert_int_equal(spool_records(s), 1);
	take(s, 1);
	spool_free(s);
}

static void dropped_reports_are_reported_again(void **state)
{
	struct spool_batch batch;
	uint64_t again;
	(void)state;
	struct spool *s = open_spool(path, 1000);
	batch = numbered(5);
	batch.loss_records = 1;
	batch.losses = 40;
	assert_true(spool_store(s, &batch, 0));
	store(s, 2);
	assert_int_equal(spool_take_dropped(s, &again), 4 + 40);
	assert_int_equal(again, 40);
	spool_settle_dropped(s, 44);
	take(s, 2);
	spool_free(s);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A drop that SQLite carries out by half would lose a batch that nobody counted. */
static void a_drop_that_cannot_be_counted_is_none(void **state)
{
	struct spool_batch batch = numbered(2);
	uint64_t again;
	(void)state;
	struct spool *s = open_spool(path, 1000);
	store(s, 1);
	spool_free(s);
	run_sql("CREATE TRIGGER no BEFORE UPDATE ON loss BEGIN SELECT RAISE(FAIL, 'no'); END");
	s = open_spool(path, 1000);
	assert_false(spool_store(s, &batch, 0));
	assert_int_equal(spool_records(s), 1);
	assert_int_equal(spool_take_dropped(s, &again), 0);
	spool_free(s);
	run_sql("DROP TRIGGER no");
	s = open_spool(path, 1000);
	assert_int_equal(spool_records(s), 1);
	store(s, 2);
	assert_int_equal(spool_take_dropped(s, &again), 1);
	spool_settle_dropped(s, 1);
	take(s, 2);
	spool_free(s);
}

static void overwrite(off_t at, size_t len)
{
	char *noise = malloc(len);
	memset(noise, 0x5a, len);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, noise, len, at), (ssize_t)len);
	close(fd);
	free(noise);
}

static void damage_is_set_aside(void **state)
{
	static const struct {
		const char *name;
		off_t at;
		size_t len;
	} rows[] = {
		{"head", 0, 100},
		{"everything", 0, 200000},
		{"tables", 4096, 8192},
	};
	uint64_t again;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spool *s = open_spool(path, 1000000);
		for (uint64_t n = 1; n <= 20; n++)
			store(s, n);
		spool_free(s);
		overwrite(rows[i].at, rows[i].len);
		s = spool_new(path, 1000000, error, sizeof(error));
		ROW_CHECK(rows[i].name, s != NULL, "%s", error);
		ROW_CHECK(rows[i].name, access(aside, F_OK) == 0, "not kept");
		assert_int_equal(spool_records(s), 0);
		store(s, 1);
		take(s, 1);
		spool_take_dropped(s, &again);
		spool_free(s);
		unlink(aside);
		unlink(path);
	}
}

static void another_schema_is_set_aside(void **state)
{
	(void)state;
	run_sql("CREATE TABLE batch (id INTEGER PRIMARY KEY, x)");
	struct spool *s = open_spool(path, 1000000);
	assert_int_equal(access(aside, F_OK), 0);
	store(s, 1);
	take(s, 1);
	spool_free(s);
	unlink(aside);
}

static void a_place_that_cannot_be_written_is_said(void **state)
{
	struct spool_batch batch = numbered(1);
	(void)state;
	struct spool *s = spool_new("/nowhere/at/all.db", 1000, error, sizeof(error));
	assert_null(s);
	assert_non_null(strstr(error, "/nowhere/at/all.db"));
	s = open_spool(path, 1000);
	char gone[sizeof(directory) + 8];
	snprintf(gone, sizeof(gone), "%s.gone", directory);
	assert_int_equal(rename(directory, gone), 0);
	assert_false(spool_store(s, &batch, 0));
	assert_int_equal(rename(gone, directory), 0);
	assert_true(spool_store(s, &batch, 0));
	take(s, 1);
	spool_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_first_on_disk_and_in_memory),
		cmocka_unit_test(batches_outlive_the_process),
		cmocka_unit_test(the_bound_drops_the_oldest_and_counts),
		cmocka_unit_test(one_batch_beyond_the_bound_is_kept_all_the_same),
		cmocka_unit_test(dropped_reports_are_reported_again),
		cmocka_unit_test(a_drop_that_cannot_be_counted_is_none),
		cmocka_unit_test(damage_is_set_aside),
		cmocka_unit_test(another_schema_is_set_aside),
		cmocka_unit_test(a_place_that_cannot_be_written_is_said),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
