/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/recent.h"

#include <assert.h>

static_assert(LIMIT_DIGEST_BLOCKED == RECENT_ROWS, "one kind of ring for both");

/* ---- packing ------------------------------------------------------------------------------ */

/* Room for each string in a digest_row, without its NUL. */
static const uint16_t bounds[RECENT_STRING_COUNT] = {
	[RECENT_HOST] = sizeof(((struct digest_row *)0)->host) - 1,
	[RECENT_METHOD] = sizeof(((struct digest_row *)0)->method) - 1,
	[RECENT_USER] = sizeof(((struct digest_row *)0)->user) - 1,
	[RECENT_SESSION] = sizeof(((struct digest_row *)0)->session) - 1,
	[RECENT_RULE] = sizeof(((struct digest_row *)0)->rule) - 1,
	[RECENT_RULE_FILE] = sizeof(((struct digest_row *)0)->rule_file) - 1,
};

static void pack_strings(const struct event *e, struct recent_row *row)
{
	const struct slice strings[RECENT_STRING_COUNT] = {
		[RECENT_HOST] = e->host,
		[RECENT_METHOD] = e->method,
		[RECENT_USER] = e->user,
		[RECENT_SESSION] = e->session_id,
		[RECENT_RULE] = e->rule,
		[RECENT_RULE_FILE] = e->rule_file,
	};
	size_t at = 0;

	for (size_t i = 0; i < RECENT_STRING_COUNT; i++) {
		struct slice s = slice_first(strings[i], bounds[i]);
		s = slice_first(s, sizeof(row->text) - at);
		if (s.len > 0)
			memcpy(row->text + at, s.ptr, s.len);
		row->len[i] = (uint16_t)s.len;
		at += s.len;
	}
}

void recent_add(struct recent *r, const struct event *e, uint64_t sequence)
{
	struct recent_row *row = &r->rows[r->count++ % RECENT_ROWS];

	row->sequence = sequence;
	row->time_ms = e->time_ns / 1000000;
	row->connection = e->connection;
	row->bytes_up = e->bytes_up;
	row->bytes_down = e->bytes_down;
	row->duration_us = e->duration_us;
	row->grant = e->grant;
	row->client = e->client;
	row->rule_line = e->rule_line;
	row->port = e->port;
	row->client_port = e->client_port;
	row->status = e->status;
	row->reason = (uint16_t)e->reason;
	row->name = (uint8_t)e->name;
	row->decision = (uint8_t)e->decision;
	row->source = (uint8_t)e->source;
	row->protocol = (uint8_t)e->protocol;
	pack_strings(e, row);
}

/* ---- reading ------------------------------------------------------------------------------ */

uint64_t recent_oldest(const struct recent *r)
{
	return r->count > RECENT_ROWS ? r->count - RECENT_ROWS : 0;
}

static void unpack_strings(const struct recent_row *row, struct digest_row *ret_row)
{
	char *const strings[RECENT_STRING_COUNT] = {
		[RECENT_HOST] = ret_row->host,
		[RECENT_METHOD] = ret_row->method,
		[RECENT_USER] = ret_row->user,
		[RECENT_SESSION] = ret_row->session,
		[RECENT_RULE] = ret_row->rule,
		[RECENT_RULE_FILE] = ret_row->rule_file,
	};
	size_t at = 0;

	for (size_t i = 0; i < RECENT_STRING_COUNT; i++) {
		memcpy(strings[i], row->text + at, row->len[i]);
		strings[i][row->len[i]] = '\0';
		at += row->len[i];
	}
}

void recent_row(const struct recent *r, uint64_t number, struct digest_row *ret_row)
{
	const struct recent_row *row = &r->rows[number % RECENT_ROWS];

	assert(number >= recent_oldest(r) && number < r->count);
	ret_row->sequence = row->sequence;
	ret_row->time_ms = row->time_ms;
	ret_row->name = (enum event_name)row->name;
	ret_row->decision = (enum event_decision)row->decision;
	ret_row->source = (enum event_source)row->source;
	ret_row->reason = (enum reason)row->reason;
	ret_row->protocol = (enum event_protocol)row->protocol;
	ret_row->port = row->port;
	ret_row->client_port = row->client_port;
	ret_row->status = row->status;
	ret_row->rule_line = row->rule_line;
	ret_row->connection = row->connection;
	ret_row->bytes_up = row->bytes_up;
	ret_row->bytes_down = row->bytes_down;
	ret_row->duration_us = row->duration_us;
	ret_row->grant = row->grant;
	ret_row->client = row->client;
	unpack_strings(row, ret_row);
}
