/* SPDX-License-Identifier: Apache-2.0 */
/* Where the control endpoint may listen, and what may be in the way. */
#include "control/entrance.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static uv_loop_t loop;
static char directory[64], path[96], error[512];

static int start(void **state)
{
	(void)state;
	error[0] = '\0';
	strcpy(directory, "/tmp/entrance.XXXXXX");
	if (!mkdtemp(directory) || uv_loop_init(&loop) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/s", directory);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	uv_run(&loop, UV_RUN_DEFAULT);
	unlink(path);
	return uv_loop_close(&loop) != 0 || rmdir(directory) != 0;
}

static struct entrance *open_path(const char *text)
{
	struct listen_at at = {.path = (char *)(uintptr_t)text};

	return entrance_open(&loop, &at, error, sizeof(error));
}

static struct entrance *open_tcp(struct endpoint e)
{
	struct listen_at at = {.at = e};

	return entrance_open(&loop, &at, error, sizeof(error));
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0 ? st.st_mode : 0;
}

static void a_socket_is_ours_alone(void **state)
{
	struct entrance *e;

	(void)state;
	umask(0);
	e = open_path(path);
	assert_non_null(e);
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	assert_true(e->site.local);
	/* A second one is told that the first lives. */
	assert_null(open_path(path));
	assert_non_null(strstr(error, "another process listens there"));
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	entrance_close(e, NULL);
	assert_int_equal(mode_of(path), 0);
}

static int bind_to(const char *name, bool listens)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", name);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	if (listens)
		assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void what_the_dead_left_is_replaced(void **state)
{
	struct entrance *e;

	(void)state;
	close(bind_to(path, true));
	e = open_path(path);
	assert_non_null(e);
	/* What somebody put there since is not ours to remove. */
	assert_int_equal(unlink(path), 0);
	int fd = bind_to(path, true);
	entrance_close(e, NULL);
	assert_int_equal(mode_of(path) & S_IFMT, S_IFSOCK);
	close(fd);
}

static void other_files_stay(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	assert_non_null(file);
	fputs("precious", file);
	fclose(file);
	assert_null(open_path(path));
	assert_non_null(strstr(error, "a file that is not a socket"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp/nowhere", path), 0);
	assert_null(open_path(path));
	assert_int_equal(mode_of(path) & S_IFMT, S_IFLNK);
}

static void the_directory_is_safe(void **state)
{
	static const struct row {
		const char *name;
		mode_t mode;
		bool good;
	} rows[] = {
		{"ours", 0700, true},
		{"others look", 0755, true},
		{"group writes", 0770, false},
		{"all write", 0777, false},
		{"all write, sticky", 01777, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(chmod(directory, rows[i].mode), 0);
		struct entrance *e = open_path(path);
		ROW_CHECK(rows[i].name, (e != NULL) == rows[i].good, "%s", error);
		if (e)
			entrance_close(e, NULL);
	}
	/* A level that is missing is made, two are not. */
	char deep[128], deeper[128];
	snprintf(deep, sizeof(deep), "%s/a/s", directory);
	snprintf(deeper, sizeof(deeper), "%s/b/c/s", directory);
	struct entrance *e = open_path(deep);
	assert_non_null(e);
	entrance_close(e, NULL);
	assert_null(open_path(deeper));
	snprintf(deep, sizeof(deep), "%s/a", directory);
	assert_int_equal(mode_of(deep), S_IFDIR | 0700);
	assert_int_equal(rmdir(deep), 0);
}

static void the_path_fits(void **state)
{
	char text[LIMIT_SOCKET_PATH + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, directory, strlen(directory));
	text[strlen(directory)] = '/';
	text[LIMIT_SOCKET_PATH] = '\0';
	struct entrance *e = open_path(text);
	assert_non_null(e);
	entrance_close(e, NULL);
	text[LIMIT_SOCKET_PATH] = 'x';
	text[LIMIT_SOCKET_PATH + 1] = '\0';
	assert_null(open_path(text));
	assert_non_null(strstr(error, "too long"));
}

static void tcp_stays_on_this_machine(void **state)
{
	static const struct row {
		const char *address;
		bool good;
	} rows[] = {
		{"127.0.0.1", true},
		{"127.255.255.254", true},
		{"::1", true},
		{"0.0.0.0", false},
		{"128.0.0.1", false},
		{"126.255.255.255", false},
		{"192.168.0.1", false},
		{"::", false},
		{"::2", false},
		{"fe80::1", false},
		{"::ffff:127.0.0.1", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct endpoint at = {.port = 0};
		if (!address_parse_ipv4(slice_of(rows[i].address), &at.address))
			assert_true(address_parse_ipv6(slice_of(rows[i].address), &at.address));
		struct entrance *e = open_tcp(at);
		/* A machine may be without IPv6. */
		if (!e && rows[i].good && at.address.family == 6)
			continue;
		ROW_CHECK(rows[i].address, (e != NULL) == rows[i].good, "%s", error);
		if (!e) {
			ROW_CHECK(rows[i].address, strstr(error, "loopback"), "%s", error);
			continue;
		}
		assert_int_not_equal(e->site.at.port, 0);
		/* The port is taken. */
		assert_null(open_tcp(e->site.at));
		assert_non_null(strstr(error, "address already in use"));
		entrance_close(e, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_socket_is_ours_alone, start, stop),
		cmocka_unit_test_setup_teardown(what_the_dead_left_is_replaced, start, stop),
		cmocka_unit_test_setup_teardown(other_files_stay, start, stop),
		cmocka_unit_test_setup_teardown(the_directory_is_safe, start, stop),
		cmocka_unit_test_setup_teardown(the_path_fits, start, stop),
		cmocka_unit_test_setup_teardown(tcp_stays_on_this_machine, start, stop),
	};

	return cmocka_run_group_tests_name("control_entrance", tests, NULL, NULL);
}
