/* SPDX-License-Identifier: Apache-2.0 */
/* policy/search.h: whether a request is a web search, what it asks, and the key under which its answer
 * is kept. Bytes in, values out; a search is read the same whether or not any mode is set.
 *
 * Equal keys: the same provider, host, port and path (a slash at its end aside) and the same
 * parameters, whatever their order, encoding and case of known names, the Unicode form and white space
 * of the query, and whether a default is said or left out. A parameter of the URL and one of a form are
 * the same, a field of a JSON object is another. All else that differs stays different.
 * Never in key, text or canonical: parameters that are secret, fields of the head. */
#ifndef SALLYPORT_POLICY_SEARCH_H
#define SALLYPORT_POLICY_SEARCH_H

#include "policy/policy.h"
#include "policy/provider.h"
#include "policy/request_view.h"

/* What searches may be answered by. */
struct search_modes policy_search_modes(const struct policy *p);

/* Some mode is set, and a request to the target may be a search: its host and port are a provider's.
 * A tunnel of TLS to it is looked into for that. */
bool policy_searches(const struct policy *p, const struct target *t);

/* The providers of a policy, own ones first; NULL beyond the last. They live as long as the policy. */
const struct provider *policy_provider(const struct policy *p, size_t index);
/* By name; NULL when there is none. */
const struct provider *policy_provider_named(const struct policy *p, struct slice name);

/* As policy_builder_add, for a provider; those added earlier come first. */
bool policy_builder_add_provider(
	struct policy_builder *b, const struct provider *provider, struct fault *ret_fault);

enum { SEARCH_KEY_BYTES = 32, SEARCH_KEY_TEXT_SIZE = 2 * SEARCH_KEY_BYTES + 1 };

struct search_key {
	uint8_t bytes[SEARCH_KEY_BYTES]; /* SHA-256 */
};

struct search {
	struct search_key key;
	const struct provider *provider; /* lives as long as the policy */
	/* What is asked: valid UTF-8 in NFC, white space folded, no control characters, at most
	 * LIMIT_SEARCH_TEXT bytes. Several queries of one request are joined by " | ". */
	char *text;
	/* What the key says, for people: provider, place, parameters by name. Of a parameter that the
	 * provider does not list only a digest. At most LIMIT_SEARCH_CANONICAL bytes. */
	char *canonical;
};

enum search_result {
	SEARCH_NONE, /* no search of any provider */
	SEARCH_NEEDS_CONTENT, /* the content must be read first, up to LIMIT_SEARCH_BODY */
	SEARCH_OK, /* *ret_search is set; free it with search_done */
	SEARCH_BAD, /* a search that has no one reading: refused, *ret_why says why */
	SEARCH_NO_MEMORY,
};

/* Reads a request. The content counts only where there is one reading of it: Content-Type as the
 * provider wants it, no Content-Encoding, no content behind a GET.
 *   content  as transferred, without framing; ptr NULL while it was not read; no content at all: ptr
 *            not NULL, len 0
 *   ret_why  a sentence for a person, static; of SEARCH_BAD only */
struct search_request {
	const struct target *target;
	const struct request_view *view;
	struct slice content;
};
enum search_result search_read(const struct policy *p, const struct search_request *request,
	struct search *ret_search, const char **ret_why);

/* Frees what search_read allocated; a zeroed one is fine. */
void search_done(struct search *s);

/* 64 lower-case hexadecimal digits and a NUL; and back, from such digits of either case. */
void search_key_format(const struct search_key *key, char ret_text[SEARCH_KEY_TEXT_SIZE]);
bool search_key_parse(struct slice text, struct search_key *ret_key);

#endif
