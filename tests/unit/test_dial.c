/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "proxy/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Listeners on several loopback addresses and one port, so that one dial can meet different fates
 * at different addresses. 127.0.0.9 is never listened on: it refuses. */
enum { SILENT_CLIENTS = 4 };

struct net {
	uv_loop_t loop;
	struct poller *poller;
	uint16_t port;
	int answering; /* 127.0.0.1 */
	int silent; /* 127.0.0.2: its queue is full, so that it answers nothing */
	int silent_clients[SILENT_CLIENTS];
	int answering6; /* ::1, or -1 where there is no IPv6 */
	int fds_before;
};

struct heard {
	uv_loop_t *loop;
	struct dialed result;
	int fd; /* of a success, else -1 */
	int count;
	uint64_t at_ms;
	struct dial *other; /* cancelled from inside the callback */
};

static int fds_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static struct address address_of(const char *text)
{
	struct address a = {0};

	if (!address_parse_ipv4(slice_of(text), &a))
		assert_true(address_parse_ipv6(slice_of(text), &a));
	return a;
}

static int listen_on(const char *text, uint16_t *port, int backlog)
{
	struct sockaddr_storage at;
	struct address a = address_of(text);
	socklen_t len = address_to_sockaddr(&a, *port, &at);

	int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) != 0) {
		close(fd);
		return -1;
	}
	if (fd < 0)
		return -1;
	assert_int_equal(listen(fd, backlog), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	address_from_sockaddr((struct sockaddr *)&at, port);
	return fd;
}

static int set_up(void **state)
{
	struct net *net = calloc(1, sizeof(*net));
	struct sockaddr_storage at;
	struct address silent = address_of("127.0.0.2");

	assert_int_equal(uv_loop_init(&net->loop), 0);
	net->poller = poller_new(&net->loop);
	assert_non_null(net->poller);
	net->answering = listen_on("127.0.0.1", &net->port, 64);
	net->silent = listen_on("127.0.0.2", &net->port, 0);
	net->answering6 = listen_on("::1", &net->port, 64);
	assert_true(net->answering >= 0 && net->silent >= 0);
	socklen_t len = address_to_sockaddr(&silent, net->port, &at);
	for (int i = 0; i < SILENT_CLIENTS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		net->silent_clients[i] = fd;
		(void)!connect(fd, (struct sockaddr *)&at, len);
	}
	net->fds_before = fds_open();
	*state = net;
	return 0;
}

static int tear_down(void **state)
{
	struct net *net = *state;

	poller_run(net->poller);
	/* libuv keeps its own descriptors; beyond these nothing may be left. */
	assert_int_equal(fds_open(), net->fds_before);
	poller_free(net->poller);
	assert_int_equal(uv_loop_close(&net->loop), 0);
	for (int i = 0; i < SILENT_CLIENTS; i++)
		close(net->silent_clients[i]);
	close(net->answering);
	close(net->silent);
	if (net->answering6 >= 0)
		close(net->answering6);
	free(net);
	return 0;
}

static void on_nothing(struct wire *w, void *owner)
{
	(void)w;
	(void)owner;
}

static void on_dialed(void *owner, const struct dialed *result)
{
	struct heard *heard = owner;

	heard->result = *result;
	heard->fd = -1;
	if (result->wire)
		heard->fd = wire_release(dial_take(result, on_nothing, heard));
	heard->count++;
	heard->at_ms = uv_now(heard->loop);
	if (heard->other)
		dial_cancel(heard->other);
}

/* Dials the texts and runs the loop dry. Returns the milliseconds it took. */
static uint64_t dial_all(
	struct net *net, const char *const *texts, uint32_t timeout_ms, struct heard *ret_heard)
{
	struct address addresses[LIMIT_ADDRESSES];
	size_t count = 0;

	for (; texts[count]; count++)
		addresses[count] = address_of(texts[count]);
	*ret_heard = (struct heard){.loop = &net->loop};
	uv_update_time(&net->loop);
	uint64_t start_ms = uv_now(&net->loop);
	assert_non_null(dial_start(
		net->poller, addresses, count, net->port, timeout_ms, on_dialed, ret_heard));
	assert_int_equal(ret_heard->count, 0);
	poller_run(net->poller);
	assert_int_equal(ret_heard->count, 1);
	return ret_heard->at_ms - start_ms;
}

static void on_never(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	uv_poll_stop(poll);
}

/* What the contract says of a connected descriptor. */
static void check_connected(struct net *net, int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);
	uv_poll_t *poll = malloc(sizeof(*poll));

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on);
	assert_int_equal(uv_poll_init(&net->loop, poll, fd), 0);
	assert_int_equal(uv_poll_start(poll, UV_WRITABLE, on_never), 0);
	poller_run(net->poller);
	uv_close((uv_handle_t *)poll, (uv_close_cb)free);
	poller_run(net->poller);
	close(fd);
}

static void each_fate_has_its_reason(void **state)
{
	static const struct {
		const char *name;
		const char *texts[LIMIT_ADDRESSES];
		const char *address; /* reported */
		enum reason reason;
		uint32_t timeout_ms, least_ms, most_ms;
	} rows[] = {
		{"answers", {"127.0.0.1"}, "127.0.0.1", REASON_NONE, 5000, 0, 240},
		{"refuses", {"127.0.0.9"}, "127.0.0.9", REASON_CONNECTION_REFUSED, 5000, 0, 240},
		{"no route", {"255.255.255.255"}, "255.255.255.255", REASON_UNREACHABLE, 5000, 0,
			240},
		{"silent", {"127.0.0.2"}, "127.0.0.2", REASON_CONNECT_TIMEOUT, 120, 120, 2000},
		{"no patience at all", {"127.0.0.2"}, "127.0.0.2", REASON_CONNECT_TIMEOUT, 0, 0,
			240},
		{"second answers at once when the first refuses", {"127.0.0.9", "127.0.0.1"},
			"127.0.0.1", REASON_NONE, 5000, 0, 240},
		{"second answers at once when the first has no route",
			{"255.255.255.255", "127.0.0.1"}, "127.0.0.1", REASON_NONE, 5000, 0, 240},
		{"second answers after the stagger when the first is silent",
			{"127.0.0.2", "127.0.0.1"}, "127.0.0.1", REASON_NONE, 5000,
			LIMIT_DIAL_STAGGER_MS, 2 * LIMIT_DIAL_STAGGER_MS - 1},
		{"timeout before the stagger", {"127.0.0.2", "127.0.0.1"}, "127.0.0.2",
			REASON_CONNECT_TIMEOUT, 100, 100, 240},
		{"refused tells more than no route", {"127.0.0.9", "255.255.255.255"}, "127.0.0.9",
			REASON_CONNECTION_REFUSED, 5000, 0, 240},
		{"timeout tells that patience ended", {"127.0.0.9", "127.0.0.2"}, "127.0.0.2",
			REASON_CONNECT_TIMEOUT, 120, 120, 2000},
		{"a seventh attempt takes the oldest's place",
			{"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.2",
				"127.0.0.2", "127.0.0.1"},
			"127.0.0.1", REASON_NONE, 5000, 6 * LIMIT_DIAL_STAGGER_MS,
			7 * LIMIT_DIAL_STAGGER_MS - 1},
	};
	struct net *net = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard heard;
		uint64_t took = dial_all(net, rows[i].texts, rows[i].timeout_ms, &heard);
		char text[ADDRESS_TEXT_SIZE];
		address_format(&heard.result.address, text);
		ROW_CHECK(rows[i].name, heard.result.reason == rows[i].reason, "%s",
			reason_word(heard.result.reason));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].address) == 0, "%s", text);
		ROW_CHECK(rows[i].name, took >= rows[i].least_ms && took <= rows[i].most_ms,
			"%llu ms", (unsigned long long)took);
		ROW_CHECK(rows[i].name, (heard.fd >= 0) == (heard.result.reason == REASON_NONE),
			"fd %d", heard.fd);
		if (heard.fd >= 0)
			check_connected(net, heard.fd);
	}
}

/* Two silent IPv4 addresses, then IPv6: its turn comes second, after one stagger. */
static void families_alternate(void **state)
{
	static const char *const texts[] = {"127.0.0.2", "127.0.0.2", "127.0.0.2", "::1", NULL};
	struct net *net = *state;
	struct heard heard;

	if (net->answering6 < 0)
		skip();
	uint64_t took = dial_all(net, texts, 5000, &heard);
	assert_int_equal(heard.result.reason, REASON_NONE);
	assert_int_equal(heard.result.address.family, 6);
	assert_true(took >= LIMIT_DIAL_STAGGER_MS && took < 2 * LIMIT_DIAL_STAGGER_MS);
	close(heard.fd);
}

static void cancel_is_silent_in_every_state(void **state)
{
	static const struct {
		const char *name, *first, *second;
		int turns; /* of the loop before the cancel */
	} rows[] = {
		{"just started", "127.0.0.1", "127.0.0.1", 0},
		{"failed before start returned", "255.255.255.255", "255.255.255.255", 0},
		{"silent for a turn", "127.0.0.2", "127.0.0.2", 1},
		{"two attempts under way", "127.0.0.2", "127.0.0.2", 2},
	};
	struct net *net = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address addresses[2] = {
			address_of(rows[i].first), address_of(rows[i].second)};
		struct heard heard = {.loop = &net->loop};
		struct dial *d =
			dial_start(net->poller, addresses, 2, net->port, 5000, on_dialed, &heard);
		for (int turn = 0; turn < rows[i].turns; turn++)
			poller_turn(net->poller, turn > 0);
		dial_cancel(d);
		ROW_CHECK(rows[i].name, fds_open() <= net->fds_before, "%d descriptors left",
			fds_open() - net->fds_before);
		poller_run(net->poller);
		ROW_CHECK(rows[i].name, heard.count == 0, "heard %d", heard.count);
	}
}

/* Both are refused in one turn of the loop; whichever is told first cancels the other. */
static void cancel_from_inside_another_callback(void **state)
{
	struct net *net = *state;
	struct address refused = address_of("127.0.0.9");
	struct heard heard = {.loop = &net->loop};
	struct heard other = {.loop = &net->loop};

	struct dial *first =
		dial_start(net->poller, &refused, 1, net->port, 5000, on_dialed, &heard);
	struct dial *second =
		dial_start(net->poller, &refused, 1, net->port, 5000, on_dialed, &other);
	heard.other = second;
	other.other = first;
	poller_run(net->poller);
	assert_int_equal(heard.count + other.count, 1);
}

static void no_descriptor_left_is_overloaded(void **state)
{
	struct net *net = *state;
	static const char *const texts[] = {"127.0.0.1", "127.0.0.1", NULL};
	struct rlimit before, none;
	struct heard heard;

	/* libuv opens what it needs first. */
	dial_all(net, (const char *const[]){"127.0.0.9", NULL}, 100, &heard);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	dial_all(net, texts, 5000, &heard);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(heard.result.reason, REASON_OVERLOADED);
	dial_all(net, texts, 5000, &heard);
	assert_int_equal(heard.result.reason, REASON_NONE);
	close(heard.fd);
}

static void many_dials_leave_nothing(void **state)
{
	struct net *net = *state;
	struct address addresses[2] = {address_of("127.0.0.9"), address_of("127.0.0.1")};
	static struct heard heard[48];

	for (size_t i = 0; i < COUNT(heard); i++) {
		heard[i] = (struct heard){.loop = &net->loop};
		assert_non_null(dial_start(
			net->poller, addresses, 2, net->port, 5000, on_dialed, &heard[i]));
	}
	poller_run(net->poller);
	for (size_t i = 0; i < COUNT(heard); i++) {
		assert_int_equal(heard[i].result.reason, REASON_NONE);
		close(heard[i].fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_fate_has_its_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(families_alternate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancel_is_silent_in_every_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			cancel_from_inside_another_callback, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			no_descriptor_left_is_overloaded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_dials_leave_nothing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
