/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/head.h"

#include "base/limits.h"

/* Nineteen digits hold INT64_MAX and never overflow a uint64_t. */
enum { LENGTH_DIGITS_MAX = 19 };

/* What the fields say that matter for framing and for the connection. */
struct said {
	unsigned hosts, lengths, codings, options;
	struct slice host, length, coding;
	bool malformed; /* a name that is no token */
	bool close, keep_alive; /* connection options */
	bool upgrade_option, upgrade_field;
	bool expect_continue, expect_other;
};

static void hear_connection(struct said *said, struct slice list)
{
	struct slice option;

	while (field_next_element(&list, &option)) {
		said->options++;
		if (slice_equal_nocase(option, SLICE("close")))
			said->close = true;
		else if (slice_equal_nocase(option, SLICE("keep-alive")))
			said->keep_alive = true;
		else if (slice_equal_nocase(option, SLICE("upgrade")))
			said->upgrade_option = true;
	}
}

static void hear_expect(struct said *said, struct slice list)
{
	struct slice expectation;

	/* A field without any expectation is not understood either. */
	said->expect_other |= list.len == 0;
	while (field_next_element(&list, &expectation)) {
		if (slice_equal_nocase(expectation, SLICE("100-continue")))
			said->expect_continue = true;
		else
			said->expect_other = true;
	}
}

static bool names_protocol(struct slice list)
{
	struct slice protocol;

	while (field_next_element(&list, &protocol))
		if (!slice_equal_nocase(protocol, SLICE("h2c")))
			return true;
	return false;
}

static void hear(struct said *said, const struct field *f)
{
	switch (f->id) {
	case FIELD_HOST:
		said->hosts++;
		said->host = f->value;
		break;
	case FIELD_CONTENT_LENGTH:
		said->lengths++;
		said->length = f->value;
		break;
	case FIELD_TRANSFER_ENCODING:
		said->codings++;
		said->coding = f->value;
		break;
	case FIELD_CONNECTION:
		hear_connection(said, f->value);
		break;
	case FIELD_UPGRADE:
		said->upgrade_field |= names_protocol(f->value);
		break;
	case FIELD_EXPECT:
		hear_expect(said, f->value);
		break;
	case FIELD_OTHER:
	case FIELD_TE:
	case FIELD_TRAILER:
	case FIELD_VIA:
	case FIELD_MAX_FORWARDS:
	case FIELD_KEEP_ALIVE:
	case FIELD_HTTP2_SETTINGS:
	case FIELD_PROXY_STATUS:
	case FIELD_PROXY_OTHER:
		break;
	}
}

static struct said hear_all(const struct head *h)
{
	struct said said = {0};

	for (size_t i = 0; i < h->field_count; i++) {
		said.malformed |= !field_is_token(h->fields[i].name);
		hear(&said, &h->fields[i]);
	}
	said.malformed |= said.options > LIMIT_CONNECTION_OPTIONS;
	return said;
}

/* RFC 9110 §8.6: digits, nothing else. */
static bool parse_length(struct slice digits, uint64_t *ret_length)
{
	uint64_t length = 0;

	if (digits.len == 0 || digits.len > LENGTH_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		length = length * 10 + (uint64_t)(digits.ptr[i] - '0');
	}
	if (length > INT64_MAX)
		return false;
	*ret_length = length;
	return true;
}

/* RFC 9112 §6.3, in its strictest reading: one Content-Length, or one Transfer-Encoding that is
 * chunked and nothing else, or neither. False when it is anything else. */
static bool judge_length(struct head *h, const struct said *said)
{
	h->framing = FRAMING_NONE;
	if (said->codings + said->lengths == 0)
		return true;
	if (said->codings + said->lengths > 1)
		return false;
	if (said->lengths) {
		h->framing = FRAMING_LENGTH;
		return parse_length(said->length, &h->content_length);
	}
	h->framing = FRAMING_CHUNKED;
	return h->minor == 1 && slice_equal_nocase(said->coding, SLICE("chunked"));
}

enum reason head_judge_request(struct head *h)
{
	struct said said = hear_all(h);
	bool connect = slice_equal(h->method, SLICE("CONNECT"));

	/* RFC 9112 §3.2: one Host, and none only before HTTP/1.1. It is never empty, because no
	 * target of a request to a proxy lacks an authority. */
	if (said.malformed || said.hosts > 1 || (said.hosts == 0 && h->minor == 1))
		return REASON_BAD_REQUEST;
	if (said.hosts == 1 && said.host.len == 0)
		return REASON_BAD_REQUEST;
	if (!judge_length(h, &said))
		return REASON_BAD_FRAMING;
	/* RFC 9110 §9.3.6: a CONNECT has no content; some clients say so. */
	if (connect && (h->framing == FRAMING_CHUNKED || h->content_length > 0))
		return REASON_BAD_FRAMING;
	if (connect)
		h->framing = FRAMING_NONE;
	/* RFC 9110 §10.1.1 and §7.8: both are ignored when HTTP/1.0 sends them. */
	if (said.expect_other)
		return REASON_EXPECTATION_FAILED;
	h->expect_continue = said.expect_continue && h->minor == 1;
	h->upgrade = said.upgrade_option && said.upgrade_field && h->minor == 1 && !connect;
	h->keep_alive = h->minor == 1 && !said.close;
	h->has_host = said.hosts == 1;
	h->host = said.host;
	return REASON_NONE;
}

enum reason head_judge_response(struct head *h, const struct asked *asked)
{
	struct said said = hear_all(h);
	bool interim = h->status < 200;
	bool switches = h->status == 101;

	if (said.malformed || !judge_length(h, &said))
		return REASON_BAD_RESPONSE;
	/* RFC 9112 §6.1 and RFC 9110 §8.6: these say nothing of a length, and not of content. */
	bool barren = interim || h->status == 204;
	if (barren && (h->framing == FRAMING_CHUNKED || h->content_length > 0))
		return REASON_BAD_RESPONSE;
	h->upgrade = switches && said.upgrade_option && said.upgrade_field && h->minor == 1;
	if (switches && !asked->upgrade)
		return REASON_UPGRADE_FAILED;
	if (switches && !h->upgrade)
		return REASON_BAD_RESPONSE;
	bool tunnel = asked->connect && h->status >= 200 && h->status < 300;
	if (barren || h->status == 304 || asked->head || tunnel)
		h->framing = FRAMING_NONE;
	else if (said.codings + said.lengths == 0)
		h->framing = FRAMING_CLOSE;
	h->keep_alive =
		!said.close && (h->minor == 1 || said.keep_alive) && h->framing != FRAMING_CLOSE;
	return REASON_NONE;
}

/* "HTTP/" digits "." digits; *ret_known when it is 1.0 or 1.1. */
static bool parse_version(struct slice version, bool *ret_known)
{
	struct slice prefix = SLICE("HTTP/");

	if (!slice_starts(version, prefix))
		return false;
	struct slice numbers = slice_after(version, prefix.len);
	size_t dot = slice_find(numbers, '.');
	if (dot == 0 || dot + 1 >= numbers.len)
		return false;
	for (size_t i = 0; i < numbers.len; i++)
		if (i != dot && (numbers.ptr[i] < '0' || numbers.ptr[i] > '9'))
			return false;
	*ret_known = slice_equal(numbers, SLICE("1.1")) || slice_equal(numbers, SLICE("1.0"));
	return true;
}

enum reason head_judge_request_line(struct slice line)
{
	size_t method_len = slice_find(line, ' ');
	struct slice rest = slice_after(line, method_len + 1);
	size_t target_len = slice_find(rest, ' ');
	bool known;

	if (!field_is_token(slice_first(line, method_len)) || target_len == 0)
		return REASON_BAD_REQUEST;
	for (size_t i = 0; i < target_len; i++)
		if (rest.ptr[i] <= ' ' || rest.ptr[i] > '~')
			return REASON_BAD_REQUEST;
	/* No second space is HTTP/0.9, a third one belongs to no version. */
	if (!parse_version(slice_after(rest, target_len + 1), &known))
		return REASON_BAD_REQUEST;
	return known ? REASON_NONE : REASON_VERSION_REFUSED;
}

enum reason head_judge_status_line(struct slice line)
{
	enum { VERSION_BYTES = 8, STATUS_END = 12 };
	bool known;

	if (!parse_version(slice_first(line, VERSION_BYTES), &known) || !known)
		return REASON_BAD_RESPONSE;
	if (line.len < STATUS_END || line.ptr[VERSION_BYTES] != ' ')
		return REASON_BAD_RESPONSE;
	for (size_t i = VERSION_BYTES + 1; i < STATUS_END; i++)
		if (line.ptr[i] < '0' || line.ptr[i] > '9')
			return REASON_BAD_RESPONSE;
	if (line.ptr[VERSION_BYTES + 1] == '0')
		return REASON_BAD_RESPONSE;
	if (line.len > STATUS_END && line.ptr[STATUS_END] != ' ')
		return REASON_BAD_RESPONSE;
	return REASON_NONE;
}

struct slice head_field(const struct head *h, struct slice name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (slice_equal_nocase(h->fields[i].name, name))
			return h->fields[i].value;
	return (struct slice){NULL, 0};
}

bool head_max_forwards(const struct head *h, uint64_t *ret_forwards)
{
	if (!slice_equal(h->method, SLICE("OPTIONS")) && !slice_equal(h->method, SLICE("TRACE")))
		return false;
	for (size_t i = 0; i < h->field_count; i++)
		if (h->fields[i].id == FIELD_MAX_FORWARDS)
			return parse_length(h->fields[i].value, ret_forwards);
	return false;
}
