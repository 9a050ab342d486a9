/* SPDX-License-Identifier: Apache-2.0 */
#include "control/head.h"

#include "base/container.h"

#include <llhttp.h>

enum { LENGTH_DIGITS_MAX = 19, FIELD_OTHER = INCOMING_FIELD_COUNT };

static bool refuse(struct incoming *in, unsigned status, const char *sentence)
{
	in->status = status;
	in->sentence = sentence;
	return false;
}

static bool malformed(struct incoming *in)
{
	return refuse(in, 400, "The request head is not well-formed HTTP/1.1.");
}

/* RFC 9110 §5.6.2 */
static bool is_token(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.ptr[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
			!(c && strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}

/* ---- the request line --------------------------------------------------------------------- */

/* RFC 9112 §2.3, though of any number of digits. */
static bool is_version(struct slice version)
{
	struct slice prefix = SLICE("HTTP/");
	struct slice numbers = slice_after(version, prefix.len);
	size_t dot = slice_find(numbers, '.');

	if (!slice_starts(version, prefix) || dot == 0 || dot + 1 >= numbers.len)
		return false;
	for (size_t i = 0; i < numbers.len; i++)
		if (i != dot && (numbers.ptr[i] < '0' || numbers.ptr[i] > '9'))
			return false;
	return true;
}

static bool judge_version(struct incoming *in, struct slice version)
{
	if (!is_version(version))
		return malformed(in);
	if (!slice_equal(version, SLICE("HTTP/1.1")) && !slice_equal(version, SLICE("HTTP/1.0")))
		return refuse(in, 505, "Only HTTP/1.1 is spoken here.");
	return true;
}

/* Origin-form, RFC 9112 §3.2.1: nobody asks an origin in another one. */
static bool judge_target(struct incoming *in, struct slice target)
{
	if (target.len == 0 || target.ptr[0] != '/')
		return malformed(in);
	for (size_t i = 0; i < target.len; i++)
		if (target.ptr[i] <= ' ' || target.ptr[i] > '~' || target.ptr[i] == '#')
			return malformed(in);
	in->path = slice_first(target, slice_find(target, '?'));
	in->query = slice_after(target, in->path.len + 1);
	return true;
}

static bool judge_request_line(struct incoming *in, struct slice line)
{
	size_t method_len = slice_find(line, ' ');
	struct slice rest = slice_after(line, method_len + 1);
	size_t target_len = slice_find(rest, ' ');

	in->method = slice_first(line, method_len);
	return (is_token(in->method) || malformed(in)) &&
	       judge_target(in, slice_first(rest, target_len)) &&
	       judge_version(in, slice_after(rest, target_len + 1));
}

/* ---- fields ------------------------------------------------------------------------------- */

static unsigned identify(struct slice name)
{
	static const char *const names[INCOMING_FIELD_COUNT] = {
		[INCOMING_HOST] = "host",
		[INCOMING_AUTHORIZATION] = "authorization",
		[INCOMING_COOKIE] = "cookie",
		[INCOMING_ORIGIN] = "origin",
		[INCOMING_FETCH_SITE] = "sec-fetch-site",
		[INCOMING_CONTENT_TYPE] = "content-type",
		[INCOMING_CONTENT_LENGTH] = "content-length",
		[INCOMING_TRANSFER_ENCODING] = "transfer-encoding",
		[INCOMING_EXPECT] = "expect",
		[INCOMING_LAST_EVENT_ID] = "last-event-id",
	};

	for (unsigned i = 0; i < INCOMING_FIELD_COUNT; i++)
		if (slice_equal_nocase(name, slice_of(names[i])))
			return i;
	return FIELD_OTHER;
}

/* llhttp while it reads a head. */
struct engine {
	llhttp_t llhttp;
	struct incoming *in;
	unsigned field; /* whose value comes next */
	size_t count;
	bool complete, keep_alive;
};

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len)
{
	struct engine *e = CONTAINER(llhttp, struct engine, llhttp);
	struct slice name = slice_from(at, len);

	e->count++;
	e->field = identify(name);
	if (!is_token(name))
		return -1;
	if (e->field == FIELD_OTHER)
		return 0;
	/* Two that decide would be one for us and another one for somebody else. */
	if (e->in->fields[e->field].ptr)
		return -1;
	e->in->fields[e->field] = slice_from(at + len, 0);
	return 0;
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len)
{
	struct engine *e = CONTAINER(llhttp, struct engine, llhttp);

	if (e->field != FIELD_OTHER)
		e->in->fields[e->field] = trim(slice_from(at, len));
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	struct engine *e = CONTAINER(llhttp, struct engine, llhttp);

	e->complete = true;
	e->keep_alive = llhttp->http_minor == 1 && llhttp_should_keep_alive(llhttp);
	return 1; /* the content is counted here */
}

static bool judge_fields(struct incoming *in)
{
	static const llhttp_settings_t settings = {
		.on_header_field = on_header_field,
		.on_header_value = on_header_value,
		.on_headers_complete = on_headers_complete,
	};
	struct slice bytes = buffer_bytes(&in->head);
	struct engine e = {.in = in};

	llhttp_init(&e.llhttp, HTTP_REQUEST, &settings);
	llhttp_errno_t error = llhttp_execute(&e.llhttp, bytes.ptr, bytes.len);
	if (error == HPE_INVALID_METHOD)
		return refuse(in, 501, "This method is not known here.");
	if ((error != HPE_OK && error != HPE_PAUSED_UPGRADE) || !e.complete ||
		e.count != in->lines - 1)
		return malformed(in);
	in->keep_alive = e.keep_alive;
	return true;
}

/* ---- what follows the head ---------------------------------------------------------------- */

/* RFC 9110 §8.6: digits, nothing else. */
static bool judge_length(struct incoming *in)
{
	struct slice digits = in->fields[INCOMING_CONTENT_LENGTH];
	uint64_t length = 0;

	if (in->fields[INCOMING_TRANSFER_ENCODING].ptr)
		return digits.ptr ? malformed(in)
				  : refuse(in, 411, "Send the content with a Content-Length.");
	if (!digits.ptr)
		return true;
	if (digits.len == 0 || digits.len > LENGTH_DIGITS_MAX)
		return malformed(in);
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return malformed(in);
		length = length * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	in->content_length = (size_t)length;
	return length <= LIMIT_CONTROL_BODY_BYTES
		       ? true
		       : refuse(in, 413, "The request's content is too large.");
}

static bool judge_expect(struct incoming *in)
{
	struct slice expect = in->fields[INCOMING_EXPECT];

	if (expect.ptr && !slice_equal_nocase(expect, SLICE("100-continue")))
		return refuse(in, 417, "Only 100-continue can be expected.");
	in->expects_continue = expect.ptr && in->content_length > 0;
	return true;
}

bool head_judge(struct incoming *in)
{
	struct slice bytes = buffer_bytes(&in->head);

	if (!judge_request_line(in, slice_first(bytes, slice_find(bytes, '\r'))) ||
		!judge_fields(in))
		return false;
	if (!in->fields[INCOMING_HOST].ptr)
		return refuse(in, 400, "The request has no Host.");
	return judge_length(in) && judge_expect(in);
}
