/* SPDX-License-Identifier: Apache-2.0 */
#include "control/agent.h"

#include "base/utf8.h"
#include "control/agent_view.h"
#include "control/show.h"

#include <assert.h>
#include <stdlib.h>

/* One call while it is answered. */
struct answering {
	struct desk *desk;
	const struct config *config;
	const struct agent_call *call;
	uint64_t now_ms;
};

/* ---- replies ------------------------------------------------------------------------------- */

static struct agent_reply *reply_of(uint16_t status, enum agent_type type, struct slice text)
{
	struct agent_reply *r = malloc(sizeof(*r) + text.len);

	if (!r)
		return NULL;
	*r = (struct agent_reply){.status = status, .type = type, .len = text.len};
	if (text.len > 0)
		memcpy(r->text, text.ptr, text.len);
	return r;
}

/* Takes the reference. */
static struct agent_reply *reply_json(uint16_t status, enum agent_type type, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	struct agent_reply *r = NULL;
	struct buffer b;

	json_decref(value);
	buffer_init(&b, LIMIT_AGENT_REPLY_BYTES);
	/* A line of its own, for whoever reads it in a terminal. */
	if (text && buffer_append(&b, slice_of(text)) && buffer_append(&b, SLICE("\n")))
		r = reply_of(status, type, buffer_bytes(&b));
	buffer_done(&b);
	free(text);
	return r;
}

static struct agent_reply *reply_html(json_t *value)
{
	struct agent_reply *r = NULL;
	struct buffer b;

	buffer_init(&b, LIMIT_AGENT_REPLY_BYTES);
	if (value && agent_view_html(&b, value))
		r = reply_of(200, AGENT_REPLY_HTML, buffer_bytes(&b));
	buffer_done(&b);
	json_decref(value);
	return r;
}

static struct agent_reply *reply_view(const struct answering *a, json_t *value)
{
	return a->call->html ? reply_html(value) : reply_json(200, AGENT_REPLY_JSON, value);
}

static const char *title_of(uint16_t status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 410:
		return "Gone";
	case 413:
		return "Content Too Large";
	case 415:
		return "Unsupported Media Type";
	case 429:
		return "Too Many Requests";
	default:
		return "Service Unavailable";
	}
}

struct agent_reply *agent_problem(uint16_t status, const char *code, const char *detail)
{
	json_t *problem = json_object();

	show_put(&problem, "type", json_string("about:blank"));
	show_put(&problem, "title", json_string(title_of(status)));
	show_put(&problem, "status", json_integer(status));
	show_put(&problem, "detail", json_string(detail));
	show_put(&problem, "code", json_string(code));
	return reply_json(status, AGENT_REPLY_PROBLEM, problem);
}

static struct agent_reply *wrong_method(const char *allow, const char *detail)
{
	struct agent_reply *r = agent_problem(405, "method_not_allowed", detail);

	if (r)
		r->allow = allow;
	return r;
}

static struct agent_reply *no_question(void)
{
	return agent_problem(404, "not_found",
		"You have no question with this id. GET http://sallyport.internal/ lists yours.");
}

/* ---- the reason that an agent gives --------------------------------------------------------- */

/* The text of the body; ptr NULL when there is none in it. */
struct reason_text {
	json_t *json; /* holds the text, when it came as JSON */
	struct slice text;
};

static struct slice trimmed(struct slice s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[0]))
		s = slice_after(s, 1);
	while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]))
		s.len--;
	return s;
}

static struct reason_text read_json(struct slice body)
{
	struct reason_text t = {.json = json_loadb(body.len ? body.ptr : "", body.len,
					JSON_REJECT_DUPLICATES, NULL)};
	const json_t *text = json_object_get(t.json, "justification");

	if (json_is_string(text))
		t.text = trimmed(slice_from(json_string_value(text), json_string_length(text)));
	return t;
}

/* A form is what curl says of a body when nobody told it: then it may be JSON. */
static bool is_json(const struct agent_call *call, struct slice body)
{
	return call->media == AGENT_JSON ||
	       (call->media == AGENT_FORM && body.len > 0 && body.ptr[0] == '{');
}

static struct agent_reply *justify(struct answering *a, uint64_t question)
{
	struct slice body = trimmed(slice_from(a->call->body, a->call->body_len));
	struct reason_text t = {.text = body};

	if (is_json(a->call, body))
		t = read_json(body);
	else if (a->call->media != AGENT_TEXT && a->call->media != AGENT_NO_MEDIA)
		return agent_problem(415, "unsupported_media_type",
			"Send application/json, {\"justification\": \"…\"}, or text/plain.");
	bool good =
		t.text.len > 0 && utf8_is_valid(t.text) && slice_find(t.text, '\0') == t.text.len;
	if (!good || t.text.len > LIMIT_JUSTIFICATION_BYTES) {
		json_decref(t.json);
		return good ? agent_problem(413, "too_large",
				      "A justification has at most 1023 bytes. Say it in fewer words.")
			    : agent_problem(400, "bad_request",
				      "Say why you need the host: {\"justification\": \"…\"}, or plain "
				      "text, in UTF-8.");
	}
	enum desk_result result =
		desk_justify(a->desk, question, slice_of(a->call->identity), t.text, a->now_ms);
	json_decref(t.json);
	switch (result) {
	case DESK_OK:
		break;
	case DESK_GONE:
		return agent_problem(
			410, "gone", "The question has ended; a justification comes too late.");
	case DESK_NOT_FOUND:
		return no_question();
	case DESK_CONFLICT:
	case DESK_REFUSED_PATTERN:
	case DESK_REFUSED_BY_POLICY:
	case DESK_FULL:
	case DESK_NOT_KEPT:
		return agent_problem(503, "unavailable", "It could not be kept. Try again.");
	}
	return reply_view(a, agent_view_question(desk_question(a->desk, question)));
}

/* ---- routes -------------------------------------------------------------------------------- */

/* Somebody else's is as good as none. */
static const struct question *own_question(const struct answering *a, uint64_t id)
{
	const struct question *q = id ? desk_question(a->desk, id) : NULL;

	return q && strcmp(q->identity, a->call->identity) == 0 ? q : NULL;
}

static struct agent_reply *answer_question(
	struct answering *a, struct slice name, uint64_t *ret_question)
{
	const struct agent_call *call = a->call;
	const struct question *q = own_question(a, ident_parse('q', name));

	if (!q)
		return no_question();
	if (call->method == AGENT_POST)
		return justify(a, q->id);
	if (call->method != AGENT_GET)
		return wrong_method("GET, HEAD, POST",
			"GET tells how the question stands, POST gives your justification.");
	if (call->bad_wait)
		return agent_problem(400, "bad_request", "wait is a number of seconds up to 60.");
	if (q->state == QUESTION_PENDING && call->wait_ms > 0) {
		*ret_question = q->id;
		return NULL;
	}
	return reply_view(a, agent_view_question(q));
}

struct agent_reply *agent_answer(struct desk *desk, const struct config *config,
	const struct agent_call *call, uint64_t now_ms, uint64_t *ret_question)
{
	struct answering a = {desk, config, call, now_ms};
	const struct slice version = SLICE("/v1"), questions = SLICE("/questions/");
	struct slice path = slice_of(call->path);

	assert(call->body_len <= LIMIT_AGENT_BODY_BYTES);
	*ret_question = 0;
	if (slice_equal(path, SLICE("/"))) {
		if (call->method == AGENT_GET)
			return reply_view(&a, agent_view_all(desk, config, call));
		return wrong_method("GET, HEAD", "This page can only be read.");
	}
	if (slice_starts(path, version))
		path = slice_after(path, version.len);
	if (slice_starts(path, questions))
		return answer_question(&a, slice_after(path, questions.len), ret_question);
	return agent_problem(404, "not_found",
		"There are http://sallyport.internal/ and http://sallyport.internal/questions/ID.");
}
