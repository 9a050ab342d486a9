/* SPDX-License-Identifier: Apache-2.0 */
/* sallyport ca init | show | bundle. They work on files; a running proxy sees what they change. */
#include "control/moment.h"
#include "proxy/ca.h"
#include "proxy/cli.h"

#include <time.h>
#include <unistd.h>

/* What a command works with; finish gives it back. */
struct work {
	const struct arguments *arguments;
	struct config *config;
	struct vault *vault;
	struct vault_view view;
	struct trouble trouble;
};

static bool begin(struct work *w, const struct arguments *a)
{
	*w = (struct work){.arguments = a, .config = cli_load(a, false)};
	return w->config != NULL;
}

static int finish(struct work *w, bool done)
{
	if (!done && w->trouble.text[0])
		fprintf(stderr, "sallyport: %s\n", w->trouble.text);
	vault_view_done(&w->view);
	vault_close(w->vault);
	config_free(w->config);
	return done ? EXIT_DONE : EXIT_REFUSED;
}

static bool is_on_disk(struct work *w)
{
	return w->config->ca == CA_DISK ||
	       trouble_set(&w->trouble,
		       "[tls] ca = \"memory\": each start of the proxy makes a CA, and %s has what clients take of it",
		       w->config->export_directory);
}

/* False with the trouble, or with "" where there is none yet. */
static bool open_vault(struct work *w, enum vault_how how)
{
	w->vault = ca_open(w->config, how, &w->trouble);
	if (w->vault)
		w->view = vault_view(w->vault);
	return w->vault != NULL;
}

/* For the commands that must not make one. */
static bool open_existing(struct work *w)
{
	if (!is_on_disk(w))
		return false;
	if (open_vault(w, VAULT_EXISTING))
		return true;
	if (!w->trouble.text[0])
		trouble_set(&w->trouble, "there is no CA in %s yet: `sallyport ca init` makes one",
			w->config->ca_directory);
	return false;
}

/* ---- showing ------------------------------------------------------------------------------- */

static const char *const file_names[BUNDLE_PARTS] = {"ca", "bundle", "truststore"};
static const char *const file_uses[BUNDLE_PARTS] = {
	"for tools that add it to the roots they have",
	"for tools that take it instead of their roots",
	"the same for Java",
};

static void format_time(int64_t s, char ret_text[MOMENT_SIZE])
{
	moment_format(s > 0 ? (uint64_t)s * 1000 : 0, ret_text);
	/* Whole seconds: "…:08.000Z". */
	memcpy(ret_text + 19, "Z", 2);
}

static void show_one(const struct authority *a, const char *role)
{
	const struct authority_facts *f = authority_facts(a);
	char since[MOMENT_SIZE], until[MOMENT_SIZE], left[MOMENT_TEXT_SIZE];

	format_time(f->since_s, since);
	format_time(f->until_s, until);
	moment_relative((uint64_t)f->until_s * 1000, moment_now(), left);
	printf("%s\n  subject   %s\n  key       %s\n  since     %s\n  until     %s (%s)\n", role,
		f->subject, f->key, since, until, left);
	printf("  SHA-256   %s\n  serial    %s\n", f->fingerprint, f->serial);
	printf("  may sign  %s\n", f->permitted[0] ? f->permitted : "any name and address");
}

static void show_text(const struct work *w)
{
	char path[CA_PATH_SIZE];

	show_one(w->view.issuer, "signs");
	if (w->view.next)
		show_one(w->view.next, "follows");
	fputs("files\n", stdout);
	for (enum bundle_part part = 0; part < BUNDLE_PARTS; part++)
		if (ca_path(w->config, part, path))
			printf("  %-10s %s, %s%s\n", file_names[part], path, file_uses[part],
				access(path, F_OK) == 0 ? "" : " (missing)");
}

static void json_one(const struct authority *a, const char *role, bool first)
{
	const struct authority_facts *f = authority_facts(a);
	char since[MOMENT_SIZE], until[MOMENT_SIZE];

	format_time(f->since_s, since);
	format_time(f->until_s, until);
	printf("%s\n    {\"role\": \"%s\", \"subject\": ", first ? "" : ",", role);
	json_write_text(stdout, slice_of(f->subject));
	printf(", \"key\": \"%s\", \"since\": \"%s\", \"until\": \"%s\", \"sha256\": \"%s\", \"serial\": \"%s\", \"may_sign\": ",
		f->key, since, until, f->fingerprint, f->serial);
	json_write_text(stdout, slice_of(f->permitted));
	fputs("}", stdout);
}

static void show_json(const struct work *w)
{
	char path[CA_PATH_SIZE];

	fputs("{\n  \"authorities\": [", stdout);
	json_one(w->view.issuer, "signs", true);
	if (w->view.next)
		json_one(w->view.next, "follows", false);
	fputs("\n  ],\n  \"files\": {", stdout);
	for (enum bundle_part part = 0; part < BUNDLE_PARTS; part++) {
		if (!ca_path(w->config, part, path))
			continue;
		printf("%s\n    \"%s\": ", part > 0 ? "," : "", file_names[part]);
		json_write_text(stdout, slice_of(path));
	}
	fputs("\n  }\n}\n", stdout);
}

static void show(const struct work *w)
{
	if (w->arguments->given[FLAG_JSON])
		show_json(w);
	else
		show_text(w);
}

int command_ca_show(const struct arguments *a)
{
	struct work w;

	if (!begin(&w, a))
		return EXIT_REFUSED;
	bool done = open_existing(&w);
	if (done)
		show(&w);
	return finish(&w, done);
}

/* ---- making -------------------------------------------------------------------------------- */

/* Without a flag only where there is none. */
static bool make(struct work *w)
{
	if (open_vault(w, VAULT_EXISTING))
		return trouble_set(&w->trouble,
			"there is a CA already, %s: --rotate lets another follow it, --force replaces it at once",
			authority_facts(w->view.issuer)->subject);
	return !w->trouble.text[0] && open_vault(w, VAULT_CREATE);
}

static bool rotate(struct work *w)
{
	if (!open_existing(w) || !vault_rotate(w->vault, (int64_t)time(NULL), &w->trouble))
		return false;
	vault_view_done(&w->view);
	w->view = vault_view(w->vault);
	return true;
}

static bool export(struct work *w)
{
	struct roots *roots = ca_roots(w->config, &w->trouble);
	bool done = roots && ca_export(w->config, &w->view, roots, &w->trouble);

	roots_unref(roots);
	return done;
}

int command_ca_init(const struct arguments *a)
{
	struct work w;
	bool done;

	if (a->given[FLAG_FORCE] && a->given[FLAG_ROTATE]) {
		fprintf(stderr, "sallyport: --force or --rotate, not both\n");
		return EXIT_USAGE;
	}
	if (!begin(&w, a))
		return EXIT_REFUSED;
	if (!is_on_disk(&w))
		done = false;
	else if (a->given[FLAG_ROTATE])
		done = rotate(&w);
	else
		done = a->given[FLAG_FORCE] ? open_vault(&w, VAULT_ANEW) : make(&w);
	done = done && export(&w);
	if (done)
		show(&w);
	return finish(&w, done);
}

/* ---- bundle -------------------------------------------------------------------------------- */

int command_ca_bundle(const struct arguments *a)
{
	const char *path = a->values[FLAG_OUTPUT];
	struct roots *roots = NULL;
	struct work w;

	if (!begin(&w, a))
		return EXIT_REFUSED;
	bool done = open_existing(&w);
	if (done)
		roots = ca_roots(w.config, &w.trouble);
	done = roots && (path ? bundle_save(BUNDLE_PEM, &w.view, roots, path, &w.trouble)
			      : bundle_print(BUNDLE_PEM, &w.view, roots, stdout, &w.trouble));
	roots_unref(roots);
	return finish(&w, done);
}
