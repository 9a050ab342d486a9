/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the page as they are served; call_field and call_reply_text are the test's own. */
#include "control/call.h"
#include "control/embedded.h"
#include "tests/unit/rows.h"

extern const struct route page_routes[];

static struct {
	char fields[512];
	unsigned status;
	const char *type;
	struct slice text;
} reply;

void call_field(struct call *call, const char *name, const char *value)
{
	size_t len = strlen(reply.fields);

	(void)call;
	snprintf(reply.fields + len, sizeof(reply.fields) - len, "%s: %s\n", name, value);
}

void call_reply_text(struct call *call, unsigned status, const char *type, struct slice text)
{
	(void)call;
	reply.status = status;
	reply.type = type;
	reply.text = text;
}

static void get(const struct route *route)
{
	struct call call = {.method = SLICE("GET"), .path = slice_of(route->pattern)};

	memset(&reply, 0, sizeof(reply));
	route->handler(&call);
	assert_int_equal(reply.status, 200);
}

static const struct route *find(const char *pattern)
{
	for (const struct route *route = page_routes; route->method; route++)
		if (strcmp(route->pattern, pattern) == 0)
			return route;
	return NULL;
}

static void test_every_route_has_its_file(void **state)
{
	(void)state;
	for (const struct route *route = page_routes; route->method; route++) {
		get(route);
		assert_true(reply.text.len > 0);
		assert_int_equal(route->role, ROLE_NOBODY);
	}
}

static void test_every_file_has_its_route(void **state)
{
	(void)state;
	for (const struct embedded *file = embedded_files; file->name; file++) {
		bool other = strcmp(file->name, "/openapi.json") == 0;
		bool front = strcmp(file->name, "/index.html") == 0;
		if (!other && !find(front ? "/" : file->name))
			fail_msg("%s is not served", file->name);
	}
}

static void test_front_page_and_its_policy(void **state)
{
	(void)state;
	get(find("/"));
	assert_string_equal(reply.type, "text/html; charset=utf-8");
	assert_true(slice_starts(reply.text, SLICE("<!doctype html>")));
	assert_non_null(strstr(reply.fields, "Content-Security-Policy: default-src 'none'; "));
	assert_non_null(strstr(reply.fields, "frame-ancestors 'none'"));
	assert_null(strstr(reply.fields, "unsafe"));
	assert_null(strstr(reply.fields, "*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_route_has_its_file),
		cmocka_unit_test(test_every_file_has_its_route),
		cmocka_unit_test(test_front_page_and_its_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
