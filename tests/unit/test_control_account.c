/* SPDX-License-Identifier: Apache-2.0 */
/* How browsers sign in and out, and what they may then. */
#include "control/account.h"
#include "tests/unit/control_server.h"
#include "tests/unit/rows.h"

#include <stdio.h>

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

static void write_something(struct call *call)
{
	call_reply_text(call, 200, "text/plain", SLICE("done"));
}

static const struct route test_routes[] = {
	{"POST", "/write", ROLE_APPROVER, write_something, NULL},
	{0},
};
const struct route *const control_routes[] = {account_routes, test_routes, NULL};

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

/* What stands between `before` and `after` in `text`. */
static void cut_out(const char *text, const char *before, char after, char *ret_part, size_t size)
{
	const char *start = strstr(text, before);

	assert_non_null(start);
	start += strlen(before);
	const char *end = strchr(start, after);
	assert_true(end && (size_t)(end - start) < size);
	memcpy(ret_part, start, (size_t)(end - start));
	ret_part[end - start] = '\0';
}

#define SIGN_IN                                                                                    \
	"POST /v1/signin HTTP/1.1\r\n" HOST JSON "Content-Length: 75\r\n\r\n{\"code\":\"%.64s\"}"

static void browsers_sign_in_and_out(void **state)
{
	char code[128], cookie[128], url[256];
	const char *answer;

	(void)state;
	answer = server_ask(&server, "POST /v1/links HTTP/1.1\r\n" HOST AS(TOKEN_ADMIN) "\r\n");
	snprintf(url, sizeof(url), "{\"url\":\"http://127.0.0.1:%u/#signin=", server.port);
	assert_non_null(strstr(answer, url));
	assert_non_null(strstr(answer, "HTTP/1.1 201 Created\r\n"));
	cut_out(answer, "#signin=", '"', code, sizeof(code));
	answer = server_ask(&server, SIGN_IN, code);
	assert_non_null(strstr(answer, "HTTP/1.1 204 No Content\r\n"));
	assert_non_null(strstr(answer, "; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200\r\n"));
	assert_null(strstr(answer, "Content-Length"));
	cut_out(answer, "sallyport_session=", ';', cookie, sizeof(cookie));
	answer = server_ask(&server, SIGN_IN, code);
	assert_non_null(strstr(answer, "HTTP/1.1 401 "));

#define WRONG     "0000000000000000000000000000000000000000000000000000000000000000"
#define BY_COOKIE HOST "Cookie: a=b; sallyport_session=%s\r\n"
	answer = server_ask(&server, "GET /v1/me HTTP/1.1\r\n" BY_COOKIE "\r\n", cookie);
	assert_non_null(strstr(answer, "{\"name\":\"ann\",\"role\":\"admin\",\"version\":\""));
	answer = server_ask(&server, "POST /write HTTP/1.1\r\n" BY_COOKIE "\r\n", cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 403 "));
	answer = server_ask(&server,
		"POST /write HTTP/1.1\r\n" BY_COOKIE "Origin: http://localhost\r\n\r\n", cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 200 "));
	/* A token that is shown counts alone. */
	answer = server_ask(&server, "GET /v1/me HTTP/1.1\r\n" BY_COOKIE AS("x") "\r\n", cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 401 "));
	answer = server_ask(&server,
		"POST /v1/signout HTTP/1.1\r\n" BY_COOKIE "Origin: http://localhost\r\n\r\n",
		cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 204 "));
	assert_non_null(strstr(answer, "Set-Cookie: sallyport_session=; "));
	answer = server_ask(&server, "GET /v1/me HTTP/1.1\r\n" BY_COOKIE "\r\n", cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 401 "));
}

static void links_are_the_admins(void **state)
{
	char url[192], code[128], cookie[128];
	const char *answer;

	(void)state;
	answer = server_ask(&server, "POST /v1/links HTTP/1.1\r\n" HOST AS(TOKEN_APPROVER) "\r\n");
	assert_non_null(strstr(answer, "HTTP/1.1 403 "));
	assert_true(control_link(server.control, url, sizeof(url)));
	snprintf(code, sizeof(code), "%.64s", strchr(url, '=') + 1);
	answer = server_ask(&server, SIGN_IN, code);
	cut_out(answer, "sallyport_session=", ';', cookie, sizeof(cookie));
	/* Who loses the token loses the browser. */
	server.control->tokens.count = 2;
	answer = server_ask(&server, "GET /v1/me HTTP/1.1\r\n" BY_COOKIE "\r\n", cookie);
	assert_non_null(strstr(answer, "HTTP/1.1 401 "));
	assert_false(control_link(server.control, url, sizeof(url)));
	for (int i = 0; i < LIMIT_GUESSES; i++)
		assert_non_null(strstr(server_ask(&server, SIGN_IN, WRONG), "HTTP/1.1 401 "));
	answer = server_ask(&server, SIGN_IN, WRONG);
	assert_non_null(strstr(answer, "HTTP/1.1 429 Too Many Requests\r\n"));
	assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(browsers_sign_in_and_out, start, stop),
		cmocka_unit_test_setup_teardown(links_are_the_admins, start, stop),
	};

	return cmocka_run_group_tests_name("control_account", tests, NULL, NULL);
}
