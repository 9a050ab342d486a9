/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/authority.h"

#include "base/limits.h"
#include "certs/authority_inside.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

enum { RSA_BITS_LEAST = 2048 };

/* ---- references ---------------------------------------------------------------------------- */

struct authority *authority_of(
	X509 *certificate, EVP_PKEY *key, STACK_OF(X509) * issuers, struct trouble *ret_trouble)
{
	struct authority *a = calloc(1, sizeof(*a));

	if (!a) {
		trouble_set(ret_trouble, "out of memory");
		goto fail;
	}
	if (!facts_read(certificate, &a->facts, ret_trouble))
		goto fail;
	atomic_init(&a->references, 1);
	a->certificate = certificate;
	a->key = key;
	a->issuers = issuers;
	return a;
fail:
	free(a);
	X509_free(certificate);
	EVP_PKEY_free(key);
	sk_X509_pop_free(issuers, X509_free);
	return NULL;
}

struct authority *authority_ref(struct authority *a)
{
	atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
	return a;
}

void authority_unref(struct authority *a)
{
	if (!a || atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) != 1)
		return;
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
	sk_X509_pop_free(a->issuers, X509_free);
	free(a);
}

X509 *authority_certificate(const struct authority *a)
{
	return a->certificate;
}

EVP_PKEY *authority_key(const struct authority *a)
{
	return a->key;
}

STACK_OF(X509) * authority_issuers(const struct authority *a)
{
	return a->issuers;
}

const struct authority_facts *authority_facts(const struct authority *a)
{
	return &a->facts;
}

X509 *authority_anchor(const struct authority *a)
{
	return a->issuers ? sk_X509_value(a->issuers, sk_X509_num(a->issuers) - 1) : a->certificate;
}

/* ---- judging ------------------------------------------------------------------------------- */

static bool judge_strength(EVP_PKEY *key, const char *name, struct trouble *t)
{
	const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
	char curve[64] = "";

	if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_LEAST)
		return true;
	if (EVP_PKEY_is_a(key, "RSA"))
		return trouble_set(t, "%s: the RSA key has %d bits, and needs at least %d", name,
			EVP_PKEY_get_bits(key), RSA_BITS_LEAST);
	if (!EVP_PKEY_is_a(key, "EC"))
		return trouble_set(t,
			"%s: the key is neither EC nor RSA: not every client would take it", name);
	EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(curve, curves[i]) == 0)
			return true;
	return trouble_set(t, "%s: the curve of the key is not P-256, P-384 or P-521", name);
}

static bool judge_certificate(X509 *certificate, const char *name, struct trouble *t)
{
	int digest = NID_undef;

	/* 1: basicConstraints says so, and keyUsage does not say otherwise. Older ways do not count. */
	if (X509_check_ca(certificate) != 1)
		return trouble_set_openssl(t,
			"%s: the certificate may not sign others: it needs basicConstraints with CA:TRUE and keyCertSign",
			name);
	X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
	if (digest == NID_md5 || digest == NID_sha1)
		return trouble_set(t, "%s: the certificate is signed with MD5 or SHA-1", name);
	return true;
}

bool authority_is_valid(const struct authority *a, int64_t now_s, struct trouble *ret_trouble)
{
	const struct authority_facts *f = &a->facts;
	char when[32] = "";
	time_t moment = (time_t)(now_s < f->since_s ? f->since_s : f->until_s);
	struct tm tm;

	if (now_s >= f->since_s && now_s <= f->until_s)
		return true;
	if (gmtime_r(&moment, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	if (now_s < f->since_s)
		return trouble_set(
			ret_trouble, "%s begins at %s: is the clock right?", f->subject, when);
	return trouble_set(ret_trouble, "%s ended at %s", f->subject, when);
}

/* ---- PEM ----------------------------------------------------------------------------------- */

/* Nobody is there to be asked. */
static int no_phrase(char *text, int size, int writing, void *owner)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)owner = true;
	return -1;
}

static EVP_PKEY *read_key(struct slice pem, const char *name, struct trouble *t)
{
	BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	bool asked = false;
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_phrase, &asked) : NULL;

	BIO_free(in);
	if (key) {
		ERR_clear_error();
		return key;
	}
	if (asked) {
		ERR_clear_error();
		trouble_set(t, "%s: the key has a pass phrase; store it without one", name);
	} else {
		trouble_set_openssl(t, "%s: no private key", name);
	}
	return NULL;
}

/* All certificates of the file, in order. */
static STACK_OF(X509) * read_certificates(struct slice pem, const char *name, struct trouble *t)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *one = NULL;

	while (all && in && sk_X509_num(all) <= LIMIT_CA_ISSUERS) {
		one = PEM_read_bio_X509(in, NULL, NULL, NULL);
		if (!one || sk_X509_push(all, one) <= 0)
			break;
		one = NULL;
	}
	X509_free(one);
	BIO_free(in);
	/* The end of the file is the one error that is none. */
	bool ended = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM &&
		     ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (ended && sk_X509_num(all) > 0) {
		ERR_clear_error();
		return all;
	}
	if (all && sk_X509_num(all) > LIMIT_CA_ISSUERS)
		trouble_set(t, "%s: more than %d certificates behind the authority's", name,
			LIMIT_CA_ISSUERS);
	else
		trouble_set_openssl(t, "%s: no certificate", name);
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

/* Each of the issuers must have signed the one before; else clients find no way up. */
static bool judge_chain(const STACK_OF(X509) * all, const char *name, struct trouble *t)
{
	for (int i = 0; i + 1 < sk_X509_num(all); i++)
		if (X509_check_issued(sk_X509_value(all, i + 1), sk_X509_value(all, i)) !=
			X509_V_OK)
			return trouble_set(t,
				"%s: certificate %d is not issued by the one that follows it", name,
				i + 1);
	return true;
}

struct authority *authority_parse(struct slice pem, const char *name, struct trouble *ret_trouble)
{
	STACK_OF(X509) *all = NULL;
	EVP_PKEY *key = NULL;
	X509 *own = NULL;

	if (pem.len > LIMIT_PEM_BYTES) {
		trouble_set(ret_trouble, "%s: too large", name);
		return NULL;
	}
	key = read_key(pem, name, ret_trouble);
	all = key ? read_certificates(pem, name, ret_trouble) : NULL;
	if (!all)
		goto fail;
	own = sk_X509_value(all, 0);
	if (X509_check_private_key(own, key) != 1) {
		trouble_set_openssl(ret_trouble, "%s: the key is not the certificate's", name);
		goto fail;
	}
	if (!judge_strength(key, name, ret_trouble) || !judge_certificate(own, name, ret_trouble) ||
		!judge_chain(all, name, ret_trouble))
		goto fail;
	X509_up_ref(own);
	if (X509_self_signed(own, 0) == 1) {
		sk_X509_pop_free(all, X509_free);
		all = NULL;
	}
	return authority_of(own, key, all, ret_trouble);
fail:
	sk_X509_pop_free(all, X509_free);
	EVP_PKEY_free(key);
	return NULL;
}

bool authority_write(const struct authority *a, BIO *out, struct trouble *ret_trouble)
{
	bool written = PEM_write_bio_PKCS8PrivateKey(out, a->key, NULL, NULL, 0, NULL, NULL) == 1 &&
		       PEM_write_bio_X509(out, a->certificate) == 1;

	for (int i = 1; written && a->issuers && i < sk_X509_num(a->issuers); i++)
		written = PEM_write_bio_X509(out, sk_X509_value(a->issuers, i)) == 1;
	return written || trouble_set_openssl(ret_trouble, "the authority cannot be written");
}
