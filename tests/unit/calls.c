/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/calls.h"

#include <stdlib.h>

static struct called *current(struct call *call)
{
	return (struct called *)call;
}

static void answered(struct call *call, unsigned status)
{
	struct answer *a = &current(call)->answer;

	assert_int_equal(a->count, 0);
	a->count++;
	a->status = status;
}

struct slice call_parameter(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->query_count; i++)
		if (slice_equal(call->query[i].name, slice_of(name)))
			return call->query[i].value;
	return slice_from(NULL, 0);
}

bool call_number(
	struct call *call, const char *name, uint64_t most, uint64_t fallback, uint64_t *ret_value)
{
	struct slice text = call_parameter(call, name);
	uint64_t value = 0;

	*ret_value = fallback;
	for (size_t i = 0; i < text.len && value <= most; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			value = most;
		value = value * 10 + (uint64_t)(text.ptr[i] - '0');
	}
	if (value > most) {
		call_problem(call, 400, "bad_request", "no number");
		return false;
	}
	if (text.len > 0)
		*ret_value = value;
	return true;
}

void call_field(struct call *call, const char *name, const char *value)
{
	assert_int_equal(current(call)->answer.count, 0);
	assert_true(name[0] && value[0]);
}

void call_reply_json(struct call *call, unsigned status, json_t *value)
{
	if (!value) {
		call_problem(call, 503, "unavailable", "no memory");
		return;
	}
	answered(call, status);
	current(call)->answer.json = value;
}

void call_reply_text(struct call *call, unsigned status, const char *type, struct slice text)
{
	assert_non_null(type);
	answered(call, status);
	current(call)->answer.text = strndup(text.ptr, text.len);
}

void call_problem(struct call *call, unsigned status, const char *code, const char *sentence)
{
	answered(call, status);
	current(call)->answer.json = json_pack("{s:s, s:s}", "code", code, "detail", sentence);
	assert_non_null(current(call)->answer.json);
	assert_true(status >= 400 && strlen(sentence) > 0);
}

void call_defer(struct call *call, uint64_t wait_ms, call_event_cb on_event, void *owner)
{
	struct answer *a = &current(call)->answer;

	assert_int_equal(a->count, 0);
	a->wait_ms = wait_ms;
	a->on_event = on_event;
	a->owner = owner;
}

void call_watch(struct call *call, uint64_t question)
{
	current(call)->answer.watched = question;
}

void called_init(
	struct called *c, const struct control_host *host, const char *query, const char *body)
{
	struct slice rest = slice_of(query);

	*c = (struct called){
		.call = {.host = host, .now_ms = CALL_NOW_MS, .name = "admin", .role = ROLE_ADMIN}};
	while (rest.len > 0) {
		struct slice pair = slice_first(rest, slice_find(rest, '&'));
		size_t name = slice_find(pair, '=');
		c->call.query[c->call.query_count++] =
			(struct parameter){slice_first(pair, name), slice_after(pair, name + 1)};
		rest = slice_after(rest, pair.len + 1);
	}
	if (!body)
		return;
	c->call.body = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(c->call.body);
}

void called_done(struct called *c)
{
	json_decref(c->call.body);
	json_decref(c->answer.json);
	free(c->answer.text);
}

void called_run(struct called *c, const struct route *table, const char *method,
	const char *pattern, const char *part)
{
	for (; table->method; table++) {
		if (strcmp(table->method, method) != 0 || strcmp(table->pattern, pattern) != 0)
			continue;
		c->call.method = slice_of(method);
		c->call.path = slice_of(pattern);
		c->call.parts[0] = slice_of(part);
		table->handler(&c->call);
		return;
	}
	print_error("no route for %s %s\n", method, pattern);
	fail();
}

const char *called_member(const struct called *c, const char *path)
{
	static char text[2048];
	const json_t *value = c->answer.json;
	char name[64];

	while (value && path[0]) {
		size_t len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		value = json_object_get(value, name);
		path += len + (path[len] == '.');
	}
	if (json_is_string(value))
		return json_string_value(value);
	size_t len =
		value ? json_dumpb(value, text, sizeof(text) - 1, JSON_ENCODE_ANY | JSON_COMPACT)
		      : 0;
	text[len < sizeof(text) ? len : 0] = '\0';
	return text;
}
