/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/roots.h"

#include "base/limits.h"
#include "certs/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct roots {
	atomic_uint references;
	X509_STORE *store;
	STACK_OF(X509) * certificates;
	char *file;
	size_t left_out;
};

/* Where systems keep them in one file: Debian, Red Hat, SUSE, Alpine and others, FreeBSD. */
static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/usr/local/etc/ssl/cert.pem",
};

/* ---- entries ------------------------------------------------------------------------------- */

/* One file while it is read. */
struct scan {
	const char *file;
	BIO *in;
	struct slice all; /* what `in` reads */
	unsigned entry; /* from 1 */
	unsigned line; /* where that begins, from 1 */
	size_t counted; /* bytes whose lines are in `line` */
};

/* The line of the entry that begins at or after `offset`. */
static void find_line(struct scan *s, size_t offset)
{
	static const char begin[] = "-----BEGIN";
	const char *from = s->all.ptr + offset;
	const char *at = memmem(from, s->all.len - offset, begin, sizeof(begin) - 1);
	size_t until = at ? (size_t)(at - s->all.ptr) : s->all.len;

	for (; s->counted < until; s->counted++)
		s->line += s->all.ptr[s->counted] == '\n';
}

enum scan_end { SCAN_ONE, SCAN_END, SCAN_BAD };

/* The next entry as a certificate; SCAN_BAD leaves OpenSSL's reasons on its queue. */
static enum scan_end scan_next(struct scan *s, X509 **ret_certificate)
{
	size_t offset = s->all.len - (size_t)BIO_pending(s->in);
	char *name = NULL, *header = NULL;
	unsigned char *bytes = NULL;
	long len = 0;

	s->entry++;
	find_line(s, offset);
	ERR_clear_error();
	if (PEM_read_bio(s->in, &name, &header, &bytes, &len) != 1) {
		unsigned long code = ERR_peek_last_error();
		bool ended = ERR_GET_LIB(code) == ERR_LIB_PEM &&
			     ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
		return ended ? SCAN_END : SCAN_BAD;
	}
	const unsigned char *at = bytes;
	const bool trusted = strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
	X509 *one = NULL;
	if (trusted)
		one = d2i_X509_AUX(NULL, &at, len);
	else if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		one = d2i_X509(NULL, &at, len);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(bytes);
	*ret_certificate = one;
	return one ? SCAN_ONE : SCAN_BAD;
}

/* ---- adding -------------------------------------------------------------------------------- */

static bool is_there(const struct roots *r, const X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(r->certificates); i++)
		if (X509_cmp(sk_X509_value(r->certificates, i), certificate) == 0)
			return true;
	return false;
}

/* Takes the certificate over. */
static bool add(struct roots *r, X509 *certificate, const struct scan *s, struct trouble *t)
{
	if (is_there(r, certificate)) {
		X509_free(certificate);
		return true;
	}
	if (sk_X509_num(r->certificates) == LIMIT_ROOTS) {
		X509_free(certificate);
		return trouble_set(t, "%s: more than %d certificates", s->file, LIMIT_ROOTS);
	}
	if (X509_STORE_add_cert(r->store, certificate) == 1 &&
		sk_X509_push(r->certificates, certificate) > 0)
		return true;
	X509_free(certificate);
	return trouble_set_openssl(t, "%s:%u: entry %u", s->file, s->line, s->entry);
}

/* All entries of a file. A strict one is named by somebody, who wants to know. */
static bool add_all(struct roots *r, struct scan *s, bool strict, struct trouble *t)
{
	const int before = sk_X509_num(r->certificates);
	bool any = false;

	for (;;) {
		X509 *one = NULL;
		enum scan_end end = scan_next(s, &one);
		if (end == SCAN_END)
			break;
		if (end == SCAN_BAD && strict)
			return trouble_set_openssl(
				t, "%s:%u: entry %u is no certificate", s->file, s->line, s->entry);
		/* A broken line leaves the reader somewhere inside; the next entry is found. */
		r->left_out += end == SCAN_BAD;
		if (end == SCAN_ONE && !add(r, one, s, t))
			return false;
		any = any || end == SCAN_ONE;
	}
	ERR_clear_error();
	if (any || (!strict && sk_X509_num(r->certificates) > before))
		return true;
	return trouble_set(t, "%s: there is no certificate in it", s->file);
}

static bool add_file(struct roots *r, const char *file, bool strict, struct trouble *t)
{
	struct scan s = {.file = file, .line = 1};
	enum file_end end = file_read(file, FILE_PUBLIC, &s.all, t);

	if (end == FILE_ABSENT)
		return trouble_set(t, "%s: there is no such file", file);
	if (end != FILE_DONE)
		return false;
	s.in = BIO_new_mem_buf(s.all.ptr, (int)s.all.len);
	bool added = s.in ? add_all(r, &s, strict, t) : trouble_set(t, "out of memory");
	BIO_free(s.in);
	file_forget(s.all);
	return added;
}

/* ---- the value ----------------------------------------------------------------------------- */

static const char *find_system_file(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	const char *built_in = X509_get_default_cert_file();
	return access(built_in, R_OK) == 0 ? built_in : NULL;
}

struct roots *roots_load(const struct roots_sources *sources, struct trouble *ret_trouble)
{
	const char *file = sources->file ? sources->file : find_system_file();
	struct roots *r = calloc(1, sizeof(*r));

	if (!r) {
		trouble_set(ret_trouble, "out of memory");
		return NULL;
	}
	atomic_init(&r->references, 1);
	if (!file) {
		trouble_set(ret_trouble,
			"the system's trusted certificates are not found: install ca-certificates, or set roots in [tls]");
		goto fail;
	}
	r->file = strdup(file);
	r->store = X509_STORE_new();
	r->certificates = sk_X509_new_null();
	if (!r->file || !r->store || !r->certificates) {
		trouble_set_openssl(ret_trouble, "out of memory");
		goto fail;
	}
	if (!add_file(r, file, sources->file != NULL, ret_trouble) ||
		(sources->extra_file && !add_file(r, sources->extra_file, true, ret_trouble)))
		goto fail;
	return r;
fail:
	roots_unref(r);
	return NULL;
}

struct roots *roots_ref(struct roots *r)
{
	atomic_fetch_add_explicit(&r->references, 1, memory_order_relaxed);
	return r;
}

void roots_unref(struct roots *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) != 1)
		return;
	sk_X509_pop_free(r->certificates, X509_free);
	X509_STORE_free(r->store);
	free(r->file);
	free(r);
}

X509_STORE *roots_store(const struct roots *r)
{
	return r->store;
}

STACK_OF(X509) * roots_certificates(const struct roots *r)
{
	return r->certificates;
}

size_t roots_count(const struct roots *r)
{
	return (size_t)sk_X509_num(r->certificates);
}

size_t roots_left_out(const struct roots *r)
{
	return r->left_out;
}

const char *roots_file(const struct roots *r)
{
	return r->file;
}
