/* SPDX-License-Identifier: Apache-2.0 */
/* leaf_driver DIRECTORY HOST...: opens the CA that is kept there and mints a leaf for each host, for
 * test_ca.py: HOST.pem in the working directory has its key, then its chain. */
#include "certs/leaves.h"
#include "certs/vault.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LIFETIME_S = 7 * 86400 };

static bool write_leaf(const struct leaf *l, const char *host)
{
	char path[300];

	snprintf(path, sizeof(path), "%s.pem", host);
	BIO *out = BIO_new_file(path, "w");
	bool written =
		out &&
		PEM_write_bio_PKCS8PrivateKey(out, leaf_key(l), NULL, NULL, 0, NULL, NULL) == 1 &&
		PEM_write_bio_X509(out, leaf_certificate(l)) == 1;
	for (int i = 0; written && i < sk_X509_num(leaf_issuers(l)); i++)
		written = PEM_write_bio_X509(out, sk_X509_value(leaf_issuers(l), i)) == 1;
	BIO_free(out);
	return written;
}

static bool mint(struct leaves *leaves, const char *host, struct trouble *t)
{
	struct leaf_name name = {.host = slice_of(host)};

	if (!address_parse_ipv4(name.host, &name.address))
		address_parse_ipv6(name.host, &name.address);
	struct leaf *l = leaves_get(leaves, &name, (int64_t)time(NULL), t);
	bool written = l && (write_leaf(l, host) || trouble_set_openssl(t, "%s", host));
	leaf_unref(l);
	return written;
}

int main(int argc, char **argv)
{
	struct trouble t = {""};
	const struct vault_settings settings = {.directory = argc > 1 ? argv[1] : ""};
	struct vault *vault = vault_open(&settings, VAULT_EXISTING, (int64_t)time(NULL), &t);
	struct vault_view view = {.issuer = NULL};
	struct leaves *leaves = NULL;
	bool good = vault != NULL;

	if (good) {
		view = vault_view(vault);
		leaves = leaves_new(view.issuer, LIFETIME_S, 16, &t);
		good = leaves != NULL;
	}
	for (int i = 2; good && i < argc; i++)
		good = mint(leaves, argv[i], &t);
	if (!good)
		fprintf(stderr, "%s\n", t.text);
	leaves_free(leaves);
	vault_view_done(&view);
	vault_close(vault);
	return good ? 0 : 1;
}
