/* SPDX-License-Identifier: Apache-2.0 */
/* The file of tokens: what it may say, who may read it, how it comes to be; and whose a token is. */
#include "control/token.h"
#include "tests/unit/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_A  "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* of "a" */
#define HASH_B  "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" /* of "b" */
#define HASH_0  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* of nothing */
#define NAME_63 "n12345678901234567890123456789012345678901234567890123456789012"

static void reads_lines(void **state)
{
	static const struct row {
		const char *name, *content;
		size_t count; /* 0: refused */
		const char *where; /* how the sentence begins */
	} rows[] = {
		{"one", "ann admin " HASH_A "\n", 1, ""},
		{"no newline at the end", "ann admin " HASH_A, 1, ""},
		{"two, comment, empty line",
			"# x\n\nann viewer " HASH_A "\nbob approver " HASH_B "\n", 2, ""},
		{"one token under two names", "ann viewer " HASH_A "\nbob viewer " HASH_A "\n", 2,
			""},
		{"digits in capitals",
			"ann admin CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB\n",
			1, ""},
		{"longest name", NAME_63 " admin " HASH_A "\n", 1, ""},
		{"name too long", NAME_63 "x admin " HASH_A "\n", 0, "F:1: expected NAME"},
		{"all kinds of bytes in a name", "a.B_c@d-9 admin " HASH_A "\n", 1, ""},
		{"nothing", "", 0, "F:1: there is no token"},
		{"comments only", "# x\n#y\n", 0, "F:2: there is no token"},
		{"same name", "ann admin " HASH_A "\nann viewer " HASH_B "\n", 0, "F:2: this name"},
		{"empty token", "# x\nann admin " HASH_0 "\n", 0,
			"F:2: this is the hash of an empty"},
		{"no name", " admin " HASH_A "\n", 0, "F:1: expected NAME"},
		{"name with a colon", "a:b admin " HASH_A "\n", 0, "F:1: expected NAME"},
		{"name with UTF-8", "\xc3\xa4 admin " HASH_A "\n", 0, "F:1: expected NAME"},
		{"name kept for the reviewer", "reviewer admin " HASH_A "\n", 0,
			"F:1: this name is kept"},
		{"name kept for us", "Sallyport admin " HASH_A "\n", 0, "F:1: this name is kept"},
		{"unknown role", "ann root " HASH_A "\n", 0, "F:1: the role"},
		{"role of nobody", "ann nobody " HASH_A "\n", 0, "F:1: the role"},
		{"no role", "ann\n", 0, "F:1: the role"},
		{"no hash", "ann admin\n", 0, "F:1: expected the SHA-256"},
		{"short hash", "ann admin ca97\n", 0, "F:1: expected the SHA-256"},
		{"odd digit",
			"ann admin ga978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n",
			0, "F:1: expected the SHA-256"},
		{"two spaces", "ann  admin " HASH_A "\n", 0, "F:1: the role"},
		{"something behind", "ann admin " HASH_A " x\n", 0, "F:1: expected the SHA-256"},
		{"space behind", "ann admin " HASH_A " \n", 0, "F:1: expected the SHA-256"},
		{"carriage return", "ann admin " HASH_A "\r\n", 0, "F:1: expected the SHA-256"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		static struct tokens t;
		char error[256] = "";
		t.count = 99;
		bool good = tokens_parse(slice_of(row->content), "F", &t, error, sizeof(error));
		ROW_CHECK(row->name, good == (row->count > 0), "%s", error);
		ROW_CHECK(row->name, t.count == (good ? row->count : 99), "%zu", t.count);
		ROW_CHECK(row->name, strncmp(error, row->where, strlen(row->where)) == 0, "%s",
			error);
	}
}

static void bounds_the_number(void **state)
{
	static char content[(LIMIT_TOKENS + 1) * 96];
	static struct tokens t;
	char error[256] = "";
	int len = 0;

	(void)state;
	for (int i = 0; i < LIMIT_TOKENS; i++)
		len += sprintf(content + len, "n%d viewer " HASH_A "\n", i);
	assert_true(tokens_parse(slice_of(content), "F", &t, error, sizeof(error)));
	assert_int_equal(t.count, LIMIT_TOKENS);
	sprintf(content + len, "more viewer " HASH_A "\n");
	assert_false(tokens_parse(slice_of(content), "F", &t, error, sizeof(error)));
	assert_string_equal(error, "F:257: too many tokens");
}

static void knows_whose_a_token_is(void **state)
{
	static struct tokens t;
	static char large[TOKEN_BYTES_MAX + 1];
	char error[256], text[SEAL_TEXT_SIZE], content[256];
	struct seal seal;

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_true(seal_of(slice_from(large, TOKEN_BYTES_MAX), &seal));
	seal_format(&seal, text);
	sprintf(content, "ann admin " HASH_A "\nbob viewer " HASH_B "\nlong approver %s\n", text);
	assert_true(tokens_parse(slice_of(content), "F", &t, error, sizeof(error)));
	assert_string_equal(tokens_find(&t, SLICE("a"))->name, "ann");
	assert_string_equal(tokens_find(&t, SLICE("b"))->name, "bob");
	assert_int_equal(tokens_find(&t, SLICE("b"))->role, ROLE_VIEWER);
	assert_string_equal(tokens_find(&t, slice_from(large, TOKEN_BYTES_MAX))->name, "long");
	assert_null(tokens_find(&t, slice_from(large, TOKEN_BYTES_MAX + 1)));
	assert_null(tokens_find(&t, SLICE("")));
	assert_null(tokens_find(&t, SLICE("A")));
	assert_null(tokens_find(&t, SLICE("a ")));
	assert_null(tokens_find(&t, SLICE("a\0")));
	/* Not the hash in place of the token. */
	assert_null(tokens_find(&t, SLICE(HASH_A)));
	assert_ptr_equal(tokens_named(&t, SLICE("bob")), &t.list[1]);
	assert_null(tokens_named(&t, SLICE("bo")));
}

/* ---- files -------------------------------------------------------------------------------- */

static char directory[64];
static char error[512];
static struct tokens loaded;

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/tokens.XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int drop_directory(void **state)
{
	static const char *const names[] = {
		"tokens", "admin.token", "tokens.new", "admin.token.new", "elsewhere"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(path_of(names[i]));
	return rmdir(directory);
}

static void put(const char *name, const char *content, mode_t mode)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t get(const char *name, char *ret_text, size_t size)
{
	int fd = open(path_of(name), O_RDONLY);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	ssize_t len = read(fd, ret_text, size - 1);
	assert_true(len >= 0);
	ret_text[len] = '\0';
	close(fd);
	return (size_t)len;
}

static bool load(void)
{
	error[0] = '\0';
	return tokens_load(directory, &loaded, error, sizeof(error));
}

static void first_start_makes_an_admin(void **state)
{
	char secret[256];

	(void)state;
	umask(0);
	assert_true(load());
	assert_int_equal(loaded.count, 1);
	assert_int_equal(get("admin.token", secret, sizeof(secret)), 65);
	const struct token *token = tokens_find(&loaded, slice_from(secret, 64));
	assert_non_null(token);
	assert_string_equal(token->name, "admin");
	assert_int_equal(token->role, ROLE_ADMIN);
	/* The second start finds the same. */
	assert_true(load());
	assert_non_null(tokens_find(&loaded, slice_from(secret, 64)));
	/* Killed between the two files, with a half-written one beside them. */
	assert_int_equal(unlink(path_of("tokens")), 0);
	put("tokens.new", "half", 0600);
	assert_true(load());
	assert_non_null(tokens_find(&loaded, slice_from(secret, 64)));
	/* A file is never replaced by a new first token. */
	assert_int_equal(unlink(path_of("admin.token")), 0);
	assert_true(load());
	assert_non_null(tokens_find(&loaded, slice_from(secret, 64)));
	assert_int_equal(access(path_of("admin.token"), F_OK), -1);
}

static void refuses_files_of_others(void **state)
{
	static const struct row {
		const char *name;
		mode_t mode;
		bool good;
	} rows[] = {
		{"ours", 0600, true},
		{"read only", 0400, true},
		{"group reads", 0640, false},
		{"group writes", 0620, false},
		{"others read", 0604, false},
		{"others run", 0601, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		put("tokens", "ann admin " HASH_A "\n", rows[i].mode);
		ROW_CHECK(rows[i].name, load() == rows[i].good, "%s", error);
		if (!rows[i].good)
			ROW_CHECK(rows[i].name, strstr(error, "/tokens: other users may"), "%s",
				error);
		assert_int_equal(unlink(path_of("tokens")), 0);
	}
	put("elsewhere", "ann admin " HASH_A "\n", 0600);
	assert_int_equal(symlink("elsewhere", path_of("tokens")), 0);
	assert_false(load());
	assert_int_equal(unlink(path_of("tokens")), 0);
	assert_int_equal(mkfifo(path_of("tokens"), 0600), 0);
	assert_false(load());
	assert_non_null(strstr(error, "not a plain file"));
}

static void refuses_an_empty_token(void **state)
{
	(void)state;
	put("tokens", "", 0600);
	assert_false(load());
	assert_non_null(strstr(error, "/tokens:1: there is no token"));
	assert_int_equal(unlink(path_of("tokens")), 0);
	put("admin.token", "\n", 0600);
	assert_false(load());
	assert_non_null(strstr(error, "/admin.token: not a token of ours"));
	put("admin.token", HASH_A " \n", 0600);
	assert_false(load());
	put("admin.token", HASH_A "\n", 0644);
	assert_false(load());
	assert_non_null(strstr(error, "/admin.token: other users"));
	assert_int_equal(access(path_of("tokens"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(bounds_the_number),
		cmocka_unit_test(knows_whose_a_token_is),
		cmocka_unit_test_setup_teardown(
			first_start_makes_an_admin, make_directory, drop_directory),
		cmocka_unit_test_setup_teardown(
			refuses_files_of_others, make_directory, drop_directory),
		cmocka_unit_test_setup_teardown(
			refuses_an_empty_token, make_directory, drop_directory),
	};

	return cmocka_run_group_tests_name("control_token", tests, NULL, NULL);
}
