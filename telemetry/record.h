/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry/record.h: an event as bytes in a ring: one fixed struct, then its strings. Native byte
 * order: a ring never leaves its machine. Knows nothing of rings. */
#ifndef SALLYPORT_TELEMETRY_RECORD_H
#define SALLYPORT_TELEMETRY_RECORD_H

#include "base/limits.h"
#include "telemetry/event.h"

#define RECORD_MAGIC 0x53505231u /* "SPR1" */

/* An approval has no rule, file, SNI, actor and text; its own strings stand there, as its waited_us
 * and waiters stand for duration_us and count: a record of the hot path is no longer for it. */
enum record_string {
	RECORD_HOST,
	RECORD_METHOD,
	RECORD_USER,
	RECORD_SESSION,
	RECORD_RULE,
	RECORD_RULE_FILE,
	RECORD_SNI,
	RECORD_ACTOR,
	RECORD_TEXT,
	RECORD_STRING_COUNT,
	RECORD_PATH = RECORD_TEXT,
	RECORD_PATTERN = RECORD_RULE,
	RECORD_SUBJECT = RECORD_RULE_FILE,
	RECORD_APPROVAL_SCOPE = RECORD_SNI,
	RECORD_DECIDER = RECORD_ACTOR,
	RECORD_NOTE = RECORD_TEXT
};

/* RECORD_SHOWS_PATH: its text is a path. */
enum record_flag { RECORD_REFUSED = 1, RECORD_OVERRIDE = 2, RECORD_SHOWS_PATH = 4 };

struct record {
	uint32_t magic;
	uint32_t len; /* bytes with strings and padding, a multiple of 8, up to LIMIT_EVENT_BYTES */
	uint64_t sequence; /* of this record in its ring, from 1 */
	uint64_t check; /* over everything behind it */
	uint64_t time_ns;
	uint64_t connection;
	uint64_t bytes_up;
	uint64_t bytes_down;
	uint64_t duration_us;
	uint64_t count;
	uint64_t question;
	uint64_t grant;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t client[16];
	uint8_t upstream[16];
	uint32_t rule_line;
	uint16_t port;
	uint16_t client_port;
	uint16_t status;
	uint16_t reason;
	uint16_t string_len[RECORD_STRING_COUNT];
	uint8_t name;
	uint8_t decision;
	uint8_t source;
	uint8_t protocol;
	uint8_t scope;
	uint8_t flags; /* enum record_flag */
	uint8_t trace_flags;
	uint8_t client_family;
	uint8_t upstream_family;
	uint8_t approval;
	uint8_t subject;
};

/* A number that differs between builds whose records do not mean the same. */
uint32_t record_layout(void);

/* Writes the event with its sequence at `to`, which has LIMIT_EVENT_BYTES of room and is aligned to
 * 8. A string longer than its share is cut and ends in "...". No allocation, no system call.
 * Returns the record's len. */
uint32_t record_encode(const struct event *e, uint64_t sequence, void *to);

/* True when the `room` bytes at `from` (aligned to 8) start with a whole record whose check agrees;
 * its sequence may be anything. */
bool record_valid(const void *from, size_t room);

/* Reads a valid record. Slices of *ret_event borrow from it. False, and nothing written, when a
 * value in it is none that this build knows. */
bool record_decode(const void *from, struct event *ret_event);

#endif
