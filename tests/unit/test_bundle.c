/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/bundle.h"

#include "tests/unit/certs.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static struct vault_view view;
static struct roots *roots;

static int make(void **state)
{
	struct authority *root = authority_for(NULL, DAY);
	struct trouble t;
	(void)state;
	view.issuer = authority_for(NULL, DAY);
	view.next = authority_for(NULL, DAY);
	if (chdir(make_directory(directory)) != 0)
		return 1;
	BIO *out = BIO_new_file("roots.pem", "w");
	PEM_write_bio_X509(out, authority_certificate(root));
	PEM_write_bio_X509(out, authority_certificate(view.next));
	BIO_free(out);
	authority_unref(root);
	roots = roots_load(&(struct roots_sources){.file = "roots.pem"}, &t);
	return roots ? 0 : 1;
}

static int drop(void **state)
{
	(void)state;
	roots_unref(roots);
	vault_view_done(&view);
	assert_int_equal(chdir("/"), 0);
	remove_directory(directory);
	return 0;
}

static int count_pem(BIO *in)
{
	X509 *one;
	int count = 0;

	for (; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)); count++)
		X509_free(one);
	ERR_clear_error();
	BIO_free(in);
	return count;
}

/* Each certificate once: ours, the roots, and one that is both. */
static void each_part_has_what_its_readers_need(void **state)
{
	static const struct {
		const char *name;
		enum bundle_part part;
		bool next, roots;
		int count;
	} rows[] = {
		{"ours", BUNDLE_CA, false, true, 1},
		{"ours and the next", BUNDLE_CA, true, true, 2},
		{"without roots", BUNDLE_CA, true, false, 2},
		{"with the roots", BUNDLE_PEM, false, true, 3},
		{"none twice", BUNDLE_PEM, true, true, 3},
		{"none but ours", BUNDLE_PEM, true, false, 2},
	};
	struct trouble t;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct vault_view some = {
			.issuer = view.issuer, .next = rows[i].next ? view.next : NULL};
		BIO *out = BIO_new(BIO_s_mem());
		char *bytes = NULL;
		bool written =
			bundle_write(rows[i].part, &some, rows[i].roots ? roots : NULL, out, &t);
		ROW_CHECK(rows[i].name, written, "%s", t.text);
		assert_true(BIO_get_mem_data(out, &bytes) > 0);
		assert_memory_equal(bytes, "# CN=sallyport CA host", 22);
		int count = count_pem(out);
		ROW_CHECK(rows[i].name, count == rows[i].count, "%d", count);
	}
}

static void java_trusts_every_entry(void **state)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct trouble t;
	(void)state;
	ASN1_OBJECT *usage = OBJ_txt2obj("2.16.840.1.113894.746875.1.1", 1);
	assert_true(bundle_write(BUNDLE_JAVA, &view, roots, out, &t));
	PKCS12 *store = d2i_PKCS12_bio(out, NULL);
	assert_non_null(store);
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(store);
	assert_int_equal(sk_PKCS7_num(safes), 1);
	STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7data(sk_PKCS7_value(safes, 0));
	assert_int_equal(sk_PKCS12_SAFEBAG_num(bags), 3);
	for (int i = 0; i < 3; i++) {
		const STACK_OF(X509_ATTRIBUTE) *all =
			PKCS12_SAFEBAG_get0_attrs(sk_PKCS12_SAFEBAG_value(bags, i));
		assert_int_equal(sk_X509_ATTRIBUTE_num(all), 2);
		int at = X509at_get_attr_by_OBJ(all, usage, -1);
		assert_true(at >= 0);
		ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(sk_X509_ATTRIBUTE_value(all, at), 0);
		assert_int_equal(value->type, V_ASN1_OBJECT);
		assert_int_equal(OBJ_obj2nid(value->value.object), NID_anyExtendedKeyUsage);
	}
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	PKCS12_free(store);
	ASN1_OBJECT_free(usage);
	BIO_free(out);
}

static void files_are_written_once(void **state)
{
	static const char *const paths[] = {"ca/ca.pem", "ca/bundle.pem", "ca/truststore.p12"};
	struct stat before[COUNT(paths)], after;
	struct trouble t = {""};
	(void)state;
	assert_true(bundle_export("ca", &view, roots, &t));
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(stat(paths[i], &before[i]), 0);
		assert_int_equal(before[i].st_mode & 07777, 0644);
	}
	/* What has not changed stays the same file. */
	assert_true(bundle_export("ca", &view, roots, &t));
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(stat(paths[i], &after), 0);
		assert_int_equal(after.st_ino, before[i].st_ino);
	}
	const struct vault_view one = {.issuer = view.issuer};
	assert_true(bundle_export("ca", &one, roots, &t));
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(stat(paths[i], &after), 0);
		/* The bundle's bytes: the next one is a root too, in another place. */
		assert_int_equal(after.st_ino != before[i].st_ino, true);
	}
	assert_true(bundle_save(BUNDLE_PEM, &view, roots, "elsewhere.pem", &t));
	assert_int_equal(count_pem(BIO_new_file("elsewhere.pem", "r")), 3);
}

static void what_cannot_be_written_is_said(void **state)
{
	struct trouble t;
	char path[4200];
	(void)state;
	assert_false(bundle_save(BUNDLE_PEM, &view, roots, "no/such/place", &t));
	assert_string_equal(t.text, "cannot write no/such/place: No such file or directory");
	assert_false(bundle_save(BUNDLE_PEM, &view, roots, "/dev/null", &t));
	assert_string_equal(t.text, "cannot write /dev/null: not a plain file");
	assert_false(bundle_export("roots.pem", &view, roots, &t));
	assert_string_equal(t.text, "roots.pem: not a directory");
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_false(bundle_export(path, &view, roots, &t));
	assert_int_equal(mkdir("open", 0700), 0);
	assert_int_equal(chmod("open", 0777), 0);
	assert_false(bundle_export("open", &view, roots, &t));
	assert_non_null(strstr(t.text, "other users may put files there"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_has_what_its_readers_need),
		cmocka_unit_test(java_trusts_every_entry),
		cmocka_unit_test(files_are_written_once),
		cmocka_unit_test(what_cannot_be_written_is_said),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
