/* SPDX-License-Identifier: Apache-2.0 */
/* control/moment.h: the API's times and durations as people read them: how long ago, how long yet.
 * Values in, values out. Source: RFC 3339 §5.6, in UTC, as the API writes it. */
#ifndef SALLYPORT_CONTROL_MOMENT_H
#define SALLYPORT_CONTROL_MOMENT_H

#include "base/slice.h"

/* "2026-11-21T10:55:08.123Z" or without the fraction, years 1970 to 9999. False leaves *ret_ms as
 * it was. */
bool moment_parse(struct slice text, uint64_t *ret_ms);

/* "2026-11-21T10:55:08.123Z" of a Unix time in milliseconds; beyond the year 9999, its end. */
enum { MOMENT_SIZE = 32 };
void moment_format(uint64_t ms, char ret_text[MOMENT_SIZE]);

/* Unix time now, milliseconds. */
uint64_t moment_now(void);

/* Longest text of the functions below, with its NUL. */
enum { MOMENT_TEXT_SIZE = 32 };

/* "4s", "12m", "3h", "5d": whole units, rounded down. */
void moment_span(uint64_t ms, char ret_text[MOMENT_TEXT_SIZE]);
/* "4s ago", "in 12m", "now". */
void moment_relative(uint64_t ms, uint64_t now_ms, char ret_text[MOMENT_TEXT_SIZE]);
/* "10:55:08" in the user's time zone. */
void moment_clock(uint64_t ms, char ret_text[MOMENT_TEXT_SIZE]);

#endif
