/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/forger.h"

#include "tests/unit/rows.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

static long serial = 1000;

static void add(X509 *x, const X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	if (!value || value[0] == '\0')
		return;
	X509V3_set_ctx(&context, (X509 *)issuer, x, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void add_raw_name(X509 *x, struct slice name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_IA5STRING *bytes = ASN1_IA5STRING_new();

	assert_int_equal(ASN1_STRING_set(bytes, name.ptr, (int)name.len), 1);
	GENERAL_NAME_set0_value(one, GEN_DNS, bytes);
	sk_GENERAL_NAME_push(names, one);
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *x, const X509 *issuer, const struct forgery *w)
{
	if (w->authority) {
		add(x, issuer, NID_basic_constraints, "critical,CA:TRUE");
		add(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
		add(x, issuer, NID_name_constraints, w->constraints);
	} else if (w->raw_name.len > 0) {
		add_raw_name(x, w->raw_name);
	} else {
		add(x, issuer, NID_subject_alt_name, w->names ? w->names : "DNS:example.com");
	}
	add(x, issuer, NID_subject_key_identifier, "hash");
	add(x, issuer, NID_ext_key_usage, w->usage);
	if (w->must_staple)
		add(x, issuer, NID_tlsfeature, "status_request");
}

struct forged forge(const struct forgery *w)
{
	struct forged f = {.certificate = X509_new()};
	const char *subject = w->subject ? w->subject : "forged";
	const EVP_MD *digest = EVP_get_digestbyname(w->digest ? w->digest : "SHA256");
	X509 *x = f.certificate;

	f.key = w->rsa_bits ? EVP_RSA_gen((unsigned)w->rsa_bits) : EVP_EC_gen("P-256");
	assert_non_null(f.key);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x), w->since_s ? w->since_s : -FORGER_DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x), w->until_s ? w->until_s : FORGER_DAY_S);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		(const unsigned char *)subject, -1, -1, 0);
	const X509 *issuer = w->issuer ? w->issuer->certificate : x;
	X509_set_issuer_name(x, X509_get_subject_name(issuer));
	X509_set_pubkey(x, f.key);
	add_extensions(x, issuer, w);
	assert_true(X509_sign(x, w->issuer ? w->issuer->key : f.key, digest) > 0);
	return f;
}

void forged_done(struct forged *f)
{
	X509_free(f->certificate);
	EVP_PKEY_free(f->key);
	*f = (struct forged){NULL, NULL};
}

size_t forge_status(const struct forged_status *w, unsigned char *into, size_t size)
{
	const struct forged *signer = w->signer ? w->signer : w->issuer;
	const EVP_MD *id_digest = w->id_digest ? w->id_digest : EVP_sha1();
	OCSP_CERTID *id = OCSP_cert_to_id(id_digest, w->about->certificate, w->issuer->certificate);
	ASN1_TIME *since = X509_gmtime_adj(NULL, w->since_s);
	ASN1_TIME *until = X509_gmtime_adj(NULL, w->until_s);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	bool revoked = w->status == V_OCSP_CERTSTATUS_REVOKED;

	assert_non_null(OCSP_basic_add1_status(
		basic, id, w->status, 0, revoked ? since : NULL, since, until));
	assert_int_equal(
		OCSP_basic_sign(basic, signer->certificate, signer->key, EVP_sha256(), NULL, 0), 1);
	OCSP_RESPONSE *response = OCSP_response_create(w->response_status, basic);
	int len = i2d_OCSP_RESPONSE(response, NULL);
	assert_true(len > 0 && (size_t)len <= size);
	i2d_OCSP_RESPONSE(response, &into);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(since);
	ASN1_TIME_free(until);
	return (size_t)len;
}
