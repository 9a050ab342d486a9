/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/stream_head.h"

/* What stands before each field in the text. */
struct lengths {
	uint32_t name, value;
};

/* RFC 9113 §6.5.2: what a field counts beyond its bytes. */
enum { FIELD_OVERHEAD = 32 };

void stream_head_init(struct stream_head *h)
{
	*h = (struct stream_head){0};
	buffer_init(&h->text, LIMIT_HEAD_BYTES + LIMIT_HEAD_FIELDS * sizeof(struct lengths));
}

void stream_head_done(struct stream_head *h)
{
	buffer_done(&h->text);
}

static struct slice text_of(const struct stream_head *h, struct span span)
{
	struct slice all = buffer_bytes(&h->text);

	return span.len > 0 ? slice_from(all.ptr + span.at, span.len) : SLICE("");
}

/* Where the value of a pseudo field is remembered. */
static struct span *slot_of(struct stream_head *h, struct slice name)
{
	if (slice_equal(name, SLICE(":method")))
		return &h->method;
	if (slice_equal(name, SLICE(":scheme")))
		return &h->scheme;
	if (slice_equal(name, SLICE(":authority")))
		return &h->authority;
	if (slice_equal(name, SLICE(":path")))
		return &h->path;
	if (slice_equal(name, SLICE(":protocol")))
		return &h->protocol;
	return slice_equal(name, SLICE(":status")) ? &h->status : NULL;
}

void stream_head_add(struct stream_head *h, struct slice name, struct slice value)
{
	bool pseudo = name.len > 0 && name.ptr[0] == ':';
	size_t bytes = name.len + value.len + FIELD_OVERHEAD;

	if (h->too_large || h->failed)
		return;
	h->too_large =
		bytes > LIMIT_HEAD_BYTES - h->bytes || (!pseudo && h->count >= LIMIT_HEAD_FIELDS);
	if (h->too_large)
		return;
	const struct lengths lengths = {(uint32_t)name.len, (uint32_t)value.len};
	struct span *slot = pseudo ? slot_of(h, name) : NULL;
	const struct span span = {
		(uint32_t)(h->text.len + sizeof(lengths) + name.len), lengths.value};
	buffer_append(&h->text, slice_from((const char *)&lengths, sizeof(lengths)));
	buffer_append(&h->text, name);
	if (!buffer_append(&h->text, value)) {
		/* Half a field is none, and half a head neither. */
		stream_head_done(h);
		*h = (struct stream_head){.failed = true};
		return;
	}
	if (slot)
		*slot = span;
	h->bytes += (uint32_t)bytes;
	h->count = (uint16_t)(h->count + !pseudo);
}

size_t stream_head_fields(const struct stream_head *h, struct stream_fields *room)
{
	struct slice rest = buffer_bytes(&h->text);
	size_t count = 0;

	while (rest.len > 0 && count < LIMIT_HEAD_FIELDS) {
		struct lengths lengths;
		memcpy(&lengths, rest.ptr, sizeof(lengths));
		rest = slice_after(rest, sizeof(lengths));
		struct slice name = slice_first(rest, lengths.name);
		struct slice value = slice_first(slice_after(rest, lengths.name), lengths.value);
		rest = slice_after(rest, lengths.name + lengths.value);
		if (name.len == 0 || name.ptr[0] == ':')
			continue;
		room->fields[count++] = (struct field){
			.name = name,
			.value = field_trim(value),
			.id = field_identify(name),
		};
	}
	return count;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* RFC 9113 §8.3.1: Host, where a client sends it too, says the same; then :authority is the one Host
 * of the head. */
static enum reason settle_host(
	const struct stream_head *h, struct stream_fields *room, size_t *count)
{
	struct slice authority = text_of(h, h->authority);
	struct field *host = NULL;

	for (size_t i = 0; i < *count; i++) {
		if (room->fields[i].id != FIELD_HOST)
			continue;
		if (host)
			return REASON_BAD_REQUEST;
		host = &room->fields[i];
	}
	if (!host && authority.len == 0)
		return REASON_BAD_REQUEST;
	if (authority.len == 0)
		return REASON_NONE;
	if (host && !slice_equal_nocase(host->value, authority))
		return REASON_MISDIRECTED;
	if (!host) {
		host = &room->fields[(*count)++];
		*host = (struct field){.name = SLICE("host"), .id = FIELD_HOST};
	}
	host->value = authority;
	return REASON_NONE;
}

/* RFC 9113 §8.3.1: path and query, without a fragment. */
static bool is_path(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == '#')
			return false;
	return s.len > 0;
}

static bool fields_are_clean(const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!field_is_token(fields[i].name) || !field_is_text(fields[i].value))
			return false;
	return true;
}

/* Method and target, as a request line of HTTP/1.1 has them. */
static enum reason settle_line(const struct stream_head *h, struct head *head)
{
	head->method = text_of(h, h->method);
	head->target = text_of(h, h->path);
	if (stream_head_is_extended(h)) {
		/* RFC 8441 §5: the only one that may pass here is what HTTP/1.1 can ask for as well. */
		if (!slice_equal(head->method, SLICE("CONNECT")) ||
			!slice_equal(text_of(h, h->protocol), SLICE("websocket")))
			return REASON_METHOD_REFUSED;
		head->method = SLICE("GET");
	} else if (slice_equal(head->method, SLICE("CONNECT"))) {
		return REASON_METHOD_REFUSED;
	}
	if (!field_is_token(head->method) || !is_path(head->target))
		return REASON_BAD_REQUEST;
	/* Something else than the TLS around it is for somewhere else. */
	return slice_equal(text_of(h, h->scheme), SLICE("https")) ? REASON_NONE
								  : REASON_MISDIRECTED;
}

static enum reason judge_request(
	const struct stream_head *h, bool ended, size_t count, struct head *head)
{
	enum reason reason = settle_line(h, head);

	if (reason == REASON_NONE && !fields_are_clean(head->fields, count))
		reason = REASON_BAD_REQUEST;
	if (reason == REASON_NONE)
		reason = head_judge_request(head);
	if (reason != REASON_NONE)
		return reason;
	/* RFC 9113 §8.1: the end of the stream is the end of the content. */
	if (ended && head->framing == FRAMING_LENGTH && head->content_length > 0)
		return REASON_BAD_FRAMING;
	if (!ended && head->framing == FRAMING_NONE)
		head->framing = FRAMING_CHUNKED;
	head->upgrade = stream_head_is_extended(h);
	return REASON_NONE;
}

enum reason stream_head_request(
	const struct stream_head *h, bool ended, struct stream_fields *room, struct head *ret_head)
{
	size_t count = stream_head_fields(h, room);
	enum reason reason = settle_host(h, room, &count);

	*ret_head = (struct head){.minor = 1, .fields = room->fields, .field_count = count};
	enum reason line = judge_request(h, ended, count, ret_head);
	if (h->too_large)
		return REASON_HEAD_TOO_LARGE;
	if (h->failed)
		return REASON_OUT_OF_MEMORY;
	return reason == REASON_NONE ? line : reason;
}

/* ---- responses ---------------------------------------------------------------------------- */

/* libnghttp2 has seen three digits. */
static uint16_t status_of(const struct stream_head *h)
{
	struct slice text = text_of(h, h->status);
	unsigned status = 0;

	for (size_t i = 0; i < text.len && i < 3; i++)
		status = status * 10 + (unsigned)(text.ptr[i] - '0');
	return (uint16_t)status;
}

enum reason stream_head_response(
	const struct stream_head *h, bool head, struct stream_fields *room, struct head *ret_head)
{
	const struct asked asked = {.head = head};
	size_t count = stream_head_fields(h, room);

	*ret_head = (struct head){
		.minor = 1, .status = status_of(h), .fields = room->fields, .field_count = count};
	if (h->too_large)
		return REASON_RESPONSE_TOO_LARGE;
	if (h->failed)
		return REASON_OUT_OF_MEMORY;
	if (ret_head->status < 100 || !fields_are_clean(ret_head->fields, count))
		return REASON_BAD_RESPONSE;
	return head_judge_response(ret_head, &asked);
}
