/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/event.h"

#include <assert.h>

const char *event_name_text(enum event_name name)
{
	static const char *const texts[EVENT_NAME_COUNT] = {
		[EVENT_POLICY_DECISION] = "network_proxy.policy_decision",
		[EVENT_CONNECTION_CLOSED] = "network_proxy.connection_closed",
		[EVENT_CONFIG_CHANGED] = "network_proxy.config_changed",
		[EVENT_APPROVAL] = "network_proxy.approval",
		[EVENT_RECORDS_DROPPED] = "network_proxy.records_dropped",
	};

	assert((unsigned)name < EVENT_NAME_COUNT);
	return texts[name];
}

/* Lower case only: W3C Trace Context §3.2.1 forbids A to F. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool hex_bytes(const char *text, uint8_t *ret_bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
	uint8_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

bool event_traceparent(struct event *e, struct slice value)
{
	/* version "-" trace-id "-" parent-id "-" trace-flags: 2, 32, 16 and 2 digits. */
	enum { TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, TEXT_BYTES = 55 };
	uint8_t version, flags, trace_id[16], span_id[8];

	if (value.len < TEXT_BYTES || value.ptr[TRACE_AT - 1] != '-' ||
		value.ptr[SPAN_AT - 1] != '-' || value.ptr[FLAGS_AT - 1] != '-')
		return false;
	if (!hex_bytes(value.ptr, &version, 1) || version == 0xff)
		return false;
	/* A later version may go on after another dash, version 0 may not (§4.3). */
	if (value.len > TEXT_BYTES && (version == 0 || value.ptr[TEXT_BYTES] != '-'))
		return false;
	if (!hex_bytes(value.ptr + TRACE_AT, trace_id, sizeof(trace_id)) ||
		!hex_bytes(value.ptr + SPAN_AT, span_id, sizeof(span_id)) ||
		!hex_bytes(value.ptr + FLAGS_AT, &flags, 1))
		return false;
	if (all_zero(trace_id, sizeof(trace_id)) || all_zero(span_id, sizeof(span_id)))
		return false;
	memcpy(e->trace_id, trace_id, sizeof(trace_id));
	memcpy(e->span_id, span_id, sizeof(span_id));
	e->trace_flags = flags;
	return true;
}
