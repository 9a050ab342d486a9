/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out at each allocation in turn: the newcomer is refused or closed, nothing else
 * happens, and the next one is served. */
#include "control/account.h"
#include "control/stream.h"
#include "tests/unit/control_server.h"
#include "tests/unit/rows.h"

#include <stdlib.h>
#include <sys/socket.h>

#define HOST  "Host: localhost\r\n"
#define WHOLE "GET /v1/me HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN) "\r\n"

const struct route *const control_routes[] = {account_routes, stream_routes, NULL};

static long allocations_left = -1; /* -1: as many as wanted */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);

static bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left -= allocations_left > 0;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return may_allocate() ? __real_realloc(ptr, size) : NULL;
}

static struct server server;

static int start(void **state)
{
	(void)state;
	server = (struct server){0};
	server_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

/* The client itself is never short of memory. */
static bool ask_with(long allocations, struct slice request, const char *good)
{
	struct client c = client_open(&server, false);
	bool answered;

	client_send(&server, &c, slice_first(request, 1));
	server_turn(&server);
	client_send(&server, &c, slice_from(request.ptr + 1, request.len - 2));
	server_turn(&server);
	/* The last byte and what follows from it. */
	allocations_left = allocations;
	assert_int_equal(send(c.fd, request.ptr + request.len - 1, 1, MSG_NOSIGNAL), 1);
	server_turn(&server);
	allocations_left = -1;
	const char *answer = client_response(&server, &c);
	answered = strstr(answer, good) != NULL;
	if (!answered && answer[0])
		assert_non_null(strstr(answer, "HTTP/1.1 503 "));
	client_close(&server, &c);
	assert_int_equal(server.control->caller_count, 0);
	return answered;
}

static void answers_run_out_of_memory(void **state)
{
	static const struct row {
		const char *request, *good;
	} rows[] = {
		{WHOLE, "HTTP/1.1 200 "},
		{"GET /v1/events?kinds=decision HTTP/1.1\r\n" HOST AS(TOKEN_VIEWER) "\r\n",
			"HTTP/1.1 200 "},
		{"POST /v1/links HTTP/1.1\r\n" HOST AS(
			 TOKEN_ADMIN) "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
			"HTTP/1.1 201 "},
		{"GET /nothing HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		long allocations = 0;
		while (!ask_with(allocations, slice_of(rows[i].request), rows[i].good)) {
			assert_true(allocations < 64);
			allocations++;
		}
		ROW_CHECK(rows[i].request, allocations > 0, "none");
	}
}

static void connections_wait_for_memory(void **state)
{
	struct client c;

	(void)state;
	allocations_left = 0;
	c = client_open(&server, false);
	allocations_left = -1;
	assert_int_equal(server.control->caller_count, 0);
	client_send(&server, &c, SLICE(WHOLE));
	server_turn(&server);
	/* Taken when there is some again. */
	control_turn(server.control);
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 200 "));
	client_close(&server, &c);
}

static void an_event_that_is_lost_ends_its_streams(void **state)
{
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c, SLICE("GET /v1/events HTTP/1.1\r\n" HOST AS(TOKEN_VIEWER) "\r\n"));
	client_until(&server, &c, "event: hello");
	stream_publish(server.control, STREAM_GRANT, NULL);
	assert_int_equal(server.control->audience.count, 0);
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers_run_out_of_memory, start, stop),
		cmocka_unit_test_setup_teardown(connections_wait_for_memory, start, stop),
		cmocka_unit_test_setup_teardown(
			an_event_that_is_lost_ends_its_streams, start, stop),
	};

	return cmocka_run_group_tests_name("control_memory", tests, NULL, NULL);
}
