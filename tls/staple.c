/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

enum {
	SKEW_S = 300, /* by which clocks may differ */
	FEATURE_STATUS_REQUEST = 5, /* RFC 6066 §8, as a value of RFC 7633 §4.2.3 */
};

/* The status of one certificate in a response whose signature is right. */
static enum staple status_of(OCSP_BASICRESP *basic, OCSP_CERTID *id)
{
	int status = -1;
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;

	if (!OCSP_resp_find_status(basic, id, &status, NULL, NULL, &this_update, &next_update))
		return STAPLE_NOTHING;
	if (!OCSP_check_validity(this_update, next_update, SKEW_S, -1))
		return STAPLE_NOTHING;
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		return STAPLE_REVOKED;
	return status == V_OCSP_CERTSTATUS_GOOD ? STAPLE_GOOD : STAPLE_NOTHING;
}

/* Responders name certificates by SHA-1 (RFC 5019 §2.1.1) or SHA-256 (RFC 9654) of their issuer. */
static enum staple look_up(OCSP_BASICRESP *basic, X509 *certificate, X509 *issuer)
{
	const EVP_MD *digests[] = {EVP_sha1(), EVP_sha256()};
	enum staple found = STAPLE_NOTHING;

	for (size_t i = 0; found == STAPLE_NOTHING && i < 2; i++) {
		OCSP_CERTID *id = OCSP_cert_to_id(digests[i], certificate, issuer);
		if (id)
			found = status_of(basic, id);
		OCSP_CERTID_free(id);
	}
	return found;
}

enum staple staple_judge(struct slice response, STACK_OF(X509) * chain, X509_STORE *roots)
{
	const unsigned char *der = (const unsigned char *)response.ptr;
	enum staple staple = STAPLE_NOTHING;
	OCSP_RESPONSE *parsed = NULL;
	OCSP_BASICRESP *basic = NULL;

	/* A chain of one is a root of ours itself: nobody stands above it. */
	if (response.len == 0 || sk_X509_num(chain) < 2)
		return STAPLE_NOTHING;
	/* What is wrong with a response is no error of the connection's. */
	ERR_set_mark();
	parsed = d2i_OCSP_RESPONSE(NULL, &der, (long)response.len);
	if (parsed && OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(parsed);
	if (basic && OCSP_basic_verify(basic, chain, roots, 0) > 0)
		staple = look_up(basic, sk_X509_value(chain, 0), sk_X509_value(chain, 1));
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(parsed);
	ERR_pop_to_mark();
	return staple;
}

bool staple_is_promised(X509 *certificate)
{
	TLS_FEATURE *features = X509_get_ext_d2i(certificate, NID_tlsfeature, NULL, NULL);
	bool promised = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		promised |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
			    FEATURE_STATUS_REQUEST;
	TLS_FEATURE_free(features);
	return promised;
}
