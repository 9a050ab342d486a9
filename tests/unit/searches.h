/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/searches.h: a request from one line of text, read as a search. */
#ifndef SALLYPORT_TESTS_SEARCHES_H
#define SALLYPORT_TESTS_SEARCHES_H

#include "policy/search.h"
#include "policy/url.h"
#include "tests/unit/configs.h"

/* What stands behind the URL: "json", "form", "none", or "type NAME"; and fields of the head. */
struct asked_fields {
	struct slice type, coding, length;
};

static inline struct slice asked_field(const void *owner, struct slice name, size_t nth)
{
	const struct asked_fields *f = owner;

	if (nth == 0 && slice_equal_nocase(name, SLICE("Content-Type")))
		return f->type;
	if (nth == 0 && slice_equal_nocase(name, SLICE("Content-Encoding")))
		return f->coding;
	if (nth == 0 && slice_equal_nocase(name, SLICE("Content-Length")))
		return f->length;
	return (struct slice){NULL, 0};
}

static inline struct slice asked_word(struct slice *rest)
{
	struct slice word = slice_first(*rest, slice_find(*rest, ' '));

	*rest = slice_after(*rest, word.len + 1);
	return word;
}

/* "GET URL", "POST URL json CONTENT", "POST URL form CONTENT" or "POST URL" without content read.
 * Other fields: give them in `fields`, else NULL. */
static inline enum search_result ask_with(const struct policy *p, const char *line,
	struct asked_fields fields, struct search *ret_search, const char **ret_why)
{
	struct slice rest = slice_of(line);
	struct slice method = asked_word(&rest), text = asked_word(&rest), type = asked_word(&rest);
	struct target target;
	struct url url;

	assert_true(url_parse(text, &url));
	assert_int_equal(
		target_parse_host(url.authority, url.https ? 443 : 80, &target), REASON_NONE);
	if (slice_equal(type, SLICE("json")))
		fields.type = SLICE("application/json");
	if (slice_equal(type, SLICE("form")))
		fields.type = SLICE("application/x-www-form-urlencoded");
	struct request_view view = {
		.method = method, .path = url.rest, .field = asked_field, .owner = &fields};
	struct search_request request = {.target = &target,
		.view = &view,
		.content = type.len > 0 ? slice_from(rest.ptr, rest.len) : (struct slice){NULL, 0}};
	return search_read(p, &request, ret_search, ret_why);
}

static inline enum search_result ask(
	const struct policy *p, const char *line, struct search *ret_search, const char **ret_why)
{
	return ask_with(p, line, (struct asked_fields){.type = {NULL, 0}}, ret_search, ret_why);
}

#endif
