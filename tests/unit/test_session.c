/* SPDX-License-Identifier: Apache-2.0 */
/* The table of phases is the drawing: it must say what the picture in proxy/session.h says. */
#include "tests/unit/rows.h"

#include "proxy/session.h"

#include <stdio.h>
#include <string.h>

/* The picture's line of a phase, " *   NAME -> NEXT NEXT\n", into `line`. */
static void picture_line(const char *name, char *line, size_t size)
{
	FILE *header = fopen(SESSION_HEADER, "r");
	bool found = false;

	assert_non_null(header);
	while (!found && fgets(line, (int)size, header)) {
		char word[32] = "";
		found = sscanf(line, " * %31s ->", word) == 1 && strcmp(word, name) == 0 &&
			strstr(line, "->");
	}
	fclose(header);
	if (!found)
		print_error("no line for %s in the picture\n", name);
	assert_true(found);
}

static void the_table_is_the_picture(void **state)
{
	(void)state;
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct phase_row *row = &session_phases[i];
		char line[256];
		unsigned drawn = 0;
		picture_line(row->name, line, sizeof(line));
		for (char *word = strtok(strstr(line, "->") + 2, " \n"); word;
			word = strtok(NULL, " \n")) {
			int to = 0;
			while (to < PHASE_COUNT && strcmp(session_phases[to].name, word) != 0)
				to++;
			ROW_CHECK(row->name, to < PHASE_COUNT, "unknown phase %s", word);
			drawn |= 1u << to;
		}
		ROW_CHECK(row->name, drawn == row->next, "drawn %x, table %x", drawn, row->next);
	}
}

static void every_phase_steps_and_ends(void **state)
{
	(void)state;
	for (int i = 0; i < PHASE_COUNT; i++) {
		const struct phase_row *row = &session_phases[i];
		ROW_CHECK(row->name, row->step != NULL && row->budget != NULL, "incomplete row");
		ROW_CHECK(
			row->name, i == PHASE_CLOSE || row->next & 1u << PHASE_CLOSE, "cannot end");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_the_picture),
		cmocka_unit_test(every_phase_steps_and_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
