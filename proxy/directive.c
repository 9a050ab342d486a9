/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/directive.h"

#include "proxy/field.h"

/* The greatest delta-seconds, RFC 9111 §1.2.2. */
#define SECONDS_MOST UINT32_C(0x80000000)

/* ---- directives --------------------------------------------------------------------------- */

static size_t token_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && field_is_token(slice_from(s.ptr + len, 1)))
		len++;
	return len;
}

/* What stands between the quotes that *list begins with; false when the second one is missing. */
static bool take_quoted(struct slice *list, struct slice *ret_text)
{
	for (size_t i = 1; i < list->len; i++) {
		if (list->ptr[i] == '\\') {
			i++;
		} else if (list->ptr[i] == '"') {
			*ret_text = slice_from(list->ptr + 1, i - 1);
			*list = slice_after(*list, i + 1);
			return true;
		}
	}
	return false;
}

static bool take_value(struct slice *list, struct slice *ret_value)
{
	if (list->len > 0 && list->ptr[0] == '"')
		return take_quoted(list, ret_value);
	size_t len = token_len(*list);
	*ret_value = slice_first(*list, len);
	*list = slice_after(*list, len);
	return len > 0;
}

enum directive_step directive_next(struct slice *list, struct directive *ret_directive)
{
	struct directive found = {.value = {NULL, 0}};

	*list = field_trim(*list);
	while (list->len > 0 && list->ptr[0] == ',')
		*list = field_trim(slice_after(*list, 1));
	if (list->len == 0)
		return DIRECTIVE_END;
	size_t len = token_len(*list);
	found.name = slice_first(*list, len);
	*list = slice_after(*list, len);
	if (len > 0 && list->len > 0 && list->ptr[0] == '=') {
		*list = slice_after(*list, 1);
		if (!take_value(list, &found.value))
			return DIRECTIVE_BAD;
	}
	*list = field_trim(*list);
	if (len == 0 || (list->len > 0 && list->ptr[0] != ','))
		return DIRECTIVE_BAD;
	*ret_directive = found;
	return DIRECTIVE_ONE;
}

/* ---- numbers ------------------------------------------------------------------------------ */

bool directive_seconds(struct slice text, uint32_t *ret_seconds)
{
	uint64_t seconds = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		seconds = seconds * 10 + (uint64_t)(text.ptr[i] - '0');
		if (seconds > SECONDS_MOST)
			seconds = SECONDS_MOST;
	}
	if (text.len == 0)
		return false;
	*ret_seconds = (uint32_t)seconds;
	return true;
}

/* ---- dates -------------------------------------------------------------------------------- */

struct date {
	int64_t year;
	unsigned month, day, hour, minute, second; /* month from 0 */
};

static const struct slice months = {"JanFebMarAprMayJunJulAugSepOctNovDec", 36};

static bool take_month(struct slice *text, unsigned *ret_month)
{
	for (unsigned i = 0; i < 12; i++) {
		if (slice_starts(*text, slice_from(months.ptr + (size_t)3 * i, 3))) {
			*text = slice_after(*text, 3);
			*ret_month = i;
			return true;
		}
	}
	return false;
}

static bool take_number(struct slice *text, size_t digits, unsigned *ret_number)
{
	unsigned number = 0;

	if (text->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (text->ptr[i] < '0' || text->ptr[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text->ptr[i] - '0');
	}
	*text = slice_after(*text, digits);
	*ret_number = number;
	return true;
}

static bool take_word(struct slice *text, struct slice word)
{
	if (!slice_starts(*text, word))
		return false;
	*text = slice_after(*text, word.len);
	return true;
}

static bool take_time(struct slice *text, struct date *d)
{
	return take_number(text, 2, &d->hour) && take_word(text, SLICE(":")) &&
	       take_number(text, 2, &d->minute) && take_word(text, SLICE(":")) &&
	       take_number(text, 2, &d->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT, from behind the comma. */
static bool take_fixdate(struct slice text, struct date *d)
{
	unsigned year = 0;
	bool ok = take_word(&text, SLICE(", ")) && take_number(&text, 2, &d->day) &&
		  take_word(&text, SLICE(" ")) && take_month(&text, &d->month) &&
		  take_word(&text, SLICE(" ")) && take_number(&text, 4, &year) &&
		  take_word(&text, SLICE(" ")) && take_time(&text, d) &&
		  take_word(&text, SLICE(" GMT"));

	d->year = year;
	return ok && text.len == 0;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool take_rfc850(struct slice text, struct date *d)
{
	unsigned year = 0;
	bool ok = take_word(&text, SLICE(", ")) && take_number(&text, 2, &d->day) &&
		  take_word(&text, SLICE("-")) && take_month(&text, &d->month) &&
		  take_word(&text, SLICE("-")) && take_number(&text, 2, &year) &&
		  take_word(&text, SLICE(" ")) && take_time(&text, d) &&
		  take_word(&text, SLICE(" GMT"));

	d->year = year;
	return ok && text.len == 0;
}

/* Sun Nov  6 08:49:37 1994 */
static bool take_asctime(struct slice text, struct date *d)
{
	unsigned year = 0;
	bool ok = take_word(&text, SLICE(" ")) && take_month(&text, &d->month) &&
		  take_word(&text, SLICE(" "));

	ok = ok && (take_word(&text, SLICE(" ")) ? take_number(&text, 1, &d->day)
						 : take_number(&text, 2, &d->day));
	ok = ok && take_word(&text, SLICE(" ")) && take_time(&text, d) &&
	     take_word(&text, SLICE(" ")) && take_number(&text, 4, &year);
	d->year = year;
	return ok && text.len == 0;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March here, so that the
 * leap day is the last one. */
static int64_t days_of(const struct date *d)
{
	int64_t month = (d->month + 10) % 12, year = d->year - (d->month < 2);
	int64_t days = 365 * year + year / 4 - year / 100 + year / 400;

	return days + (month * 306 + 5) / 10 + d->day - 1 - 719468;
}

static bool is_date(const struct date *d)
{
	static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);

	/* A leap second is the 60th. */
	return d->day >= 1 && d->day <= lengths[d->month] + (d->month == 1 && leap ? 1u : 0u) &&
	       d->hour < 24 && d->minute < 60 && d->second <= 60;
}

static int64_t seconds_of(const struct date *d)
{
	return days_of(d) * 86400 + (int64_t)d->hour * 3600 + (int64_t)d->minute * 60 + d->second;
}

bool directive_date(struct slice text, int64_t now_s, int64_t *ret_s)
{
	const int64_t year_s = 31556952;
	struct date d = {0};
	size_t name = 0;

	while (name < text.len && ascii_lower(text.ptr[name]) >= 'a' &&
		ascii_lower(text.ptr[name]) <= 'z')
		name++;
	struct slice rest = slice_after(text, name);
	if (name > 3) {
		if (!take_rfc850(rest, &d))
			return false;
		/* RFC 9110 §5.6.7: more than 50 years ahead means the same digits in the past. */
		d.year += 1970 + now_s / year_s - (1970 + now_s / year_s) % 100;
		if (is_date(&d) && seconds_of(&d) > now_s + 50 * year_s)
			d.year -= 100;
	} else if (name < 3 || (!take_fixdate(rest, &d) && !take_asctime(rest, &d))) {
		return false;
	}
	if (!is_date(&d))
		return false;
	*ret_s = seconds_of(&d);
	return true;
}
