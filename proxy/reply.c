/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/reply.h"

#include "base/escape.h"
#include "policy/name.h"
#include "policy/question.h"

#include <assert.h>
#include <stdio.h>

struct slice reply_established(void)
{
	return SLICE("HTTP/1.1 200 OK\r\n\r\n");
}

const char *reply_source_word(enum decision_source source)
{
	switch (source) {
	case SOURCE_BASELINE_POLICY:
		return "baseline_policy";
	case SOURCE_MODE_GUARD:
		return "mode_guard";
	case SOURCE_PROXY_STATE:
		return "proxy_state";
	case SOURCE_DECIDER:
		return "decider";
	}
	return "";
}

/* RFC 9110 §15; the ones of base/reason.def, and those of an agent's call. */
const char *reply_phrase(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{410, "Gone"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

/* Seconds after which another attempt makes sense; 0: none does by itself. */
static unsigned retry_after(const struct reason_row *row)
{
	return row->status == 503 ? 5 : row->status == 429 ? 30 : 0;
}

static const char *approval_state(enum reason reason)
{
	if (reason == REASON_APPROVAL_PENDING)
		return "pending";
	if (reason == REASON_APPROVAL_DENIED)
		return "denied";
	if (reason == REASON_APPROVAL_REVOKED)
		return "revoked";
	return reason == REASON_APPROVAL_EXPIRED ? "expired" : NULL;
}

static void approval_write(struct buffer *body, const struct refusal *refusal)
{
	const char *state = approval_state(refusal->reason);
	char id[IDENT_SIZE];

	if (!state) {
		buffer_append(body, SLICE("\"approval\":null}\n"));
		return;
	}
	ident_format('q', refusal->question, id);
	buffer_format(body, "\"approval\":{\"id\":%s%s%s,\"state\":\"%s\",\"retry_after\":",
		refusal->question ? "\"" : "", refusal->question ? id : "null",
		refusal->question ? "\"" : "", state);
	unsigned seconds = retry_after(reason_row(refusal->reason));
	if (seconds > 0)
		buffer_format(body, "%u}}\n", seconds);
	else
		buffer_append(body, SLICE("null}}\n"));
}

bool reply_body(struct buffer *body, const struct refusal *refusal)
{
	const struct reason_row *row = reason_row(refusal->reason);
	const struct target *t = refusal->target;
	char host[2 * LIMIT_NAME_BYTES] = "null";
	char port[8] = "null";

	if (t) {
		/* Canonical hosts need no escaping; escape_json makes that a fact, not a hope. */
		char escaped[2 * LIMIT_NAME_BYTES - 4];
		escape_json(target_host(t), escaped, sizeof(escaped));
		snprintf(host, sizeof(host), "\"%s\"", escaped);
		snprintf(port, sizeof(port), "%u", t->port);
	}
	bool pending = refusal->reason == REASON_APPROVAL_PENDING;
	buffer_format(body, "{\"status\":\"%s\",\"decision\":\"%s\",\"reason\":\"%s\",",
		pending            ? "pending"
		: refusal->allowed ? "failed"
				   : "blocked",
		pending            ? "ask"
		: refusal->allowed ? "allow"
				   : "deny",
		row->word);
	buffer_format(body,
		"\"source\":\"%s\",\"host\":%s,\"port\":%s,\"protocol\":\"%s\",\"message\":\"%s\",",
		reply_source_word(refusal->source), host, port, refusal->protocol, row->message);
	buffer_format(body, "\"guidance\":\"%s", row->guidance);
	if (pending && refusal->question) {
		char id[IDENT_SIZE];
		ident_format('q', refusal->question, id);
		buffer_format(body,
			" To say why you need it, POST text/plain to http://%s/questions/%s through "
			"the proxy.",
			NAME_OF_AGENT_PAGE, id);
	}
	buffer_append(body, SLICE("\","));
	approval_write(body, refusal);
	return !body->failed;
}

static struct reply_field *add(struct reply_field *f, const char *name, const char *value)
{
	f->name = name;
	snprintf(f->value, sizeof(f->value), "%s", value);
	return f + 1;
}

size_t reply_fields(const struct refusal *refusal, struct reply_field ret_fields[REPLY_FIELDS_MOST])
{
	const struct reason_row *row = reason_row(refusal->reason);
	struct reply_field *f = ret_fields;

	f->name = "Proxy-Status";
	snprintf(f->value, sizeof(f->value), "sallyport; error=%s; details=\"%s\"",
		row->proxy_status, row->word);
	f++;
	if (row->token[0])
		f = add(f, "X-Proxy-Error", row->token);
	if (retry_after(row) > 0) {
		f->name = "Retry-After";
		snprintf(f->value, sizeof(f->value), "%u", retry_after(row));
		f++;
	}
	if (refusal->question) {
		f->name = "X-Sallyport-Approval";
		ident_format('q', refusal->question, f->value);
		f++;
	}
	if (row->status == 405)
		f = add(f, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	f = add(f, "Content-Type", "application/json");
	/* Policy, malformed input and load may each be wrong by the next second: nobody may keep them. */
	f = add(f, "Cache-Control", "no-store");
	return (size_t)(f - ret_fields);
}

bool reply_refuse(struct buffer *b, const struct refusal *refusal)
{
	const struct reason_row *row = reason_row(refusal->reason);
	struct reply_field fields[REPLY_FIELDS_MOST];
	size_t count = reply_fields(refusal, fields);
	struct buffer body;

	assert(row->status >= 400);
	buffer_init(&body, 4096);
	reply_body(&body, refusal);
	buffer_format(b, "HTTP/1.1 %u %s\r\n", row->status, reply_phrase(row->status));
	for (size_t i = 0; i < count; i++)
		buffer_format(b, "%s: %s\r\n", fields[i].name, fields[i].value);
	buffer_append(b, SLICE("Connection: close\r\n"));
	buffer_format(b, "Content-Length: %zu\r\n\r\n", body.len);
	if (!refusal->head_only)
		buffer_append(b, buffer_bytes(&body));
	bool whole = !b->failed && !body.failed;
	buffer_done(&body);
	return whole;
}
