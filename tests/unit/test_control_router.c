/* SPDX-License-Identifier: Apache-2.0 */
/* Which route serves a method and a path. */
#include "control/router.h"
#include "tests/unit/rows.h"

static void nothing(struct call *call)
{
	(void)call;
}

static const struct route first[] = {
	{"GET", "/", ROLE_NOBODY, nothing, NULL},
	{"GET", "/v1/things", ROLE_VIEWER, nothing, NULL},
	{"POST", "/v1/things", ROLE_ADMIN, nothing, NULL},
	{0},
};
static const struct route second[] = {
	{"DELETE", "/v1/things/{id}", ROLE_APPROVER, nothing, NULL},
	{"GET", "/v1/things/{id}", ROLE_VIEWER, nothing, NULL},
	{"POST", "/v1/things/{id}/parts/{part}", ROLE_APPROVER, nothing, NULL},
	{0},
};
static const struct route *const tables[] = {first, second, NULL};

static void finds_the_route(void **state)
{
	static const struct row {
		const char *name, *method, *path;
		const struct route *route; /* NULL: none */
		const char *allow; /* where there is none */
		const char *part, *other;
	} rows[] = {
		{"root", "GET", "/", &first[0], NULL, "", ""},
		{"head of root", "HEAD", "/", &first[0], NULL, "", ""},
		{"plain", "GET", "/v1/things", &first[1], NULL, "", ""},
		{"second method", "POST", "/v1/things", &first[2], NULL, "", ""},
		{"part", "DELETE", "/v1/things/g-1", &second[0], NULL, "g-1", ""},
		{"part, second row", "GET", "/v1/things/g-1", &second[1], NULL, "g-1", ""},
		{"two parts", "POST", "/v1/things/a/parts/b", &second[2], NULL, "a", "b"},
		{"nothing is decoded", "GET", "/v1/things/a%2Fb", &second[1], NULL, "a%2Fb", ""},
		{"other method", "DELETE", "/v1/things", NULL, "GET, HEAD, POST", "", ""},
		{"other method with parts", "PUT", "/v1/things/x", NULL, "DELETE, GET, HEAD", "",
			""},
		{"head where only post is", "HEAD", "/v1/things/a/parts/b", NULL, "POST", "", ""},
		{"method in lower case", "get", "/", NULL, "GET, HEAD", "", ""},
		{"unknown path", "GET", "/v1/thing", NULL, "", "", ""},
		{"longer name", "GET", "/v1/things2", NULL, "", "", ""},
		{"slash at the end", "GET", "/v1/things/", NULL, "", "", ""},
		{"empty part", "POST", "/v1/things//parts/b", NULL, "", "", ""},
		{"doubled slash", "GET", "//v1/things", NULL, "", "", ""},
		{"dot segment", "GET", "/v1/./things", NULL, "", "", ""},
		{"two dots", "GET", "/v1/x/../things", NULL, "", "", ""},
		{"too deep", "POST", "/v1/things/a/parts/b/c", NULL, "", "", ""},
		{"upper case", "GET", "/V1/things", NULL, "", "", ""},
		{"no slash", "GET", "v1/things", NULL, "", "", ""},
		{"empty", "GET", "", NULL, "", "", ""},
		{"asterisk", "OPTIONS", "*", NULL, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct routing r;
		router_find(tables, slice_of(row->method), slice_of(row->path), &r);
		ROW_CHECK(row->name, r.route == row->route, "%s", r.route ? r.route->pattern : "-");
		ROW_CHECK(row->name, slice_equal(r.parts[0], slice_of(row->part)), "%.*s",
			(int)r.parts[0].len, r.parts[0].ptr);
		ROW_CHECK(row->name, slice_equal(r.parts[1], slice_of(row->other)), "%.*s",
			(int)r.parts[1].len, r.parts[1].ptr);
		if (row->allow) {
			ROW_CHECK(row->name, strcmp(r.allow, row->allow) == 0, "%s", r.allow);
			ROW_CHECK(row->name, r.path_known == (row->allow[0] != '\0'), "path");
		}
	}
}

static void words_of_roles(void **state)
{
	enum role role = ROLE_NOBODY;

	(void)state;
	assert_true(role_parse(SLICE("viewer"), &role) && role == ROLE_VIEWER);
	assert_true(role_parse(SLICE("approver"), &role) && role == ROLE_APPROVER);
	assert_true(role_parse(SLICE("admin"), &role) && role == ROLE_ADMIN);
	assert_false(role_parse(SLICE("nobody"), &role));
	assert_false(role_parse(SLICE("Admin"), &role));
	assert_false(role_parse(SLICE("admins"), &role));
	assert_false(role_parse(SLICE(""), &role));
	assert_int_equal(role, ROLE_ADMIN);
	assert_string_equal(role_word(ROLE_APPROVER), "approver");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_route),
		cmocka_unit_test(words_of_roles),
	};

	return cmocka_run_group_tests_name("control_router", tests, NULL, NULL);
}
