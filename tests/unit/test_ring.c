/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "telemetry/ring.h"
#include "telemetry/ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static char path[96], copy[96];

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_ring.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a.ring", directory);
	snprintf(copy, sizeof(copy), "%s/b.ring", directory);
	return 0;
}

static int remove_directory(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct event numbered(uint64_t number)
{
	return (struct event){
		.name = EVENT_POLICY_DECISION,
		.time_ns = number,
		.host = SLICE("api.example.com"),
		.port = 443,
	};
}

/* As a kill -9 leaves it: the file without the process. */
static void copy_file(const char *from, const char *to)
{
	char block[65536];
	ssize_t got;
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, block, sizeof(block))) > 0)
		assert_int_equal(write(out, block, (size_t)got), got);
	close(in);
	close(out);
}

static void settle_all(struct ring *r)
{
	struct ring_mark mark = ring_mark(r);
	ring_settle(r, &mark);
}

static uint64_t read_all(struct ring *r)
{
	struct event e;
	uint64_t count = 0;
	while (ring_read(r, &e))
		count++;
	return count;
}

static void wraps_many_times_with_every_length(void **state)
{
	static char text[400];
	uint64_t written = 0, seen = 0;
	struct event e;
	(void)state;
	memset(text, 'y', sizeof(text));
	struct ring *r = ring_open(NULL, RING_BYTES_LEAST);
	for (int lap = 0; lap < 400; lap++) {
		for (int i = 0; i < 1 + lap % 40; i++) {
			e = numbered(++written);
			e.text = slice_from(text, (size_t)written % sizeof(text));
			assert_true(ring_record(r, &e));
		}
		while (ring_read(r, &e)) {
			assert_int_equal(e.time_ns, ++seen);
			assert_int_equal(e.text.len, seen % sizeof(text));
		}
		settle_all(r);
	}
	assert_int_equal(seen, written);
	assert_int_equal(ring_dropped(r), 0);
	ring_close(r);
}

static void count_wake(void *owner)
{
	++*(int *)owner;
}

static void a_full_ring_drops_and_counts_and_wakes_once(void **state)
{
	struct event e = numbered(1);
	uint64_t kept = 0;
	int woken = 0;
	(void)state;
	struct ring *r = ring_open(NULL, RING_BYTES_LEAST);
	ring_on_half(r, count_wake, &woken);
	while (!ring_half_full(r)) {
		assert_int_equal(woken, 0);
		assert_true(ring_record(r, &e));
		kept++;
	}
	assert_int_equal(woken, 1);
	while (ring_record(r, &e))
		kept++;
	assert_false(ring_record(r, &e));
	assert_int_equal(woken, 1);
	assert_int_equal(ring_dropped(r), 2);
	assert_int_equal(ring_take_dropped(r), 2);
	assert_int_equal(ring_take_dropped(r), 0);
	assert_int_equal(read_all(r), kept);
	assert_false(ring_record(r, &e)); /* read, not settled */
	settle_all(r);
	assert_true(ring_record(r, &e));
	assert_int_equal(ring_dropped(r), 3);
	while (!ring_half_full(r))
		ring_record(r, &e);
	assert_int_equal(woken, 2);
	ring_close(r);
}

static void a_killed_process_leaves_its_records(void **state)
{
	struct event e;
	(void)state;
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	for (uint64_t i = 1; i <= 10; i++) {
		e = numbered(i);
		assert_true(ring_record(r, &e));
	}
	for (int i = 0; i < 4; i++)
		assert_true(ring_read(r, &e));
	settle_all(r);
	assert_true(ring_read(r, &e)); /* read, never settled: not delivered */
	copy_file(path, copy);
	struct ring *next = ring_open(copy, 2 * RING_BYTES_LEAST);
	assert_int_equal(ring_recovered(next), 6);
	assert_int_equal(ring_dropped(next), 0);
	e = numbered(11);
	assert_true(ring_record(next, &e));
	for (uint64_t i = 5; i <= 11; i++) {
		assert_true(ring_read(next, &e));
		assert_int_equal(e.time_ns, i);
	}
	assert_int_equal(ring_dropped(next), 0);
	ring_close(next); /* nothing settled: the file stays */
	next = ring_open(copy, RING_BYTES_LEAST);
	assert_int_equal(ring_recovered(next), 7);
	assert_int_equal(read_all(next), 7);
	settle_all(next);
	ring_close(next);
	assert_int_equal(access(copy, F_OK), -1);
	ring_close(r);
	unlink(path);
}

/* Overwrites what a kill or a power failure may have left half written. */
static void damage(const char *file, off_t at, const void *bytes, size_t len)
{
	int fd = open(file, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

static void torn_records_are_counted_exactly(void **state)
{
	static const struct {
		const char *name;
		int first, count; /* records with damage, from 0 of 8 */
		int begun; /* begun beyond the last published */
		uint64_t recovered, lost_at_open, lost;
	} rows[] = {
		{"whole", 0, 0, 0, 8, 0, 0},
		{"killed within a record", 0, 0, 1, 8, 1, 1},
		{"first torn", 0, 1, 0, 7, 0, 1},
		{"middle torn", 3, 1, 0, 7, 0, 1},
		{"three torn", 3, 3, 0, 5, 0, 3},
		{"last torn", 7, 1, 0, 7, 1, 1},
		{"last torn and one begun", 7, 1, 1, 7, 2, 2},
		{"all torn", 0, 8, 0, 0, 8, 8},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct event e = numbered(1);
		struct ring *r = ring_open(path, RING_BYTES_LEAST);
		assert_true(ring_record(r, &e));
		uint64_t len = (read_all(r), ring_mark(r).position);
		settle_all(r);
		for (int k = 0; k < 8; k++)
			assert_true(ring_record(r, &e));
		copy_file(path, copy);
		off_t page = sysconf(_SC_PAGESIZE);
		for (int k = 0; k < rows[i].count; k++)
			damage(copy, page + (off_t)len * (1 + rows[i].first + k) + 60, "torn!", 5);
		uint64_t begun = 9 + (uint64_t)rows[i].begun;
		damage(copy, (off_t)offsetof(struct ring_header, begun), &begun, sizeof(begun));
		struct ring *next = ring_open(copy, RING_BYTES_LEAST);
		ROW_CHECK(rows[i].name, ring_recovered(next) == rows[i].recovered, "%d",
			(int)ring_recovered(next));
		ROW_CHECK(rows[i].name, ring_dropped(next) == rows[i].lost_at_open, "%d",
			(int)ring_dropped(next));
		ROW_CHECK(rows[i].name, read_all(next) == rows[i].recovered, "read");
		ROW_CHECK(rows[i].name, ring_dropped(next) == rows[i].lost, "%d",
			(int)ring_dropped(next));
		assert_true(ring_record(next, &e));
		assert_int_equal(read_all(next), 1);
		ROW_CHECK(rows[i].name, ring_take_dropped(next) == rows[i].lost, "taken");
		settle_all(next);
		ring_close(next);
		ROW_CHECK(rows[i].name, access(copy, F_OK) != 0, "file stays");
		read_all(r);
		settle_all(r);
		ring_close(r);
	}
}

static void skipping_counts_as_reading_does(void **state)
{
	struct event e = numbered(1);
	(void)state;
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	ring_skip(r);
	assert_int_equal(ring_mark(r).position, 0);
	assert_true(ring_record(r, &e));
	ring_skip(r);
	uint64_t len = ring_mark(r).position;
	assert_int_equal(read_all(r), 0);
	for (int i = 0; i < 4; i++)
		assert_true(ring_record(r, &e)); /* not settled: the next process finds five */
	copy_file(path, copy);
	damage(copy, sysconf(_SC_PAGESIZE) + 2 * (off_t)len + 60, "torn!", 5);
	struct ring *next = ring_open(copy, RING_BYTES_LEAST);
	assert_int_equal(ring_recovered(next), 4);
	for (uint64_t i = 2; i <= 300; i++) {
		e = numbered(i);
		assert_true(ring_record(next, &e)); /* goes round more than once */
		if (i % 3 == 0)
			ring_skip(next);
		settle_all(next);
	}
	ring_skip(next);
	assert_int_equal(ring_take_dropped(next), 1);
	e = numbered(301);
	assert_true(ring_record(next, &e) && ring_read(next, &e));
	assert_int_equal(e.time_ns, 301);
	assert_int_equal(ring_dropped(next), 1);
	settle_all(next);
	ring_close(next);
	assert_int_equal(access(copy, F_OK), -1);
	ring_skip(r);
	settle_all(r);
	ring_close(r);
	assert_int_equal(access(path, F_OK), -1);
}

static void drops_that_nobody_reported_are_reported_by_the_next(void **state)
{
	struct event e = numbered(1);
	(void)state;
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	while (ring_record(r, &e))
		;
	ring_record(r, &e);
	assert_int_equal(ring_dropped(r), 2);
	read_all(r);
	settle_all(r); /* the records, not the losses: they were not taken */
	ring_close(r);
	r = ring_open(path, RING_BYTES_LEAST);
	assert_int_equal(ring_recovered(r), 0);
	assert_int_equal(ring_dropped(r), 2);
	assert_int_equal(ring_take_dropped(r), 2);
	settle_all(r);
	ring_close(r);
	assert_int_equal(access(path, F_OK), -1);
}

static void foreign_files_are_set_aside(void **state)
{
	char aside[128];
	struct stat status;
	(void)state;
	snprintf(aside, sizeof(aside), "%s.bad", path);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "not a ring", 10), 10);
	close(fd);
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	assert_true(ring_foreign(r));
	assert_int_equal(stat(aside, &status), 0);
	assert_int_equal(status.st_size, 10);
	ring_close(r);
	unlink(aside);
	r = ring_open(path, RING_BYTES_LEAST);
	assert_false(ring_foreign(r));
	ring_close(r);
}

static void two_processes_never_share_one(void **state)
{
	(void)state;
	struct ring *r = ring_open(path, RING_BYTES_LEAST);
	errno = 0;
	assert_null(ring_open(path, RING_BYTES_LEAST));
	assert_int_equal(errno, EWOULDBLOCK);
	ring_close(r);
	r = ring_open(path, RING_BYTES_LEAST);
	assert_non_null(r);
	ring_close(r);
	assert_null(ring_open("/nowhere/at/all.ring", RING_BYTES_LEAST));
	assert_int_equal(errno, ENOENT);
}

static void trimming_loses_nothing(void **state)
{
	struct event e = numbered(7), out;
	(void)state;
	struct ring *r = ring_open(NULL, RING_BYTES_LEAST);
	assert_true(ring_record(r, &e));
	ring_trim(r);
	assert_true(ring_read(r, &out));
	assert_int_equal(out.time_ns, 7);
	ring_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_many_times_with_every_length),
		cmocka_unit_test(a_full_ring_drops_and_counts_and_wakes_once),
		cmocka_unit_test(a_killed_process_leaves_its_records),
		cmocka_unit_test(torn_records_are_counted_exactly),
		cmocka_unit_test(skipping_counts_as_reading_does),
		cmocka_unit_test(drops_that_nobody_reported_are_reported_by_the_next),
		cmocka_unit_test(foreign_files_are_set_aside),
		cmocka_unit_test(two_processes_never_share_one),
		cmocka_unit_test(trimming_loses_nothing),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
