/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields of an answer are kept, validators, variants: each row cites its section of RFC 9111. */
#include "tests/unit/rows.h"

#include "base/limits.h"
#include "proxy/freshness.h"

static struct head head_of(uint16_t status, const char *text, struct field *fields)
{
	struct slice rest = slice_of(text);
	size_t count = 0;

	while (freshness_next_field(&rest, &fields[count]))
		count++;
	assert_int_equal(rest.len, 0);
	return (struct head){.status = status, .fields = fields, .field_count = count};
}

static const struct {
	const char *name, *response, *kept;
	bool decoded;
} keeping[] = {
	{"§3.1 all of them", "Content-Type: text/html\r\nX-Other: 1\r\n",
		"Content-Type: text/html\r\nX-Other: 1\r\n", false},
	{"§3.1 of the connection",
		"Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\nProxy-Authenticate: x\r\nUpgrade: h2c\r\nTrailer: x\r\nA: b\r\n",
		"A: b\r\n", false},
	{"§4, written anew", "Age: 5\r\nContent-Length: 3\r\nDate: x\r\n", "Date: x\r\n", false},
	{"§7.3 Set-Cookie", "Set-Cookie: a=b\r\nset-cookie2: c\r\nA: b\r\n", "A: b\r\n", false},
	{"named like a secret",
		"X-Session-Token: t\r\nX-Api-Key: k\r\nAuthentication-Info: i\r\nA: b\r\n",
		"A: b\r\n", false},
	{"no secret in it", "X-Keyword: t\r\nMonkey: k\r\n", "X-Keyword: t\r\nMonkey: k\r\n",
		false},
	{"what counts somebody's requests",
		"X-RateLimit-Remaining: 3\r\nRateLimit: 5\r\nX-Rate-Limit: 1\r\nX-User-Id: 9\r\n",
		"", false},
	{"what makes a browser talk",
		"Alt-Svc: h3\r\nReport-To: {}\r\nNEL: {}\r\nClear-Site-Data: *\r\n", "", false},
	{"RFC 9110 §8.4 as it came", "Content-Encoding: br\r\nETag: \"a\"\r\nContent-MD5: x\r\n",
		"Content-Encoding: br\r\nETag: \"a\"\r\nContent-MD5: x\r\n", false},
	{"RFC 9110 §8.8.3 its coding undone",
		"Content-Encoding: gzip\r\nETag: \"a\"\r\nContent-MD5: x\r\n", "ETag: W/\"a\"\r\n",
		true},
	{"RFC 9110 §8.8.3 weak already", "ETag: W/\"a\"\r\n", "ETag: W/\"a\"\r\n", true},
};

static void what_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keeping); i++) {
		struct field fields[16];
		struct head h = head_of(200, keeping[i].response, fields);
		struct buffer b;
		buffer_init(&b, 4096);
		assert_true(freshness_keep_fields(&b, &h, keeping[i].decoded));
		ROW_CHECK(keeping[i].name, slice_equal(buffer_bytes(&b), slice_of(keeping[i].kept)),
			"%.*s", (int)b.len, buffer_bytes(&b).ptr);
		buffer_done(&b);
	}
}

static const struct {
	const char *name, *kept, *response, *want;
} updates[] = {
	{"§3.2 replaced and added", "A: 1\r\nDate: old\r\n", "Date: new\r\nB: 2\r\n",
		"A: 1\r\nDate: new\r\nB: 2\r\n"},
	{"§3.2 several for one", "C: 1\r\nC: 2\r\n", "c: 3\r\n", "c: 3\r\n"},
	{"§3.2 one for several", "C: 1\r\n", "C: 2\r\nC: 3\r\n", "C: 2\r\nC: 3\r\n"},
	{"§3.2 the content's stay", "Content-Type: a\r\nETag: W/\"x\"\r\nVary: b\r\n",
		"Content-Type: z\r\nContent-Encoding: gzip\r\nETag: \"x\"\r\nContent-Length: 9\r\n",
		"Content-Type: a\r\nETag: W/\"x\"\r\nVary: b\r\n"},
	{"§3.1 nothing that is not kept", "A: 1\r\n",
		"Set-Cookie: a\r\nConnection: x, a\r\nA: 2\r\nX: 1\r\n", "A: 1\r\n"},
};

static void a_304_updates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(updates); i++) {
		struct field fields[16];
		struct head h = head_of(304, updates[i].response, fields);
		struct buffer b;
		buffer_init(&b, 4096);
		assert_true(freshness_update_fields(&b, slice_of(updates[i].kept), &h));
		ROW_CHECK(updates[i].name, slice_equal(buffer_bytes(&b), slice_of(updates[i].want)),
			"%.*s", (int)b.len, buffer_bytes(&b).ptr);
		buffer_done(&b);
	}
}

#define SUNDAY "Sun, 09 Sep 2001 01:46:40 GMT"
#define MONDAY "Mon, 10 Sep 2001 01:46:40 GMT"
static const struct {
	const char *name, *kept, *request;
	bool want;
} conditions[] = {
	{"§4.3.2 the same tag", "ETag: \"a\"\r\n", "If-None-Match: \"a\"\r\n", true},
	{"§4.3.2 weakly the same", "ETag: W/\"a\"\r\n", "If-None-Match: \"a\"\r\n", true},
	{"§4.3.2 one of several", "ETag: \"c,d\"\r\n", "If-None-Match: \"a\", W/\"c,d\"\r\n", true},
	{"§4.3.2 in a second field", "ETag: \"c\"\r\n",
		"If-None-Match: \"a\"\r\nIf-None-Match: \"c\"\r\n", true},
	{"§4.3.2 another", "ETag: \"a\"\r\n", "If-None-Match: \"b\"\r\n", false},
	{"§4.3.2 without quotes", "ETag: \"a\"\r\n", "If-None-Match: a\r\n", false},
	{"§4.3.2 an open quote", "ETag: \"a\"\r\n", "If-None-Match: \"a\r\n", false},
	{"§4.3.2 any", "A: b\r\n", "If-None-Match: *\r\n", true},
	{"§4.3.2 nothing kept to compare", "A: b\r\n", "If-None-Match: \"a\"\r\n", false},
	{"§4.3.2 not modified since", "Last-Modified: " SUNDAY "\r\n",
		"If-Modified-Since: " SUNDAY "\r\n", true},
	{"§4.3.2 modified since", "Last-Modified: " MONDAY "\r\n",
		"If-Modified-Since: " SUNDAY "\r\n", false},
	{"§4.3.2 since no date", "Last-Modified: " SUNDAY "\r\n", "If-Modified-Since: today\r\n",
		false},
	{"RFC 9110 §13.2.2 the tag counts alone", "ETag: \"a\"\r\nLast-Modified: " SUNDAY "\r\n",
		"If-None-Match: \"b\"\r\nIf-Modified-Since: " MONDAY "\r\n", false},
	{"RFC 9110 §13 no condition", "ETag: \"a\"\r\n", "A: b\r\n", false},
};

static void what_the_client_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(conditions); i++) {
		struct field fields[8];
		struct head h = head_of(0, conditions[i].request, fields);
		ROW_CHECK(conditions[i].name,
			freshness_client_has(slice_of(conditions[i].kept), h.fields,
				h.field_count) == conditions[i].want,
			"-");
	}
}

static const struct {
	const char *name, *kept, *response;
	bool want;
} validations[] = {
	{"§4.3.4 the same tag", "ETag: \"a\"\r\n", "ETag: \"a\"\r\n", true},
	{"§4.3.4 the tag that was weakened", "ETag: W/\"a\"\r\n", "ETag: \"a\"\r\n", true},
	{"§4.3.4 another", "ETag: \"a\"\r\n", "ETag: \"b\"\r\n", false},
	{"§4.3.4 one that was not asked for", "A: b\r\n", "ETag: \"b\"\r\n", false},
	{"§4.3.4 none", "ETag: \"a\"\r\n", "Date: x\r\n", true},
};

static void what_a_304_is_about(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(validations); i++) {
		struct field fields[8];
		struct head h = head_of(304, validations[i].response, fields);
		ROW_CHECK(validations[i].name,
			freshness_is_validated(slice_of(validations[i].kept), &h) ==
				validations[i].want,
			"-");
	}
	struct validators v =
		freshness_validators(SLICE("A: b\r\nlast-modified: x\r\nETAG: \"y\"\r\n"));
	assert_true(slice_equal(v.etag, SLICE("\"y\"")));
	assert_true(slice_equal(v.modified, SLICE("x")));
}

static const struct {
	const char *name, *kept, *request;
	const char *want; /* NULL: never kept */
} variants[] = {
	{"§4.1 no Vary", "A: b\r\n", "Accept-Language: en\r\n", ""},
	{"§4.1 one field", "Vary: Accept-Language\r\n", "accept-language: en\r\n",
		"accept-language:en\n"},
	{"§4.1 the field is not there", "Vary: Accept-Language\r\n", "A: b\r\n",
		"accept-language\n"},
	{"§4.1 the field is empty", "Vary: Accept-Language\r\n", "Accept-Language: \r\n",
		"accept-language:\n"},
	{"§4.1 white space", "Vary: Accept-Language\r\n", "Accept-Language: en ,  de\r\n",
		"accept-language:en,de\n"},
	{"§4.1 several fields are one list", "Vary: Accept-Language\r\n",
		"Accept-Language: en\r\nAccept-Language: de\r\n", "accept-language:en,de\n"},
	{"§4.1 order of names, and twice", "Vary: X-B, x-a\r\nVary: X-A\r\n",
		"X-A: 1\r\nX-B: 2, 3\r\n", "x-a:1\nx-b:2, 3\n"},
	{"§4.1 Accept-Encoding when there is no coding", "Vary: Accept-Encoding\r\n",
		"Accept-Encoding: br\r\n", ""},
	{"§4.1 Accept-Encoding when there is one", "Content-Encoding: br\r\n",
		"Accept-Encoding: br\r\n", "accept-encoding:br\n"},
	{"§4.1 everything", "Vary: *\r\n", "", NULL},
	{"§4.1 a secret", "Vary: X-Auth-Token\r\n", "", NULL},
	{"§4.1 no name", "Vary: a b\r\n", "", NULL},
	{"§4.1 as many as may be", "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\r\n", "",
		"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\n"},
	{"§4.1 one more", "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n", "", NULL},
};

static void what_vary_selects_by(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(variants); i++) {
		struct field fields[8];
		struct head h = head_of(0, variants[i].request, fields);
		struct buffer b;
		buffer_init(&b, LIMIT_SEARCH_VARIANT_BYTES);
		bool kept =
			freshness_variant(&b, slice_of(variants[i].kept), h.fields, h.field_count);
		ROW_CHECK(variants[i].name, kept == (variants[i].want != NULL), "-");
		if (kept)
			ROW_CHECK(variants[i].name,
				slice_equal(buffer_bytes(&b), slice_of(variants[i].want)), "%.*s",
				(int)b.len, buffer_bytes(&b).ptr);
		buffer_done(&b);
	}
}

static void more_than_may_be_selected_by(void **state)
{
	static char value[LIMIT_SEARCH_VARIANT_BYTES];
	struct field f = {SLICE("x"), {value, sizeof(value) - 3}, FIELD_OTHER};
	struct buffer b;
	(void)state;
	memset(value, 'v', sizeof(value));
	for (int more = 0; more < 2; more++) {
		buffer_init(&b, LIMIT_SEARCH_VARIANT_BYTES);
		f.value.len = sizeof(value) - 3 + (size_t)more;
		assert_int_equal(freshness_variant(&b, SLICE("Vary: x\r\n"), &f, 1), more == 0);
		buffer_done(&b);
	}
}

static void nothing_of_the_clients_conditions_goes_out(void **state)
{
	(void)state;
	assert_true(freshness_drops_field(SLICE("Range")));
	assert_true(freshness_drops_field(SLICE("if-none-match")));
	assert_true(freshness_drops_field(SLICE("Accept-Encoding")));
	assert_false(freshness_drops_field(SLICE("Accept-Language")));
	assert_false(freshness_drops_field(SLICE("Authorization")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(a_304_updates),
		cmocka_unit_test(what_the_client_has),
		cmocka_unit_test(what_a_304_is_about),
		cmocka_unit_test(what_vary_selects_by),
		cmocka_unit_test(more_than_may_be_selected_by),
		cmocka_unit_test(nothing_of_the_clients_conditions_goes_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
