/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/view.h: an event as the sinks show it: name, severity, one line, attributes. The one
 * place that names attributes, so that OTLP and JSON lines agree. Every text in it is printable
 * ASCII: peer bytes are escaped here. Source: shared design §7; OpenTelemetry semantic conventions
 * for network, server, client, http, tls and user attributes; docs/events.md lists them. */
#ifndef SALLYPORT_TELEMETRY_VIEW_H
#define SALLYPORT_TELEMETRY_VIEW_H

#include "telemetry/event.h"

enum {
	VIEW_ATTRIBUTES = 24,
	/* Strings of one record at four bytes for each of theirs, and the line once more. */
	VIEW_SCRATCH_BYTES = 20 * 1024
};

enum view_kind { VIEW_TEXT, VIEW_INTEGER, VIEW_REAL, VIEW_BOOLEAN };

struct view_attribute {
	struct slice key;
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
	size_t scratch_len;
	char scratch[VIEW_SCRATCH_BYTES];
};

/* Fills the view. It borrows from the event and from itself: valid while both stay. */
void view_of(const struct event *e, struct view *ret_view);

#endif
