/* SPDX-License-Identifier: Apache-2.0 */
#include "control/moment.h"

#include <stdio.h>
#include <time.h>

#define LAST_MS UINT64_C(253402300799999)

/* Digits of a fixed width. */
static bool digits(struct slice text, size_t at, size_t count, uint32_t *ret)
{
	uint32_t value = 0;

	if (at + count > text.len)
		return false;
	for (size_t i = at; i < at + count; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	*ret = value;
	return true;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* ".123Z" or "Z"; more digits than three are cut. */
static bool fraction(struct slice text, uint32_t *ret_ms)
{
	uint32_t ms = 0, unit = 100;
	size_t i = 0;

	if (text.len > 1 && text.ptr[0] == '.') {
		for (i = 1; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
			ms += (uint32_t)(text.ptr[i] - '0') * unit;
			unit /= 10;
		}
		if (i == 1)
			return false;
	}
	*ret_ms = ms;
	return text.len == i + 1 && text.ptr[i] == 'Z';
}

bool moment_parse(struct slice text, uint64_t *ret_ms)
{
	static const char form[] = "0000-00-00T00:00:00";
	uint32_t year, month, day, hour, minute, second, ms;
	uint64_t days = 0;

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (i >= text.len || (form[i] != '0' && text.ptr[i] != form[i]))
			return false;
	if (!digits(text, 0, 4, &year) || !digits(text, 5, 2, &month) ||
		!digits(text, 8, 2, &day) || !digits(text, 11, 2, &hour) ||
		!digits(text, 14, 2, &minute) || !digits(text, 17, 2, &second) ||
		!fraction(slice_after(text, sizeof(form) - 1), &ms))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
		hour > 23 || minute > 59 || second > 59)
		return false;
	for (uint32_t y = 1970; y < year; y++)
		days += 337 + days_in(y, 2);
	for (uint32_t m = 1; m < month; m++)
		days += days_in(year, m);
	days += day - 1;
	*ret_ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
	return true;
}

void moment_format(uint64_t ms, char ret_text[MOMENT_SIZE])
{
	uint64_t bounded = ms < LAST_MS ? ms : LAST_MS;
	time_t seconds = (time_t)(bounded / 1000);
	struct tm utc = {0};

	gmtime_r(&seconds, &utc);
	size_t len = strftime(ret_text, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret_text + len, MOMENT_SIZE - len, ".%03uZ", (unsigned)(bounded % 1000));
}

uint64_t moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void moment_span(uint64_t ms, char ret_text[MOMENT_TEXT_SIZE])
{
	uint64_t s = ms / 1000;
	uint64_t unit = s < 120 ? 1 : s < 7200 ? 60 : s < 172800 ? 3600 : 86400;
	const char *letter = unit == 1 ? "s" : unit == 60 ? "m" : unit == 3600 ? "h" : "d";

	snprintf(ret_text, MOMENT_TEXT_SIZE, "%llu%s", (unsigned long long)(s / unit), letter);
}

void moment_relative(uint64_t ms, uint64_t now_ms, char ret_text[MOMENT_TEXT_SIZE])
{
	char span[MOMENT_TEXT_SIZE - 8];
	char whole[MOMENT_TEXT_SIZE];

	moment_span(ms > now_ms ? ms - now_ms : now_ms - ms, whole);
	snprintf(span, sizeof(span), "%.*s", (int)sizeof(span) - 1, whole);
	if (ms / 1000 == now_ms / 1000)
		snprintf(ret_text, MOMENT_TEXT_SIZE, "now");
	else if (ms > now_ms)
		snprintf(ret_text, MOMENT_TEXT_SIZE, "in %s", span);
	else
		snprintf(ret_text, MOMENT_TEXT_SIZE, "%s ago", span);
}

void moment_clock(uint64_t ms, char ret_text[MOMENT_TEXT_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm parts;

	if (!localtime_r(&seconds, &parts) ||
		strftime(ret_text, MOMENT_TEXT_SIZE, "%H:%M:%S", &parts) == 0)
		snprintf(ret_text, MOMENT_TEXT_SIZE, "--:--:--");
}
