/* SPDX-License-Identifier: Apache-2.0 */
/* The control endpoint as its clients meet it: what stands between a request and its handler, and how
 * answers go out. The handlers are the test's own. */
#include "tests/unit/control_server.h"
#include "tests/unit/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

/* ---- handlers ----------------------------------------------------------------------------- */

static void say_ok(struct call *call)
{
	call_reply_text(call, 200, "text/plain", SLICE("ok"));
}

/* What the handler sees of a call. */
static void show_call(struct call *call)
{
	struct slice part = call->parts[0], a = call_parameter(call, "a");
	uint64_t n;

	if (!call_number(call, "n", 100, 7, &n))
		return;
	call_reply_json(call, 200,
		json_pack("{s:s%, s:s%, s:s%, s:i, s:s, s:i, s:O?}", "method", call->method.ptr,
			call->method.len, "part", part.ptr, part.len, "a", a.ptr ? a.ptr : "-",
			a.ptr ? a.len : 1, "n", (int)n, "name", call->name, "role", (int)call->role,
			"body", call->body));
}

static void say_nothing(struct call *call)
{
	call_reply_json(call, 200, NULL);
}

static enum call_event heard[8];
static size_t heard_count;
static struct call *waiting;

static void on_event(struct call *call, enum call_event event, void *owner)
{
	assert_ptr_equal(owner, &heard_count);
	heard[heard_count++] = event;
	if (event == CALL_LEFT)
		waiting = NULL;
	else if (event == CALL_TIME || call_parameter(call, "first").ptr)
		call_reply_text(call, 200, "text/plain",
			event == CALL_TIME ? SLICE("time") : SLICE("news"));
}

static void wait_for_it(struct call *call)
{
	uint64_t wait;

	if (!call_number(call, "wait", 60000, 60000, &wait))
		return;
	waiting = call;
	call_defer(call, wait, on_event, &heard_count);
	call_watch(call, 42);
}

static const struct route test_routes[] = {
	{"GET", "/open", ROLE_NOBODY, say_ok, NULL},
	{"GET", "/call/{id}", ROLE_VIEWER, show_call, "a n"},
	{"POST", "/call/{id}", ROLE_APPROVER, show_call, "a n"},
	{"DELETE", "/call/{id}", ROLE_ADMIN, show_call, "a n"},
	{"GET", "/nothing", ROLE_NOBODY, say_nothing, NULL},
	{"GET", "/wait", ROLE_NOBODY, wait_for_it, NULL},
	{0},
};
const struct route *const control_routes[] = {test_routes, NULL};

/* ---- the server --------------------------------------------------------------------------- */

static struct server server;

static int start(void **state)
{
	(void)state;
	server = (struct server){0};
	heard_count = 0;
	waiting = NULL;
	server_start(&server);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

/* ---- checks ------------------------------------------------------------------------------- */

struct row {
	const char *name, *request;
	const char *status; /* "401" */
	const char *has; /* in the response */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *answer = server_ask(&server, "%s", rows[i].request);
		ROW_CHECK(rows[i].name,
			strncmp(answer, "HTTP/1.1 ", 9) == 0 &&
				strncmp(answer + 9, rows[i].status, 3) == 0,
			"%s", answer);
		ROW_CHECK(rows[i].name, strstr(answer, rows[i].has), "%s", answer);
	}
}

static void strangers_are_turned_away(void **state)
{
	static const struct row rows[] = {
		{"open to all", "GET /open HTTP/1.1\r\n" HOST "\r\n", "200", "ok"},
		{"no token", "GET /call/x HTTP/1.1\r\n" HOST "\r\n", "401",
			"WWW-Authenticate: Bearer\r\n"},
		{"problem", "GET /call/x HTTP/1.1\r\n" HOST "\r\n", "401",
			"{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,"
			"\"detail\":\"Send a token: Authorization: Bearer TOKEN; or sign in.\","
			"\"code\":\"unauthorized\"}"},
		{"problem's type", "GET /call/x HTTP/1.1\r\n" HOST "\r\n", "401",
			"Content-Type: application/problem+json\r\n"},
		{"empty bearer", "GET /call/x HTTP/1.1\r\n" HOST AS("") "\r\n", "401",
			"unauthorized"},
		{"bearer alone", "GET /call/x HTTP/1.1\r\n" HOST "Authorization: Bearer\r\n\r\n",
			"401", "unauthorized"},
		{"empty authorization", "GET /call/x HTTP/1.1\r\n" HOST "Authorization:\r\n\r\n",
			"401", "unauthorized"},
		{"unknown token", "GET /call/x HTTP/1.1\r\n" HOST AS("viewer-tokex") "\r\n", "401",
			"unauthorized"},
		{"part of a token", "GET /call/x HTTP/1.1\r\n" HOST AS("viewer-toke") "\r\n", "401",
			"unauthorized"},
		{"a name is no token", "GET /call/x HTTP/1.1\r\n" HOST AS("vic") "\r\n", "401",
			"unauthorized"},
		{"another scheme",
			"GET /call/x HTTP/1.1\r\n" HOST "Authorization: Basic " TOKEN_VIEWER
			"\r\n\r\n",
			"401", "unauthorized"},
		{"invented cookie",
			"GET /call/x HTTP/1.1\r\n" HOST "Cookie: sallyport_session=00\r\n\r\n",
			"401", "unauthorized"},
		{"viewer looks", "GET /call/x HTTP/1.1\r\n" HOST AS(TOKEN_VIEWER) "\r\n", "200",
			"\"name\":\"vic\""},
		{"scheme in lower case",
			"GET /call/x HTTP/1.1\r\n" HOST "Authorization: bearer " TOKEN_VIEWER
			"\r\n\r\n",
			"200", "\"name\":\"vic\""},
		{"viewer decides", "POST /call/x HTTP/1.1\r\n" HOST AS(TOKEN_VIEWER) "\r\n", "403",
			"This takes the role approver; yours is viewer."},
		{"approver decides", "POST /call/x HTTP/1.1\r\n" HOST AS(TOKEN_APPROVER) "\r\n",
			"200", "\"role\":2"},
		{"approver as admin", "DELETE /call/x HTTP/1.1\r\n" HOST AS(TOKEN_APPROVER) "\r\n",
			"403", "\"code\":\"forbidden\""},
		{"admin", "DELETE /call/x HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN) "\r\n", "200",
			"\"role\":3"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void other_sites_are_turned_away(void **state)
{
	static const struct row rows[] = {
		{"another host", "GET /open HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421",
			"\"code\":\"misdirected\""},
		{"another host with a token",
			"GET /call/x HTTP/1.1\r\nHost: evil.example\r\n" AS(TOKEN_ADMIN) "\r\n",
			"421", "misdirected"},
		{"empty host", "GET /open HTTP/1.1\r\nHost:\r\n\r\n", "421", "misdirected"},
		{"two hosts", "GET /open HTTP/1.1\r\n" HOST HOST "\r\n", "400", "bad_request"},
		{"name of a unix socket", "GET /open HTTP/1.1\r\nHost: sallyport\r\n\r\n", "200",
			"ok"},
		{"own origin", "GET /open HTTP/1.1\r\n" HOST "Origin: http://localhost\r\n\r\n",
			"200", "ok"},
		{"another origin",
			"POST /call/x HTTP/1.1\r\n" HOST AS(
				TOKEN_ADMIN) "Origin: http://evil.example\r\n\r\n",
			"403", "\"code\":\"forbidden\""},
		{"no origin to speak of", "GET /open HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n",
			"403", "forbidden"},
		{"fetched by another site",
			"GET /open HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\n\r\n", "403",
			"forbidden"},
		{"fetched by ours",
			"GET /open HTTP/1.1\r\n" HOST "Sec-Fetch-Site: same-origin\r\n\r\n", "200",
			"ok"},
		{"preflight",
			"OPTIONS /call/x HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n",
			"403", "forbidden"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void content_is_json(void **state)
{
#define POST "POST /call/x HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN)
	static const struct row rows[] = {
		{"none", POST "\r\n", "200", "\"body\":null"},
		{"none, said", POST "Content-Length: 0\r\n\r\n", "200", "\"body\":null"},
		{"object", POST JSON "Content-Length: 7\r\n\r\n{\"a\":1}", "200",
			"\"body\":{\"a\":1}"},
		{"with a charset",
			POST
			"Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}",
			"200", "\"body\":{}"},
		{"text", POST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", "415",
			"\"code\":\"unsupported_media_type\""},
		{"text without content", POST "Content-Type: text/plain\r\n\r\n", "415",
			"unsupported_media_type"},
		{"form",
			POST "Content-Type: application/x-www-form-urlencoded\r\n"
			     "Content-Length: 2\r\n\r\n{}",
			"415", "unsupported_media_type"},
		{"no type", POST "Content-Length: 2\r\n\r\n{}", "415", "unsupported_media_type"},
		{"type with a tail",
			POST "Content-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
			"415", "unsupported_media_type"},
		{"array", POST JSON "Content-Length: 2\r\n\r\n[]", "400", "not a JSON object"},
		{"number", POST JSON "Content-Length: 1\r\n\r\n1", "400", "not JSON: line 1"},
		{"cut", POST JSON "Content-Length: 2\r\n\r\n{\"", "400", "not JSON: line 1"},
		{"two", POST JSON "Content-Length: 4\r\n\r\n{}{}", "400", "not JSON"},
		{"a key twice", POST JSON "Content-Length: 13\r\n\r\n{\"a\":1,\"a\":2}", "400",
			"not JSON"},
		{"NUL in a text", POST JSON "Content-Length: 14\r\n\r\n{\"a\":\"\\u0000\"}", "400",
			"not JSON"},
		{"invalid UTF-8", POST JSON "Content-Length: 9\r\n\r\n{\"a\":\"\xff\"}", "400",
			"not JSON"},
		{"deep",
			POST JSON
			"Content-Length: 36\r\n\r\n{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
			"200", "body"},
		{"too deep",
			POST JSON
			"Content-Length: 38\r\n\r\n{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}",
			"400", "nested too deeply"},
		{"depth in a text",
			POST JSON "Content-Length: 27\r\n\r\n{\"a\":\"[[[[[[[[\\\"[[[[[[[[[\"}",
			"200", "body"},
		{"too large", POST JSON "Content-Length: 65537\r\n\r\n", "413",
			"\"code\":\"too_large\""},
		{"chunked", POST JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "411",
			"bad_request"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void routes_are_exact(void **state)
{
#define VIEW(path) "GET " path " HTTP/1.1\r\n" HOST AS(TOKEN_VIEWER) "\r\n"
	static const struct row rows[] = {
		{"part", VIEW("/call/x-1"), "200", "\"part\":\"x-1\""},
		{"nothing there", VIEW("/v2"), "404", "\"code\":\"not_found\""},
		{"slash", VIEW("/open/"), "404", "not_found"},
		{"method", "PUT /call/x HTTP/1.1\r\n" HOST "\r\n", "405",
			"Allow: GET, HEAD, POST, DELETE\r\n"},
		{"parameters", VIEW("/call/x?a=%2A&n=100"), "200", "\"a\":\"*\",\"n\":100"},
		{"no parameters", VIEW("/call/x"), "200", "\"a\":\"-\",\"n\":7"},
		{"number too large", VIEW("/call/x?n=101"), "400",
			"The parameter n is a number from 0 to 100."},
		{"number with a sign", VIEW("/call/x?n=-1"), "400", "bad_request"},
		{"bad query", VIEW("/call/x?a=%"), "400", "The query is not well-formed."},
		{"unknown parameter", VIEW("/call/x?a=1&b=2"), "400",
			"The query has an unknown parameter."},
		{"malformed", "GET / HTTP/1.1\nHost: localhost\n\n", "400",
			"Connection: close\r\n"},
		{"unknown method", "FROB /open HTTP/1.1\r\n" HOST "\r\n", "501", "bad_request"},
		{"no memory for an answer", VIEW("/nothing"), "503", "\"code\":\"unavailable\""},
		{"never stored", VIEW("/open"), "200", "\r\nCache-Control: no-store\r\n"},
		{"never sniffed", VIEW("/open"), "200", "\r\nX-Content-Type-Options: nosniff\r\n"},
		{"never framed", VIEW("/open"), "200", "\r\nX-Frame-Options: DENY\r\n"},
		{"told to nobody", VIEW("/open"), "200", "\r\nReferrer-Policy: no-referrer\r\n"},
		{"runs nothing", VIEW("/open"), "200",
			"\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void tcp_knows_its_port(void **state)
{
	struct client c = client_open(&server, true);
	char request[256];

	(void)state;
	snprintf(request, sizeof(request),
		"GET /open HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: http://127.0.0.1:%u\r\n\r\n",
		server.port, server.port);
	client_send(&server, &c, slice_of(request));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 200 OK\r\n"));
	client_send(&server, &c, SLICE("GET /open HTTP/1.1\r\nHost: localhost:1\r\n\r\n"));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 421 "));
	client_send(&server, &c, SLICE("GET /open HTTP/1.1\r\nHost: sallyport\r\n\r\n"));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 421 "));
	client_close(&server, &c);
}

/* ---- connections -------------------------------------------------------------------------- */

static void connections_are_kept(void **state)
{
	struct slice get = SLICE("GET /open HTTP/1.1\r\n" HOST "\r\n");
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c, get);
	assert_non_null(strstr(client_response(&server, &c), "\r\n\r\nok"));
	/* Byte by byte. */
	for (size_t i = 0; i < get.len; i++)
		client_send(&server, &c, slice_from(get.ptr + i, 1));
	assert_non_null(strstr(client_response(&server, &c), "\r\n\r\nok"));
	/* A head alone. */
	client_send(&server, &c, SLICE("HEAD /open HTTP/1.1\r\n" HOST "\r\n"));
	const char *head = client_head(&server, &c);
	assert_non_null(strstr(head, "\r\nContent-Length: 2\r\n"));
	/* Three at once, in order; the last says that it is. */
	client_send(&server, &c,
		SLICE("GET /call/1 HTTP/1.1\r\n" HOST AS(
			TOKEN_VIEWER) "\r\n"
				      "POST /call/2 HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN) JSON
			"Content-Length: 7\r\n\r\n{\"b\":2}"
			"GET /call/3 HTTP/1.1\r\n" HOST AS(
				TOKEN_VIEWER) "Connection: close\r\n\r\n"));
	assert_non_null(strstr(client_response(&server, &c), "\"part\":\"1\""));
	assert_non_null(strstr(client_response(&server, &c), "\"body\":{\"b\":2}"));
	assert_non_null(strstr(client_response(&server, &c), "\"part\":\"3\""));
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
}

static void content_is_asked_for(void **state)
{
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c,
		SLICE("POST /call/1 HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN) JSON
			"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
	client_until(&server, &c, "HTTP/1.1 100 Continue\r\n\r\n");
	client_send(&server, &c, SLICE("{}"));
	assert_non_null(strstr(client_response(&server, &c), "\"body\":{}"));
	client_close(&server, &c);
	/* Nobody who is turned away is asked for more. */
	c = client_open(&server, false);
	client_send(&server, &c,
		SLICE("POST /call/1 HTTP/1.1\r\n" HOST JSON
		      "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 401 "));
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
}

/* The answer reaches a client that is still sending. */
static void large_requests_are_refused(void **state)
{
	static char bytes[1000000];
	struct client c = client_open(&server, true);

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "GET /call/x HTTP/1.1\r\n" HOST "Authorization: Bearer ",
		sizeof("GET /call/x HTTP/1.1\r\n" HOST "Authorization: Bearer ") - 1);
	client_send(&server, &c, slice_from(bytes, sizeof(bytes)));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 401 "));
	client_close(&server, &c);
	c = client_open(&server, true);
	memcpy(bytes, "GET /call/x HTTP/1.1\r\n" HOST "X-Padding-Beare: Bearer ",
		sizeof("GET /call/x HTTP/1.1\r\n" HOST "X-Padding-Beare: Bearer ") - 1);
	client_send(&server, &c, slice_from(bytes, sizeof(bytes)));
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 431 "));
	client_close(&server, &c);
}

static void slow_requests_are_refused(void **state)
{
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c, SLICE("GET /open HT"));
	server_turn(&server);
	assert_int_equal(server.control->callers->phase, CALLER_READS);
	caller_enter(server.control->callers, CALLER_READS, 0);
	assert_non_null(strstr(client_response(&server, &c), "HTTP/1.1 408 "));
	assert_true(client_ends(&server, &c));
	client_close(&server, &c);
	/* One that says nothing is closed without a word. */
	c = client_open(&server, false);
	caller_enter(server.control->callers, CALLER_WAITS, 0);
	assert_true(client_ends(&server, &c));
	assert_int_equal(c.in.len, 0);
	client_close(&server, &c);
}

static void connections_are_bounded(void **state)
{
	static struct client clients[LIMIT_CONTROL_CONNECTIONS + 1];

	(void)state;
	for (size_t i = 0; i < LIMIT_CONTROL_CONNECTIONS; i++)
		clients[i] = client_open(&server, false);
	server_turn(&server);
	assert_int_equal(server.control->caller_count, LIMIT_CONTROL_CONNECTIONS);
	/* The first is in the middle of a request; another idle one gives way. */
	client_send(&server, &clients[0], SLICE("GET "));
	clients[LIMIT_CONTROL_CONNECTIONS] = client_open(&server, false);
	client_send(&server, &clients[LIMIT_CONTROL_CONNECTIONS],
		SLICE("GET /open HTTP/1.1\r\n" HOST "\r\n"));
	assert_non_null(strstr(
		client_response(&server, &clients[LIMIT_CONTROL_CONNECTIONS]), "\r\n\r\nok"));
	assert_int_equal(server.control->caller_count, LIMIT_CONTROL_CONNECTIONS);
	assert_true(client_ends(&server, &clients[1]));
	client_send(&server, &clients[0], SLICE("/open HTTP/1.1\r\n" HOST "\r\n"));
	assert_non_null(strstr(client_response(&server, &clients[0]), "\r\n\r\nok"));
	/* Where all are busy the newest is closed. */
	for (size_t i = 0; i <= LIMIT_CONTROL_CONNECTIONS; i++)
		client_send(&server, &clients[i], SLICE("GET"));
	struct client late = client_open(&server, false);
	assert_true(client_ends(&server, &late));
	client_close(&server, &late);
	for (size_t i = 0; i <= LIMIT_CONTROL_CONNECTIONS; i++)
		client_close(&server, &clients[i]);
	assert_int_equal(server.control->caller_count, 0);
}

/* ---- answers that come later --------------------------------------------------------------- */

static void news_and_time_answer(void **state)
{
	const struct question q = {.id = 42}, other = {.id = 43};
	struct news news = {.kind = NEWS_CONTEXT, .question = &other};
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c, SLICE("GET /wait HTTP/1.1\r\n" HOST "\r\n"));
	server_turn(&server);
	assert_non_null(waiting);
	control_tell(server.control, &news);
	server_turn(&server);
	assert_int_equal(heard_count, 0);
	news.question = &q;
	control_tell(server.control, &news);
	assert_int_equal(heard_count, 0);
	server_turn(&server);
	assert_int_equal(heard_count, 1);
	assert_int_equal(heard[0], CALL_NEWS);
	call_reply_text(waiting, 200, "text/plain", SLICE("at last"));
	assert_non_null(strstr(client_response(&server, &c), "\r\n\r\nat last"));
	control_tell(server.control, &news);
	server_turn(&server);
	assert_int_equal(heard_count, 1);

	client_send(&server, &c, SLICE("GET /wait?first HTTP/1.1\r\n" HOST "\r\n"));
	control_tell(server.control, &news);
	assert_non_null(strstr(client_response(&server, &c), "\r\n\r\nnews"));
	client_send(&server, &c, SLICE("GET /wait?wait=1 HTTP/1.1\r\n" HOST "\r\n"));
	assert_non_null(strstr(client_response(&server, &c), "\r\n\r\ntime"));
	client_close(&server, &c);
}

static void those_who_leave_are_forgotten(void **state)
{
	struct client c = client_open(&server, false);

	(void)state;
	client_send(&server, &c, SLICE("GET /wait HTTP/1.1\r\n" HOST "\r\n"));
	server_turn(&server);
	assert_non_null(waiting);
	client_close(&server, &c);
	assert_null(waiting);
	assert_int_equal(heard_count, 1);
	assert_int_equal(heard[0], CALL_LEFT);
	/* Likewise when the endpoint closes: stop() checks that nothing is left. */
	c = client_open(&server, false);
	client_send(&server, &c, SLICE("GET /wait HTTP/1.1\r\n" HOST "\r\n"));
	server_turn(&server);
	assert_non_null(waiting);
	close(c.fd);
	buffer_done(&c.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(strangers_are_turned_away, start, stop),
		cmocka_unit_test_setup_teardown(other_sites_are_turned_away, start, stop),
		cmocka_unit_test_setup_teardown(content_is_json, start, stop),
		cmocka_unit_test_setup_teardown(routes_are_exact, start, stop),
		cmocka_unit_test_setup_teardown(tcp_knows_its_port, start, stop),
		cmocka_unit_test_setup_teardown(connections_are_kept, start, stop),
		cmocka_unit_test_setup_teardown(content_is_asked_for, start, stop),
		cmocka_unit_test_setup_teardown(large_requests_are_refused, start, stop),
		cmocka_unit_test_setup_teardown(slow_requests_are_refused, start, stop),
		cmocka_unit_test_setup_teardown(connections_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(news_and_time_answer, start, stop),
		cmocka_unit_test_setup_teardown(those_who_leave_are_forgotten, start, stop),
	};

	return cmocka_run_group_tests_name("control_server", tests, NULL, NULL);
}
