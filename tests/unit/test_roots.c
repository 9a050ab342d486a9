/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/roots.h"

#include "base/limits.h"
#include "tests/unit/certs.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <unistd.h>

static char directory[64];
/* Two certificates as PEM, and as OpenSSL's own kind of PEM. */
static char a[4096], b[4096], trusted[4096];

static void pem_of(X509 *x, bool as_trusted, char ret_pem[4096])
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	assert_int_equal(
		as_trusted ? PEM_write_bio_X509_AUX(out, x) : PEM_write_bio_X509(out, x), 1);
	long len = BIO_get_mem_data(out, &bytes);
	memcpy(ret_pem, bytes, (size_t)len);
	ret_pem[len] = '\0';
	BIO_free(out);
}

static int make(void **state)
{
	struct authority *one = authority_for(NULL, DAY), *two = authority_for(NULL, DAY);
	(void)state;
	pem_of(authority_certificate(one), false, a);
	pem_of(authority_certificate(two), false, b);
	pem_of(authority_certificate(one), true, trusted);
	authority_unref(one);
	authority_unref(two);
	return chdir(make_directory(directory));
}

static int drop(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	remove_directory(directory);
	return 0;
}

/* Parts of a file, one behind the other. */
static void put(const char *path, const char *const parts[4])
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (int i = 0; i < 4 && parts[i]; i++)
		fputs(parts[i], file);
	fclose(file);
}

static void files_are_read_strictly(void **state)
{
	char crlf[8192] = "", cut[4096];
	const struct {
		const char *name;
		const char *parts[4];
		size_t count; /* 0: refused */
		const char *trouble;
	} rows[] = {
		{"one", {a}, 1, ""},
		{"two", {a, b}, 2, ""},
		{"twice the same", {a, b, a}, 2, ""},
		{"text around them", {"# one\n", a, "\n# two\n\n", b}, 2, ""},
		{"a byte order mark", {"\xef\xbb\xbf", a}, 1, ""},
		{"CRLF", {crlf}, 1, ""},
		{"OpenSSL's trusted form", {trusted}, 1, ""},
		{"the same in both forms", {trusted, a}, 1, ""},
		{"empty", {""}, 0, "roots.pem: there is no certificate in it"},
		{"text", {"hello\n"}, 0, "roots.pem: there is no certificate in it"},
		{"DER", {"0\x82\x01\x01"}, 0, "roots.pem: there is no certificate in it"},
		{"a key", {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, 0,
			"roots.pem:1: entry 1 is no certificate"},
		{"nonsense inside",
			{"\n\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, 0,
			"roots.pem:3: entry 1 is no certificate: "},
		{"nonsense behind one",
			{a, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"}, 0,
			""},
		{"cut short", {cut}, 0, "roots.pem:1: entry 1 is no certificate"},
		{"cut behind one", {a, cut}, 0, ""},
	};
	(void)state;
	snprintf(cut, sizeof(cut), "%.*s", (int)strlen(a) - 40, a);
	for (const char *c = a; *c; c++)
		sprintf(crlf + strlen(crlf), *c == '\n' ? "\r\n" : "%c", *c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct roots_sources sources = {.file = "roots.pem"};
		struct trouble t = {""};
		put("roots.pem", rows[i].parts);
		struct roots *r = roots_load(&sources, &t);
		ROW_CHECK(rows[i].name, (r ? roots_count(r) : 0) == rows[i].count, "%s", t.text);
		ROW_CHECK(rows[i].name,
			strncmp(t.text, rows[i].trouble, strlen(rows[i].trouble)) == 0, "%s",
			t.text);
		ROW_CHECK(rows[i].name, ERR_peek_error() == 0, "%lx", ERR_peek_error());
		roots_unref(r);
	}
}

static void the_line_of_a_later_entry_is_told(void **state)
{
	const char *const parts[4] = {
		a, "\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	const struct roots_sources sources = {.file = "roots.pem"};
	char expected[64];
	struct trouble t;
	int lines = 2;
	(void)state;
	for (const char *c = a; *c; c++)
		lines += *c == '\n';
	put("roots.pem", parts);
	assert_null(roots_load(&sources, &t));
	snprintf(expected, sizeof(expected), "roots.pem:%d: entry 2 is no certificate", lines);
	assert_memory_equal(t.text, expected, strlen(expected));
}

static void an_extra_file_adds(void **state)
{
	static const struct {
		const char *name, *file, *extra;
		size_t count;
		const char *trouble;
	} rows[] = {
		{"both", "a.pem", "b.pem", 2, ""},
		{"the same", "a.pem", "a.pem", 1, ""},
		{"no extra", "a.pem", NULL, 1, ""},
		{"no such extra", "a.pem", "absent.pem", 0, "absent.pem: there is no such file"},
		{"no such file", "absent.pem", "b.pem", 0, "absent.pem: there is no such file"},
		{"a directory", "a.pem", ".", 0, ".: not a plain file"},
		{"an empty extra", "a.pem", "empty.pem", 0,
			"empty.pem: there is no certificate in it"},
	};
	struct trouble t;
	(void)state;
	put("a.pem", (const char *const[4]){a});
	put("b.pem", (const char *const[4]){b});
	put("empty.pem", (const char *const[4]){""});
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct roots_sources sources = {
			.file = rows[i].file, .extra_file = rows[i].extra};
		t.text[0] = '\0';
		struct roots *r = roots_load(&sources, &t);
		ROW_CHECK(rows[i].name, (r ? roots_count(r) : 0) == rows[i].count, "%s", t.text);
		ROW_CHECK(rows[i].name, strcmp(t.text, rows[i].trouble) == 0, "%s", t.text);
		if (r)
			assert_string_equal(roots_file(r), rows[i].file);
		roots_unref(r);
	}
}

static void too_many_are_refused(void **state)
{
	const struct roots_sources sources = {.file = "many.pem"};
	FILE *file = fopen("many.pem", "w");
	struct trouble t;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	(void)state;
	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 60);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	BIO *out = BIO_new_fp(file, BIO_CLOSE);
	for (int i = 0; i <= LIMIT_ROOTS; i++) {
		ASN1_INTEGER_set(X509_get_serialNumber(x), i + 1);
		assert_int_equal(X509_sign(x, key, EVP_sha256()) > 0, 1);
		PEM_write_bio_X509(out, x);
	}
	BIO_free(out);
	X509_free(x);
	EVP_PKEY_free(key);
	assert_null(roots_load(&sources, &t));
	assert_string_equal(t.text, "many.pem: more than 1024 certificates");
}

static void the_system_has_some(void **state)
{
	const struct roots_sources sources = {.file = NULL};
	struct trouble t;
	struct roots *r = roots_load(&sources, &t);
	(void)state;
	if (!r) {
		assert_non_null(strstr(t.text, "install ca-certificates"));
		skip();
	}
	assert_true(roots_count(r) > 50);
	assert_int_equal(roots_left_out(r), 0);
	assert_int_equal(sk_X509_num(roots_certificates(r)), roots_count(r));
	assert_non_null(roots_store(r));
	struct roots *same = roots_ref(r);
	roots_unref(r);
	assert_true(roots_count(same) > 50);
	roots_unref(same);
	roots_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_strictly),
		cmocka_unit_test(the_line_of_a_later_entry_is_told),
		cmocka_unit_test(an_extra_file_adds),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(the_system_has_some),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
