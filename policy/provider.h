/* SPDX-License-Identifier: Apache-2.0 */
/* policy/provider.h: a web search that others offer: where it is, which part of a request is the
 * query, what in the request does not count, and where the results stand in the answer. Built-in ones
 * are the rows of policy/provider_table.def; more come from [[search.providers]].
 *
 * Lists are texts of words with one space between them, so that a row of the table is one. */
#ifndef SALLYPORT_POLICY_PROVIDER_H
#define SALLYPORT_POLICY_PROVIDER_H

#include "base/slice.h"

/* How the parameters of a request that has content are written there. */
enum provider_body {
	PROVIDER_NO_BODY, /* only requests without content are searches */
	PROVIDER_FORM, /* application/x-www-form-urlencoded */
	PROVIDER_JSON, /* a JSON object */
};

/* How the results are written in an answer. */
enum provider_answer {
	PROVIDER_ANSWER_OPAQUE, /* nothing is known of it */
	PROVIDER_ANSWER_JSON, /* `list`, `title`, `url` and `snippet` say where */
	PROVIDER_ANSWER_DUCKDUCKGO_HTML,
	PROVIDER_ANSWER_DUCKDUCKGO_LITE,
};

/* A bit each. A provider of GET takes HEAD as well. */
enum { PROVIDER_GET = 1, PROVIDER_POST = 2 };

/* Every text is there ("" for none), but `file`. */
struct provider {
	const char *name; /* "brave": 1..LIMIT_PROVIDER_NAME letters, digits and dashes */
	const char
		*hosts; /* patterns of names and addresses; without a port they mean 80 and 443 */
	const char
		*paths; /* absolute, each with one reading; a slash at the end counts for nothing */
	uint8_t methods;
	uint8_t body; /* enum provider_body; what a POST has */
	uint8_t answer; /* enum provider_answer */
	const char *query; /* the names of which exactly one is there and is the query */
	const char *
		secrets; /* never kept; the general ones (provider_is_secret) are secret everywhere */
	const char *ignored; /* do not change the answer */
	const char *shown; /* change it, and their values may be read by people */
	const char
		*defaults; /* lines "name=JSON": what the provider takes when the name is missing */
	/* Dotted paths of names; title, url and snippet from an element of the list on. */
	const char *list, *title, *url, *snippet;
	const char *file; /* where an own one stands; NULL for a built-in one */
	uint32_t line;
};

/* What a name says for a provider. Names are compared without case. */
enum provider_part {
	PROVIDER_QUERY,
	PROVIDER_SECRET,
	PROVIDER_IGNORED,
	PROVIDER_SHOWN,
	PROVIDER_UNKNOWN,
};

/* *ret_name is the name as the provider spells it, or `name` itself when it is unknown. */
enum provider_part provider_part(
	const struct provider *p, struct slice name, struct slice *ret_name);

/* Names that are secret everywhere: key, api_key, apikey, token, access-token, password and the like. */
bool provider_is_secret(struct slice name);

/* The value, as JSON, that a missing parameter stands for; empty when none is known. */
struct slice provider_default(const struct provider *p, struct slice name);

/* The path of a request, without its query, is one of the provider's. *ret_path is that one, without a
 * slash at its end, or "/". */
bool provider_has_path(const struct provider *p, struct slice path, struct slice *ret_path);

/* The next word of a list, taken from *list; empty at the end. */
struct slice provider_word(struct slice *list);

/* Built-in providers; NULL beyond the last. One without hosts is a template for own ones. */
const struct provider *provider_builtin(size_t index);
/* By name; NULL when there is none. */
const struct provider *provider_builtin_named(struct slice name);

#endif
