/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rows.h"

#include "policy/suffix.h"

static void somebody_registered_one_label_more(void **state)
{
	static const struct {
		const char *name, *host, *registrable;
	} rows[] = {
		{"itself", "example.com", "example.com"},
		{"below", "cdn.a.example.com", "example.com"},
		{"two labels of suffix", "www.example.co.uk", "example.co.uk"},
		{"private suffix", "www.somebody.github.io", "somebody.github.io"},
		{"unknown top level", "cdn.new.test", "new.test"},
		{"a public suffix", "co.uk", NULL},
		{"a private one", "github.io", NULL},
		{"a top level", "com", NULL},
		{"a single label", "intranet", NULL},
		{"A-label", "www.xn--bcher-kva.de", "xn--bcher-kva.de"},
		{"suffix of an A-label", "a.b.xn--p1ai", "b.xn--p1ai"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = suffix_registrable(rows[i].host);
		const char *want = rows[i].registrable;
		ROW_CHECK(rows[i].name, !got == !want, "%s", got ? got : "none");
		ROW_CHECK(rows[i].name, !got || strcmp(got, want) == 0, "%s", got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(somebody_registered_one_label_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
