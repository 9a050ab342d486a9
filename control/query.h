/* SPDX-License-Identifier: Apache-2.0 */
/* control/query.h: the parameters of a request's query. Source: RFC 3986 §2.1; the URL Standard's
 * application/x-www-form-urlencoded ('+' is a space). Values only. */
#ifndef SALLYPORT_CONTROL_QUERY_H
#define SALLYPORT_CONTROL_QUERY_H

#include "control/call.h"

/* Reads "a=1&b=2" into ret_parameters, at most CALL_PARAMETERS.
 *   bytes  room for query.len bytes, where the decoded names and values live
 * False: too many, a '%' without two hex digits, invalid UTF-8, or a NUL. */
bool query_parse(
	struct slice query, char *bytes, struct parameter *ret_parameters, size_t *ret_count);

#endif
