/* SPDX-License-Identifier: Apache-2.0 */
/* proxy/request.h: what a request head asks for, and whether it may: from a parsed head to one
 * canonical target and the verdict on its name. Sans-I/O: no DNS, no sockets.
 * Source: RFC 9112 §3.2 (forms of the target), RFC 9110 §7.2 (Host), §9.3.6 (CONNECT), §7.6.2
 * (Max-Forwards). */
#ifndef SALLYPORT_PROXY_REQUEST_H
#define SALLYPORT_PROXY_REQUEST_H

#include "policy/edit.h"
#include "policy/request_view.h"
#include "proxy/message.h"

/* Where a request came from: what its target may look like depends on it. */
struct request_place {
	const struct policy *policy;
	struct secrets *secrets; /* of its credentials; NULL: none */
	const struct target *tunnel; /* the CONNECT target when inside a tunnel, else NULL */
	bool secure; /* and it is TLS outside, to an upstream that has proved its name */
	const char *via; /* our own Via token, for loops */
};

struct request {
	enum reason reason; /* NONE: go on; the first thing that is wrong otherwise */
	bool connect;
	bool for_agent; /* to the proxy itself, whatever the lists say; `verdict` allows it */
	bool has_target; /* false while malformed: nothing of it may be shown */
	struct target target;
	struct slice path; /* origin-form to forward; borrows from the head */
	/* Of the name, and DENY with `reason` for every refusal. ASK without a reason: of the name, or
	 * else of the rule that holds the request (policy_is_held). */
	struct verdict verdict;
	uint32_t
		held; /* the rule that holds the request, once the name may be reached; ENTRY_NONE */
};

/* Reads and judges; *ret_request is always set. */
void request_read(
	const struct head *h, const struct request_place *place, struct request *ret_request);

/* What the rules of the place change in a request that request_read let pass, as edit_new. */
enum reason request_edit(const struct head *h, const struct request_place *place,
	const struct target *target, struct slice path, struct edit **ret_edit);
/* The request as rules see it. Borrows from the head.
 *   path  origin-form to forward */
struct request_view request_view_of(const struct head *h, struct slice path);

/* What the present rules say of a request whose target was read: the verdict as in struct request. */
struct verdict request_judge(const struct request_place *place, const struct target *target,
	const struct request_view *view, uint32_t *ret_held);

/* RFC 9110 §9.2.2: may be sent again when a kept connection turned out to be dead. Only without
 * content, because content was not kept. */
bool request_is_repeatable(const struct head *h);

#endif
