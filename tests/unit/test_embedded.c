/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "control/embedded.h"

#include <jansson.h>

static void files_are_found_by_their_whole_name(void **state)
{
	static const struct {
		const char *name;
		struct slice file;
		bool there;
	} rows[] = {
		{"there", {"/openapi.json", 13}, true},
		{"shorter", {"/openapi.jso", 12}, false},
		{"longer", {"/openapi.json ", 14}, false},
		{"other case", {"/OpenAPI.json", 13}, false},
		{"nothing", {"", 0}, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct embedded *file = embedded_find(rows[i].file);
		ROW_CHECK(rows[i].name, (file != NULL) == rows[i].there, "%s",
			file ? file->name : "none");
	}
}

static void names_are_sorted_and_stand_once(void **state)
{
	(void)state;
	for (const struct embedded *file = embedded_files; file->name; file++) {
		ROW_CHECK(file->name, file->name[0] == '/' && file->bytes.len > 0, "a path");
		ROW_CHECK(file->name, !file[1].name || strcmp(file->name, file[1].name) < 0, "%s",
			file[1].name);
	}
}

static void the_description_is_whole(void **state)
{
	const struct embedded *file = embedded_find(SLICE("/openapi.json"));
	json_t *document =
		json_loadb(file->bytes.ptr, file->bytes.len, JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_non_null(document);
	assert_string_equal(json_string_value(json_object_get(document, "openapi")), "3.1.0");
	assert_string_equal(file->type, "application/json");
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_their_whole_name),
		cmocka_unit_test(names_are_sorted_and_stand_once),
		cmocka_unit_test(the_description_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
