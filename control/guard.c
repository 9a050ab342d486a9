/* SPDX-License-Identifier: Apache-2.0 */
#include "control/guard.h"

#include "control/query.h"
#include "control/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEPTH_MAX = 16, SENTENCE_SIZE = 160 };

static struct slice field(const struct caller *c, enum incoming_field field)
{
	return c->incoming.fields[field];
}

static bool refuse(struct caller *c, unsigned status, const char *code, const char *sentence)
{
	call_problem(&c->call, status, code, sentence);
	return false;
}

void guard_refuse(struct caller *c, unsigned status, const char *sentence)
{
	const char *code = status == 413 || status == 431 ? "too_large"
			   : status == 401                ? "unauthorized"
			   : status == 503                ? "unavailable"
							  : "bad_request";

	c->keep_alive = false;
	refuse(c, status, code, sentence);
}

/* ---- where it comes from ------------------------------------------------------------------ */

static bool judge_site(struct caller *c)
{
	struct slice host = field(c, INCOMING_HOST), origin = field(c, INCOMING_ORIGIN);

	if (!site_is_host(&c->entrance->site, host))
		return refuse(c, 421, "misdirected",
			"The Host field names another server than this one.");
	if (!site_is_fetched(field(c, INCOMING_FETCH_SITE)) ||
		(origin.ptr && !site_is_origin(origin, host)))
		return refuse(c, 403, "forbidden", "Pages of another origin may not call here.");
	return true;
}

/* ---- what it is for ----------------------------------------------------------------------- */

static bool judge_route(struct caller *c)
{
	struct routing routing;

	router_find(control_routes, c->incoming.method, c->incoming.path, &routing);
	c->route = routing.route;
	memcpy(c->call.parts, routing.parts, sizeof(routing.parts));
	if (c->route)
		return true;
	if (!routing.path_known)
		return refuse(c, 404, "not_found", "There is nothing at this path.");
	call_field(&c->call, "Allow", routing.allow);
	return refuse(c, 405, "method_not_allowed", "This path does not take this method.");
}

/* ---- who asks ----------------------------------------------------------------------------- */

/* RFC 6750 §2.1. Empty when it is no bearer. */
static struct slice bearer(struct slice authorization)
{
	struct slice scheme = SLICE("Bearer ");

	if (!slice_equal_nocase(slice_first(authorization, scheme.len), scheme))
		return SLICE("");
	return slice_after(authorization, scheme.len);
}

struct slice guard_cookie(struct slice cookies)
{
	struct slice name = SLICE("sallyport_session=");

	/* RFC 6265 §4.2.1: pairs, "; " between. */
	while (cookies.len > 0) {
		struct slice pair = slice_first(cookies, slice_find(cookies, ';'));
		cookies = slice_after(cookies, pair.len + 1);
		while (pair.len > 0 && pair.ptr[0] == ' ')
			pair = slice_after(pair, 1);
		if (slice_starts(pair, name))
			return slice_after(pair, name.len);
	}
	return SLICE("");
}

/* A token where one is shown, else a cookie. Its name may have lost its token since. */
static const struct token *identify(struct caller *c)
{
	const struct control *control = c->control;
	struct slice authorization = field(c, INCOMING_AUTHORIZATION);

	if (authorization.ptr)
		return tokens_find(&control->tokens, bearer(authorization));
	const char *name = signin_name(&control->signin, guard_cookie(field(c, INCOMING_COOKIE)),
		uv_now(control->host.loop));
	c->call.by_cookie = name != NULL;
	return name ? tokens_named(&control->tokens, slice_of(name)) : NULL;
}

static bool judge_role(struct caller *c)
{
	const struct token *token = identify(c);
	bool reads = slice_equal(c->call.method, SLICE("GET"));

	if (token) {
		memcpy(c->call.name, token->name, sizeof(c->call.name));
		c->call.role = token->role;
	}
	if (c->call.role >= c->route->role) {
		/* A browser sends the cookie whoever asks it to; it says who asked. */
		if (c->call.by_cookie && !reads && !field(c, INCOMING_ORIGIN).ptr)
			return refuse(c, 403, "forbidden", "A signed-in browser sends its Origin.");
		return true;
	}
	if (!token)
		return refuse(c, 401, "unauthorized",
			"Send a token: Authorization: Bearer TOKEN; or sign in.");
	char sentence[SENTENCE_SIZE];
	snprintf(sentence, sizeof(sentence), "This takes the role %s; yours is %s.",
		role_word(c->route->role), role_word(token->role));
	return refuse(c, 403, "forbidden", sentence);
}

/* ---- what it brings ----------------------------------------------------------------------- */

/* A form or plain text could come from any page without asking first. */
static bool judge_type(struct caller *c)
{
	struct slice type = field(c, INCOMING_CONTENT_TYPE);
	struct slice essence = slice_first(type, slice_find(type, ';'));

	while (essence.len > 0 && essence.ptr[essence.len - 1] == ' ')
		essence.len--;
	if (!type.ptr && c->incoming.content_length == 0)
		return true;
	if (slice_equal_nocase(essence, SLICE("application/json")))
		return true;
	return refuse(c, 415, "unsupported_media_type", "Send the content as application/json.");
}

/* `words` has the name, between spaces. */
static bool is_listed(const char *words, struct slice name)
{
	struct slice rest = slice_of(words), word;

	while (rest.len > 0) {
		const char *space = memchr(rest.ptr, ' ', rest.len);
		word = slice_first(rest, space ? (size_t)(space - rest.ptr) : rest.len);
		if (slice_equal(word, name))
			return true;
		rest = slice_after(rest, space ? word.len + 1 : word.len);
	}
	return false;
}

/* A parameter that nobody reads is a mistake of the asker's: a filter that does not filter. */
static bool judge_parameters(struct caller *c)
{
	const char *words = c->route->parameters ? c->route->parameters : "";

	if (c->route->role == ROLE_NOBODY)
		return true;
	for (size_t i = 0; i < c->call.query_count; i++)
		if (!is_listed(words, c->call.query[i].name))
			return refuse(c, 400, "bad_request", "The query has an unknown parameter.");
	return true;
}

static bool judge_query(struct caller *c)
{
	struct slice query = c->incoming.query;

	if (query.len == 0)
		return true;
	c->query_bytes = malloc(query.len);
	if (!c->query_bytes)
		return refuse(c, 503, "unavailable", "There is no memory for the request.");
	if (query_parse(query, c->query_bytes, c->call.query, &c->call.query_count))
		return judge_parameters(c);
	return refuse(c, 400, "bad_request", "The query is not well-formed.");
}

bool guard_head(struct caller *c)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	c->call.now_ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
	c->head_only = slice_equal(c->incoming.method, SLICE("HEAD"));
	c->call.method = c->head_only ? SLICE("GET") : c->incoming.method;
	c->call.path = c->incoming.path;
	c->call.last_event_id = field(c, INCOMING_LAST_EVENT_ID);
	/* Content that stays unread ends the connection with the answer. */
	c->keep_alive = c->incoming.keep_alive && c->incoming.content_length == 0;
	if (!judge_site(c) || !judge_route(c) || !judge_role(c) || !judge_type(c) ||
		!judge_query(c))
		return false;
	c->keep_alive = c->incoming.keep_alive;
	return true;
}

/* ---- the content -------------------------------------------------------------------------- */

/* The parser goes into itself for each level. */
static bool is_shallow(struct slice json)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > DEPTH_MAX)
			return false;
	}
	return true;
}

bool guard_content(struct caller *c)
{
	struct slice content = c->incoming.content;
	char sentence[SENTENCE_SIZE];
	json_error_t error;

	if (content.len == 0)
		return true;
	if (!is_shallow(content))
		return refuse(c, 400, "bad_request", "The content is nested too deeply.");
	c->call.body = json_loadb(content.ptr, content.len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(c->call.body))
		return true;
	/* What jansson says of it has the client's bytes in it. */
	if (c->call.body)
		snprintf(sentence, sizeof(sentence), "The content is not a JSON object.");
	else
		snprintf(sentence, sizeof(sentence), "The content is not JSON: line %d, column %d.",
			error.line, error.column);
	return refuse(c, 400, "bad_request", sentence);
}
