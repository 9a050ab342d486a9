/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/authority.h"

#include "base/limits.h"
#include "tests/unit/certs.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static void a_new_one_has_the_right_shape(void **state)
{
	struct authority *a = authority_for(NULL, 365 * DAY);
	X509 *x = authority_certificate(a);
	const struct authority_facts *f = authority_facts(a);
	(void)state;
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	assert_int_equal(X509_check_ca(x), 1);
	assert_int_equal(X509_get_pathlen(x), 0);
	assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_non_null(X509_get0_subject_key_id(x));
	assert_int_equal(X509_verify(x, authority_key(a)), 1);
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
		assert_int_equal(X509_EXTENSION_get_critical(e), nid != NID_subject_key_identifier);
	}
	assert_true(f->self_signed);
	assert_string_equal(f->key, "EC P-256");
	assert_string_equal(f->permitted, "");
	assert_int_equal(f->since_s, NOW - LIMIT_CLOCK_SKEW_S);
	assert_int_equal(f->until_s, NOW + 365LL * DAY);
	assert_int_equal(strlen(f->fingerprint), 64);
	assert_int_equal(strlen(f->serial), 32);
	assert_non_null(strstr(f->subject, "CN=sallyport CA host 2026-11-21 "));
	assert_null(authority_issuers(a));
	assert_ptr_equal(authority_anchor(a), x);
	authority_unref(a);
	authority_unref(NULL);
}

static void two_are_never_alike(void **state)
{
	struct authority *a = authority_for(NULL, DAY), *b = authority_for(NULL, DAY);
	(void)state;
	assert_string_not_equal(authority_facts(a)->serial, authority_facts(b)->serial);
	assert_string_not_equal(authority_facts(a)->subject, authority_facts(b)->subject);
	assert_int_not_equal(EVP_PKEY_eq(authority_key(a), authority_key(b)), 1);
	authority_unref(a);
	authority_unref(b);
}

static void odd_hosts_do_no_harm(void **state)
{
	static const struct {
		const char *name, *host, *subject;
	} rows[] = {
		{"none", NULL, "CN=sallyport CA 2026-11-21 "},
		{"empty", "", "CN=sallyport CA 2026-11-21 "},
		{"control bytes", "a\n,b=\x80", "CN=sallyport CA ab 2026-11-21 "},
		{"capitals", "Host.Example", "CN=sallyport CA host.example 2026-11-21 "},
		{"too long", "0123456789012345678901234567890123456789",
			"CN=sallyport CA 012345678901234567890123456 2026-11-21 "},
	};
	struct trouble t;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct authority_order order = {
			.now_s = NOW, .lifetime_s = DAY, .host = rows[i].host};
		struct authority *a = authority_new(&order, &t);
		ROW_CHECK(rows[i].name, a && strstr(authority_facts(a)->subject, rows[i].subject),
			"%s", a ? authority_facts(a)->subject : t.text);
		authority_unref(a);
	}
}

static void what_cannot_be_made_is_said(void **state)
{
	char many[LIMIT_CA_NAMES * 4 + 8] = "a.b";
	struct {
		const char *name, *permitted;
		int64_t lifetime_s;
		const char *trouble;
	} rows[] = {
		{"a day", "", LIMIT_CA_LIFETIME_S, NULL},
		{"less than a day", "", LIMIT_CA_LIFETIME_S - 1, "lives at least 24 hours"},
		{"one name", "a.test", DAY, NULL},
		{"two names", "a.test, b.test", DAY, NULL},
		{"as many names as may be", many, DAY, NULL},
		{"wildcard", "*.a.test", DAY, "constrained to \"*.a.test\": write names"},
		{"capitals", "A.test", DAY, "constrained to \"A.test\""},
		{"nothing between commas", "a.test,,b.test", DAY, "constrained to \"\""},
		{"blank", " ", DAY, "constrained to \"\""},
	};
	struct trouble t;
	(void)state;
	for (int i = 1; i < LIMIT_CA_NAMES; i++)
		strcat(many, ",a.b");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct authority_order order = {.now_s = NOW,
			.lifetime_s = rows[i].lifetime_s,
			.permitted = rows[i].permitted};
		struct authority *a = authority_new(&order, &t);
		ROW_CHECK(rows[i].name, (a != NULL) == (rows[i].trouble == NULL), "%s", t.text);
		ROW_CHECK(rows[i].name, a || strstr(t.text, rows[i].trouble), "%s", t.text);
		authority_unref(a);
	}
	strcat(many, ",a.b");
	const struct authority_order order = {.now_s = NOW, .lifetime_s = DAY, .permitted = many};
	assert_null(authority_new(&order, &t));
	assert_non_null(strstr(t.text, "at most 64 names"));
}

static void constraints_are_shown(void **state)
{
	char many[1024] = "";
	struct authority *a = authority_for("a.test,b.test", DAY);
	(void)state;
	assert_string_equal(authority_facts(a)->permitted, "a.test, b.test");
	authority_unref(a);
	for (int i = 0; i < 30; i++)
		sprintf(many + strlen(many), "%sname-%02d.example.com", i > 0 ? "," : "", i);
	a = authority_for(many, DAY);
	assert_non_null(strstr(authority_facts(a)->permitted, ".example.com, ..."));
	authority_unref(a);
}

static void validity_has_two_ends(void **state)
{
	struct authority *a = authority_for(NULL, 10 * DAY);
	static const struct {
		const char *name;
		int64_t now_s;
		const char *trouble;
	} rows[] = {
		{"before", NOW - DAY - 1, "begins at 2026-11-20 12:00 UTC"},
		{"first second", NOW - DAY, NULL},
		{"last second", NOW + 10 * DAY, NULL},
		{"after", NOW + 10 * DAY + 1, "ended at 2026-12-01 12:00 UTC"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trouble t = {""};
		bool valid = authority_is_valid(a, rows[i].now_s, &t);
		ROW_CHECK(rows[i].name, valid == (rows[i].trouble == NULL), "%s", t.text);
		ROW_CHECK(rows[i].name, valid || strstr(t.text, rows[i].trouble), "%s", t.text);
	}
	authority_unref(a);
}

/* ---- PEM ----------------------------------------------------------------------------------- */

/* What a file may have: made once. */
static struct {
	EVP_PKEY *key, *other, *small, *curve, *edwards;
	X509 *ca;
} kit;

static X509 *certificate(
	EVP_PKEY *key, const char *basic, const char *usage, const EVP_MD *digest, EVP_PKEY *signer)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &(time_t){NOW - DAY});
	X509_time_adj_ex(X509_getm_notAfter(x), 0, 0, &(time_t){NOW + DAY});
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"ca", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	const int nids[] = {NID_basic_constraints, NID_key_usage};
	const char *const values[] = {basic, usage};
	for (size_t i = 0; i < COUNT(nids); i++) {
		X509_EXTENSION *e =
			values[i] ? X509V3_EXT_conf_nid(NULL, NULL, nids[i], values[i]) : NULL;
		if (e)
			X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, signer ? signer : key, digest) > 0);
	return x;
}

#define CA    "critical,CA:TRUE"
#define SIGNS "critical,keyCertSign"

static int make_kit(void **state)
{
	(void)state;
	kit.key = EVP_EC_gen("P-256");
	kit.other = EVP_EC_gen("P-256");
	kit.small = EVP_RSA_gen(1024);
	kit.curve = EVP_EC_gen("secp256k1");
	kit.edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	kit.ca = certificate(kit.key, CA, SIGNS, EVP_sha256(), NULL);
	return 0;
}

static int drop_kit(void **state)
{
	(void)state;
	EVP_PKEY_free(kit.key);
	EVP_PKEY_free(kit.other);
	EVP_PKEY_free(kit.small);
	EVP_PKEY_free(kit.curve);
	EVP_PKEY_free(kit.edwards);
	X509_free(kit.ca);
	return 0;
}

static BIO *pem_of(EVP_PKEY *key, const EVP_CIPHER *cipher, X509 *x)
{
	BIO *out = BIO_new(BIO_s_mem());

	if (key)
		assert_int_equal(
			PEM_write_bio_PKCS8PrivateKey(out, key, cipher, "phrase", 6, NULL, NULL),
			1);
	if (x)
		assert_int_equal(PEM_write_bio_X509(out, x), 1);
	return out;
}

static struct authority *parsed(BIO *pem, struct trouble *t)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(pem, &bytes);
	struct authority *a = authority_parse(slice_from(bytes, (size_t)len), "F", t);

	BIO_free(pem);
	return a;
}

static void it_is_read_as_it_was_written(void **state)
{
	struct authority *a = authority_for("a.test", DAY);
	BIO *out = BIO_new(BIO_s_mem());
	struct trouble t = {""};
	(void)state;
	assert_true(authority_write(a, out, &t));
	struct authority *b = parsed(out, &t);
	assert_string_equal(t.text, "");
	assert_non_null(b);
	assert_memory_equal(authority_facts(a), authority_facts(b), sizeof(*authority_facts(a)));
	assert_int_equal(EVP_PKEY_eq(authority_key(a), authority_key(b)), 1);
	authority_unref(a);
	authority_unref(b);
}

static void bad_files_are_refused(void **state)
{
	struct {
		const char *name;
		EVP_PKEY *key;
		const EVP_CIPHER *cipher;
		X509 *certificate;
		const char *trouble;
	} rows[] = {
		{"good", kit.key, NULL, X509_dup(kit.ca), NULL},
		{"no key", NULL, NULL, X509_dup(kit.ca), "F: no private key"},
		{"no certificate", kit.key, NULL, NULL, "F: no certificate"},
		{"nothing", NULL, NULL, NULL, "F: no private key"},
		{"another key", kit.other, NULL, X509_dup(kit.ca),
			"F: the key is not the certificate's"},
		{"a pass phrase", kit.key, EVP_aes_128_cbc(), X509_dup(kit.ca),
			"F: the key has a pass phrase"},
		{"no authority", kit.key, NULL,
			certificate(kit.key, "CA:FALSE", SIGNS, EVP_sha256(), NULL),
			"F: the certificate may not sign others"},
		{"no basicConstraints", kit.key, NULL,
			certificate(kit.key, NULL, SIGNS, EVP_sha256(), NULL),
			"F: the certificate may not sign others"},
		{"no keyCertSign", kit.key, NULL,
			certificate(kit.key, CA, "digitalSignature", EVP_sha256(), NULL),
			"F: the certificate may not sign others"},
		{"SHA-1", kit.key, NULL, certificate(kit.key, CA, SIGNS, EVP_sha1(), NULL),
			"F: the certificate is signed with MD5 or SHA-1"},
		{"RSA of 1024 bits", kit.small, NULL,
			certificate(kit.small, CA, SIGNS, EVP_sha256(), NULL),
			"F: the RSA key has 1024 bits"},
		{"another curve", kit.curve, NULL,
			certificate(kit.curve, CA, SIGNS, EVP_sha256(), NULL),
			"F: the curve of the key is not"},
		{"Ed25519", kit.edwards, NULL, certificate(kit.edwards, CA, SIGNS, NULL, NULL),
			"F: the key is neither EC nor RSA"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trouble t = {""};
		struct authority *a =
			parsed(pem_of(rows[i].key, rows[i].cipher, rows[i].certificate), &t);
		ROW_CHECK(rows[i].name, (a != NULL) == (rows[i].trouble == NULL), "%s", t.text);
		ROW_CHECK(rows[i].name, a || strstr(t.text, rows[i].trouble), "%s", t.text);
		ROW_CHECK(rows[i].name, ERR_peek_error() == 0, "%lx", ERR_peek_error());
		authority_unref(a);
		X509_free(rows[i].certificate);
	}
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	BIO *whole = pem_of(kit.key, NULL, kit.ca);
	struct trouble t;
	char *bytes = NULL;
	size_t len = (size_t)BIO_get_mem_data(whole, &bytes);
	(void)state;
	/* Without the last newline it is whole. */
	for (size_t cut = 0; cut + 1 < len; cut++) {
		struct authority *a = authority_parse(slice_from(bytes, cut), "F", &t);
		if (a)
			fail_msg("cut at %zu of %zu", cut, len);
	}
	BIO_free(whole);
}

static void an_authority_that_others_signed_shows_its_issuers(void **state)
{
	X509 *root = certificate(kit.other, CA, SIGNS, EVP_sha256(), NULL);
	X509 *own = X509_dup(kit.ca),
	     *stranger = certificate(kit.other, CA, SIGNS, EVP_sha256(), NULL);
	struct trouble t = {""};
	(void)state;
	/* One issuer; its subject is another. */
	X509_NAME_add_entry_by_txt(X509_get_subject_name(root), "O", MBSTRING_ASC,
		(const unsigned char *)"root", -1, -1, 0);
	X509_set_issuer_name(root, X509_get_subject_name(root));
	assert_true(X509_sign(root, kit.other, EVP_sha256()) > 0);
	X509_set_issuer_name(own, X509_get_subject_name(root));
	assert_true(X509_sign(own, kit.other, EVP_sha256()) > 0);

	BIO *pem = pem_of(kit.key, NULL, own);
	PEM_write_bio_X509(pem, root);
	struct authority *a = parsed(pem, &t);
	assert_string_equal(t.text, "");
	assert_non_null(a);
	assert_false(authority_facts(a)->self_signed);
	assert_int_equal(sk_X509_num(authority_issuers(a)), 2);
	assert_int_equal(X509_cmp(authority_anchor(a), root), 0);
	pem = BIO_new(BIO_s_mem());
	assert_true(authority_write(a, pem, &t));
	struct authority *b = parsed(pem, &t);
	assert_int_equal(sk_X509_num(authority_issuers(b)), 2);
	struct mint *m = mint_new(a, DAY, &t);
	struct leaf *l = mint_leaf(m, &(struct leaf_name){.host = SLICE("a.test")}, NOW, &t);
	assert_int_equal(verified(l, root, "a.test", NOW), X509_V_OK);
	leaf_unref(l);
	mint_unref(m);
	authority_unref(a);
	authority_unref(b);

	pem = pem_of(kit.key, NULL, own);
	PEM_write_bio_X509(pem, stranger);
	assert_null(parsed(pem, &t));
	assert_string_equal(t.text, "F: certificate 1 is not issued by the one that follows it");
	pem = pem_of(kit.key, NULL, own);
	for (int i = 0; i < LIMIT_CA_ISSUERS + 1; i++)
		PEM_write_bio_X509(pem, root);
	assert_null(parsed(pem, &t));
	assert_string_equal(t.text, "F: more than 8 certificates behind the authority's");
	X509_free(root);
	X509_free(own);
	X509_free(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_has_the_right_shape),
		cmocka_unit_test(two_are_never_alike),
		cmocka_unit_test(odd_hosts_do_no_harm),
		cmocka_unit_test(what_cannot_be_made_is_said),
		cmocka_unit_test(constraints_are_shown),
		cmocka_unit_test(validity_has_two_ends),
		cmocka_unit_test(it_is_read_as_it_was_written),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(an_authority_that_others_signed_shows_its_issuers),
	};
	return cmocka_run_group_tests(tests, make_kit, drop_kit);
}
