/* SPDX-License-Identifier: Apache-2.0 */
/* base/escape.h: peer bytes made safe for a line of log, a JSON string or an event value.
 * Source: RFC 8259 §7; Unicode bidirectional and line controls are escaped too. */
#ifndef SALLYPORT_BASE_ESCAPE_H
#define SALLYPORT_BASE_ESCAPE_H

#include "base/slice.h"

/* True when escape_text would change nothing, as nearly always. */
bool escape_is_plain(struct slice text);

/* Writes `text` as printable ASCII: bytes outside 0x20..0x7e and the backslash become \xNN.
 * Stops before it would overflow and ends with "..." then; always NUL-terminated.
 * size at least 8. Returns the length without the NUL. */
size_t escape_text(struct slice text, char *ret_text, size_t size);

/* Writes `text` as the inside of a JSON string (no quotes): valid UTF-8 passes except controls,
 * U+007F, U+2028/2029 and bidirectional controls, which become \uNNNN; invalid bytes become U+FFFD.
 * Cuts at a character boundary before overflow; always NUL-terminated. Returns the length. */
size_t escape_json(struct slice text, char *ret_text, size_t size);

/* Writes `text` as UTF-8 that a person may look at: valid UTF-8 passes, except for a backslash, which
 * is doubled, and for controls, bidirectional controls and what cannot be seen, which become \u{N}
 * (hexadecimal); invalid bytes become \xNN. Cuts at a character boundary before overflow and ends
 * with "..." then; always NUL-terminated. size at least 16. Returns the length. */
size_t escape_utf8(struct slice text, char *ret_text, size_t size);

#endif
