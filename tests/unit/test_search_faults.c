/* SPDX-License-Identifier: Apache-2.0 */
/* What the store of search answers does when its file is damaged, locked, or cannot grow, and when
 * memory runs out. */
#include "tests/unit/rows.h"

#include "tests/unit/search_entries.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char directory[64], path[96], aside[104], notice[512];
static const struct search_store_options owner = {
	.path = path, .owner = true, .entries = 1000, .bytes = 64 * 1024 * 1024};
static const struct search_store_options guest = {.path = path};

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_search.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/search.db", directory);
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

static struct search_store *open_new(void)
{
	unlink(path);
	unlink(aside);
	struct search_store *s = search_store_open(&owner, notice, sizeof(notice));
	assert_non_null(s);
	assert_string_equal(notice, "");
	return s;
}

static void make_file(void)
{
	struct search_store *s = open_new();
	for (uint64_t n = 0; n < 20; n++)
		assert_int_equal(put_one(s, n), SEARCH_STORE_OK);
	search_store_close(s);
}

static void by_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		print_error("%s: %s\n", sql, sqlite3_errmsg(db));
	assert_int_equal(code, SQLITE_OK);
	sqlite3_close(db);
}

static void write_at(off_t at, size_t len)
{
	char junk[4096];
	memset(junk, 0xa5, sizeof(junk));
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, len, at), (ssize_t)len);
	close(fd);
}

/* ---- the file ----------------------------------------------------------------------------- */

static void damaged_head(void)
{
	make_file();
	write_at(0, 16);
}

static void damaged_page(void)
{
	make_file();
	write_at(2 * 4096, 4096);
}

static void another_program(void)
{
	by_sql("PRAGMA application_id = 7; CREATE TABLE entry (x)");
}

static void no_table(void)
{
	make_file();
	by_sql("DROP TABLE miss");
}

static void what_is_no_store_is_set_aside_by_its_owner(void **state)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} rows[] = {
		{"damaged head", damaged_head},
		{"damaged page", damaged_page},
		{"another program's", another_program},
		{"a table is missing", no_table},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unlink(path);
		unlink(aside);
		rows[i].make();
		ROW_CHECK(rows[i].name, !search_store_open(&guest, notice, sizeof(notice)), "-");
		ROW_CHECK(rows[i].name, strstr(notice, "is damaged or is none"), "%s", notice);
		ROW_CHECK(rows[i].name, access(aside, F_OK) != 0, "set aside by a guest");
		struct search_store *s = search_store_open(&owner, notice, sizeof(notice));
		ROW_CHECK(rows[i].name, s && strstr(notice, "kept as"), "%s", notice);
		ROW_CHECK(rows[i].name, access(aside, F_OK) == 0, "not kept");
		ROW_CHECK(rows[i].name, find_one(s, 1) == SEARCH_STORE_NONE, "not new");
		search_store_close(s);
	}
}

static void what_is_not_there_is_made_by_who_may(void **state)
{
	struct search_store_options maker = guest;
	struct stat status;
	(void)state;
	unlink(path);
	assert_null(search_store_open(&guest, notice, sizeof(notice)));
	assert_non_null(strstr(notice, "No such file"));
	maker.make = true;
	struct search_store *s = search_store_open(&maker, notice, sizeof(notice));
	assert_non_null(s);
	assert_int_equal(put_one(s, 1), SEARCH_STORE_OK);
	search_store_close(s);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	by_sql("PRAGMA user_version = 2");
	assert_null(search_store_open(&owner, notice, sizeof(notice)));
	assert_non_null(strstr(notice, "newer version"));
}

/* ---- entries ------------------------------------------------------------------------------ */

static void a_damaged_entry_is_never_served(void **state)
{
	static const struct {
		const char *name, *sql;
	} rows[] = {
		{"cut", "UPDATE content SET body = substr(body, 1, length(body) - 1) WHERE id = 2"},
		{"empty", "UPDATE content SET body = x'' WHERE id = 2"},
		{"gone", "DELETE FROM content WHERE id = 2"},
		{"another's", "UPDATE content SET body = (SELECT body FROM content WHERE id = 3)"
			      " WHERE id = 2"},
		{"another length", "UPDATE entry SET body_bytes = body_bytes + 1 WHERE id = 2"},
		{"a huge length", "UPDATE entry SET body_bytes = 1 << 40 WHERE id = 2"},
		{"a negative length", "UPDATE entry SET body_bytes = -1 WHERE id = 2"},
		{"another sum", "UPDATE entry SET body_sum = body_sum + 1 WHERE id = 2"},
		{"other fields", "UPDATE entry SET fields = fields || x'0d0a' WHERE id = 2"},
		{"no status", "UPDATE entry SET status = 65536 + 200 WHERE id = 2"},
		{"an odd variant", "UPDATE entry SET variant = x'00' WHERE id = 2"},
		{"a lifetime beyond all", "UPDATE entry SET lifetime = 1 << 33 WHERE id = 2"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct search_statistics found;
		make_file();
		by_sql(rows[i].sql);
		struct search_store *s = search_store_open(&owner, notice, sizeof(notice));
		ROW_CHECK(rows[i].name, find_one(s, 1) == SEARCH_STORE_DAMAGED, "-");
		ROW_CHECK(rows[i].name, find_one(s, 1) == SEARCH_STORE_NONE, "still there");
		ROW_CHECK(rows[i].name, find_one(s, 2) == SEARCH_STORE_OK, "its neighbour");
		assert_int_equal(search_store_statistics(s, &found), SEARCH_STORE_OK);
		ROW_CHECK(rows[i].name, found.damaged == 1 && found.entries == 19, "%llu",
			(unsigned long long)found.entries);
		search_store_close(s);
	}
}

/* A file that is damaged while it is open: nothing of it is served, and a new one is begun. */
static void damage_at_work_begins_anew(void **state)
{
	(void)state;
	make_file();
	struct search_store *s = search_store_open(&owner, notice, sizeof(notice));
	struct stat status;
	by_sql("UPDATE total SET hits = hits + 1"); /* what the store has read before is old now */
	assert_int_equal(stat(path, &status), 0);
	for (off_t at = 4096; at + 4096 <= status.st_size; at += 4096)
		write_at(at, 4096);
	assert_int_equal(find_one(s, 1), SEARCH_STORE_DAMAGED);
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(find_one(s, 1), SEARCH_STORE_NONE);
	assert_int_equal(put_one(s, 1), SEARCH_STORE_OK);
	assert_int_equal(find_one(s, 1), SEARCH_STORE_OK);
	search_store_close(s);
}

/* ---- disk, locks -------------------------------------------------------------------------- */

static void bound_files(rlim_t bytes)
{
	struct rlimit bound = {bytes, RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &bound), 0);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	struct search_store *s = open_new();
	struct search_statistics found;
	uint64_t kept = 0;
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	bound_files(512 * 1024);
	while (put_one(s, kept) == SEARCH_STORE_OK)
		kept++;
	assert_true(kept > 5);
	assert_int_equal(put_one(s, kept), SEARCH_STORE_FAILED);
	for (uint64_t n = 0; n < kept; n++)
		assert_int_equal(find_one(s, n), SEARCH_STORE_OK);
	assert_int_equal(find_one(s, kept), SEARCH_STORE_NONE);
	bound_files(RLIM_INFINITY);
	assert_int_equal(put_one(s, kept), SEARCH_STORE_OK);
	assert_int_equal(search_store_statistics(s, &found), SEARCH_STORE_OK);
	assert_int_equal(found.entries, kept + 1);
	search_store_close(s);
}

static void another_writer_is_waited_for(void **state)
{
	struct search_store *s = open_new();
	sqlite3 *db;
	(void)state;
	assert_int_equal(put_one(s, 1), SEARCH_STORE_OK);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(put_one(s, 2), SEARCH_STORE_BUSY);
	assert_int_equal(find_one(s, 1), SEARCH_STORE_OK);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(put_one(s, 2), SEARCH_STORE_OK);
	search_store_close(s);
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

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
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

static bool ignore_found(void *owner_, const struct search_found *found)
{
	(void)owner_;
	(void)found;
	return true;
}

/* Whatever fails, a put that said OK is found whole afterwards, and one that did not left nothing. */
static void each_allocation_fails_in_turn(void **state)
{
	bool done = false;
	long turns = 0;
	(void)state;
	for (; !done; turns += turns < 200 ? 1 : 17) {
		bool put = false;
		unlink(path);
		unlink(aside);
		allowed = turns;
		struct search_store *s = search_store_open(&owner, notice, sizeof(notice));
		if (s) {
			put = put_one(s, 5) == SEARCH_STORE_OK;
			done = put && find_one(s, 5) == SEARCH_STORE_OK &&
			       search_look(s, SLICE("word5"), 5, ignore_found, NULL) ==
				       SEARCH_STORE_OK;
			search_store_touch(s, 1, 5);
		}
		search_store_close(s);
		done = done && allowed != 0;
		allowed = -1;
		s = search_store_open(&owner, notice, sizeof(notice));
		assert_non_null(s);
		assert_string_equal(notice, "");
		assert_int_equal(find_one(s, 5), put ? SEARCH_STORE_OK : SEARCH_STORE_NONE);
		search_store_close(s);
	}
	assert_true(turns > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_store_is_set_aside_by_its_owner),
		cmocka_unit_test(what_is_not_there_is_made_by_who_may),
		cmocka_unit_test(a_damaged_entry_is_never_served),
		cmocka_unit_test(damage_at_work_begins_anew),
		cmocka_unit_test(a_full_disk_refuses_and_recovers),
		cmocka_unit_test(another_writer_is_waited_for),
		cmocka_unit_test(each_allocation_fails_in_turn),
	};
	starve();
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
