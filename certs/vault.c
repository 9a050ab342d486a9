/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/vault.h"

#include "base/limits.h"
#include "certs/file.h"

#include <assert.h>
#include <errno.h>
#include <openssl/bio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VAULT_PATH_SIZE = 4096 };

struct vault {
	char *directory, *host, *permitted;
	bool in_memory;
	int64_t lifetime_s;
	struct vault_view view;
};

/* ---- files --------------------------------------------------------------------------------- */

static bool path_of(
	const struct vault *v, const char *name, char ret_path[VAULT_PATH_SIZE], struct trouble *t)
{
	int len = snprintf(ret_path, VAULT_PATH_SIZE, "%s/%s", v->directory, name);

	if (len > 0 && len < VAULT_PATH_SIZE)
		return true;
	return trouble_set(t, "%s: the path is too long", v->directory);
}

/* *ret_authority is NULL where there is no such file. */
static bool load(const struct vault *v, const char *name, struct authority **ret_authority,
	struct trouble *t)
{
	char path[VAULT_PATH_SIZE];
	struct slice bytes;

	if (!path_of(v, name, path, t))
		return false;
	*ret_authority = NULL;
	switch (file_read(path, FILE_SECRET, &bytes, t)) {
	case FILE_DONE:
		*ret_authority = authority_parse(bytes, path, t);
		file_forget(bytes);
		return *ret_authority != NULL;
	case FILE_ABSENT:
		return true;
	case FILE_TAKEN:
	case FILE_FAILED:
		break;
	}
	return false;
}

/* Of FILE_DONE, FILE_TAKEN, FILE_FAILED. */
static enum file_end store(const struct vault *v, const char *name, const struct authority *a,
	bool replace, struct trouble *t)
{
	enum file_end end = FILE_FAILED;
	char path[VAULT_PATH_SIZE], *bytes = NULL;
	BIO *out = BIO_new(BIO_s_secmem());

	if (!out) {
		trouble_set_openssl(t, "out of memory");
		return FILE_FAILED;
	}
	if (path_of(v, name, path, t) && authority_write(a, out, t)) {
		long len = BIO_get_mem_data(out, &bytes);
		struct slice pem = slice_from(bytes, len > 0 ? (size_t)len : 0);
		if (!replace)
			end = file_create(path, FILE_SECRET, pem, t);
		else if (file_replace(path, FILE_SECRET, pem, t))
			end = FILE_DONE;
	}
	BIO_free(out);
	return end;
}

static bool remove_file(const struct vault *v, const char *name, struct trouble *t)
{
	char path[VAULT_PATH_SIZE];

	if (!path_of(v, name, path, t))
		return false;
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	return trouble_set_errno(t, "cannot remove %s", path);
}

/* ---- when ---------------------------------------------------------------------------------- */

/* LIMIT_CA_OVERLAP_S, or a quarter of the life. */
static int64_t overlap_of(const struct authority *a)
{
	const struct authority_facts *f = authority_facts(a);
	int64_t quarter = (f->until_s - f->since_s - LIMIT_CLOCK_SKEW_S) / 4;

	return quarter < LIMIT_CA_OVERLAP_S ? quarter : LIMIT_CA_OVERLAP_S;
}

static bool successor_is_due(const struct vault_view *view, int64_t now_s)
{
	const struct authority_facts *f = authority_facts(view->issuer);

	return !view->next && f->self_signed && now_s >= f->until_s - 2 * overlap_of(view->issuer);
}

/* Once it was exported for its overlap, and at the latest a day before the old one ends, which
 * clients whose clock is fast would not believe any more. */
static bool takes_over(const struct vault_view *view, int64_t now_s)
{
	if (!view->next)
		return false;
	const int64_t overlap = overlap_of(view->issuer);
	const int64_t last = overlap / 2 < LIMIT_CLOCK_SKEW_S ? overlap / 2 : LIMIT_CLOCK_SKEW_S;
	const int64_t made = authority_facts(view->next)->since_s + LIMIT_CLOCK_SKEW_S;

	return now_s >= made + overlap_of(view->next) ||
	       now_s >= authority_facts(view->issuer)->until_s - last;
}

/* ---- making -------------------------------------------------------------------------------- */

static struct authority *make(const struct vault *v, int64_t now_s, struct trouble *t)
{
	const struct authority_order order = {
		.now_s = now_s,
		.lifetime_s = v->lifetime_s,
		.host = v->host,
		.permitted = v->permitted,
	};
	return authority_new(&order, t);
}

/* Makes one and keeps it under the name, unless another process was faster: then that one. Called
 * with the directory locked. */
static bool make_file(const struct vault *v, const char *name, int64_t now_s,
	struct authority **ret_authority, struct trouble *t)
{
	struct authority *a = make(v, now_s, t);

	if (!a)
		return false;
	enum file_end end = v->in_memory ? FILE_DONE : store(v, name, a, false, t);
	if (end == FILE_DONE) {
		*ret_authority = a;
		return true;
	}
	authority_unref(a);
	if (end != FILE_TAKEN || !load(v, name, ret_authority, t))
		return false;
	return *ret_authority || trouble_set(t, "%s: another process changes it", v->directory);
}

/* The successor's file takes the name of the old one, which ends there. */
static bool promote(struct vault *v, struct vault_view *view, struct trouble *t)
{
	char from[VAULT_PATH_SIZE], to[VAULT_PATH_SIZE];

	if (!path_of(v, "next.pem", from, t) || !path_of(v, "authority.pem", to, t))
		return false;
	if (!v->in_memory && rename(from, to) != 0)
		return trouble_set_errno(t, "cannot rename %s", from);
	authority_unref(view->issuer);
	view->issuer = view->next;
	view->next = NULL;
	return true;
}

static bool judge_time(
	const struct vault *v, const struct authority *a, int64_t now_s, struct trouble *t)
{
	struct trouble why;

	if (authority_is_valid(a, now_s, &why))
		return true;
	return trouble_set(
		t, "%s: %s; `sallyport ca init --force` makes another", v->directory, why.text);
}

/* Brings a view up to now. Called with the directory locked. */
static bool settle(struct vault *v, struct vault_view *view, int64_t now_s, enum vault_how how,
	struct trouble *t)
{
	if (!view->issuer && how == VAULT_EXISTING)
		return trouble_set(t, "%s", "");
	if (how == VAULT_EXISTING)
		return true;
	/* One that was about to follow: the older one is lost. */
	if (!view->issuer && view->next && !promote(v, view, t))
		return false;
	if (!view->issuer && !make_file(v, "authority.pem", now_s, &view->issuer, t))
		return false;
	if (takes_over(view, now_s) && !promote(v, view, t))
		return false;
	if (!judge_time(v, view->issuer, now_s, t))
		return false;
	return !successor_is_due(view, now_s) || make_file(v, "next.pem", now_s, &view->next, t);
}

/* ---- the directory ------------------------------------------------------------------------- */

/* Locks it; where nothing is on disk there is nothing to lock, and *ret_lock is -1. */
static bool enter(const struct vault *v, int *ret_lock, struct trouble *t)
{
	*ret_lock = v->in_memory ? -1 : file_lock(v->directory, t);
	return v->in_memory || *ret_lock >= 0;
}

static void leave(int lock)
{
	if (lock >= 0)
		close(lock);
}

static bool read_files(const struct vault *v, struct vault_view *ret_view, struct trouble *t)
{
	struct vault_view view = {.issuer = NULL};

	if (load(v, "authority.pem", &view.issuer, t) && load(v, "next.pem", &view.next, t)) {
		*ret_view = view;
		return true;
	}
	vault_view_done(&view);
	return false;
}

/* A new one instead of all. The successor goes first: it would take the place of the new one. */
static bool replace(struct vault *v, int64_t now_s, struct vault_view *ret_view, struct trouble *t)
{
	ret_view->issuer = make(v, now_s, t);
	if (!ret_view->issuer || v->in_memory)
		return ret_view->issuer != NULL;
	return remove_file(v, "next.pem", t) &&
	       store(v, "authority.pem", ret_view->issuer, true, t) == FILE_DONE;
}

/* What counts now, from the files or from before, brought up to now. */
static bool look(struct vault *v, int64_t now_s, enum vault_how how, struct vault_view *ret_view,
	struct trouble *t)
{
	struct vault_view view = {.issuer = NULL};
	bool good = true;
	int lock;

	if (!enter(v, &lock, t))
		return false;
	if (how == VAULT_ANEW)
		good = replace(v, now_s, &view, t);
	else if (!v->in_memory)
		good = read_files(v, &view, t);
	else
		view = vault_view(v);
	good = good && settle(v, &view, now_s, how, t);
	leave(lock);
	if (good)
		*ret_view = view;
	else
		vault_view_done(&view);
	return good;
}

static bool same(const struct authority *a, const struct authority *b)
{
	if (!a || !b)
		return a == b;
	return X509_cmp(authority_certificate(a), authority_certificate(b)) == 0;
}

/* Takes the view over. */
static bool adopt(struct vault *v, struct vault_view *view)
{
	bool changed = !same(v->view.issuer, view->issuer) || !same(v->view.next, view->next);

	vault_view_done(&v->view);
	v->view = *view;
	return changed;
}

/* ---- life ---------------------------------------------------------------------------------- */

static struct vault *vault_new(const struct vault_settings *s, struct trouble *t)
{
	struct vault *v = calloc(1, sizeof(*v));

	if (!v) {
		trouble_set(t, "out of memory");
		return NULL;
	}
	v->in_memory = s->in_memory;
	v->lifetime_s = s->lifetime_s;
	v->directory = strdup(s->directory);
	v->host = strdup(s->host ? s->host : "");
	v->permitted = strdup(s->permitted ? s->permitted : "");
	if (v->directory && v->host && v->permitted)
		return v;
	trouble_set(t, "out of memory");
	vault_close(v);
	return NULL;
}

static bool find_directory(const char *path, enum vault_how how, struct trouble *t)
{
	if (how != VAULT_EXISTING)
		return file_make_directory(path, t);
	enum file_end end = file_judge_directory(path, t);
	if (end == FILE_ABSENT)
		trouble_set(t, "%s", "");
	return end == FILE_DONE;
}

struct vault *vault_open(const struct vault_settings *settings, enum vault_how how, int64_t now_s,
	struct trouble *ret_trouble)
{
	struct vault_view view;
	struct vault *v = NULL;

	if (find_directory(settings->directory, how, ret_trouble))
		v = vault_new(settings, ret_trouble);
	if (v && look(v, now_s, how, &view, ret_trouble)) {
		adopt(v, &view);
		return v;
	}
	vault_close(v);
	return NULL;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	vault_view_done(&v->view);
	free(v->directory);
	free(v->host);
	free(v->permitted);
	free(v);
}

enum vault_turn vault_turn(struct vault *v, int64_t now_s, struct trouble *ret_trouble)
{
	struct vault_view view;

	if (!look(v, now_s, VAULT_CREATE, &view, ret_trouble))
		return VAULT_FAILED;
	return adopt(v, &view) ? VAULT_CHANGED : VAULT_SAME;
}

struct vault_view vault_view(const struct vault *v)
{
	struct vault_view view = v->view;

	if (view.issuer)
		authority_ref(view.issuer);
	if (view.next)
		authority_ref(view.next);
	return view;
}

void vault_view_done(struct vault_view *view)
{
	authority_unref(view->issuer);
	authority_unref(view->next);
	*view = (struct vault_view){.issuer = NULL};
}

bool vault_rotate(struct vault *v, int64_t now_s, struct trouble *ret_trouble)
{
	struct authority *next = NULL;
	int lock;

	if (v->view.next)
		return trouble_set(ret_trouble, "there is a successor already: %s",
			authority_facts(v->view.next)->subject);
	if (!authority_facts(v->view.issuer)->self_signed)
		return trouble_set(ret_trouble,
			"%s: others signed it, so clients would not know one of our own",
			authority_facts(v->view.issuer)->subject);
	if (!enter(v, &lock, ret_trouble))
		return false;
	bool made = make_file(v, "next.pem", now_s, &next, ret_trouble);
	leave(lock);
	v->view.next = next;
	return made;
}
