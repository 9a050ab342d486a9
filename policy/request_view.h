/* SPDX-License-Identifier: Apache-2.0 */
/* policy/request_view.h: a request as the rules see it, of whatever version of HTTP. */
#ifndef SALLYPORT_POLICY_REQUEST_VIEW_H
#define SALLYPORT_POLICY_REQUEST_VIEW_H

#include "base/slice.h"

/* The value of the field `name`, without case; the nth of several, from 0. ptr NULL: there is none. */
typedef struct slice (*request_field_fn)(const void *owner, struct slice name, size_t nth);

/* The nth field of any name, from 0; false behind the last. */
typedef bool (*request_field_at_fn)(
	const void *owner, size_t nth, struct slice *ret_name, struct slice *ret_value);

struct request_view {
	struct slice method; /* a token */
	struct slice path; /* origin-form as sent on: path and query; "" for "*" and for "/" */
	request_field_fn field; /* NULL: no fields are known, and none is there */
	const void *owner; /* of `field` and `at` */
	request_field_at_fn at; /* NULL as above */
};

static inline struct slice request_view_field(
	const struct request_view *v, struct slice name, size_t nth)
{
	return v->field ? v->field(v->owner, name, nth) : slice_from(NULL, 0);
}

/* The path as it is sent on, without query: without one "/" is meant, but for the "*" of OPTIONS, which
 * is no path. */
static inline struct slice request_view_path(const struct request_view *v)
{
	struct slice path = slice_first(v->path, slice_find(v->path, '?'));
	bool star = v->path.len == 0 && slice_equal(v->method, SLICE("OPTIONS"));

	return path.len == 0 && !star ? SLICE("/") : path;
}

#endif
