/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/file.h"

#include "base/limits.h"
#include "tests/unit/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64];

static int enter(void **state)
{
	(void)state;
	return chdir(make_directory(directory));
}

static int leave(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	remove_directory(directory);
	return 0;
}

static void put(const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void has(const char *path, mode_t mode, const char *text)
{
	char bytes[64] = "";
	struct stat st;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes) - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(bytes, text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void what_may_be_read(void **state)
{
	static const struct {
		const char *path;
		enum file_kind kind;
		enum file_end end;
		const char *trouble;
	} rows[] = {
		{"absent", FILE_SECRET, FILE_ABSENT, ""},
		{"absent", FILE_PUBLIC, FILE_ABSENT, ""},
		{"secret", FILE_SECRET, FILE_DONE, ""},
		{"secret", FILE_PUBLIC, FILE_DONE, ""},
		{"readonly", FILE_SECRET, FILE_DONE, ""},
		{"group", FILE_SECRET, FILE_FAILED,
			"group: other users may read or change it: chmod 600 it"},
		{"public", FILE_SECRET, FILE_FAILED, "public: other users may read"},
		{"public", FILE_PUBLIC, FILE_DONE, ""},
		{"link", FILE_SECRET, FILE_FAILED, "link: is a symbolic link"},
		{"link", FILE_PUBLIC, FILE_DONE, ""},
		{"directory", FILE_PUBLIC, FILE_FAILED, "directory: not a plain file"},
		{"pipe", FILE_SECRET, FILE_FAILED, "pipe: not a plain file"},
		{"pipe", FILE_PUBLIC, FILE_FAILED, "pipe: not a plain file"},
		{"large", FILE_PUBLIC, FILE_DONE, ""},
		{"larger", FILE_PUBLIC, FILE_FAILED, "larger: larger than 8388608 bytes"},
		{"empty", FILE_PUBLIC, FILE_DONE, ""},
		{"secret/x", FILE_PUBLIC, FILE_FAILED, "secret/x: Not a directory"},
	};
	(void)state;
	put("secret", 0600, "abc");
	put("readonly", 0400, "abc");
	put("group", 0640, "abc");
	put("public", 0644, "abc");
	put("empty", 0600, "");
	put("large", 0600, "");
	put("larger", 0600, "");
	assert_int_equal(truncate("large", LIMIT_PEM_BYTES), 0);
	assert_int_equal(truncate("larger", LIMIT_PEM_BYTES + 1), 0);
	assert_int_equal(symlink("secret", "link"), 0);
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trouble t = {""};
		struct slice bytes = {NULL, 0};
		enum file_end end = file_read(rows[i].path, rows[i].kind, &bytes, &t);
		ROW_CHECK(rows[i].path, end == rows[i].end, "%d %s", end, t.text);
		ROW_CHECK(rows[i].path,
			strncmp(t.text, rows[i].trouble, strlen(rows[i].trouble)) == 0, "%s",
			t.text);
		if (end != FILE_DONE)
			continue;
		if (rows[i].path[0] != 'l' || rows[i].path[1] != 'a')
			assert_true(slice_equal(
				bytes, rows[i].path[0] == 'e' ? SLICE("") : SLICE("abc")));
		file_forget(bytes);
	}
}

/* In a process of its own, as somebody else. */
static int as_nobody(int (*act)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(seteuid(65534) == 0 ? act() : 99);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static int read_as_nobody(void)
{
	struct trouble t;
	struct slice bytes;

	if (file_read("theirs", FILE_SECRET, &bytes, &t) != FILE_FAILED ||
		!strstr(t.text, "belongs to another user (4711)"))
		return 1;
	if (file_judge_directory("theirs.d", &t) != FILE_FAILED ||
		!strstr(t.text, "belongs to another user (4711)"))
		return 2;
	return file_judge_directory("/etc", &t) == FILE_DONE ? 0 : 3;
}

static void files_of_others_are_not_trusted(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put("theirs", 0600, "abc");
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(mkdir("theirs.d", 0755), 0);
	assert_int_equal(chown("theirs.d", 4711, 0), 0);
	assert_int_equal(chown("theirs", 4711, 0), 0);
	assert_int_equal(chmod("theirs", 0644), 0);
	assert_int_equal(as_nobody(read_as_nobody), 0);
}

static void what_root_writes_belongs_to_the_directory(void **state)
{
	struct trouble t;
	struct stat st;
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(chown("d", 4711, 4712), 0);
	assert_int_equal(file_create("d/f", FILE_SECRET, SLICE("abc"), &t), FILE_DONE);
	assert_int_equal(stat("d/f", &st), 0);
	assert_int_equal(st.st_uid, 4711);
	assert_int_equal(st.st_gid, 4712);
}

static void a_file_is_created_once(void **state)
{
	struct trouble t = {""};
	mode_t mask = umask(0077);
	(void)state;
	assert_int_equal(file_create("a", FILE_SECRET, SLICE("one"), &t), FILE_DONE);
	assert_int_equal(file_create("a", FILE_SECRET, SLICE("two"), &t), FILE_TAKEN);
	has("a", 0600, "one");
	assert_true(file_replace("a", FILE_PUBLIC, SLICE("two"), &t));
	has("a", 0644, "two");
	umask(0);
	assert_int_equal(file_create("b", FILE_SECRET, SLICE(""), &t), FILE_DONE);
	has("b", 0600, "");
	umask(mask);
	assert_string_equal(t.text, "");
	assert_int_equal(access("a.new", F_OK), -1);
}

static void what_a_kill_left_behind_is_no_hindrance(void **state)
{
	struct trouble t;
	(void)state;
	put("elsewhere", 0600, "keep");
	put("a.new", 0666, "half");
	assert_int_equal(symlink("elsewhere", "b.new"), 0);
	assert_int_equal(file_create("a", FILE_SECRET, SLICE("one"), &t), FILE_DONE);
	assert_int_equal(file_create("b", FILE_SECRET, SLICE("one"), &t), FILE_DONE);
	has("a", 0600, "one");
	has("b", 0600, "one");
	has("elsewhere", 0600, "keep");
}

static void only_plain_files_are_replaced(void **state)
{
	static const char *const paths[] = {"pipe", "directory", "link", "/dev/null"};
	struct trouble t;
	(void)state;
	put("elsewhere", 0600, "keep");
	assert_int_equal(symlink("elsewhere", "link"), 0);
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	for (size_t i = 0; i < COUNT(paths); i++) {
		bool replaced = file_replace(paths[i], FILE_PUBLIC, SLICE("new"), &t);
		ROW_CHECK(paths[i], !replaced, "replaced");
		ROW_CHECK(paths[i], strstr(t.text, "not a plain file"), "%s", t.text);
	}
	has("elsewhere", 0600, "keep");
}

static void what_cannot_be_written_is_said(void **state)
{
	char path[5000];
	struct trouble t;
	(void)state;
	assert_int_equal(file_create("no/such/place", FILE_SECRET, SLICE("x"), &t), FILE_FAILED);
	assert_string_equal(t.text, "cannot write no/such/place: No such file or directory");
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_false(file_replace(path, FILE_PUBLIC, SLICE("x"), &t));
	assert_non_null(strstr(t.text, "path is too long: "));
	assert_false(file_make_directory(path, &t));
	assert_non_null(strstr(t.text, "too long"));
	assert_false(file_make_directory("", &t));
	/* A directory is in the way of what is written first. */
	assert_int_equal(mkdir("a.new", 0700), 0);
	assert_false(file_replace("a", FILE_PUBLIC, SLICE("x"), &t));
	assert_int_equal(access("a", F_OK), -1);
}

static void directories_are_made_and_judged(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
		enum file_end end;
	} rows[] = {
		{"open", 0777, FILE_FAILED},
		{"sticky", 01777, FILE_FAILED},
		{"group", 0775, FILE_FAILED},
		{"readable", 0755, FILE_DONE},
		{"closed", 0700, FILE_DONE},
	};
	struct trouble t = {""};
	struct stat st;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(mkdir(rows[i].path, 0700), 0);
		assert_int_equal(chmod(rows[i].path, rows[i].mode), 0);
		enum file_end end = file_judge_directory(rows[i].path, &t);
		ROW_CHECK(rows[i].path, end == rows[i].end, "%d", end);
		ROW_CHECK(rows[i].path, file_make_directory(rows[i].path, &t) == (end == FILE_DONE),
			"%s", t.text);
	}
	assert_int_equal(file_judge_directory("absent", &t), FILE_ABSENT);
	put("file", 0600, "");
	assert_int_equal(file_judge_directory("file", &t), FILE_FAILED);
	assert_int_equal(file_judge_directory("file/x", &t), FILE_FAILED);
	assert_false(file_make_directory("file/x", &t));
	assert_true(file_make_directory("one/two/three", &t));
	assert_int_equal(stat("one", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat("one/two/three", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
}

static void one_process_waits_for_another(void **state)
{
	const struct timespec held = {.tv_nsec = 100000000};
	struct timespec before, after;
	struct trouble t;
	int ready[2];
	char byte;
	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		if (file_lock(".", &t) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		nanosleep(&held, NULL);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	int lock = file_lock(".", &t);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(lock >= 0);
	assert_true(
		(after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >
		50);
	close(lock);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(file_lock("absent", &t), -1);
	assert_string_equal(t.text, "absent: No such file or directory");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(what_may_be_read),
		IN_DIRECTORY(files_of_others_are_not_trusted),
		IN_DIRECTORY(what_root_writes_belongs_to_the_directory),
		IN_DIRECTORY(a_file_is_created_once),
		IN_DIRECTORY(what_a_kill_left_behind_is_no_hindrance),
		IN_DIRECTORY(only_plain_files_are_replaced),
		IN_DIRECTORY(what_cannot_be_written_is_said),
		IN_DIRECTORY(directories_are_made_and_judged),
		IN_DIRECTORY(one_process_waits_for_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
