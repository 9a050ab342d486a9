/* SPDX-License-Identifier: Apache-2.0 */
/* policy/edit.h: what rules change in the fields of one request on its way to its origin: names that
 * are left out, and credentials that are put in; and how their secrets are kept out of the response.
 * Of whatever version of HTTP; no sockets.
 *
 * How a version of HTTP uses it:
 *	judging     edit_judge, after the lists and rules have allowed the request, or would ask
 *	            somebody; a reason other than NONE refuses it then and there
 *	sending     edit_new, when the head goes out: rules and secrets may have changed since. For
 *	            each field of the client, edit_keeps; behind them all of e->fields
 *	response    edit_find in each value of a field, of 1xx and of trailers too; what it finds is
 *	            replaced. Trailers of the request go through edit_keeps
 *	the end     edit_free, with the response or the stream
 * What is written from e->fields must be overwritten when it was sent (base/buffer.h: secret).
 *
 * Which credential: of the rules that fit and inject into the same field, the first whose placeholder
 * stands in that field of the request; else the first that has no placeholder, or any when the field is
 * there. The field as the client sent it never goes on, then; none is put in when the rules have
 * placeholders and the field is not there.
 *
 * A placeholder anywhere else in a request (in the target, in the value of a field, behind Basic, in
 * whatever encoding of those) is refused, to whomever it goes. */
#ifndef SALLYPORT_POLICY_EDIT_H
#define SALLYPORT_POLICY_EDIT_H

#include "base/limits.h"
#include "policy/policy.h"
#include "policy/request_view.h"
#include "policy/secrets.h"

/* Where a request goes. Borrowed during the calls. */
struct edit_place {
	const struct policy *policy;
	struct secrets *secrets; /* of that policy; NULL: none is known */
	const struct target *target;
	bool verified; /* over TLS whose certificate was verified for the target */
	bool ahead; /* edit_judge only: nothing is sent, and secrets are taken to be there */
};

/* A field that is put in. */
struct edit_field {
	struct slice name, value;
	struct slice instead; /* stands for the secret in responses */
	struct secret *held[2]; /* the secret, and the value made of it for this request or NULL */
};

struct edit {
	struct policy *policy; /* the names to leave out are in it */
	const struct request_rule *rules[LIMIT_EDIT_RULES];
	size_t rule_count;
	struct edit_field fields[LIMIT_EDIT_RULES];
	size_t field_count;
};

/* Whether the request can go as the rules want it. REASON_NONE, or REASON_CREDENTIAL_MISPLACED,
 * CREDENTIAL_NEEDS_TLS or CREDENTIAL_UNAVAILABLE with the rule in question in *ret_entry, as in a verdict.
 *   v  the path as received counts: absolute-form too */
enum reason edit_judge(
	const struct edit_place *place, const struct request_view *v, uint32_t *ret_entry);

/* The same, and *ret_edit is the caller's then; NULL where nothing is changed. Also
 * REASON_OUT_OF_MEMORY. */
enum reason edit_new(
	const struct edit_place *place, const struct request_view *v, struct edit **ret_edit);
void edit_free(struct edit *e); /* NULL is fine */

/* A field of the client goes on; `e` may be NULL. */
bool edit_keeps(const struct edit *e, struct slice name);

/* Where in the value of a response's field the first secret begins, value.len when there is none; `e`
 * may be NULL. *ret_len is its length, *ret_instead what is to stand there. */
size_t edit_find(
	const struct edit *e, struct slice value, size_t *ret_len, struct slice *ret_instead);

#endif
