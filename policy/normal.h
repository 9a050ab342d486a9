/* SPDX-License-Identifier: Apache-2.0 */
/* policy/normal.h: one form for texts that people type. The only door to libunistring.
 * Source: Unicode 15, UAX #15 (NFC), the property White_Space, RFC 3629. */
#ifndef SALLYPORT_POLICY_NORMAL_H
#define SALLYPORT_POLICY_NORMAL_H

#include "base/buffer.h"

enum normal_result {
	NORMAL_OK,
	NORMAL_BAD, /* not UTF-8, or a control character other than white space */
	NORMAL_NO_MEMORY, /* or beyond the bound of the buffer */
};

/* Appends the text in NFC, each run of white space as one space, none at its ends. */
enum normal_result normal_append(struct buffer *out, struct slice text);

#endif
