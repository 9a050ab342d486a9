/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/leaf.h"

#include "tests/unit/certs.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define NAME_253                                                                                   \
	LABEL_63 "." LABEL_63 "." LABEL_63 "."                                                     \
		 "a234567890123456789012345678901234567890123456789012345678901"

static void leaves_are_for_their_host_and_no_other(void **state)
{
	static const struct {
		const char *name, *host, *other;
	} rows[] = {
		{"a name", "a.test", "b.test"},
		{"not names below it", "a.test", "x.a.test"},
		{"an A-label", "xn--bcher-kva.example", "bcher-kva.example"},
		{"an underscore", "_dns.a.test", "dns.a.test"},
		{"one label", "localhost", "localhost2"},
		{"65 bytes", LABEL_63 ".a", LABEL_63 ".b"},
		{"253 bytes", NAME_253, "a.test"},
		{"IPv4", "192.0.2.7", "192.0.2.8"},
		{"IPv6", "2001:db8::1", "2001:db8::2"},
		{"IPv4 is no name", "192.0.2.7", "a.test"},
	};
	struct authority *a = authority_for(NULL, 365 * DAY);
	struct trouble t = {""};
	struct mint *m = mint_new(a, 7 * DAY, &t);
	(void)state;
	assert_non_null(m);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct leaf_name name = name_of(rows[i].host);
		struct leaf *l = mint_leaf(m, &name, NOW, &t);
		ROW_CHECK(rows[i].name, l, "%s", t.text);
		int end = verified(l, authority_anchor(a), rows[i].host, NOW);
		ROW_CHECK(rows[i].name, end == X509_V_OK, "%s", X509_verify_cert_error_string(end));
		end = verified(l, authority_anchor(a), rows[i].other, NOW);
		ROW_CHECK(rows[i].name,
			end == X509_V_ERR_HOSTNAME_MISMATCH ||
				end == X509_V_ERR_IP_ADDRESS_MISMATCH,
			"%s", X509_verify_cert_error_string(end));
		leaf_unref(l);
	}
	mint_unref(m);
	authority_unref(a);
}

static void one_has_the_right_shape(void **state)
{
	struct authority *a = authority_for(NULL, 365 * DAY);
	struct trouble t;
	struct mint *m = mint_new(a, 7 * DAY, &t);
	struct leaf_name name = name_of("a.test");
	struct leaf *l = mint_leaf(m, &name, NOW, &t), *other = mint_leaf(m, &name, NOW, &t);
	X509 *x = leaf_certificate(l);
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	(void)state;
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(x)), 0);
	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	GENERAL_NAMES_free(names);
	int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
	assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(x, at)), 1);
	assert_int_equal(X509_check_ca(x), 0);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x),
				 X509_get0_subject_key_id(authority_certificate(a))),
		0);
	assert_int_equal(X509_check_private_key(x, leaf_key(l)), 1);
	assert_ptr_equal(leaf_key(l), leaf_key(other));
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(x),
				     X509_get0_serialNumber(leaf_certificate(other))),
		0);
	assert_int_equal(X509_get0_serialNumber(x)->length, 16);
	assert_int_equal(leaf_since_s(l), NOW - LIMIT_CLOCK_SKEW_S);
	assert_int_equal(leaf_until_s(l), NOW + 7 * DAY);
	assert_null(leaf_issuers(l));
	leaf_unref(l);
	leaf_unref(leaf_ref(other));
	/* A leaf outlives its mint and its authority's other references. */
	mint_unref(m);
	authority_unref(a);
	assert_int_equal(X509_check_private_key(leaf_certificate(other), leaf_key(other)), 1);
	leaf_unref(other);
	leaf_unref(NULL);
	mint_unref(NULL);
}

static void only_canonical_names_are_signed(void **state)
{
	const struct {
		const char *name;
		struct slice host;
	} rows[] = {
		{"nothing", SLICE("")},
		{"a dot", SLICE(".")},
		{"wildcard", SLICE("*.a.test")},
		{"wildcard alone", SLICE("*")},
		{"wildcard in a label", SLICE("a*.test")},
		{"capitals", SLICE("A.test")},
		{"dot in front", SLICE(".a.test")},
		{"dot behind", SLICE("a.test.")},
		{"two dots", SLICE("a..test")},
		{"NUL", SLICE("a.test\0.b.test")},
		{"newline", SLICE("a.test\n")},
		{"space", SLICE("a .test")},
		{"U-label", SLICE("b\xc3\xbc"
				  "cher.example")},
		{"slash", SLICE("a/b")},
		{"brackets", SLICE("[::1]")},
		{"64 bytes in a label", SLICE(LABEL_63 "x.test")},
		{"254 bytes", SLICE(NAME_253 "x")},
	};
	struct authority *a = authority_for(NULL, 365 * DAY);
	struct trouble t = {""};
	struct mint *m = mint_new(a, 7 * DAY, &t);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct leaf_name name = {.host = rows[i].host};
		struct leaf *l = mint_leaf(m, &name, NOW, &t);
		ROW_CHECK(rows[i].name, !l, "minted");
		ROW_CHECK(rows[i].name, strstr(t.text, "not a canonical name"), "%s", t.text);
	}
	mint_unref(m);
	authority_unref(a);
}

static void constraints_hold(void **state)
{
	static const struct {
		const char *name, *host;
		bool minted;
	} rows[] = {
		{"the name", "a.test", true},
		{"below it", "x.y.a.test", true},
		{"the other name", "b.test", true},
		{"only ends alike", "xa.test", false},
		{"above", "test", false},
		{"IPv4", "192.0.2.7", false},
		{"IPv6", "2001:db8::1", false},
	};
	struct authority *a = authority_for("a.test, b.test", 365 * DAY);
	struct authority *free_one = authority_for(NULL, 365 * DAY);
	struct trouble t = {""};
	struct mint *m = mint_new(a, 7 * DAY, &t);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct leaf_name name = name_of(rows[i].host);
		struct leaf *l = mint_leaf(m, &name, NOW, &t);
		ROW_CHECK(rows[i].name, (l != NULL) == rows[i].minted, "%s", t.text);
		if (l)
			assert_int_equal(
				verified(l, authority_anchor(a), rows[i].host, NOW), X509_V_OK);
		else
			ROW_CHECK(rows[i].name, strstr(t.text, "may sign only for a.test, b.test"),
				"%s", t.text);
		leaf_unref(l);
	}
	mint_unref(m);
	authority_unref(a);
	authority_unref(free_one);
}

static void a_leaf_ends_with_its_authority(void **state)
{
	static const struct {
		const char *name;
		int64_t left_s; /* of the authority's 10 days */
		int64_t until_s, since_s; /* of the leaf, from NOW; 0: none */
	} rows[] = {
		{"at once", 10 * DAY, 7 * DAY, -DAY},
		{"a week left", 7 * DAY, 10 * DAY, 2 * DAY},
		{"less than a week left", 7 * DAY - 1, 10 * DAY, 2 * DAY + 1},
		{"an hour left", HOUR, 10 * DAY, 9 * DAY - HOUR},
		{"less than an hour left", HOUR - 1, 0, 0},
		{"none left", -1, 0, 0},
		{"not begun", 11 * DAY + 1, 0, 0},
		{"just begun", 11 * DAY, 6 * DAY, -DAY},
	};
	struct authority *a = authority_for(NULL, 10 * DAY);
	struct trouble t = {""};
	struct mint *m = mint_new(a, 7 * DAY, &t);
	struct leaf_name name = name_of("a.test");
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct leaf *l = mint_leaf(m, &name, NOW + 10 * DAY - rows[i].left_s, &t);
		ROW_CHECK(rows[i].name, (l != NULL) == (rows[i].until_s != 0), "%s", t.text);
		if (!l)
			continue;
		ROW_CHECK(rows[i].name, leaf_until_s(l) == NOW + rows[i].until_s, "%lld",
			(long long)(leaf_until_s(l) - NOW));
		int64_t since = leaf_since_s(l) - NOW;
		ROW_CHECK(rows[i].name, since == rows[i].since_s, "%lld", (long long)since);
		leaf_unref(l);
	}
	mint_unref(m);
	authority_unref(a);
}

static void freshness_has_two_ends(void **state)
{
	struct authority *a = authority_for(NULL, 365 * DAY);
	struct trouble t;
	struct mint *m = mint_new(a, 8 * DAY, &t); /* nine days with the one before */
	struct leaf_name name = name_of("a.test");
	struct leaf *l = mint_leaf(m, &name, NOW, &t);
	(void)state;
	assert_false(leaf_is_fresh(l, NOW - DAY - 1));
	assert_true(leaf_is_fresh(l, NOW - DAY));
	assert_true(leaf_is_fresh(l, NOW + 5 * DAY - 1));
	assert_false(leaf_is_fresh(l, NOW + 5 * DAY));
	leaf_unref(l);
	mint_unref(m);
	authority_unref(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_are_for_their_host_and_no_other),
		cmocka_unit_test(one_has_the_right_shape),
		cmocka_unit_test(only_canonical_names_are_signed),
		cmocka_unit_test(constraints_hold),
		cmocka_unit_test(a_leaf_ends_with_its_authority),
		cmocka_unit_test(freshness_has_two_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
