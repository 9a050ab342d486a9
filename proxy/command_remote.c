/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/command_remote.h"

#include "policy/option.h"
#include "policy/quantity.h"

#include <errno.h>
#include <stdlib.h>

enum { PLACE_BYTES = 512, TOKEN_BYTES = 512 };

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* ---- where and with what ------------------------------------------------------------------- */

/* "unix:/path" or "http://127.0.0.1:3129"; false when the port is chosen at start. */
static bool format_place(const struct listen_at *at, char ret_place[PLACE_BYTES])
{
	char text[QUANTITY_TEXT_SIZE];

	if (at->path) {
		snprintf(ret_place, PLACE_BYTES, "unix:%s", at->path);
		return true;
	}
	endpoint_format(&at->at, text, sizeof(text));
	snprintf(ret_place, PLACE_BYTES, "http://%s", text);
	return at->at.port != 0;
}

static void find_place(const struct config *c, char ret_place[PLACE_BYTES])
{
	for (size_t i = 0; i < c->control_count; i++)
		if (c->control[i].path && format_place(&c->control[i], ret_place))
			return;
	for (size_t i = 0; i < c->control_count; i++)
		if (format_place(&c->control[i], ret_place))
			return;
	snprintf(ret_place, PLACE_BYTES, "unix:%s/control.sock", c->state_directory);
}

/* The first line of STATE/admin.token. */
static bool read_token(const struct config *c, char ret_token[TOKEN_BYTES])
{
	char path[PLACE_BYTES];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/admin.token", c->state_directory);
	FILE *file = fopen(path, "re");
	int error = errno;
	if (file) {
		len = fread(ret_token, 1, TOKEN_BYTES - 1, file);
		error = ferror(file) ? errno : 0;
		fclose(file);
	}
	if (error != 0) {
		fprintf(stderr,
			"sallyport: no token: $SALLYPORT_TOKEN is not set and %s cannot be read: %s\n",
			path, strerror(error));
		return false;
	}
	len = slice_find(slice_from(ret_token, len), '\n');
	ret_token[len] = '\0';
	return true;
}

int command_remote_open(const struct arguments *a, struct remote *ret_remote)
{
	const char *at = a->values[FLAG_CONTROL], *token = variable("SALLYPORT_TOKEN");
	char place[PLACE_BYTES], kept[TOKEN_BYTES];
	bool ok = true;

	if (!at)
		at = variable("SALLYPORT_CONTROL");
	if (!at || !token) {
		struct config *c = cli_load(a, false);
		if (!c)
			return EXIT_REFUSED;
		if (!at)
			find_place(c, place);
		if (!token)
			ok = read_token(c, kept);
		config_free(c);
	}
	ok = ok &&
	     remote_open(ret_remote, at ? at : place, token ? token : kept, a->given[FLAG_JSON]);
	explicit_bzero(kept, sizeof(kept));
	return ok ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- decisions ----------------------------------------------------------------------------- */

bool command_word_fits(const struct arguments *a, enum flag flag, const char *words)
{
	const char *value = a->values[flag];

	if (!value || words_find(words, slice_of(value)) >= 0)
		return true;
	fprintf(stderr, "sallyport: %s takes one of %s\n", cli_flag(flag)->name, words);
	return false;
}

/* The span of --ttl; 0 where it is not given. */
static bool read_ttl(const struct arguments *a, uint64_t *ret_ms)
{
	static const uint64_t least = 1000, most = 366ull * 86400 * 1000;
	const char *value = a->values[FLAG_TTL];

	*ret_ms = 0;
	if (!value ||
		(duration_parse(slice_of(value), ret_ms) && *ret_ms >= least && *ret_ms <= most))
		return true;
	fprintf(stderr, "sallyport: --ttl takes 1s to 366d, such as 30m, 1h or 7d\n");
	return false;
}

int command_decision(const struct arguments *a, bool allow, struct remote_decision *ret_decision)
{
	struct remote_decision d = {
		.allow = allow,
		.everybody = a->given[FLAG_EVERYBODY],
		.scope = a->values[FLAG_SCOPE],
		.pattern = a->values[FLAG_PATTERN],
		.note = a->values[FLAG_NOTE],
		.protocol = a->values[FLAG_PROTOCOL],
		.subject = a->values[FLAG_SUBJECT],
	};

	if (!command_word_fits(a, FLAG_SCOPE, "once|session|ttl|always") ||
		!command_word_fits(a, FLAG_PROTOCOL, "tls|http|raw") || !read_ttl(a, &d.ttl_ms))
		return EXIT_USAGE;
	bool timed = d.scope && strcmp(d.scope, "ttl") == 0;
	if (timed && d.ttl_ms == 0) {
		fprintf(stderr, "sallyport: --scope ttl needs --ttl, such as --ttl 1h\n");
		return EXIT_USAGE;
	}
	if (d.scope && !timed && d.ttl_ms > 0) {
		fprintf(stderr, "sallyport: --ttl goes with --scope ttl only\n");
		return EXIT_USAGE;
	}
	if (d.ttl_ms > 0)
		d.scope = "ttl";
	*ret_decision = d;
	return EXIT_DONE;
}
