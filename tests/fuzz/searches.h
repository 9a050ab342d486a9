/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/searches.h: a request from bytes, read by the built-in providers and a SearXNG. */
#ifndef SALLYPORT_TESTS_FUZZ_SEARCHES_H
#define SALLYPORT_TESTS_FUZZ_SEARCHES_H

#include "base/utf8.h"
#include "policy/normal.h"
#include "policy/search.h"
#include "policy/url.h"

#include <assert.h>

static inline const struct policy *searches_policy(void)
{
	static struct policy *policy;
	static const struct policy_settings settings;
	struct policy_builder *b = policy ? NULL : policy_builder_new();
	struct fault fault;

	for (size_t i = 0; b && provider_builtin(i); i++) {
		struct provider p = *provider_builtin(i);
		p.hosts = p.hosts[0] ? p.hosts : "searx.test 10.0.0.1:8080";
		assert(policy_builder_add_provider(b, &p, &fault));
	}
	policy = b ? policy_builder_finish(b, &settings) : policy;
	assert(policy);
	return policy;
}

/* The type is the one that the content looks like. */
static inline struct slice searches_field(const void *owner, struct slice name, size_t nth)
{
	const struct slice *content = owner;
	bool json = content->len > 0 && content->ptr[0] == '{';

	if (nth > 0 || !slice_equal_nocase(name, SLICE("Content-Type")))
		return (struct slice){NULL, 0};
	return json ? SLICE("application/json") : SLICE("application/x-www-form-urlencoded");
}

static inline enum search_result searches_read(
	struct slice line, struct slice content, struct search *ret_search)
{
	struct request_view view = {.method = slice_first(line, slice_find(line, ' ')),
		.field = searches_field,
		.owner = &content};
	struct target target;
	struct search_request request = {.target = &target, .view = &view, .content = content};
	struct url url;
	const char *why;

	if (!url_parse(slice_after(line, view.method.len + 1), &url) ||
		target_parse_host(url.authority, url.https ? 443 : 80, &target) != REASON_NONE)
		return SEARCH_NONE;
	view.path = url.rest;
	return search_read(searches_policy(), &request, ret_search, &why);
}

static inline void searches_check(const struct search *s)
{
	struct slice text = slice_of(s->text);
	struct buffer again;

	assert(text.len > 0 && text.len <= LIMIT_SEARCH_TEXT && utf8_is_valid(text));
	assert(slice_of(s->canonical).len <= LIMIT_SEARCH_CANONICAL);
	assert(utf8_is_valid(slice_of(s->canonical)));
	buffer_init(&again, 2 * LIMIT_SEARCH_TEXT);
	assert(normal_append(&again, text) == NORMAL_OK);
	assert(slice_equal(buffer_bytes(&again), text));
	buffer_done(&again);
}

#endif
