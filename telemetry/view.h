/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/view.h: an event as the sinks show it: name, severity, one line, attributes. The one
 * place that names attributes, so that OTLP and JSON lines agree. Every text in it is printable
 * ASCII: peer bytes are escaped here. Source: shared design §7; OpenTelemetry semantic conventions
 * for network, server, client, http, tls and user attributes; docs/events.md lists them. */
#ifndef SALLYPORT_TELEMETRY_VIEW_H
#define SALLYPORT_TELEMETRY_VIEW_H

#include "telemetry/event.h"
#include "telemetry/pen.h"

enum {
	VIEW_ATTRIBUTES = 24,
	/* Strings of one record at four bytes for each of theirs, and the line once more. */
	VIEW_SCRATCH_BYTES = 20 * 1024
};

/* An attribute's name as protobuf's bytes field 1 that OTLP's KeyValue starts with, so that a record
 * takes it as it is; 32 bytes, which is two loads and stores. */
struct view_key {
	char tag;
	char len;
	char name[30];
};

/* Without a NUL when the name fills it. */
static inline struct slice view_key_name(const struct view_key *key)
{
	return slice_from(key->name, (size_t)key->len);
}

enum view_kind { VIEW_TEXT, VIEW_INTEGER, VIEW_REAL, VIEW_BOOLEAN };

struct view_attribute {
	const struct view_key *key; /* static */
	enum view_kind kind;
	union {
		struct slice text;
		int64_t integer;
		double real;
		bool boolean;
	} value;
};

struct view {
	struct slice name;
	uint8_t severity; /* OpenTelemetry SeverityNumber: INFO 9, WARN 13 */
	struct slice severity_text;
	struct slice body;
	size_t attribute_count;
	struct view_attribute attributes[VIEW_ATTRIBUTES];
	struct pen pen; /* on scratch */
	char scratch[VIEW_SCRATCH_BYTES];
};

/* Fills the view. It borrows from the event and from itself: valid while both stay. */
void view_of(const struct event *e, struct view *ret_view);

#endif
