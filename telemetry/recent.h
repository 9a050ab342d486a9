/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/recent.h: the newest rows of the digest, in a ring. Embedded; no lock. */
#ifndef SALLYPORT_TELEMETRY_RECENT_H
#define SALLYPORT_TELEMETRY_RECENT_H

#include "base/limits.h"
#include "telemetry/digest.h"

enum {
	RECENT_ROWS = LIMIT_DIGEST_RECENT,
	/* All strings of a row. Nearly all fit; beyond it the rule and its file are cut. */
	RECENT_TEXT_BYTES = 384
};

enum recent_string {
	RECENT_HOST,
	RECENT_METHOD,
	RECENT_USER,
	RECENT_SESSION,
	RECENT_RULE,
	RECENT_RULE_FILE,
	RECENT_STRING_COUNT
};

/* A digest_row in half of its bytes: strings one behind the other. */
struct recent_row {
	uint64_t sequence, time_ms, connection, bytes_up, bytes_down, duration_us, grant;
	struct address client;
	uint32_t rule_line;
	uint16_t port, client_port, status, reason;
	uint8_t name, decision, source, protocol;
	uint16_t len[RECENT_STRING_COUNT];
	char text[RECENT_TEXT_BYTES];
};

/* Zeroed is empty. The row of number n, from 0, is in slot n % RECENT_ROWS. */
struct recent {
	uint64_t count; /* rows ever */
	struct recent_row rows[RECENT_ROWS];
};

void recent_add(struct recent *r, const struct event *e, uint64_t sequence);

/* The number of the oldest row that is still there; r->count when there is none. */
uint64_t recent_oldest(const struct recent *r);

/* The row of a number from recent_oldest to below r->count. */
void recent_row(const struct recent *r, uint64_t number, struct digest_row *ret_row);

#endif
