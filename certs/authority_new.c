/* SPDX-License-Identifier: Apache-2.0 */
/* Making an authority. */
#include "base/limits.h"
#include "certs/authority_inside.h"
#include "certs/leaf_name.h"
#include "certs/make.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COMMON_NAME_SIZE = 65 }; /* RFC 5280 appendix A.1, ub-common-name */

/* ---- subject ------------------------------------------------------------------------------- */

/* "sallyport CA HOST 2026-11-21 3fa2": a person tells two of them apart, and so does software that
 * looks for an issuer by its name. */
static void format_name(
	const struct authority_order *order, X509 *certificate, char ret_name[COMMON_NAME_SIZE])
{
	const unsigned char *serial = ASN1_STRING_get0_data(X509_get_serialNumber(certificate));
	time_t now = (time_t)order->now_s;
	char host[28] = "", day[16] = "";
	size_t len = 0;
	struct tm tm;

	for (const char *c = order->host ? order->host : ""; *c && len + 1 < sizeof(host); c++) {
		char lower = ascii_lower(*c);
		if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
			lower == '-' || lower == '.')
			host[len++] = lower;
	}
	if (gmtime_r(&now, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(ret_name, COMMON_NAME_SIZE, "sallyport CA %s%s%s %02x%02x", host, len ? " " : "",
		day, serial[1], serial[2]);
}

static bool set_names(X509 *certificate, const struct authority_order *order)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	char text[COMMON_NAME_SIZE];

	format_name(order, certificate, text);
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
		       (const unsigned char *)"sallyport", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, name) == 1;
}

/* ---- extensions ---------------------------------------------------------------------------- */

static bool add(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = make_extension(nid, value, certificate, certificate);
	bool added = extension && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

/* One more subtree. False without memory. */
static bool add_subtree(
	STACK_OF(GENERAL_SUBTREE) * all, int type, int string_type, struct slice bytes)
{
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
	ASN1_STRING *text = ASN1_STRING_type_new(string_type);
	bool set = tree && text && ASN1_STRING_set(text, bytes.ptr, (int)bytes.len) == 1;

	if (!set)
		ASN1_STRING_free(text);
	else
		GENERAL_NAME_set0_value(tree->base, type, text);
	if (set && sk_GENERAL_SUBTREE_push(all, tree) > 0)
		return true;
	GENERAL_SUBTREE_free(tree);
	return false;
}

static struct slice trimmed(struct slice s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = slice_after(s, 1);
	while (s.len > 0 && s.ptr[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* "example.com, example.org" as permitted subtrees; each covers the name and all below it. */
static bool add_permitted(NAME_CONSTRAINTS *all, const char *permitted, struct trouble *t)
{
	struct slice rest = slice_of(permitted);

	while (rest.len > 0) {
		struct slice part = slice_first(rest, slice_find(rest, ','));
		rest = slice_after(rest, part.len + 1);
		part = trimmed(part);
		if (!leaf_name_is_canonical(part))
			return trouble_set(t,
				"the authority cannot be constrained to \"%.*s\": write names such as \"example.com\", separated by commas",
				(int)part.len, part.ptr);
		if (sk_GENERAL_SUBTREE_num(all->permittedSubtrees) == LIMIT_CA_NAMES)
			return trouble_set(t, "an authority is constrained to at most %d names",
				LIMIT_CA_NAMES);
		if (!add_subtree(all->permittedSubtrees, GEN_DNS, V_ASN1_IA5STRING, part))
			return trouble_set(t, "out of memory");
	}
	return true;
}

/* RFC 5280 §4.2.1.10: a constraint on names says nothing about addresses, so these are excluded:
 * a network and its mask of zeros are all of a family. */
static bool add_constraints(X509 *certificate, const char *permitted, struct trouble *t)
{
	static const char zeros[32];
	NAME_CONSTRAINTS *all = NAME_CONSTRAINTS_new();
	bool added = false;

	if (all) {
		all->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
		all->excludedSubtrees = sk_GENERAL_SUBTREE_new_null();
	}
	if (!all || !all->permittedSubtrees || !all->excludedSubtrees ||
		!add_subtree(all->excludedSubtrees, GEN_IPADD, V_ASN1_OCTET_STRING,
			slice_from(zeros, 8)) ||
		!add_subtree(all->excludedSubtrees, GEN_IPADD, V_ASN1_OCTET_STRING,
			slice_from(zeros, 32)))
		trouble_set(t, "out of memory");
	else if (add_permitted(all, permitted, t))
		added = X509_add1_ext_i2d(certificate, NID_name_constraints, all, 1, 0) == 1 ||
			trouble_set_openssl(t, "the authority cannot be constrained");
	NAME_CONSTRAINTS_free(all);
	return added;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool fill(
	X509 *certificate, EVP_PKEY *key, const struct authority_order *order, struct trouble *t)
{
	if (!make_begin(certificate, order->now_s - LIMIT_CLOCK_SKEW_S,
		    order->now_s + order->lifetime_s) ||
		!set_names(certificate, order) || X509_set_pubkey(certificate, key) != 1 ||
		!add(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!add(certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		!add(certificate, NID_subject_key_identifier, "hash"))
		return trouble_set_openssl(t, "an authority cannot be made");
	if (order->permitted && order->permitted[0] &&
		!add_constraints(certificate, order->permitted, t))
		return false;
	if (X509_sign(certificate, key, EVP_sha256()) <= 0)
		return trouble_set_openssl(t, "an authority cannot be signed");
	return true;
}

struct authority *authority_new(const struct authority_order *order, struct trouble *ret_trouble)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	if (!key || !certificate)
		trouble_set_openssl(ret_trouble, "an authority cannot be made");
	else if (order->lifetime_s < LIMIT_CA_LIFETIME_S)
		trouble_set(ret_trouble, "an authority lives at least %d hours",
			LIMIT_CA_LIFETIME_S / 3600);
	else if (fill(certificate, key, order, ret_trouble))
		return authority_of(certificate, key, NULL, ret_trouble);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return NULL;
}
