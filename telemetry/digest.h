/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/digest.h: what happened lately, for people: a chart of minutes, the newest decisions,
 * the names most often held or blocked, the entries that were used. The exporter's thread feeds it
 * with every record it reads; the control thread looks. One lock, held for microseconds; bounded. */
#ifndef SALLYPORT_TELEMETRY_DIGEST_H
#define SALLYPORT_TELEMETRY_DIGEST_H

#include "telemetry/event.h"

struct digest; /* opaque */

struct digest *digest_new(void); /* NULL without memory */
void digest_free(struct digest *d); /* NULL is fine */

/* Exporter's thread. Decisions and ends of connections count, other events do not. */
void digest_add(struct digest *d, const struct event *e);

/* One minute of the chart. */
struct digest_minute {
	uint64_t start_ms; /* Unix time, a multiple of 60000 */
	uint32_t allowed, denied, held;
};
/* Oldest first, the current one last; minutes without records are zero rows. At most `size` (up to
 * LIMIT_DIGEST_MINUTES). */
size_t digest_minutes(
	const struct digest *d, uint64_t now_ms, struct digest_minute *ret, size_t size);

/* One decision or end, newest kept (LIMIT_DIGEST_RECENT). */
struct digest_row {
	uint64_t sequence; /* grows by one for each row */
	uint64_t time_ms; /* Unix time */
	enum event_name name; /* POLICY_DECISION or CONNECTION_CLOSED */
	enum event_decision decision;
	enum event_source source;
	enum reason reason;
	enum event_protocol protocol;
	uint16_t port, client_port, status;
	uint32_t rule_line;
	uint64_t connection, bytes_up, bytes_down, duration_us, grant;
	struct address client;
	char host[256]; /* escaped for JSON is the reader's work; NUL-terminated */
	char method[16];
	char rule[128], rule_file[128];
	char user[64], session[64];
};
/* Rows behind `after` (0: from the oldest), oldest first; *ret_missed counts those between that are
 * gone. Returns how many. */
size_t digest_rows(const struct digest *d, uint64_t after, struct digest_row *ret, size_t size,
	uint64_t *ret_missed);
/* The newest denials, newest first. They are kept apart from the other rows, so that allowed traffic
 * does not push them out (LIMIT_DIGEST_BLOCKED). */
size_t digest_blocked(const struct digest *d, struct digest_row *ret, size_t size);

/* Names by how often they were blocked or held, most first. The table is bounded: a name that came
 * back after others had pushed it out counts from there, and was seen `error` times more at most. */
struct digest_name {
	char host[256];
	uint16_t port;
	uint64_t denied, held, error;
	uint64_t last_ms;
	enum reason reason; /* of the last */
};
size_t digest_names(const struct digest *d, struct digest_name *ret, size_t size);

/* Whether an entry (file and line) decided anything since the start. Never no for one that did; yes
 * for one that did not is rare. */
bool digest_entry_used(const struct digest *d, struct slice file, uint32_t line);
/* Entries beyond LIMIT_DIGEST_ENTRIES were not remembered: "unused" cannot be told any more. */
bool digest_entries_full(const struct digest *d);

#endif
