/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/configs.h"

#include "policy/list_file.h"

#include <stdlib.h>
#include <unistd.h>

static void lines_are_patterns_or_hosts(void **state)
{
	static const struct {
		const char *name, *bytes;
		uint32_t count;
		const char *fault; /* how it begins; NULL for a good file */
	} rows[] = {
		{"empty", "", 0, NULL},
		{"blank lines", "\n\n  \n\t\n", 0, NULL},
		{"a pattern", "bad.example", 1, NULL},
		{"patterns", "bad.example\n*.worse.example\n", 2, NULL},
		{"CR before LF", "bad.example\r\n\r\nworse.example\r\n", 2, NULL},
		{"byte order mark",
			"\xef\xbb\xbf"
			"bad.example\n",
			1, NULL},
		{"comments", "# all\nbad.example # why\n#\nworse.example#\n", 2, NULL},
		{"white space around", "  bad.example\t\n", 1, NULL},
		{"hosts", "0.0.0.0 bad.example\n127.0.0.1\tworse.example\n", 2, NULL},
		{"hosts with several names", "0.0.0.0 a.example b.example # c\n", 2, NULL},
		{"hosts in IPv6", ":: bad.example\n", 1, NULL},
		{"what hosts files begin with",
			"127.0.0.1 localhost\n127.0.0.1 localhost.localdomain\n127.0.0.1 local\n"
			"255.255.255.255 broadcasthost\n::1 localhost\n::1 ip6-loopback\n"
			"fe80::1%lo0 localhost\nff02::1 ip6-allnodes\n0.0.0.0 0.0.0.0\n",
			0, NULL},
		{"localhost by itself is an entry", "localhost\n", 1, NULL},
		{"an address by itself is an entry", "192.0.2.7\n", 1, NULL},
		{"the same twice", "bad.example\nbad.example\n", 2, NULL},
		{"no newline at the end", "a.example\nb.example", 2, NULL},
		{"malformed in the second line", "a.example\n  b..example\n", 1, "list:2:3: "},
		{"malformed in a hosts line", "0.0.0.0 a.example b..example\n", 1, "list:1:19: "},
		{"two patterns in a line", "a.example b.example\n", 0,
			"list:1:11: more than one pattern in a line"},
		{"of another kind of list", "||a.example^\n", 0, "list:1:1: "},
		{"a star denies everything", "*\n", 0, "list:1:1: \"*\""},
		{"control byte", "a\x1b.example\n", 0, "list:1:1: \"a\\x1b.example\""},
	};
	char text[1024];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy_builder *b = policy_builder_new();
		struct entry like = {.list = LIST_DENY, .file = SLICE("list")};
		struct fault fault = {.line = 0};
		uint32_t count;
		bool ok = list_file_add(b, &like, slice_of(rows[i].bytes), &count, &fault);
		policy_builder_free(b);
		ROW_CHECK(rows[i].name, count == rows[i].count, "count=%u", count);
		ROW_CHECK(rows[i].name, ok == !rows[i].fault, "ok=%d %s", ok, fault.text);
		if (ok)
			continue;
		fault_format(&fault, text, sizeof(text));
		ROW_CHECK(rows[i].name, strncmp(text, rows[i].fault, strlen(rows[i].fault)) == 0,
			"%s", text);
	}
}

static void nul_ends_no_line_early(void **state)
{
	static const char bytes[] = "a.example\0.evil.test\n";
	struct policy_builder *b = policy_builder_new();
	struct entry like = {.list = LIST_ALLOW, .file = SLICE("list")};
	struct fault fault;
	uint32_t count;
	(void)state;
	assert_false(list_file_add(b, &like, slice_from(bytes, sizeof(bytes) - 1), &count, &fault));
	assert_non_null(strstr(fault.text, "a.example\\x00.evil.test"));
	policy_builder_free(b);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Loads DIRECTORY/c.toml, and says what a reload after rewriting the list changed. */
static void files_are_found_beside_the_one_that_names_them(void **state)
{
	char directory[] = "/tmp/sallyport-test-XXXXXX", path[512], expected[256], text[512];
	struct config_sources sources = {.config_file = path};
	struct fault fault;
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/c.toml", directory);
	write_file(directory, "c.toml",
		"allowed_domains_files = [\"allow.txt\"]\ndenied_domains_files = "
		"[\"./deny.txt\"]\notel.log = \"log/e.jsonl\"\n");
	write_file(directory, "allow.txt", "*.example\n");
	write_file(directory, "deny.txt", "0.0.0.0 bad.example\n");
	struct config *c = config_load(&sources, NULL, NULL, &fault);
	assert_non_null(c);
	assert_string_equal(judged(c, "good.example:443"), "allowed");
	assert_string_equal(judged(c, "bad.example:443"), "denied");
	snprintf(expected, sizeof(expected), "%s/log/e.jsonl", directory);
	assert_string_equal(c->log, expected);
	snprintf(expected, sizeof(expected), "%s/./deny.txt", directory);
	assert_string_equal(config_files(c)[0], path);
	assert_string_equal(config_files(c)[2], expected);
	assert_null(config_files(c)[3]);

	write_file(directory, "deny.txt", "0.0.0.0 bad.example\nworse.example\n");
	struct config *after = config_load(&sources, NULL, NULL, &fault);
	assert_non_null(after);
	config_difference(c, after, text, sizeof(text));
	snprintf(path, sizeof(path), "denied files: changed %s", expected);
	assert_string_equal(text, path);
	config_free(after);

	snprintf(path, sizeof(path), "%s/c.toml", directory);
	write_file(directory, "deny.txt", "worse.example\nbad..example\n");
	assert_null(config_load(&sources, NULL, NULL, &fault));
	assert_string_equal(fault.file, expected);
	assert_int_equal(fault.line, 2);
	config_free(c);
	for (const char *const *name =
			(const char *const[]){"c.toml", "allow.txt", "deny.txt", NULL};
		*name; name++) {
		snprintf(path, sizeof(path), "%s/%s", directory, *name);
		unlink(path);
	}
	rmdir(directory);
}

/* `file` and `optional` are the sources' for the file under test. */
static void optional_file(struct config_sources *sources, const char **file, bool *optional)
{
	char directory[] = "/tmp/sallyport-test-XXXXXX", path[512];
	struct fault fault;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/r.toml", directory);
	*file = path;
	*optional = true;
	struct config *c = config_load(sources, NULL, NULL, &fault);
	assert_non_null(c);
	assert_int_equal(c->mode, MODE_FULL);
	assert_string_equal(config_files(c)[0], path);
	config_free(c);

	write_file(directory, "r.toml", "mode = \"limited\"\n");
	c = config_load(sources, NULL, NULL, &fault);
	assert_non_null(c);
	assert_int_equal(c->mode, MODE_LIMITED);
	config_free(c);

	write_file(directory, "r.toml", "mode = \"limitd\"\n");
	assert_null(config_load(sources, NULL, NULL, &fault));
	unlink(path);
	*optional = false;
	assert_null(config_load(sources, NULL, NULL, &fault));
	assert_non_null(strstr(fault.text, "No such file"));
	rmdir(directory);
}

static void an_optional_file_counts_once_it_is_there(void **state)
{
	struct config_sources config = {0}, requirements = {0};
	(void)state;
	optional_file(&config, &config.config_file, &config.config_optional);
	optional_file(&requirements, &requirements.requirements_file,
		&requirements.requirements_optional);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_patterns_or_hosts),
		cmocka_unit_test(nul_ends_no_line_early),
		cmocka_unit_test(files_are_found_beside_the_one_that_names_them),
		cmocka_unit_test(an_optional_file_counts_once_it_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
