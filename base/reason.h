/* SPDX-License-Identifier: Apache-2.0 */
/* base/reason.h: the table of endings as values. Source: base/reason.def; RFC 9110 §15,
 * RFC 9209 §2.3. A session has exactly one reason: the first. */
#ifndef SALLYPORT_BASE_REASON_H
#define SALLYPORT_BASE_REASON_H

#include <stdint.h>

enum reason {
#define REASON(name, word, status, token, proxy_status, message, guidance) REASON_##name,
#include "base/reason.def"
#undef REASON
	REASON_COUNT
};

struct reason_row {
	const char *word; /* log word and event value, also the JSON "reason" */
	uint16_t status; /* HTTP status, 0 where none can be sent */
	const char *token; /* X-Proxy-Error value, "" for none */
	const char *proxy_status; /* RFC 9209 error type, "" for none */
	const char *message; /* one sentence for a person */
	const char *guidance; /* one sentence for an agent */
};

/* The row of a reason; asserts on anything that is not one. Static, never freed. */
const struct reason_row *reason_row(enum reason reason);

/* Short for reason_row(reason)->word. */
const char *reason_word(enum reason reason);

#endif
