/* SPDX-License-Identifier: Apache-2.0 */
/* A shared cache of search answers by RFC 9111: each row cites the section that it is about. */
#include "tests/unit/rows.h"

#include "proxy/freshness.h"

enum { NOW = 1000000000 }; /* Sun, 09 Sep 2001 01:46:40 GMT */
#define NOW_DATE     "Sun, 09 Sep 2001 01:46:40 GMT"
#define NOW_PLUS_60  "Sun, 09 Sep 2001 01:47:40 GMT"
#define NOW_MINUS_60 "Sun, 09 Sep 2001 01:45:40 GMT"

static const struct freshness_rules rules = {.ttl_s = 3600, .stale_s = 86400, .stale_error_s = 300};

static struct head head_of(uint16_t status, const char *text, struct field *fields)
{
	struct slice rest = slice_of(text);
	size_t count = 0;

	while (freshness_next_field(&rest, &fields[count]))
		count++;
	assert_int_equal(rest.len, 0);
	return (struct head){.status = status, .fields = fields, .field_count = count};
}

static enum storable judge(const char *request, uint16_t status, const char *response,
	const struct freshness_rules *by, struct freshness *ret_freshness)
{
	struct field asked[64], answered[64];
	struct head r = head_of(0, request, asked), h = head_of(status, response, answered);
	struct freshness_times times = {NOW, NOW};
	struct freshness_request q;

	freshness_read_request(r.fields, r.field_count, &q);
	*ret_freshness = (struct freshness){0};
	return freshness_judge(by, &q, &h, &times, ret_freshness);
}

/* ---- storing ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *request;
	uint16_t status;
	const char *response;
	enum storable want;
	bool shared_credentials;
} storing[] = {
	{"§3 a plain answer", "", 200, "", STORABLE, false},
	{"§3 with a lifetime", "", 200, "Cache-Control: max-age=60\r\n", STORABLE, false},
	{"§3 not found", "", 404, "Cache-Control: max-age=60\r\n", STORABLE_NOT_STATUS, false},
	{"§3 permanent redirection", "", 301, "Cache-Control: max-age=60\r\n", STORABLE_NOT_STATUS,
		false},
	{"§3 too many requests", "", 429, "Cache-Control: max-age=60\r\n", STORABLE_NOT_STATUS,
		false},
	{"§3 server error", "", 500, "Cache-Control: max-age=60\r\n", STORABLE_NOT_STATUS, false},
	{"§3 a later 2xx", "", 204, "", STORABLE_NOT_STATUS, false},
	{"§3.3 a part", "Range: bytes=0-9\r\n", 206, "Content-Range: bytes 0-9/20\r\n",
		STORABLE_NOT_STATUS, false},
	{"§3.3 all of it for a range", "Range: bytes=0-9\r\n", 200, "", STORABLE, false},
	{"§4.3.4 a 304 is no answer", "", 304, "ETag: \"a\"\r\n", STORABLE_NOT_STATUS, false},
	{"§5.2.2.5 no-store", "", 200, "Cache-Control: no-store\r\n", STORABLE_NOT_WANTED, false},
	{"§5.2.2.5 no-store among others", "", 200,
		"Cache-Control: max-age=60, NO-STORE ,public\r\n", STORABLE_NOT_WANTED, false},
	{"§5.2.2.5 no-store in a second field", "", 200,
		"Cache-Control: max-age=60\r\ncache-control: no-store\r\n", STORABLE_NOT_WANTED,
		false},
	{"§5.2 no-store inside a quoted string", "", 200,
		"Cache-Control: ext=\"no-store\", max-age=60\r\n", STORABLE, false},
	{"§5.2 no-store inside a name", "", 200, "Cache-Control: xno-store, max-age=60\r\n",
		STORABLE, false},
	{"§5.2 an open quote may hide anything", "", 200, "Cache-Control: ext=\"no, max-age=60\r\n",
		STORABLE_NOT_WANTED, false},
	{"§5.2 not a list of directives", "", 200, "Cache-Control: max-age 60\r\n",
		STORABLE_NOT_WANTED, false},
	{"§5.2 empty elements", "", 200, "Cache-Control: , ,max-age=60,,\r\n", STORABLE, false},
	{"§5.2.3 an extension is ignored", "", 200,
		"Cache-Control: immutable, community=\"UCI\"\r\n", STORABLE, false},
	{"§5.2.2.3 must-understand does not undo no-store", "", 200,
		"Cache-Control: must-understand, no-store\r\n", STORABLE_NOT_WANTED, false},
	{"§5.2.1.5 no-store of the request", "Cache-Control: no-store\r\n", 200, "",
		STORABLE_NOT_WANTED, false},
	{"§5.2.2.7 private", "", 200, "Cache-Control: private, max-age=60\r\n", STORABLE_NOT_SHARED,
		false},
	{"§5.2.2.7 private with names counts as without", "", 200,
		"Cache-Control: private=\"X-Who\"\r\n", STORABLE_NOT_SHARED, false},
	{"§5.2.2.7 private wins over public", "", 200, "Cache-Control: public, private\r\n",
		STORABLE_NOT_SHARED, false},
	{"§3.5 authorized", "Authorization: Bearer x\r\n", 200, "Cache-Control: max-age=60\r\n",
		STORABLE_NOT_SHARED, false},
	{"§3.5 authorized and public", "Authorization: Bearer x\r\n", 200,
		"Cache-Control: public\r\n", STORABLE, false},
	{"§3.5 authorized and s-maxage", "Authorization: Bearer x\r\n", 200,
		"Cache-Control: s-maxage=60\r\n", STORABLE, false},
	{"§3.5 authorized and must-revalidate", "Authorization: Bearer x\r\n", 200,
		"Cache-Control: must-revalidate, max-age=60\r\n", STORABLE, false},
	{"§3.5 authorized with an account's key", "Authorization: Bearer x\r\n", 200, "", STORABLE,
		true},
	{"§3.5 private in spite of an account's key", "Authorization: Bearer x\r\n", 200,
		"Cache-Control: private\r\n", STORABLE_NOT_SHARED, true},
	{"§3.5 a cookie is a credential here", "Cookie: a=b\r\n", 200,
		"Cache-Control: max-age=60\r\n", STORABLE_NOT_SHARED, false},
	{"§7.3 Set-Cookie forbids nothing and is dropped", "", 200, "Set-Cookie: a=b\r\n", STORABLE,
		false},
	{"§4.1 Vary", "", 200, "Vary: Accept-Language, Accept-Encoding\r\n", STORABLE, false},
	{"§4.1 Vary by everything", "", 200, "Vary: *\r\n", STORABLE_NOT_VARY, false},
	{"§4.1 Vary by everything in a list", "", 200, "Vary: Accept, *\r\n", STORABLE_NOT_VARY,
		false},
	{"§4.1 Vary by a cookie", "", 200, "Vary: Cookie\r\n", STORABLE_NOT_VARY, false},
	{"§4.1 Vary by authorization", "", 200, "vary: accept\r\nVary: AUTHORIZATION\r\n",
		STORABLE_NOT_VARY, true},
	{"§4.1 Vary by a key", "", 200, "Vary: X-Subscription-Token\r\n", STORABLE_NOT_VARY, false},
	{"§4.1 Vary by a key of another name", "", 200, "Vary: x-api-key\r\n", STORABLE_NOT_VARY,
		false},
	{"§5.2.2.4 no-cache without a validator", "", 200, "Cache-Control: no-cache\r\n",
		STORABLE_NOT_REUSABLE, false},
	{"§5.2.2.4 no-cache with one", "", 200, "Cache-Control: no-cache\r\nETag: \"a\"\r\n",
		STORABLE, false},
	{"§5.2.2.2 stale at once, must-revalidate", "", 200,
		"Cache-Control: max-age=0, must-revalidate\r\n", STORABLE_NOT_REUSABLE, false},
	{"§5.2.2.2 the same with a validator", "", 200,
		"Cache-Control: max-age=0, must-revalidate\r\nLast-Modified: " NOW_DATE "\r\n",
		STORABLE, false},
	{"§4.2.4 stale at once, no more said", "", 200, "Cache-Control: max-age=0\r\n", STORABLE,
		false},
	{"§5.4 Pragma of a response means nothing", "", 200, "Pragma: no-cache\r\n", STORABLE,
		false},
};

static void what_may_be_kept(void **state)
{
	struct freshness f;
	(void)state;
	for (size_t i = 0; i < COUNT(storing); i++) {
		struct freshness_rules by = rules;
		by.shared_credentials = storing[i].shared_credentials;
		enum storable got =
			judge(storing[i].request, storing[i].status, storing[i].response, &by, &f);
		ROW_CHECK(storing[i].name, got == storing[i].want, "%s instead of %s",
			storable_word(got), storable_word(storing[i].want));
	}
}

/* ---- lifetime ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *response;
	uint32_t lifetime_s;
	bool named;
} lifetimes[] = {
	{"§4.2.2 none is named", "", 3600, false},
	{"§4.2.1 max-age", "Cache-Control: max-age=60\r\n", 60, true},
	{"§4.2.1 s-maxage wins", "Cache-Control: max-age=60, s-maxage=7\r\n", 7, true},
	{"§4.2.1 max-age wins over Expires", "Cache-Control: max-age=60\r\nExpires: 0\r\n", 60,
		true},
	{"§4.2.1 Expires", "Date: " NOW_DATE "\r\nExpires: " NOW_PLUS_60 "\r\n", 60, true},
	{"§4.2.1 Expires counts from Date",
		"Date: " NOW_MINUS_60 "\r\nExpires: " NOW_PLUS_60 "\r\n", 120, true},
	{"§4.2.1 Expires without a Date", "Expires: " NOW_PLUS_60 "\r\n", 60, true},
	{"§4.2.1 Expires beside another directive",
		"Cache-Control: public\r\nExpires: " NOW_PLUS_60 "\r\n", 60, true},
	{"§5.3 Expires in the past", "Expires: " NOW_MINUS_60 "\r\n", 0, true},
	{"§5.3 Expires that is no date", "Expires: 0\r\n", 0, true},
	{"§5.3 Expires that is empty", "Expires: \r\n", 0, true},
	{"§5.3 Expires of RFC 850", "Expires: Sunday, 09-Sep-01 01:47:40 GMT\r\n", 60, true},
	{"§5.3 Expires of asctime", "Expires: Sun Sep  9 01:47:40 2001\r\n", 60, true},
	{"§5.3 Expires in another zone", "Expires: Sun, 09 Sep 2001 01:47:40 CET\r\n", 0, true},
	{"§5.3 Expires on no day", "Expires: Sun, 31 Feb 2002 01:47:40 GMT\r\n", 0, true},
	{"§4.2.1 two Expires that agree",
		"Expires: " NOW_PLUS_60 "\r\nExpires: " NOW_PLUS_60 "\r\n", 60, true},
	{"§4.2.1 two Expires that differ", "Expires: " NOW_PLUS_60 "\r\nExpires: " NOW_DATE "\r\n",
		0, true},
	{"§4.2.1 max-age twice, the same", "Cache-Control: max-age=60, max-age=60\r\n", 60, true},
	{"§4.2.1 max-age twice, different", "Cache-Control: max-age=60, max-age=61\r\n", 0, true},
	{"§4.2.1 max-age without a number", "Cache-Control: max-age\r\n", 0, true},
	{"§4.2.1 max-age that is empty", "Cache-Control: max-age=\"\"\r\n", 0, true},
	{"§4.2.1 max-age with a fraction", "Cache-Control: max-age=1.5\r\n", 0, true},
	{"§4.2.1 max-age below zero", "Cache-Control: max-age=-1\r\n", 0, true},
	{"§4.2.1 a bad s-maxage wins all the same",
		"Cache-Control: max-age=60, s-maxage=x\r\nETag: \"a\"\r\n", 0, true},
	{"§5.2 max-age in quotes", "Cache-Control: max-age=\"60\"\r\n", 60, true},
	{"§5.2 in upper case", "CACHE-CONTROL: MAX-AGE=60\r\n", 60, true},
	{"§1.2.2 the greatest", "Cache-Control: max-age=2147483648\r\n", 2147483648u, true},
	{"§1.2.2 beyond it", "Cache-Control: max-age=99999999999999999999999\r\n", 2147483648u,
		true},
};

static void how_long_it_is_good(void **state)
{
	struct freshness f;
	(void)state;
	for (size_t i = 0; i < COUNT(lifetimes); i++) {
		enum storable got = judge("", 200, lifetimes[i].response, &rules, &f);
		ROW_CHECK(lifetimes[i].name, got == STORABLE, "%s", storable_word(got));
		ROW_CHECK(lifetimes[i].name, f.lifetime_s == lifetimes[i].lifetime_s, "%u",
			f.lifetime_s);
		ROW_CHECK(lifetimes[i].name, f.named == lifetimes[i].named, "%d", f.named);
	}
}

/* ---- age ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *response;
	int64_t asked_s, response_s, now_s;
	uint32_t age_s;
} ages[] = {
	{"§4.2.3 new", "Date: " NOW_DATE "\r\n", NOW, NOW, NOW, 0},
	{"§4.2.3 resident", "Date: " NOW_DATE "\r\n", NOW, NOW, NOW + 5, 5},
	{"§4.2.3 apparent age", "Date: " NOW_MINUS_60 "\r\n", NOW, NOW, NOW + 5, 65},
	{"§4.2.3 a Date in the future", "Date: " NOW_PLUS_60 "\r\n", NOW, NOW, NOW + 5, 5},
	{"§4.2.3 Age and the delay", "Date: " NOW_DATE "\r\nAge: 7\r\n", NOW - 3, NOW, NOW + 5, 15},
	{"§4.2.3 the larger of both", "Date: " NOW_MINUS_60 "\r\nAge: 7\r\n", NOW - 3, NOW, NOW,
		60},
	{"§4.2.3 a clock set back", "Date: " NOW_DATE "\r\n", NOW, NOW, NOW - 100, 0},
	{"§4.2.3 a clock set back meanwhile", "", NOW + 100, NOW, NOW, 0},
	{"§5.1 the first of a list", "Age: 7, 100\r\n", NOW, NOW, NOW, 7},
	{"§5.1 no number is ignored", "Age: -7\r\n", NOW, NOW, NOW, 0},
	{"§5.1 empty is ignored", "Age: \r\n", NOW, NOW, NOW, 0},
	{"§1.2.2 overflow", "Age: 99999999999999999999\r\n", NOW, NOW, NOW + 5, INT32_MAX},
	{"RFC 9110 §6.6.1 no Date", "", NOW, NOW, NOW + 5, 5},
	{"RFC 9110 §6.6.1 a Date that is none", "Date: yesterday\r\n", NOW, NOW, NOW + 5, 5},
};

static void how_old_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ages); i++) {
		struct field fields[8];
		struct head h = head_of(200, ages[i].response, fields);
		struct freshness_times times = {ages[i].asked_s, ages[i].response_s};
		struct freshness_request q = {.max_age_s = UINT32_MAX};
		struct freshness f;
		assert_int_equal(freshness_judge(&rules, &q, &h, &times, &f), STORABLE);
		uint32_t age = freshness_age(&f, ages[i].now_s);
		ROW_CHECK(ages[i].name, age == ages[i].age_s, "%u", age);
	}
}

/* ---- use ---------------------------------------------------------------------------------- */

#define FRESH FRESHNESS_FRESH
#define WHILE FRESHNESS_WHILE
#define ASK   FRESHNESS_VALIDATE
static const struct {
	const char *name;
	const char *response, *request;
	uint32_t age_s;
	enum freshness_use use;
	bool disconnected, after_error;
} uses[] = {
	{"§4.2 just fresh", "Cache-Control: max-age=60\r\n", "", 59, FRESH, true, true},
	{"§4.2 just stale", "Cache-Control: max-age=60\r\n", "", 60, ASK, true, true},
	{"§4.2.4 stale, nothing may be fetched, in time", "Cache-Control: max-age=60\r\n", "",
		60 + 86399, ASK, true, false},
	{"§4.2.4 too late", "Cache-Control: max-age=60\r\n", "", 60 + 86400, ASK, false, false},
	{"§4.2.4 must-revalidate", "Cache-Control: max-age=60, must-revalidate\r\n", "", 60, ASK,
		false, false},
	{"§4.2.4 must-revalidate while fresh", "Cache-Control: max-age=60, must-revalidate\r\n", "",
		59, FRESH, true, true},
	{"§5.2.2.8 proxy-revalidate", "Cache-Control: max-age=60, proxy-revalidate\r\n", "", 60,
		ASK, false, false},
	{"§5.2.2.10 s-maxage means it too", "Cache-Control: s-maxage=60\r\n", "", 60, ASK, false,
		false},
	{"§5.2.2.4 no-cache", "Cache-Control: no-cache, max-age=60\r\nETag: \"a\"\r\n", "", 0, ASK,
		false, false},
	{"§5.2.2.4 no-cache with names",
		"Cache-Control: no-cache=\"Set-Cookie\", max-age=60\r\nETag: \"a\"\r\n", "", 0, ASK,
		false, false},
	{"§4.2.2 the operator's lifetime", "", "", 3599, FRESH, true, true},
	{"§4.2.2 and its end", "", "", 3600, ASK, true, true},
	{"§5.2.1.4 no-cache of the request", "Cache-Control: max-age=60\r\n",
		"Cache-Control: no-cache\r\n", 0, ASK, true, true},
	{"§5.4 Pragma of the request", "Cache-Control: max-age=60\r\n", "Pragma: no-cache\r\n", 0,
		ASK, true, true},
	{"§5.4 Pragma beside Cache-Control", "Cache-Control: max-age=60\r\n",
		"Pragma: no-cache\r\nCache-Control: x\r\n", 0, FRESH, true, true},
	{"§5.2.1.1 max-age met", "Cache-Control: max-age=60\r\n", "Cache-Control: max-age=10\r\n",
		10, FRESH, true, true},
	{"§5.2.1.1 max-age not met", "Cache-Control: max-age=60\r\n",
		"Cache-Control: max-age=10\r\n", 11, ASK, true, true},
	{"§5.2.1.1 max-age that is no number", "Cache-Control: max-age=60\r\n",
		"Cache-Control: max-age=x\r\n", 1, ASK, true, true},
	{"§5.2.1.3 min-fresh met", "Cache-Control: max-age=60\r\n",
		"Cache-Control: min-fresh=10\r\n", 49, FRESH, true, true},
	{"§5.2.1.3 min-fresh not met", "Cache-Control: max-age=60\r\n",
		"Cache-Control: min-fresh=10\r\n", 50, ASK, true, true},
	{"§5.2.1.2 max-stale met", "Cache-Control: max-age=60\r\n",
		"Cache-Control: max-stale=10\r\n", 70, FRESH, true, true},
	{"§5.2.1.2 max-stale not met", "Cache-Control: max-age=60\r\n",
		"Cache-Control: max-stale=10\r\n", 71, ASK, true, true},
	{"§5.2.1.2 max-stale without a number", "Cache-Control: max-age=60\r\n",
		"Cache-Control: max-stale\r\n", 9999, FRESH, true, false},
	{"§5.2.1.2 max-stale against must-revalidate",
		"Cache-Control: max-age=60, must-revalidate\r\n", "Cache-Control: max-stale\r\n",
		60, ASK, false, false},
	{"RFC 5861 §3 while it is validated",
		"Cache-Control: max-age=60, stale-while-revalidate=30\r\n", "", 89, WHILE, true,
		true},
	{"RFC 5861 §3 too late", "Cache-Control: max-age=60, stale-while-revalidate=30\r\n", "", 90,
		ASK, true, true},
	{"RFC 5861 §3 against must-revalidate",
		"Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=30\r\n", "", 61,
		ASK, false, false},
	{"RFC 5861 §4 the operator's time", "Cache-Control: max-age=60\r\n", "", 359, ASK, true,
		true},
	{"RFC 5861 §4 and its end", "Cache-Control: max-age=60\r\n", "", 360, ASK, true, false},
	{"RFC 5861 §4 the provider's time", "Cache-Control: max-age=60, stale-if-error=10\r\n", "",
		69, ASK, true, true},
	{"RFC 5861 §4 and its end", "Cache-Control: max-age=60, stale-if-error=10\r\n", "", 70, ASK,
		true, false},
	{"RFC 5861 §4 against must-revalidate",
		"Cache-Control: max-age=60, must-revalidate, stale-if-error=99\r\n", "", 60, ASK,
		false, false},
};

static void when_it_may_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(uses); i++) {
		struct field fields[8];
		struct head r = head_of(0, uses[i].request, fields);
		struct freshness_request q;
		struct freshness f;
		int64_t now_s = NOW + uses[i].age_s;
		freshness_read_request(r.fields, r.field_count, &q);
		ROW_CHECK(uses[i].name, judge("", 200, uses[i].response, &rules, &f) == STORABLE,
			"-");
		ROW_CHECK(uses[i].name, freshness_use(&f, &q, now_s) == uses[i].use, "%d",
			(int)freshness_use(&f, &q, now_s));
		ROW_CHECK(uses[i].name,
			freshness_disconnected(&f, &rules, now_s) == uses[i].disconnected, "-");
		ROW_CHECK(
			uses[i].name, freshness_after_error(&f, now_s) == uses[i].after_error, "-");
	}
}

static const struct {
	const char *name, *method;
	uint16_t status;
	bool want;
} invalidations[] = {
	{"§4.4 PUT", "PUT", 200, true},
	{"§4.4 DELETE with a redirection", "DELETE", 303, true},
	{"§4.4 POST that is no search", "POST", 204, true},
	{"§4.4 an unknown method", "REINDEX", 200, true},
	{"§4.4 an error changes nothing", "PUT", 400, false},
	{"§4.4 a server error neither", "DELETE", 500, false},
	{"§4.4 GET", "GET", 200, false},
	{"§4.4 OPTIONS", "OPTIONS", 200, false},
};

static void what_makes_it_invalid(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(invalidations); i++)
		ROW_CHECK(invalidations[i].name,
			freshness_invalidates(slice_of(invalidations[i].method),
				invalidations[i].status) == invalidations[i].want,
			"-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_kept),
		cmocka_unit_test(how_long_it_is_good),
		cmocka_unit_test(how_old_it_is),
		cmocka_unit_test(when_it_may_answer),
		cmocka_unit_test(what_makes_it_invalid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
