/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/provider.h"

#include <stdlib.h>

static const struct provider builtins[] = {
#define PROVIDER(name, hosts, paths, methods, body, query, secrets, ignored, shown, defaults,      \
	answer, list, title, url, snippet)                                                         \
	{name, hosts, paths, methods, body, PROVIDER_ANSWER_##answer, query, secrets, ignored,     \
		shown, defaults, list, title, url, snippet, NULL, 0},
#include "policy/provider_table.def"
#undef PROVIDER
};

/* Without case and "-", "_", ".": what servers, gateways and their clients call what proves who asks,
 * in order. Not here: "pagetoken" and the like, which say which page is meant. */
static const char *const general_secrets[] = {"accesskey", "accesstoken", "apikey", "apisecret",
	"apitoken", "appkey", "auth", "authorization", "authtoken", "bearer", "bearertoken",
	"clientsecret", "cookie", "credential", "credentials", "idtoken", "jwt", "key",
	"oauthtoken", "ocpapimsubscriptionkey", "passphrase", "passwd", "password", "privatekey",
	"pwd", "refreshtoken", "secret", "secretkey", "session", "sessionid", "sessiontoken",
	"signature", "subscriptionkey", "token", "xapikey", "xsubscriptiontoken"};

struct slice provider_word(struct slice *list)
{
	struct slice word = slice_first(*list, slice_find(*list, ' '));

	*list = slice_after(*list, word.len + 1);
	return word;
}

/* The word of the list that equals the name without case; empty when there is none. */
static struct slice find_word(const char *words, struct slice name)
{
	char first = name.len > 0 ? ascii_lower(name.ptr[0]) : '\0';

	for (struct slice rest = slice_of(words); rest.len > 0;) {
		/* Nearly all words are passed by their first letter. */
		bool alike = ascii_lower(rest.ptr[0]) == first;
		struct slice word = provider_word(&rest);
		if (alike && slice_equal_nocase(word, name))
			return word;
	}
	return (struct slice){NULL, 0};
}

static int compare_word(const void *name, const void *word)
{
	return strcmp(name, *(const char *const *)word);
}

bool provider_is_secret(struct slice name)
{
	char plain[32];
	size_t len = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (c == '-' || c == '_' || c == '.')
			continue;
		if (c == '\0' || len == sizeof(plain) - 1)
			return false; /* none of them has one, or is as long */
		plain[len++] = c;
	}
	plain[len] = '\0';
	return bsearch(plain, general_secrets, sizeof(general_secrets) / sizeof(general_secrets[0]),
		       sizeof(general_secrets[0]), compare_word) != NULL;
}

/* The line of a default; its name is set. */
static struct slice find_default(
	const struct provider *p, struct slice name, struct slice *ret_name)
{
	struct slice rest = slice_of(p->defaults);

	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));
		struct slice left = slice_first(line, slice_find(line, '='));
		if (slice_equal_nocase(left, name)) {
			*ret_name = left;
			return slice_after(line, left.len + 1);
		}
		rest = slice_after(rest, line.len + 1);
	}
	return (struct slice){NULL, 0};
}

enum provider_part provider_part(
	const struct provider *p, struct slice name, struct slice *ret_name)
{
	struct slice word;

	*ret_name = name;
	if (provider_is_secret(name) || find_word(p->secrets, name).len > 0)
		return PROVIDER_SECRET;
	word = find_word(p->query, name);
	if (word.len > 0) {
		*ret_name = word;
		return PROVIDER_QUERY;
	}
	if (find_word(p->ignored, name).len > 0)
		return PROVIDER_IGNORED;
	if (find_default(p, name, ret_name).len > 0)
		return PROVIDER_SHOWN;
	word = find_word(p->shown, name);
	if (word.len == 0)
		return PROVIDER_UNKNOWN;
	*ret_name = word;
	return PROVIDER_SHOWN;
}

struct slice provider_default(const struct provider *p, struct slice name)
{
	struct slice spelled;

	return find_default(p, name, &spelled);
}

/* "/html/" and "/html" are the same page; "/" stays. */
static struct slice without_slash(struct slice path)
{
	return path.len > 1 && path.ptr[path.len - 1] == '/' ? slice_first(path, path.len - 1)
							     : path;
}

bool provider_has_path(const struct provider *p, struct slice path, struct slice *ret_path)
{
	struct slice rest = slice_of(p->paths);

	path = path.len > 0 ? without_slash(path) : SLICE("/");
	while (rest.len > 0) {
		struct slice own = without_slash(provider_word(&rest));
		if (slice_equal(own, path)) {
			*ret_path = own;
			return true;
		}
	}
	return false;
}

const struct provider *provider_builtin(size_t index)
{
	return index < sizeof(builtins) / sizeof(builtins[0]) ? &builtins[index] : NULL;
}

const struct provider *provider_builtin_named(struct slice name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (slice_equal(slice_of(builtins[i].name), name))
			return &builtins[i];
	return NULL;
}
