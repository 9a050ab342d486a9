/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/directive.h: the directives of a Cache-Control field, one after the other, and the numbers and
 * dates beside them. Source: RFC 9111 §1.2.2, §5.2; RFC 9110 §5.6.1, §5.6.4, §5.6.7. */
#ifndef SALLYPORT_PROXY_DIRECTIVE_H
#define SALLYPORT_PROXY_DIRECTIVE_H

#include "base/slice.h"

struct directive {
	struct slice name; /* a token; compare without case */
	struct slice value; /* without its quotes, escapes as they are; ptr NULL: there is none */
};

enum directive_step { DIRECTIVE_ONE, DIRECTIVE_END, DIRECTIVE_BAD };

/* The next directive of a field's value; the front of *list moves. BAD: no list of directives from
 * here on. Empty elements are passed over. */
enum directive_step directive_next(struct slice *list, struct directive *ret_directive);

/* delta-seconds, and Age: digits only. What is larger than 2^31 counts as that. */
bool directive_seconds(struct slice text, uint32_t *ret_seconds);

/* HTTP-date in its three forms, as Unix time. `now_s` settles the century of the one with two digits:
 * not more than 50 years ahead. */
bool directive_date(struct slice text, int64_t now_s, int64_t *ret_s);

#endif
