/* SPDX-License-Identifier: Apache-2.0 */
/* policy/idn.h: internationalised labels, by libidn2 (IDNA2008 with UTS 46 mapping).
 * Source: RFC 5890 §2.3.2.1 (A-labels), RFC 5891 §5.4, UTS 46. May allocate; out of memory reads
 * as "not valid", so nothing passes unchecked. */
#ifndef SALLYPORT_POLICY_IDN_H
#define SALLYPORT_POLICY_IDN_H

#include "base/limits.h"
#include "base/slice.h"

/* True when a label that starts with "xn--" decodes, to something that is not plain ASCII, and
 * encodes to the same label again.
 *   label  lower case, 4..63 bytes */
bool idn_label_valid(struct slice label);

/* Converts a UTF-8 name of the configuration (1..LIMIT_PATTERN_BYTES, no NUL) to A-labels.
 * Returns NULL with the text, NUL-terminated, and its length; or why not, a static phrase. The
 * result may hold any ASCII byte (UTS 46 maps U+2100 to "a/c"): check it like any other name. */
const char *idn_to_ascii(struct slice name, char ret_text[LIMIT_NAME_BYTES + 1], size_t *ret_len);

/* The name with its A-labels decoded, in UTF-8, only for showing it beside the name itself: two names
 * may look the same then. False when it has no A-label, one does not come back from its U-label as it
 * was, or memory ran out; ret_text may have been written to.
 *   name  canonical, 1..LIMIT_NAME_BYTES */
enum { IDN_TEXT_SIZE = 4 * LIMIT_NAME_BYTES + 1 };
bool idn_to_unicode(struct slice name, char ret_text[IDN_TEXT_SIZE]);

#endif
