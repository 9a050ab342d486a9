/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/search.h"

#include "policy/path.h"
#include "policy/search_key.h"
#include "policy/snapshot.h"

#include <stdlib.h>

struct search_modes policy_search_modes(const struct policy *p)
{
	return p->searches;
}

bool policy_searches(const struct policy *p, const struct target *t)
{
	return p->searches.set && providers_cover(&p->providers, t);
}

const struct provider *policy_provider(const struct policy *p, size_t index)
{
	return index < p->providers.count ? p->providers.list[index] : NULL;
}

const struct provider *policy_provider_named(const struct policy *p, struct slice name)
{
	for (size_t i = 0; i < p->providers.count; i++)
		if (slice_equal(slice_of(p->providers.list[i]->name), name))
			return p->providers.list[i];
	return NULL;
}

/* ---- whose search -------------------------------------------------------------------------- */

struct inquiry {
	const struct providers *all;
	struct slice path; /* of the request, without its query */
	uint8_t method; /* PROVIDER_GET or PROVIDER_POST */
	uint32_t found; /* the first provider that fits, or UINT32_MAX */
	struct slice own_path; /* as that one has it */
};

static bool on_provider(void *owner, uint32_t index)
{
	struct inquiry *q = owner;
	const struct provider *p = q->all->list[index];

	if (index < q->found && (p->methods & q->method) &&
		provider_has_path(p, q->path, &q->own_path))
		q->found = index;
	return true;
}

static uint8_t method_of(struct slice method)
{
	if (slice_equal(method, SLICE("GET")) || slice_equal(method, SLICE("HEAD")))
		return PROVIDER_GET;
	return slice_equal(method, SLICE("POST")) ? PROVIDER_POST : 0;
}

/* The provider of the request by host, path and method; NULL when there is none. */
static const struct provider *find_provider(const struct policy *p, const struct search_request *r,
	struct slice path, struct slice *ret_path)
{
	struct inquiry q = {.all = &p->providers,
		.path = path,
		.method = method_of(r->view->method),
		.found = UINT32_MAX};

	/* A path with a second reading is no provider's: none of them has one. */
	if (q.method != 0 && (path.len == 0 || path_is_plain(path)))
		providers_visit(q.all, r->target, on_provider, &q);
	if (q.found == UINT32_MAX)
		return NULL;
	provider_has_path(q.all->list[q.found], path, ret_path);
	return q.all->list[q.found];
}

/* ---- the head ------------------------------------------------------------------------------ */

static struct slice field(const struct search_request *r, struct slice name)
{
	return request_view_field(r->view, name, 0);
}

static struct slice trimmed(struct slice text)
{
	while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = slice_after(text, 1);
	while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* RFC 9110 §8.3.1: the type is compared without case. A charset other than UTF-8 is another reading
 * of the same bytes, and so is a second field. */
static bool has_type(const struct search_request *r, struct slice wanted)
{
	struct slice value = field(r, SLICE("Content-Type"));
	struct slice type = slice_first(value, slice_find(value, ';'));
	struct slice rest = slice_after(value, type.len + 1);

	if (!slice_equal_nocase(trimmed(type), wanted) ||
		request_view_field(r->view, SLICE("Content-Type"), 1).ptr)
		return false;
	while (rest.len > 0) {
		struct slice one = slice_first(rest, slice_find(rest, ';'));
		struct slice name = slice_first(one, slice_find(one, '='));
		struct slice charset = trimmed(slice_after(one, name.len + 1));
		if (slice_equal_nocase(trimmed(name), SLICE("charset")) &&
			!slice_equal_nocase(charset, SLICE("utf-8")) &&
			!slice_equal_nocase(charset, SLICE("\"utf-8\"")))
			return false;
		rest = slice_after(rest, one.len + 1);
	}
	return true;
}

/* What keeps the content from having one reading; NULL when nothing does. */
static const char *check_content(const struct search_request *r, const struct provider *p)
{
	struct slice coding = field(r, SLICE("Content-Encoding"));

	if (coding.ptr && !slice_equal_nocase(trimmed(coding), SLICE("identity")))
		return "the content of a search must not be compressed";
	if (p->body == PROVIDER_JSON && !has_type(r, SLICE("application/json")))
		return "the content of this search must be application/json in UTF-8";
	if (p->body == PROVIDER_FORM && !has_type(r, SLICE("application/x-www-form-urlencoded")))
		return "the content of this search must be application/x-www-form-urlencoded in UTF-8";
	if (r->content.len > LIMIT_SEARCH_BODY)
		return "the content of the search is too long";
	return NULL;
}

/* Content behind a GET has no meaning that everybody agrees on, RFC 9110 §9.3.1. */
static bool has_content(const struct search_request *r)
{
	struct slice length = field(r, SLICE("Content-Length"));

	return r->content.len > 0 || field(r, SLICE("Transfer-Encoding")).ptr ||
	       (length.ptr && !slice_equal(trimmed(length), SLICE("0")));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Exactly one query, or one list of them. *ret_none: there is none at all. */
static const char *check_query(const struct parameters *ps, bool *ret_none)
{
	const struct parameter *first = NULL;
	bool empty = false;

	for (size_t i = 0; i < ps->count; i++) {
		const struct parameter *p = &ps->list[i];
		if (p->part != PROVIDER_QUERY)
			continue;
		if (first && !(first->is_list && p->is_list &&
				     slice_equal(parameter_name(ps, first), parameter_name(ps, p))))
			return "the search has more than one query";
		empty = empty || p->value_len == 0;
		first = p;
	}
	*ret_none = !first;
	return empty ? "the query is empty" : NULL;
}

static enum search_result refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return SEARCH_BAD;
}

static enum search_result read_parameters(struct parameters *ps, const struct search_request *r,
	struct slice query, const char **ret_why)
{
	enum parameters_result result = parameters_read_form(ps, query);
	bool none;

	if (result == PARAMETERS_OK && method_of(r->view->method) == PROVIDER_POST)
		result = ps->provider->body == PROVIDER_JSON ? parameters_read_json(ps, r->content)
							     : parameters_read_form(ps, r->content);
	if (result == PARAMETERS_NO_MEMORY)
		return SEARCH_NO_MEMORY;
	if (result == PARAMETERS_BAD)
		return refuse(ps->why, ret_why);
	const char *why = check_query(ps, &none);
	if (why)
		return refuse(why, ret_why);
	parameters_settle(ps);
	return none ? SEARCH_NONE : SEARCH_OK;
}

enum search_result search_read(const struct policy *p, const struct search_request *request,
	struct search *ret_search, const char **ret_why)
{
	struct slice path = slice_first(request->view->path, slice_find(request->view->path, '?'));
	struct slice query = slice_after(request->view->path, path.len + 1);
	struct search_place place = {.target = request->target};
	struct parameters ps;

	const struct provider *found = find_provider(p, request, path, &place.path);
	if (!found)
		return SEARCH_NONE;
	bool posts = method_of(request->view->method) == PROVIDER_POST;
	if (!posts && has_content(request))
		return refuse("a search by GET has no content", ret_why);
	const char *why = posts ? check_content(request, found) : NULL;
	if (why)
		return refuse(why, ret_why);
	if (posts && !request->content.ptr)
		return SEARCH_NEEDS_CONTENT;
	parameters_init(&ps, found);
	enum search_result result = read_parameters(&ps, request, query, ret_why);
	if (result == SEARCH_OK)
		result = search_make(&ps, &place, ret_search, ret_why);
	parameters_done(&ps);
	return result;
}

void search_done(struct search *s)
{
	free(s->text);
	free(s->canonical);
	*s = (struct search){.provider = NULL};
}
