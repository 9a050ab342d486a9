/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/record.h"

#include <assert.h>

/* Most bytes of each string, so that all of them fit beside each other: a canonical host has 253,
 * an SNI as many. The text comes last and gets what is left, at least LEAST_TEXT. */
enum { LEAST_TEXT = 256 };

static const uint16_t string_bounds[RECORD_TEXT] = {
	[RECORD_HOST] = 256,
	[RECORD_METHOD] = 32,
	[RECORD_USER] = 128,
	[RECORD_SESSION] = 128,
	[RECORD_RULE] = 280,
	[RECORD_RULE_FILE] = 256,
	[RECORD_SNI] = 256,
	[RECORD_ACTOR] = 128,
};

static_assert(sizeof(struct record) % 8 == 0, "records are aligned");
static_assert(sizeof(struct record) + 256 + 32 + 128 + 128 + 280 + 256 + 256 + 128 + LEAST_TEXT <=
		      LIMIT_EVENT_BYTES,
	"every string at its bound fits");

uint32_t record_layout(void)
{
	return (uint32_t)sizeof(struct record) << 16 | (uint32_t)REASON_COUNT << 8 |
	       (uint32_t)EVENT_NAME_COUNT << 4 | 2u;
}

/* Two lanes of multiply and fold: finds torn and stale bytes, not forgery. `len` is in 8s. */
static uint64_t check_of(const char *bytes, size_t len, uint64_t seed)
{
	uint64_t a = seed ^ 0x9e3779b97f4a7c15u;
	uint64_t b = ~seed;
	uint64_t words[2];
	size_t i = 0;

	for (; i + sizeof(words) <= len; i += sizeof(words)) {
		memcpy(words, bytes + i, sizeof(words));
		a = (a ^ words[0]) * 0xff51afd7ed558ccdu;
		b = (b ^ words[1]) * 0xc4ceb9fe1a85ec53u;
		a ^= a >> 32;
		b ^= b >> 29;
	}
	if (i < len) {
		memcpy(words, bytes + i, sizeof(words[0]));
		a = (a ^ words[0]) * 0xff51afd7ed558ccdu;
	}
	a ^= b + (a >> 31);
	return a * 0x9fb21c651e98df25u;
}

/* The check covers what stands behind it, and by its seed the sequence and the length. */
static uint64_t record_check(const struct record *r)
{
	const size_t start = offsetof(struct record, check) + sizeof(r->check);

	return check_of(
		(const char *)r + start, r->len - start, r->sequence ^ (uint64_t)r->len << 48);
}

static void encode_values(const struct event *e, struct record *r)
{
	r->magic = RECORD_MAGIC;
	r->time_ns = e->time_ns;
	r->connection = e->connection;
	r->bytes_up = e->bytes_up;
	r->bytes_down = e->bytes_down;
	r->duration_us = e->name == EVENT_APPROVAL ? e->waited_us : e->duration_us;
	r->count = e->name == EVENT_APPROVAL ? e->waiters : e->count;
	r->question = e->question;
	r->grant = e->grant;
	memcpy(r->trace_id, e->trace_id, sizeof(r->trace_id));
	memcpy(r->span_id, e->span_id, sizeof(r->span_id));
	memcpy(r->client, e->client.bytes, sizeof(r->client));
	memcpy(r->upstream, e->upstream.bytes, sizeof(r->upstream));
	r->rule_line = e->rule_line;
	r->port = e->port;
	r->client_port = e->client_port;
	r->status = e->status;
	r->reason = (uint16_t)e->reason;
	r->name = (uint8_t)e->name;
	r->decision = (uint8_t)e->decision;
	r->source = (uint8_t)e->source;
	r->protocol = (uint8_t)e->protocol;
	r->scope = (uint8_t)e->scope;
	r->flags =
		(uint8_t)((e->refused ? RECORD_REFUSED : 0) | (e->override ? RECORD_OVERRIDE : 0) |
			  (e->path.len > 0 ? RECORD_SHOWS_PATH : 0));
	r->trace_flags = e->trace_flags;
	r->client_family = e->client.family;
	r->upstream_family = e->upstream.family;
	r->approval = (uint8_t)e->approval;
	r->subject = (uint8_t)e->subject;
}

/* Copies a string of at most its share. Returns the bytes written. */
static size_t encode_string(struct slice s, size_t bound, char *to)
{
	if (s.len <= bound) {
		if (s.len > 0)
			memcpy(to, s.ptr, s.len);
		return s.len;
	}
	memcpy(to, s.ptr, bound - 3);
	memcpy(to + bound - 3, "...", 3);
	return bound;
}

uint32_t record_encode(const struct event *e, uint64_t sequence, void *to)
{
	struct record *r = to;
	char *strings = (char *)to + sizeof(*r);
	struct slice slices[RECORD_STRING_COUNT] = {
		[RECORD_HOST] = e->host,
		[RECORD_METHOD] = e->method,
		[RECORD_USER] = e->user,
		[RECORD_SESSION] = e->session_id,
		[RECORD_RULE] = e->rule,
		[RECORD_RULE_FILE] = e->rule_file,
		[RECORD_SNI] = e->sni,
		[RECORD_ACTOR] = e->actor,
		[RECORD_TEXT] = e->text,
	};

	if (e->name == EVENT_APPROVAL) {
		slices[RECORD_PATTERN] = e->approval_pattern;
		slices[RECORD_SUBJECT] = e->subject_text;
		slices[RECORD_APPROVAL_SCOPE] = e->approval_scope;
		slices[RECORD_DECIDER] = e->decider;
		slices[RECORD_NOTE] = e->note;
	}
	if (e->path.len > 0)
		slices[RECORD_PATH] = e->path;
	encode_values(e, r);
	for (size_t i = 0; i < RECORD_STRING_COUNT; i++) {
		size_t left = LIMIT_EVENT_BYTES - (size_t)(strings - (char *)to);
		size_t bound = i < RECORD_TEXT ? string_bounds[i] : left;
		size_t len = encode_string(slices[i], bound, strings);
		r->string_len[i] = (uint16_t)len;
		strings += len;
	}
	while ((size_t)(strings - (char *)to) % 8 != 0)
		*strings++ = 0;
	r->len = (uint32_t)(strings - (char *)to);
	r->sequence = sequence;
	r->check = record_check(r);
	return r->len;
}

bool record_valid(const void *from, size_t room)
{
	const struct record *r = from;
	size_t len = sizeof(*r);

	if (room < sizeof(*r) || r->magic != RECORD_MAGIC || r->len % 8 != 0 ||
		r->len < sizeof(*r) || r->len > LIMIT_EVENT_BYTES || r->len > room)
		return false;
	for (size_t i = 0; i < RECORD_STRING_COUNT; i++)
		len += r->string_len[i];
	return (len + 7) / 8 * 8 == r->len && record_check(r) == r->check;
}

static bool values_known(const struct record *r)
{
	bool families =
		(r->client_family == 0 || r->client_family == 4 || r->client_family == 6) &&
		(r->upstream_family == 0 || r->upstream_family == 4 || r->upstream_family == 6);

	return families && r->name < EVENT_NAME_COUNT && r->reason < REASON_COUNT &&
	       r->decision <= EVENT_ASK && r->source <= EVENT_DECIDER &&
	       r->protocol <= EVENT_PROTOCOL_CONNECT && r->scope <= EVENT_SCOPE_NON_DOMAIN &&
	       r->flags <= (RECORD_REFUSED | RECORD_OVERRIDE | RECORD_SHOWS_PATH) &&
	       r->approval <= EVENT_REVOKED && r->subject <= EVENT_SUBJECT_SEARCH;
}

static void decode_values(const struct record *r, struct event *e)
{
	const bool approval = r->name == EVENT_APPROVAL;

	e->name = (enum event_name)r->name;
	e->time_ns = r->time_ns;
	e->reason = (enum reason)r->reason;
	e->decision = (enum event_decision)r->decision;
	e->source = (enum event_source)r->source;
	e->protocol = (enum event_protocol)r->protocol;
	e->scope = (enum event_scope)r->scope;
	e->port = r->port;
	e->client.family = r->client_family;
	memcpy(e->client.bytes, r->client, sizeof(r->client));
	e->client_port = r->client_port;
	memcpy(e->trace_id, r->trace_id, sizeof(r->trace_id));
	memcpy(e->span_id, r->span_id, sizeof(r->span_id));
	e->trace_flags = r->trace_flags;
	e->connection = r->connection;
	e->rule_line = r->rule_line;
	e->bytes_up = r->bytes_up;
	e->bytes_down = r->bytes_down;
	e->duration_us = approval ? 0 : r->duration_us;
	e->upstream.family = r->upstream_family;
	memcpy(e->upstream.bytes, r->upstream, sizeof(r->upstream));
	e->status = r->status;
	e->refused = (r->flags & RECORD_REFUSED) != 0;
	e->count = approval ? 0 : r->count;
	e->approval = (enum event_approval)r->approval;
	e->subject = (enum event_subject)r->subject;
	e->question = r->question;
	e->grant = r->grant;
	e->waited_us = approval ? r->duration_us : 0;
	e->waiters = approval ? (uint32_t)r->count : 0;
	e->override = (r->flags & RECORD_OVERRIDE) != 0;
}

bool record_decode(const void *from, struct event *ret_event)
{
	const struct record *r = from;
	const char *strings = (const char *)from + sizeof(*r);
	struct slice *slices[RECORD_STRING_COUNT] = {
		[RECORD_HOST] = &ret_event->host,
		[RECORD_METHOD] = &ret_event->method,
		[RECORD_USER] = &ret_event->user,
		[RECORD_SESSION] = &ret_event->session_id,
		[RECORD_RULE] = &ret_event->rule,
		[RECORD_RULE_FILE] = &ret_event->rule_file,
		[RECORD_SNI] = &ret_event->sni,
		[RECORD_ACTOR] = &ret_event->actor,
		[RECORD_TEXT] = &ret_event->text,
	};

	if (!values_known(r))
		return false;
	decode_values(r, ret_event);
	ret_event->rule = ret_event->sni = ret_event->actor = ret_event->text = (struct slice){0};
	ret_event->approval_pattern = ret_event->approval_scope = (struct slice){0};
	ret_event->decider = ret_event->note = (struct slice){0};
	ret_event->rule_file = ret_event->path = ret_event->subject_text = (struct slice){0};
	if (r->flags & RECORD_SHOWS_PATH)
		slices[RECORD_PATH] = &ret_event->path;
	if (r->name == EVENT_APPROVAL) {
		slices[RECORD_PATTERN] = &ret_event->approval_pattern;
		slices[RECORD_SUBJECT] = &ret_event->subject_text;
		slices[RECORD_APPROVAL_SCOPE] = &ret_event->approval_scope;
		slices[RECORD_DECIDER] = &ret_event->decider;
		slices[RECORD_NOTE] = &ret_event->note;
	}
	for (size_t i = 0; i < RECORD_STRING_COUNT; i++) {
		*slices[i] = slice_from(strings, r->string_len[i]);
		strings += r->string_len[i];
	}
	return true;
}
