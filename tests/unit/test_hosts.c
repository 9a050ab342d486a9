/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/hosts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 1000 }; /* how often the file is looked at, at most */

static char path[] = "/tmp/sallyport-hosts.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	close(mkstemp(path));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

/* Each text gets a modification time of its own, as if written a second after the last. */
static void write_text(const char *text)
{
	static time_t second = 1000;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	struct timespec times[2] = {{second, 0}, {second, 0}};
	second++;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The addresses with blanks between them. */
static const char *found(struct hosts *h, const char *host, uint64_t now_ms)
{
	static char text[LIMIT_ADDRESSES * ADDRESS_TEXT_SIZE];
	struct address addresses[LIMIT_ADDRESSES];
	size_t len = 0;

	text[0] = '\0';
	size_t count = hosts_find(h, slice_of(host), now_ms, addresses);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text[len++] = ' ';
		len += address_format(&addresses[i], text + len);
	}
	return text;
}

static void each_line_has_its_names(void **state)
{
	static const struct {
		const char *name, *text, *host, *found;
	} rows[] = {
		{"one", "192.0.2.1 a.test\n", "a.test", "192.0.2.1"},
		{"no line end", "192.0.2.1 a.test", "a.test", "192.0.2.1"},
		{"line ends of other systems", "192.0.2.1 a.test\r\n192.0.2.2 b.test\r\n", "a.test",
			"192.0.2.1"},
		{"blanks before, between, behind", " \t192.0.2.1\t \ta.test \n", "a.test",
			"192.0.2.1"},
		{"second name", "192.0.2.1 b.test a.test", "a.test", "192.0.2.1"},
		{"capitals and a dot at the end", "192.0.2.1 A.Test.", "a.test", "192.0.2.1"},
		{"name behind a comment", "192.0.2.1 b.test # a.test", "a.test", ""},
		{"comment without a blank", "192.0.2.1 a.test#b", "a.test", "192.0.2.1"},
		{"line that is a comment", "#192.0.2.1 a.test", "a.test", ""},
		{"both families", "192.0.2.1 a.test\n2001:db8::1 a.test", "a.test",
			"192.0.2.1 2001:db8::1"},
		{"zone", "fe80::1%eth0 a.test", "a.test", ""},
		{"no address", "a.test 192.0.2.1", "a.test", ""},
		{"odd address", "127.1 a.test", "a.test", ""},
		{"a name above", "192.0.2.1 test", "a.test", ""},
		{"localhost is not the file's", "192.0.2.1 localhost", "localhost",
			"127.0.0.1 ::1"},
		{"nor are names below it", "192.0.2.1 a.localhost", "a.localhost", "127.0.0.1 ::1"},
		{"a name that ends like it", "192.0.2.1 notlocalhost", "notlocalhost", "192.0.2.1"},
		{"an address stands for itself", "192.0.2.1 192.0.2.2", "192.0.2.2", "192.0.2.2"},
		{"IPv6 too", "", "2001:db8::1", "2001:db8::1"},
		{"16 addresses and more",
			"192.0.2.1 a.test\n192.0.2.2 a.test\n192.0.2.3 a.test\n192.0.2.4 a.test\n"
			"192.0.2.5 a.test\n192.0.2.6 a.test\n192.0.2.7 a.test\n192.0.2.8 a.test\n"
			"192.0.2.9 a.test\n192.0.2.10 a.test\n192.0.2.11 a.test\n192.0.2.12 "
			"a.test\n192.0.2.13 a.test\n192.0.2.14 a.test\n192.0.2.15 a.test\n"
			"192.0.2.16 a.test\n192.0.2.17 a.test\n192.0.2.18 a.test\n",
			"a.test",
			"192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
			"192.0.2.8 192.0.2.9 192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 "
			"192.0.2.14 192.0.2.15 192.0.2.16"},
		{"empty", "", "a.test", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_text(rows[i].text);
		struct hosts *h = hosts_new(path);
		assert_non_null(h);
		const char *text = found(h, rows[i].host, 0);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].found) == 0, "\"%s\"", text);
		hosts_free(h);
	}
}

static void a_change_is_seen_within_a_second(void **state)
{
	(void)state;
	write_text("192.0.2.1 a.test");
	struct hosts *h = hosts_new(path);
	assert_string_equal(found(h, "a.test", 5000), "192.0.2.1");
	write_text("192.0.2.2 a.test");
	assert_string_equal(found(h, "a.test", 5000 + LOOK_MS - 1), "192.0.2.1");
	assert_string_equal(found(h, "a.test", 5000 + LOOK_MS), "192.0.2.2");
	unlink(path);
	assert_string_equal(found(h, "a.test", 5000 + 2 * LOOK_MS), "");
	write_text("192.0.2.3 a.test");
	assert_string_equal(found(h, "a.test", 5000 + 3 * LOOK_MS), "192.0.2.3");
	hosts_free(h);
}

static void what_cannot_be_read_is_empty(void **state)
{
	(void)state;
	struct hosts *h = hosts_new("/nowhere/hosts");
	assert_string_equal(found(h, "a.test", 0), "");
	hosts_free(h);
	h = hosts_new("/tmp");
	assert_string_equal(found(h, "a.test", 0), "");
	hosts_free(h);
	hosts_free(NULL);
}

static void a_large_file_is_not_read(void **state)
{
	static const struct {
		const char *name;
		off_t size;
		const char *found;
	} rows[] = {
		{"as large as may be", LIMIT_HOSTS_BYTES, "192.0.2.1"},
		{"one byte more", LIMIT_HOSTS_BYTES + 1, ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_text("192.0.2.1 a.test\n");
		assert_int_equal(truncate(path, rows[i].size), 0);
		struct hosts *h = hosts_new(path);
		const char *text = found(h, "a.test", 0);
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].found) == 0, "\"%s\"", text);
		hosts_free(h);
	}
}

static void names_are_bounded(void **state)
{
	char host[32];
	(void)state;
	FILE *file = fopen(path, "w");
	for (int i = 0; i <= LIMIT_HOSTS_NAMES; i++)
		fprintf(file, "192.0.2.%d h%d\n", i % 256, i);
	fclose(file);
	struct hosts *h = hosts_new(path);
	assert_string_equal(found(h, "h77777", 0), "192.0.2.209");
	snprintf(host, sizeof(host), "h%d", LIMIT_HOSTS_NAMES - 1);
	assert_string_not_equal(found(h, host, 0), "");
	snprintf(host, sizeof(host), "h%d", LIMIT_HOSTS_NAMES);
	assert_string_equal(found(h, host, 0), "");
	hosts_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_names),
		cmocka_unit_test(a_change_is_seen_within_a_second),
		cmocka_unit_test(what_cannot_be_read_is_empty),
		cmocka_unit_test(a_large_file_is_not_read),
		cmocka_unit_test(names_are_bounded),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
