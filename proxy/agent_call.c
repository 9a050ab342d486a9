/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/agent_call.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdlib.h>

/* ---- types --------------------------------------------------------------------------------- */

/* The media type without its parameters. */
static struct slice type_of(struct slice value)
{
	return field_trim(slice_first(value, slice_find(value, ';')));
}

/* RFC 9110 §12.4.2: "0" to "1" with at most three digits behind the point, in thousandths. Anything
 * else is a weight nobody gave. */
static unsigned weight_parse(struct slice text)
{
	unsigned weight = 0;

	if (text.len < 1 || text.len > 5 || (text.len > 1 && text.ptr[1] != '.'))
		return 1000;
	for (size_t i = 0, unit = 1000; i < text.len; i++) {
		if (i == 1)
			continue;
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return 1000;
		weight += (unsigned)(text.ptr[i] - '0') * (unsigned)unit;
		unit /= 10;
	}
	return weight < 1000 ? weight : 1000;
}

/* The weight among the parameters of a range; 1000 when there is none. */
static unsigned weight_of(struct slice range)
{
	struct slice rest = slice_after(range, slice_find(range, ';') + 1);

	while (rest.len > 0) {
		struct slice one = field_trim(slice_first(rest, slice_find(rest, ';')));
		rest = slice_after(rest, slice_find(rest, ';') + 1);
		if (slice_equal_nocase(slice_first(one, 2), SLICE("q=")))
			return weight_parse(slice_after(one, 2));
	}
	return 1000;
}

/* How much `type`, of the kind `kind`, is wanted: the most specific range counts, §12.5.1. */
static unsigned wanted(const struct head *h, struct slice type, struct slice kind)
{
	struct slice list = head_field(h, SLICE("Accept")), range;
	unsigned weight = list.ptr ? 0 : 1000;
	int best = 0;

	while (field_next_element(&list, &range)) {
		struct slice name = type_of(range);
		int precision = slice_equal_nocase(name, type)    ? 3
				: slice_equal_nocase(name, kind)  ? 2
				: slice_equal(name, SLICE("*/*")) ? 1
								  : 0;
		if (precision > best) {
			best = precision;
			weight = weight_of(range);
		}
	}
	return weight;
}

bool agent_call_prefers_html(const struct head *h)
{
	return wanted(h, SLICE("text/html"), SLICE("text/*")) >
	       wanted(h, SLICE("application/json"), SLICE("application/*"));
}

static enum agent_media media_of(const struct head *h)
{
	struct slice type = type_of(head_field(h, SLICE("Content-Type")));

	if (type.len == 0)
		return AGENT_NO_MEDIA;
	if (slice_equal_nocase(type, SLICE("application/json")))
		return AGENT_JSON;
	if (slice_equal_nocase(type, SLICE("text/plain")))
		return AGENT_TEXT;
	if (slice_equal_nocase(type, SLICE("application/x-www-form-urlencoded")))
		return AGENT_FORM;
	return AGENT_OTHER_MEDIA;
}

/* ---- the rest ------------------------------------------------------------------------------- */

static enum agent_method method_of(const struct head *h)
{
	if (slice_equal(h->method, SLICE("GET")) || slice_equal(h->method, SLICE("HEAD")))
		return AGENT_GET;
	return slice_equal(h->method, SLICE("POST")) ? AGENT_POST : AGENT_OTHER_METHOD;
}

/* Seconds, plain digits; false beyond LIMIT_WAIT_MS. */
static bool wait_parse(struct slice text, uint32_t *ret_ms)
{
	uint32_t seconds = 0;

	if (text.len < 1 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		seconds = seconds * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	if (seconds > LIMIT_WAIT_MS / 1000)
		return false;
	*ret_ms = seconds * 1000;
	return true;
}

/* The first "wait" of the query; other parameters mean nothing here. */
static void read_query(struct agent_call *call, struct slice query)
{
	while (query.len > 0) {
		struct slice pair = slice_first(query, slice_find(query, '&'));
		query = slice_after(query, pair.len + 1);
		if (!slice_starts(pair, SLICE("wait=")))
			continue;
		call->bad_wait = !wait_parse(slice_after(pair, 5), &call->wait_ms);
		return;
	}
}

struct agent_call *agent_call_new(
	const struct head *h, struct slice path, const struct claimant *who, struct slice body)
{
	struct slice query = slice_after(path, slice_find(path, '?') + 1);
	struct agent_call *call;

	assert(body.len <= LIMIT_AGENT_BODY_BYTES);
	call = calloc(1, sizeof(*call) + body.len);
	if (!call)
		return NULL;
	path = slice_first(path, slice_find(path, '?'));
	if (path.len == 0)
		path = SLICE("/");
	if (path.len < sizeof(call->path))
		utf8_copy(path, call->path, sizeof(call->path));
	read_query(call, query);
	call->method = method_of(h);
	call->media = media_of(h);
	call->html = agent_call_prefers_html(h);
	utf8_copy(who->identity, call->identity, sizeof(call->identity));
	utf8_copy(who->session, call->session, sizeof(call->session));
	call->body_len = body.len;
	if (body.len > 0)
		memcpy(call->body, body.ptr, body.len);
	return call;
}
