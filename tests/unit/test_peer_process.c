/* SPDX-License-Identifier: Apache-2.0 */
/* Real connections of real processes: the clients are this program again, with arguments. */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "proxy/peer_process.h"
#include "proxy/socket_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the client ---------------------------------------------------------------------------- */

/* test_peer_process client HOST PORT …: connects and stays. */
static int be_client(char **argv)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[3]))};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six.sin6_port};
	bool is_four = inet_pton(AF_INET, argv[2], &four.sin_addr) == 1;
	int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM, 0);

	/* It does not outlive a test that failed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	inet_pton(AF_INET6, argv[2], &six.sin6_addr);
	if (connect(fd, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    is_four ? sizeof(four) : sizeof(six)) != 0)
		return 1;
	for (;;)
		pause();
}

/* ---- the server ---------------------------------------------------------------------------- */

struct meeting {
	int listener, accepted;
	pid_t child;
	struct endpoint client, local;
};

static struct endpoint end_of(int fd, int (*of)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct endpoint e;

	assert_int_equal(of(fd, (struct sockaddr *)&storage, &len), 0);
	e.address = address_from_sockaddr((struct sockaddr *)&storage, &e.port);
	return e;
}

static bool listen_on(struct meeting *m, bool six)
{
	struct address any = {.family = six ? 6 : 4};
	struct sockaddr_storage storage;

	if (six)
		any.bytes[15] = 1;
	else
		any = (struct address){4, {127, 0, 0, 1}};
	socklen_t len = address_to_sockaddr(&any, 0, &storage);
	m->listener = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return m->listener >= 0 && bind(m->listener, (struct sockaddr *)&storage, len) == 0 &&
	       listen(m->listener, 8) == 0;
}

/* False where the machine has no such address. */
static bool meet(struct meeting *m, const char *host)
{
	char port[8];

	*m = (struct meeting){.accepted = -1};
	if (!listen_on(m, strcmp(host, "::1") == 0)) {
		close(m->listener);
		return false;
	}
	snprintf(port, sizeof(port), "%u", end_of(m->listener, getsockname).port);
	m->child = fork();
	assert_true(m->child >= 0);
	if (m->child == 0) {
		execl("/proc/self/exe", "a client", "client", host, port, "--token", "secret",
			"https://me:secret@new.example/x", (char *)NULL);
		_exit(127);
	}
	m->accepted = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(m->accepted >= 0);
	m->client = end_of(m->accepted, getpeername);
	m->local = end_of(m->accepted, getsockname);
	return true;
}

static void end_child(struct meeting *m)
{
	kill(m->child, SIGKILL);
	assert_int_equal(waitpid(m->child, NULL, 0), m->child);
}

static void part(struct meeting *m)
{
	close(m->accepted);
	close(m->listener);
}

static const char *const hosts[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};

/* ---- tests --------------------------------------------------------------------------------- */

static void a_client_is_found_by_its_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct meeting m;
		struct peer_found found;
		char command[256];
		if (!meet(&m, hosts[i]))
			continue;
		peer_process_find(&m.client, &m.local, &found);
		end_child(&m);
		part(&m);
		ROW_CHECK(hosts[i], found.process_id == (uint32_t)m.child, "%u", found.process_id);
		ROW_CHECK(hosts[i], strcmp(found.process, "exe") == 0, "%s", found.process);
		snprintf(command, sizeof(command),
			"a client client %s %u --token *** https://***@new.example/x", hosts[i],
			m.local.port);
		ROW_CHECK(hosts[i], strcmp(found.command, command) == 0, "%s", found.command);
	}
}

/* The kernel's list has all connections of the machine, and changes while it is read: among very many a
 * search may give up, or miss one. */
static bool list_is_short(void)
{
	FILE *list = fopen("/proc/net/tcp", "re");
	unsigned lines = 0;
	int c;

	while (list && lines < LIMIT_PEER_SOCKETS / 16 && (c = getc(list)) != EOF)
		lines += c == '\n';
	if (list)
		fclose(list);
	return lines < LIMIT_PEER_SOCKETS / 16;
}

static void both_ways_find_the_same_socket(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct meeting m;
		struct socket_owner by_either = {0}, listed = {0};
		if (!meet(&m, hosts[i]))
			continue;
		bool found = socket_owner_find(&m.client, &m.local, &by_either);
		bool short_list = list_is_short();
		bool found_listed = socket_owner_find_listed(&m.client, &m.local, &listed);
		end_child(&m);
		part(&m);
		ROW_CHECK(hosts[i], found, "not found");
		if (!found_listed && !short_list)
			continue;
		ROW_CHECK(hosts[i], found_listed, "not listed");
		ROW_CHECK(hosts[i], by_either.inode == listed.inode, "%ju %ju",
			(uintmax_t)by_either.inode, (uintmax_t)listed.inode);
		ROW_CHECK(hosts[i], by_either.user == geteuid() && listed.user == geteuid(),
			"%u %u", by_either.user, listed.user);
	}
}

static void who_has_left_is_not_found(void **state)
{
	struct meeting m;
	struct peer_found found;
	struct socket_owner owner;
	(void)state;
	assert_true(meet(&m, "127.0.0.1"));
	end_child(&m);
	peer_process_find(&m.client, &m.local, &found);
	assert_int_equal(found.process_id, 0);
	assert_string_equal(found.process, "");
	assert_string_equal(found.command, "");
	/* Nor what never was: the ends the other way round, and of two families. */
	const struct endpoint six = {.address = {6, {[15] = 1}}, .port = m.client.port};
	assert_false(socket_owner_find(&m.client, &m.client, &owner));
	assert_false(socket_owner_find(&six, &m.local, &owner));
	part(&m);
}

struct seen {
	int count;
	struct peer_found found;
};

static void on_found(void *owner, const struct peer_found *found)
{
	struct seen *seen = owner;

	seen->count++;
	seen->found = *found;
}

static void a_search_tells_once_unless_cancelled(void **state)
{
	struct meeting m;
	struct seen told = {0}, cancelled = {0};
	uv_loop_t loop;
	(void)state;
	assert_true(meet(&m, "127.0.0.1"));
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_non_null(peer_process_start(&loop, &m.client, &m.local, on_found, &told));
	peer_process_cancel(peer_process_start(&loop, &m.client, &m.local, on_found, &cancelled));
	peer_process_cancel(NULL);
	assert_int_equal(told.count, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	end_child(&m);
	part(&m);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.found.process_id, m.child);
	assert_int_equal(cancelled.count, 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void searches_have_a_bound_and_are_for_local_clients(void **state)
{
	const struct endpoint distant = {.address = {4, {192, 0, 2, 7}}, .port = 1};
	const struct endpoint local = {.address = {4, {127, 0, 0, 1}}, .port = 1};
	struct seen seen = {0};
	uv_loop_t loop;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_null(peer_process_start(&loop, &distant, &local, on_found, &seen));
	for (int i = 0; i < LIMIT_PEER_SEARCHES; i++)
		assert_non_null(peer_process_start(&loop, &local, &local, on_found, &seen));
	assert_null(peer_process_start(&loop, &local, &local, on_found, &seen));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(seen.count, LIMIT_PEER_SEARCHES);
	assert_int_equal(seen.found.process_id, 0);
	assert_non_null(peer_process_start(&loop, &local, &local, on_found, &seen));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_is_found_by_its_connection),
		cmocka_unit_test(both_ways_find_the_same_socket),
		cmocka_unit_test(who_has_left_is_not_found),
		cmocka_unit_test(a_search_tells_once_unless_cancelled),
		cmocka_unit_test(searches_have_a_bound_and_are_for_local_clients),
	};
	if (argc > 3 && strcmp(argv[1], "client") == 0)
		return be_client(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
