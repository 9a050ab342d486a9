/* SPDX-License-Identifier: Apache-2.0 */
#include "control/caller.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HEAD_SIZE = CALLER_FIELDS_BYTES + 1024, DIGITS_MAX = 19 };

/* ---- looking ------------------------------------------------------------------------------ */

struct slice call_parameter(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->query_count; i++)
		if (slice_equal(call->query[i].name, slice_of(name)))
			return call->query[i].value.ptr ? call->query[i].value : SLICE("");
	return (struct slice){NULL, 0};
}

static bool parse_number(struct slice digits, uint64_t most, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (digits.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	*ret_value = value;
	return value <= most;
}

bool call_number(
	struct call *call, const char *name, uint64_t most, uint64_t fallback, uint64_t *ret_value)
{
	struct slice digits = call_parameter(call, name);
	char sentence[128];

	if (digits.len == 0) {
		*ret_value = fallback;
		return true;
	}
	if (parse_number(digits, most, ret_value))
		return true;
	snprintf(sentence, sizeof(sentence), "The parameter %s is a number from 0 to %llu.", name,
		(unsigned long long)most);
	call_problem(call, 400, "bad_request", sentence);
	return false;
}

/* ---- answering ---------------------------------------------------------------------------- */

/* RFC 9110 §15 */
static const char *status_phrase(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} rows[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].phrase;
	return "";
}

void call_field(struct call *call, const char *name, const char *value)
{
	struct caller *c = caller_of(call);
	size_t room = sizeof(c->fields) - c->fields_len;
	int len = snprintf(c->fields + c->fields_len, room, "%s: %s\r\n", name, value);

	assert(len > 0 && (size_t)len < room);
	c->fields_len += (size_t)len;
}

/* Nothing is stored, sniffed, framed or told to other sites; a page may say more for itself. */
static void add_common_fields(struct call *call, unsigned status, const char *type)
{
	struct caller *c = caller_of(call);
	bool has_policy =
		memmem(c->fields, c->fields_len,
			"Content-Security-Policy:", sizeof("Content-Security-Policy:") - 1) != NULL;

	if (type)
		call_field(call, "Content-Type", type);
	if (!has_policy)
		call_field(call, "Content-Security-Policy",
			"default-src 'none'; frame-ancestors 'none'");
	if (status == 401)
		call_field(call, "WWW-Authenticate", "Bearer");
	call_field(call, "Cache-Control", "no-store");
	call_field(call, "X-Content-Type-Options", "nosniff");
	call_field(call, "X-Frame-Options", "DENY");
	call_field(call, "Referrer-Policy", "no-referrer");
	if (!c->keep_alive)
		call_field(call, "Connection", "close");
}

static struct slice write_head(struct caller *c, unsigned status, char bytes[HEAD_SIZE])
{
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	int len = snprintf(bytes, HEAD_SIZE, "HTTP/1.1 %u %s\r\nDate: %s\r\n%.*s\r\n", status,
		status_phrase(status), date, (int)c->fields_len, c->fields);
	assert(len > 0 && len < HEAD_SIZE);
	return slice_from(bytes, (size_t)len);
}

void call_reply_text(struct call *call, unsigned status, const char *type, struct slice text)
{
	struct caller *c = caller_of(call);
	char head[HEAD_SIZE], length[32];

	assert(!c->answered);
	c->answered = true;
	add_common_fields(call, status, type);
	/* RFC 9110 §8.6: none with 204. */
	snprintf(length, sizeof(length), "%zu", text.len);
	if (status != 204)
		call_field(call, "Content-Length", length);
	if (c->phase == CALLER_CLOSES)
		return;
	caller_enter(c, CALLER_WRITES, LIMIT_CONTROL_IDLE_MS);
	caller_send(c, write_head(c, status, head), c->head_only ? SLICE("") : text);
}

void call_reply_stream(struct call *call, const char *type)
{
	struct caller *c = caller_of(call);
	char head[HEAD_SIZE];

	assert(!c->answered);
	c->answered = true;
	c->keep_alive = false; /* its end is the connection's */
	add_common_fields(call, 200, type);
	caller_enter(c, c->head_only ? CALLER_WRITES : CALLER_STREAMS, LIMIT_PING_MS);
	caller_send(c, write_head(c, 200, head), SLICE(""));
}

static void reply_json(struct call *call, unsigned status, const char *type, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (text)
		call_reply_text(call, status, type, slice_of(text));
	else
		call_reply_text(call, 503, "application/problem+json",
			SLICE("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
			      "\"status\":503,\"detail\":\"There is no memory for the answer.\","
			      "\"code\":\"unavailable\"}"));
	free(text);
}

void call_reply_json(struct call *call, unsigned status, json_t *value)
{
	reply_json(call, status, "application/json", value);
}

void call_problem(struct call *call, unsigned status, const char *code, const char *sentence)
{
	/* RFC 9457 §4.2.1: about:blank, the title is the status's phrase. */
	json_t *problem = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
		status_phrase(status), "status", (int)status, "detail", sentence, "code", code);

	reply_json(call, status, "application/problem+json", problem);
}

/* ---- answering later ---------------------------------------------------------------------- */

void call_defer(struct call *call, uint64_t wait_ms, call_event_cb on_event, void *owner)
{
	struct caller *c = caller_of(call);

	assert(!c->answered && c->phase != CALLER_DEFERS);
	c->on_event = on_event;
	c->event_owner = owner;
	caller_enter(c, CALLER_DEFERS, wait_ms);
}

void call_watch(struct call *call, uint64_t question)
{
	caller_of(call)->watched = question;
}
