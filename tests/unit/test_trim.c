/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "base/trim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Resident KiB of files. */
static long resident_files(void)
{
	char line[128];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, "RssFile:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	fclose(f);
	return kib;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void code_pages_go_and_everything_still_works(void **state)
{
	const char *words[] = {"pear", "apple", "fig"};
	char text[64];
	(void)state;
	/* Something large to hold, if the machine has it. */
	void *large = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	long before = resident_files();
	if (before < 0 || !large)
		skip();
	for (int i = 0; i < 100; i++) {
		trim_code();
		qsort(words, COUNT(words), sizeof(words[0]), compare);
		assert_string_equal(words[0], "apple");
		snprintf(text, sizeof(text), "%d %.3f", i, 1.5);
		assert_non_null(strstr(text, "1.500"));
	}
	const char *(*version)(void);
	void *found = dlsym(large, "curl_version");
	memcpy(&version, &found, sizeof(found));
	assert_non_null(strstr(version(), "curl"));
	trim_memory();
	assert_true(resident_files() < before * 3 / 4);
	/* Stays loaded: what it allocated is reachable only through it. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_pages_go_and_everything_still_works),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
