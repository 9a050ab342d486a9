/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/certs.h: what the tests of certs/ have in common: a moment, authorities, directories of
 * their own, and OpenSSL's verifier. */
#ifndef SALLYPORT_TESTS_CERTS_H
#define SALLYPORT_TESTS_CERTS_H

#include "certs/leaf.h"
#include "tests/unit/rows.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* 2026-11-21 12:00 UTC, and lengths of time. */
enum { DAY = 86400, HOUR = 3600 };
#define NOW 1795262400LL

static inline struct authority *authority_for(const char *permitted, int64_t lifetime_s)
{
	const struct authority_order order = {
		.now_s = NOW, .lifetime_s = lifetime_s, .host = "host", .permitted = permitted};
	struct trouble t;
	struct authority *a = authority_new(&order, &t);

	if (!a)
		fail_msg("%s", t.text);
	return a;
}

static inline struct leaf_name name_of(const char *host)
{
	struct leaf_name name = {.host = slice_of(host)};

	if (!address_parse_ipv4(name.host, &name.address))
		address_parse_ipv6(name.host, &name.address);
	return name;
}

/* What OpenSSL's verifier says of a leaf for a host, as a TLS client asks it. */
static inline int verified(const struct leaf *l, X509 *anchor, const char *host, int64_t now_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	struct leaf_name name = name_of(host);

	assert_non_null(store);
	assert_non_null(context);
	assert_int_equal(X509_STORE_add_cert(store, anchor), 1);
	assert_int_equal(
		X509_STORE_CTX_init(context, store, leaf_certificate(l), leaf_issuers(l)), 1);
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
	X509_STORE_CTX_set_default(context, "ssl_server");
	/* All that RFC 5280 asks for, of authorities of our own. */
	if (X509_get0_subject_key_id(anchor))
		X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_auth_level(parameters, 2);
	X509_VERIFY_PARAM_set_time(parameters, (time_t)now_s);
	if (name.address.family != 0)
		X509_VERIFY_PARAM_set1_ip_asc(parameters, host);
	else
		X509_VERIFY_PARAM_set1_host(parameters, host, 0);
	X509_verify_cert(context);
	int end = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return end;
}

/* A new empty directory; remove_directory takes it away with all its files. */
static inline char *make_directory(char path[64])
{
	strcpy(path, "/tmp/sallyport-certs-XXXXXX");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void remove_directory(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a path of our own */
}

#endif
