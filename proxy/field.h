/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/field.h: one field line of a header or trailer section, and the names that HTTP itself
 * gives a meaning to. Source: RFC 9110 §5 (fields), §5.6 (tokens and lists). Borrows its bytes. */
#ifndef SALLYPORT_PROXY_FIELD_H
#define SALLYPORT_PROXY_FIELD_H

#include "base/slice.h"

enum field_id {
	FIELD_OTHER, /* no meaning here: passed on as it is */
	FIELD_HOST,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_CONNECTION,
	FIELD_UPGRADE,
	FIELD_EXPECT,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_VIA,
	FIELD_MAX_FORWARDS,
	FIELD_KEEP_ALIVE,
	FIELD_HTTP2_SETTINGS,
	FIELD_PROXY_STATUS, /* RFC 9209: for whoever asks, not for the next hop */
	FIELD_PROXY_OTHER, /* every other name that begins with "Proxy-" */
};

struct field {
	struct slice name; /* as sent, a token; compare without case */
	struct slice value; /* outer white space removed */
	enum field_id id; /* of the name */
};

/* The id of a name, without case. */
enum field_id field_identify(struct slice name);

/* RFC 9110 §5.6.2: at least one character, all of them of a token. */
bool field_is_token(struct slice s);

/* How many bytes at the front are HTAB, SP, visible ASCII or obs-text, RFC 9110 §5.5. */
size_t field_text_len(struct slice s);

/* True when all are: no CR, LF, NUL or other control byte. */
bool field_is_text(struct slice s);

/* `s` without SP and HTAB around it. */
struct slice field_trim(struct slice s);

/* The next element of a comma-separated list, trimmed; empty elements are passed over, RFC 9110
 * §5.6.1. The front of *list moves; false at its end. Knows no quoted strings: for lists of tokens. */
bool field_next_element(struct slice *list, struct slice *ret_element);

#endif
