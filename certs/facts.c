/* SPDX-License-Identifier: Apache-2.0 */
/* What people want to know of an authority, read off its certificate. */
#include "base/escape.h"
#include "certs/authority_inside.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool facts_time(const ASN1_TIME *time, int64_t *ret_s)
{
	struct tm tm;

	if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*ret_s = (int64_t)timegm(&tm);
	return true;
}

/* What OpenSSL prints into memory, escaped. */
static bool read_subject(const X509 *certificate, char *ret_text, size_t size)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes = NULL;

	if (!out || X509_NAME_print_ex(
			    out, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
		BIO_free(out);
		return false;
	}
	long len = BIO_get_mem_data(out, &bytes);
	escape_text(slice_from(bytes, len > 0 ? (size_t)len : 0), ret_text, size);
	BIO_free(out);
	return true;
}

static bool read_fingerprint(const X509 *certificate, char ret_text[65])
{
	unsigned char digest[32];

	if (X509_digest(certificate, EVP_sha256(), digest, NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
	return true;
}

static bool read_serial(const X509 *certificate, char *ret_text, size_t size)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	if (text)
		snprintf(ret_text, size, "%s", text);
	OPENSSL_free(text);
	BN_free(number);
	return text != NULL;
}

static void read_key_kind(const X509 *certificate, char *ret_text, size_t size)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);

	snprintf(ret_text, size, "%s%d", key && EVP_PKEY_is_a(key, "EC") ? "EC P-" : "RSA ",
		key ? EVP_PKEY_get_bits(key) : 0);
}

/* The names of the permitted subtrees, as many as fit. */
static void read_permitted(const X509 *certificate, char *ret_text, size_t size)
{
	NAME_CONSTRAINTS *all = X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
	char name[300];
	size_t len = 0;

	ret_text[0] = '\0';
	for (int i = 0; all && i < sk_GENERAL_SUBTREE_num(all->permittedSubtrees); i++) {
		const GENERAL_NAME *base =
			sk_GENERAL_SUBTREE_value(all->permittedSubtrees, i)->base;
		if (base->type != GEN_DNS)
			continue;
		const ASN1_IA5STRING *text = base->d.dNSName;
		size_t bytes = escape_text(slice_from((const char *)ASN1_STRING_get0_data(text),
						   (size_t)ASN1_STRING_length(text)),
			name, sizeof(name));
		if (len + bytes + sizeof(", , ...") > size) {
			snprintf(ret_text + len, size - len, ", ...");
			break;
		}
		len += (size_t)snprintf(
			ret_text + len, size - len, "%s%s", len > 0 ? ", " : "", name);
	}
	NAME_CONSTRAINTS_free(all);
}

bool facts_read(
	const X509 *certificate, struct authority_facts *ret_facts, struct trouble *ret_trouble)
{
	struct authority_facts f = {.since_s = 0};

	if (!read_subject(certificate, f.subject, sizeof(f.subject)) ||
		!read_fingerprint(certificate, f.fingerprint) ||
		!read_serial(certificate, f.serial, sizeof(f.serial)) ||
		!facts_time(X509_get0_notBefore(certificate), &f.since_s) ||
		!facts_time(X509_get0_notAfter(certificate), &f.until_s))
		return trouble_set_openssl(ret_trouble, "the certificate cannot be read");
	read_key_kind(certificate, f.key, sizeof(f.key));
	read_permitted(certificate, f.permitted, sizeof(f.permitted));
	f.self_signed = X509_self_signed((X509 *)(uintptr_t)certificate, 0) == 1;
	*ret_facts = f;
	return true;
}
