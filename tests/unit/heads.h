/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/heads.h: heads read from text, to be written anew. */
#ifndef SALLYPORT_TESTS_HEADS_H
#define SALLYPORT_TESTS_HEADS_H

#include "tests/unit/rows.h"

#include "proxy/forward.h"

#include <stdio.h>

/* What the proxy called "gate" adds. */
#define VIA "Via: 1.1 gate\r\n"

/* The message whose head is `text`; a response answers a request of `method` that asked for an
 * upgrade. */
static inline struct message *read_head(
	enum message_kind kind, const char *text, const char *method)
{
	struct message *m = message_new(kind);
	struct slice input = slice_of(text), data;

	assert_non_null(m);
	if (kind == MESSAGE_RESPONSE)
		message_expect(m, slice_of(method), true);
	ROW_CHECK(text, message_read(m, &input, &data) == MESSAGE_HEAD, "%s",
		reason_word(message_fault(m)));
	return m;
}

#endif
