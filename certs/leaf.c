/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/leaf.h"

#include "certs/key.h"
#include "certs/make.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>

/* What all leaves of a mint have alike. */
enum { EXTENSION_COUNT = 5 };

struct mint {
	atomic_uint references;
	struct authority *issuer;
	EVP_PKEY *key; /* of every leaf */
	X509_EXTENSION *extensions[EXTENSION_COUNT];
	NAME_CONSTRAINTS *constraints; /* of the issuer; NULL for none */
	int64_t lifetime_s;
};

struct leaf {
	atomic_uint references;
	X509 *certificate;
	struct mint *mint; /* keeps key and issuers */
	int64_t since_s, until_s;
};

/* ---- mint ---------------------------------------------------------------------------------- */

/* One certificate that is never signed nor shown, for what refers to the key and to the issuer. */
static bool prepare(struct mint *m)
{
	const struct {
		int nid;
		const char *value;
	} rows[EXTENSION_COUNT] = {
		{NID_basic_constraints, "critical,CA:FALSE"},
		{NID_key_usage, "critical,digitalSignature"},
		{NID_ext_key_usage, "serverAuth"},
		{NID_subject_key_identifier, "hash"},
		{NID_authority_key_identifier, "keyid"},
	};
	X509 *sample = X509_new();
	bool made = sample && X509_set_pubkey(sample, m->key) == 1;

	for (size_t i = 0; made && i < EXTENSION_COUNT; i++) {
		/* An issuer without an identifier of its key is known by its name alone. */
		if (rows[i].nid == NID_authority_key_identifier &&
			!X509_get0_subject_key_id(authority_certificate(m->issuer)))
			continue;
		m->extensions[i] = make_extension(
			rows[i].nid, rows[i].value, sample, authority_certificate(m->issuer));
		made = m->extensions[i] != NULL;
	}
	X509_free(sample);
	return made;
}

static bool read_constraints(struct mint *m)
{
	int critical = -1;

	m->constraints = X509_get_ext_d2i(
		authority_certificate(m->issuer), NID_name_constraints, &critical, NULL);
	/* -1: there are none. */
	return m->constraints || critical == -1;
}

struct mint *mint_new(struct authority *issuer, int64_t lifetime_s, struct trouble *ret_trouble)
{
	struct mint *m = calloc(1, sizeof(*m));

	if (!m) {
		trouble_set(ret_trouble, "out of memory");
		return NULL;
	}
	assert(lifetime_s >= LIMIT_LEAF_LIFETIME_S);
	atomic_init(&m->references, 1);
	m->issuer = authority_ref(issuer);
	m->lifetime_s = lifetime_s;
	m->key = key_new();
	if (m->key && prepare(m) && read_constraints(m))
		return m;
	trouble_set_openssl(ret_trouble, "no leaf can be minted");
	mint_unref(m);
	return NULL;
}

struct mint *mint_ref(struct mint *m)
{
	atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
	return m;
}

void mint_unref(struct mint *m)
{
	if (!m || atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < EXTENSION_COUNT; i++)
		X509_EXTENSION_free(m->extensions[i]);
	NAME_CONSTRAINTS_free(m->constraints);
	EVP_PKEY_free(m->key);
	authority_unref(m->issuer);
	free(m);
}

/* ---- leaf ---------------------------------------------------------------------------------- */

static bool add_name(X509 *certificate, const struct leaf_name *name)
{
	const bool is_address = name->address.family != 0;
	const struct slice bytes = is_address ? slice_from((const char *)name->address.bytes,
							name->address.family == 4 ? 4 : 16)
					      : name->host;
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_STRING *text =
		ASN1_STRING_type_new(is_address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	bool added = all && one && text && ASN1_STRING_set(text, bytes.ptr, (int)bytes.len) == 1 &&
		     sk_GENERAL_NAME_push(all, one) > 0;

	if (added) {
		GENERAL_NAME_set0_value(one, is_address ? GEN_IPADD : GEN_DNS, text);
		/* Critical where there is no subject, RFC 5280 §4.2.1.6. */
		added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 1, 0) == 1;
	} else {
		GENERAL_NAME_free(one);
		ASN1_STRING_free(text);
	}
	GENERAL_NAMES_free(all);
	return added;
}

static bool fill(
	X509 *certificate, const struct mint *m, const struct leaf_name *name, const struct leaf *l)
{
	X509 *issuer = authority_certificate(m->issuer);
	bool filled = make_begin(certificate, l->since_s, l->until_s) &&
		      X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
		      X509_set_pubkey(certificate, m->key) == 1;

	for (size_t i = 0; filled && i < EXTENSION_COUNT; i++)
		filled = !m->extensions[i] || X509_add_ext(certificate, m->extensions[i], -1) == 1;
	return filled && add_name(certificate, name) &&
	       X509_sign(certificate, authority_key(m->issuer), EVP_sha256()) > 0;
}

/* Now, and for a while yet. */
static bool set_time(struct leaf *l, const struct mint *m, int64_t now_s, struct trouble *t)
{
	const struct authority_facts *facts = authority_facts(m->issuer);

	if (!authority_is_valid(m->issuer, now_s, t))
		return false;
	if (facts->until_s - now_s < LIMIT_LEAF_LIFETIME_S)
		return trouble_set(t, "%s is about to end", facts->subject);
	l->since_s = now_s - LIMIT_CLOCK_SKEW_S;
	if (l->since_s < facts->since_s)
		l->since_s = facts->since_s;
	l->until_s = now_s + m->lifetime_s;
	if (l->until_s > facts->until_s)
		l->until_s = facts->until_s;
	return true;
}

static bool sign(
	struct leaf *l, const struct mint *m, const struct leaf_name *name, struct trouble *t)
{
	char text[LEAF_KEY_SIZE];

	if (!fill(l->certificate, m, name, l)) {
		leaf_name_format(name, text);
		return trouble_set_openssl(t, "no leaf for %s", text);
	}
	/* The check looks at what this reads off the extensions, and passes where nothing was read. */
	if (X509_get_extension_flags(l->certificate) & EXFLAG_INVALID)
		return trouble_set_openssl(t, "a leaf cannot be read");
	if (m->constraints && NAME_CONSTRAINTS_check(l->certificate, m->constraints) != X509_V_OK) {
		ERR_clear_error();
		leaf_name_format(name, text);
		return trouble_set(t, "no leaf for %s: %s may sign only for %s", text,
			authority_facts(m->issuer)->subject, authority_facts(m->issuer)->permitted);
	}
	return true;
}

struct leaf *mint_leaf(const struct mint *m, const struct leaf_name *name, int64_t now_s,
	struct trouble *ret_trouble)
{
	char text[LEAF_KEY_SIZE];
	struct leaf *l;

	if (!leaf_name_is_good(name)) {
		leaf_name_format(name, text);
		trouble_set(ret_trouble, "no leaf for \"%s\": not a canonical name", text);
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		trouble_set(ret_trouble, "out of memory");
		return NULL;
	}
	atomic_init(&l->references, 1);
	l->certificate = X509_new();
	if (!l->certificate)
		trouble_set_openssl(ret_trouble, "no leaf can be minted");
	else if (set_time(l, m, now_s, ret_trouble) && sign(l, m, name, ret_trouble))
		goto done;
	leaf_unref(l);
	return NULL;
done:
	l->mint = mint_ref((struct mint *)(uintptr_t)m);
	return l;
}

struct leaf *leaf_ref(struct leaf *l)
{
	atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
	return l;
}

void leaf_unref(struct leaf *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1)
		return;
	X509_free(l->certificate);
	mint_unref(l->mint);
	free(l);
}

X509 *leaf_certificate(const struct leaf *l)
{
	return l->certificate;
}

EVP_PKEY *leaf_key(const struct leaf *l)
{
	return l->mint->key;
}

STACK_OF(X509) * leaf_issuers(const struct leaf *l)
{
	return authority_issuers(l->mint->issuer);
}

int64_t leaf_since_s(const struct leaf *l)
{
	return l->since_s;
}

int64_t leaf_until_s(const struct leaf *l)
{
	return l->until_s;
}

bool leaf_is_fresh(const struct leaf *l, int64_t now_s)
{
	return now_s >= l->since_s && now_s < l->until_s - (l->until_s - l->since_s) / 3;
}
