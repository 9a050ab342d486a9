/* SPDX-License-Identifier: Apache-2.0 */
/* Every way a configuration can be wrong, with the place and the sentence that an operator reads. */
#include "tests/unit/rows.h"

#include "policy/loading.h"

/* 1,800 bytes. */
#define LONG_VALUE_100                                                                             \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_VALUE_600                                                                             \
	LONG_VALUE_100 LONG_VALUE_100 LONG_VALUE_100 LONG_VALUE_100 LONG_VALUE_100 LONG_VALUE_100
#define LONG_VALUE LONG_VALUE_600 LONG_VALUE_600 LONG_VALUE_600

#include <stdio.h>
#include <stdlib.h>

static void wrong_input_names_place_and_remedy(void **state)
{
	static const struct {
		const char *name, *config, *requirements, *fault;
	} rows[] = {
#include "tests/unit/config_faults.inc"
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config_sources sources = {
			.config_file = "c.toml", .requirements_file = "r.toml"};
		struct slice texts[2] = {slice_of(rows[i].config), slice_of(rows[i].requirements)};
		struct fault fault = {.line = 0};
		char text[1024];
		struct config *c = config_load_texts(&sources, texts, NULL, NULL, &fault);
		ROW_CHECK(rows[i].name, !c, "loaded");
		fault_format(&fault, text, sizeof(text));
		ROW_CHECK(rows[i].name, strcmp(text, rows[i].fault) == 0, "%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(wrong_input_names_place_and_remedy)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
