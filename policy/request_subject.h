/* SPDX-License-Identifier: Apache-2.0 */
/* policy/request_subject.h: what a rule with action = "hold" asks about, as a text: the method, the
 * rule's path pattern that the request fits, and the rule's conditions; never the path itself.
 *
 *   POST /repos/
 *   GET /search query q&type=code|text headers accept=text%2Fhtml
 *   POST+DELETE /items/        a POST that says in a field that a DELETE is meant
 *
 * Equal for all requests that one decision is about, and for no others of the host. */
#ifndef SALLYPORT_POLICY_REQUEST_SUBJECT_H
#define SALLYPORT_POLICY_REQUEST_SUBJECT_H

#include "base/buffer.h"
#include "policy/request_rule.h"
#include "policy/request_view.h"

/* Appends the subject of a request that fits the rule. False when the buffer is too small, without
 * memory, or when the path fits none of the rule's. */
bool request_subject_write(
	const struct request_rule *r, const struct request_view *v, struct buffer *ret_text);

/* The rule asks about the text for some request. */
bool request_subject_fits(const struct request_rule *r, struct slice text);

/* Its subjects have room in LIMIT_SUBJECT_BYTES, beside the methods that requests have. */
bool request_subject_has_room(const struct request_rule *r);

/* Fields by which many frameworks take another method than the one of the request line: the nth value
 * of any of them, from 0. ptr NULL: there is none. */
struct slice request_view_other_method(const struct request_view *v, size_t nth);

#endif
