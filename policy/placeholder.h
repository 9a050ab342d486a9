/* SPDX-License-Identifier: Apache-2.0 */
/* policy/placeholder.h: what a sandbox holds instead of a secret, found in parts of a request.
 * Source: RFC 3986 §2.1 (percent-encoding), RFC 7617 (Basic). */
#ifndef SALLYPORT_POLICY_PLACEHOLDER_H
#define SALLYPORT_POLICY_PLACEHOLDER_H

#include "policy/secret.h"

/* It stands somewhere in the text: as it is, percent-encoded, or behind "Basic" in Base 64. Also true
 * when there is no memory to find out. */
bool placeholder_stands(struct slice placeholder, struct slice text);

/* The text is Basic, and its user or password is the placeholder, whole: *ret_made is the same with the
 * secret in its place, with one reference; else NULL. False without memory. */
bool placeholder_fill_basic(struct slice placeholder, struct slice text,
	const struct secret *secret, struct secret **ret_made);

#endif
