/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/idn.h"

static void names_are_shown_decoded_when_they_come_back(void **state)
{
	static const struct {
		const char *name, *host, *shown;
	} rows[] = {
		{"no A-label", "example.com", NULL},
		{"one A-label", "xn--bcher-kva.example",
			"b\xc3\xbc"
			"cher.example"},
		{"below it", "www.xn--bcher-kva.example",
			"www.b\xc3\xbc"
			"cher.example"},
		{"two", "xn--bcher-kva.xn--p1ai",
			"b\xc3\xbc"
			"cher.\xd1\x80\xd1\x84"},
		{"looks like apple.com", "xn--80ak6aa92e.com",
			"\xd0\xb0\xd1\x80\xd1\x80\xd3\x8f\xd0\xb5.com"},
		{"does not decode", "xn--a.example", NULL},
		{"does not come back", "xn--example-.test", NULL},
		{"a soft hyphen inside", "xn--ab-5da.test", NULL},
	};
	char shown[IDN_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = idn_to_unicode(slice_of(rows[i].host), shown);
		ROW_CHECK(rows[i].name, ok == (rows[i].shown != NULL), "%s", ok ? shown : "none");
		ROW_CHECK(rows[i].name, !ok || strcmp(shown, rows[i].shown) == 0, "%s", shown);
	}
	char longest[LIMIT_NAME_BYTES + 1];
	memset(longest, 'a', sizeof(longest));
	assert_false(idn_to_unicode(slice_from(longest, sizeof(longest)), shown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_shown_decoded_when_they_come_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
