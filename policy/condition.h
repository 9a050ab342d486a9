/* SPDX-License-Identifier: Apache-2.0 */
/* policy/condition.h: the conditions of a rule on the query and the fields of a request. Where a
 * request says a thing twice, a deny rule counts when any of it fits (broad), an allow rule when all
 * of it does (narrow), because nobody knows which of the two the origin takes.
 * Source: RFC 3986 §3.4; the form encoding of the URL standard §5.1; RFC 9110 §5.6.1. */
#ifndef SALLYPORT_POLICY_CONDITION_H
#define SALLYPORT_POLICY_CONDITION_H

#include "policy/request_rule.h"
#include "policy/request_view.h"

/* `query` is what stands behind the "?". */
bool condition_fits_query(const struct condition *c, struct slice query, bool broad);

/* A value is compared without case, whole or up to its first ";"; broad: each element of a list too. */
bool condition_fits_field(const struct condition *c, const struct request_view *v, bool broad);

#endif
