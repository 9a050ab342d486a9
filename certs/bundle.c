/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/bundle.h"

#include "certs/file.h"
#include "certs/truststore.h"

#include <openssl/pem.h>
#include <unistd.h>

enum { BUNDLE_PATH_SIZE = 4096 };

const char *bundle_file(enum bundle_part part)
{
	static const char *const names[BUNDLE_PARTS] = {"ca.pem", "bundle.pem", "truststore.p12"};

	return names[part];
}

/* ---- content ------------------------------------------------------------------------------- */

static bool add_one(STACK_OF(X509) * all, X509 *one)
{
	for (int i = 0; i < sk_X509_num(all); i++)
		if (X509_cmp(sk_X509_value(all, i), one) == 0)
			return true;
	return X509_add_cert(all, one, X509_ADD_FLAG_UP_REF) == 1;
}

/* Ours first: some tools look from the top. */
static STACK_OF(X509) *
	collect(const struct vault_view *view, const struct roots *roots, struct trouble *t)
{
	const struct authority *const ours[] = {view->issuer, view->next};
	STACK_OF(X509) *all = sk_X509_new_null();
	bool good = all != NULL;

	for (size_t i = 0; good && i < sizeof(ours) / sizeof(ours[0]); i++)
		good = !ours[i] || add_one(all, authority_anchor(ours[i]));
	for (int i = 0; good && roots && i < sk_X509_num(roots_certificates(roots)); i++)
		good = add_one(all, sk_X509_value(roots_certificates(roots), i));
	if (good)
		return all;
	trouble_set_openssl(t, "out of memory");
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

/* RFC 7468 §5.2: text between the entries is for people. RFC 2253 form is one line of ASCII. */
static bool write_pem(const STACK_OF(X509) * all, BIO *out)
{
	bool written = true;

	for (int i = 0; written && i < sk_X509_num(all); i++) {
		X509 *one = sk_X509_value(all, i);
		written = BIO_puts(out, i > 0 ? "\n# " : "# ") > 0 &&
			  X509_NAME_print_ex(out, X509_get_subject_name(one), 0, XN_FLAG_RFC2253) >=
				  0 &&
			  BIO_puts(out, "\n") > 0 && PEM_write_bio_X509(out, one) == 1;
	}
	return written;
}

bool bundle_write(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	BIO *out, struct trouble *ret_trouble)
{
	STACK_OF(X509) *all = collect(view, part == BUNDLE_CA ? NULL : roots, ret_trouble);
	bool written = false;

	if (!all)
		return false;
	if (part == BUNDLE_JAVA)
		written = truststore_write(all, out, ret_trouble);
	else
		written = write_pem(all, out) || trouble_set_openssl(ret_trouble,
							 "%s cannot be written", bundle_file(part));
	sk_X509_pop_free(all, X509_free);
	return written;
}

bool bundle_print(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	FILE *out, struct trouble *ret_trouble)
{
	BIO *stream = BIO_new_fp(out, BIO_NOCLOSE);
	bool printed = stream ? bundle_write(part, view, roots, stream, ret_trouble)
			      : trouble_set_openssl(ret_trouble, "out of memory");

	BIO_free(stream);
	return printed;
}

/* ---- files --------------------------------------------------------------------------------- */

static bool is_same(const char *path, struct slice bytes)
{
	struct trouble ignored;
	struct slice there;

	if (file_read(path, FILE_PUBLIC, &there, &ignored) != FILE_DONE)
		return false;
	bool same = slice_equal(there, bytes);
	file_forget(there);
	return same;
}

bool bundle_save(enum bundle_part part, const struct vault_view *view, const struct roots *roots,
	const char *path, struct trouble *ret_trouble)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	bool saved = false;

	if (!out)
		return trouble_set_openssl(ret_trouble, "out of memory");
	if (bundle_write(part, view, roots, out, ret_trouble)) {
		long len = BIO_get_mem_data(out, &bytes);
		struct slice content = slice_from(bytes, len > 0 ? (size_t)len : 0);
		saved = is_same(path, content) ||
			file_replace(path, FILE_PUBLIC, content, ret_trouble);
	}
	BIO_free(out);
	return saved;
}

bool bundle_export(const char *directory, const struct vault_view *view, const struct roots *roots,
	struct trouble *ret_trouble)
{
	char path[BUNDLE_PATH_SIZE];
	int lock = -1;

	if (!file_make_directory(directory, ret_trouble))
		return false;
	lock = file_lock(directory, ret_trouble);
	bool saved = lock >= 0;
	for (enum bundle_part part = 0; saved && part < BUNDLE_PARTS; part++) {
		int len = snprintf(path, sizeof(path), "%s/%s", directory, bundle_file(part));
		saved = len > 0 && len < BUNDLE_PATH_SIZE
				? bundle_save(part, view, roots, path, ret_trouble)
				: trouble_set(ret_trouble, "%s: the path is too long", directory);
	}
	if (lock >= 0)
		close(lock);
	return saved;
}
