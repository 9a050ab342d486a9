/* SPDX-License-Identifier: Apache-2.0 */
/* policy/name.h: host names in their one canonical spelling: lower case, no trailing dot, labels of
 * 1..63 [a-z0-9_-], 253 bytes in all, A-labels that mean something.
 * Source: RFC 1035 §2.3.4, RFC 5890 §2.3.2.1; "_" as DNS has it in practice (RFC 8552). */
#ifndef SALLYPORT_POLICY_NAME_H
#define SALLYPORT_POLICY_NAME_H

#include "base/limits.h"
#include "base/slice.h"

enum { NAME_TEXT_SIZE = LIMIT_NAME_BYTES + 1 };

/* Writes the canonical spelling and a NUL; false when the name is malformed (ret_text may have been
 * written to, *ret_len is untouched then). One trailing dot is removed. Allocates only for labels
 * that start with "xn--". A name that ends in a number passes: see name_ends_in_number. */
bool name_canonical(struct slice text, char ret_text[NAME_TEXT_SIZE], size_t *ret_len);

/* True when the last label of a canonical name is a number (decimal, octal or 0x hex), which makes
 * resolvers and URL parsers read the whole as an IPv4 address (WHATWG URL, "ends in a number"). */
bool name_ends_in_number(struct slice name);

/* "localhost" or a name below it, RFC 6761 §6.3. */
bool name_is_localhost(struct slice name);

/* The name under which the proxy answers the agent itself. "internal" is kept for private use, so
 * nobody on the Internet has it. */
#define NAME_OF_AGENT_PAGE "sallyport.internal"

/* NAME_OF_AGENT_PAGE or a name below it. */
bool name_is_agent_page(struct slice name);

#endif
