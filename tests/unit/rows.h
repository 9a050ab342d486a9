/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/rows.h: cmocka with its includes, and tables whose failing row says its name. */
#ifndef SALLYPORT_TESTS_ROWS_H
#define SALLYPORT_TESTS_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Fails the test and names the row: ROW_CHECK(rows[i].name, got == want, "got %d", got). */
#define ROW_CHECK(name, condition, ...)                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("row \"%s\": %s: ", (name), #condition);                       \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n");                                                         \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

#endif
