/* SPDX-License-Identifier: Apache-2.0 */
/* policy/explain.h: what would happen to a target and why, as a sentence for a person. Offline: no
 * name is resolved. Used by `sallyport check` and the control endpoint. */
#ifndef SALLYPORT_POLICY_EXPLAIN_H
#define SALLYPORT_POLICY_EXPLAIN_H

#include "base/limits.h"
#include "policy/policy.h"

struct explanation {
	struct verdict verdict; /* REASON_BAD_TARGET when the text is malformed */
	bool held; /* a rule asks about the request, after the name if that is asked about too */
	uint32_t held_by; /* that rule, for policy_rule */
	char subject[LIMIT_SUBJECT_BYTES + 1]; /* what it asks about */
	struct target target; /* all zero when the text is malformed */
	char text[1024]; /* one or two sentences, one line, peer and file bytes escaped */
};

/* Explain what policy makes of `host_port`, as a person types it: "host:port", a bare host (port
 * 443), or an http:// or https:// URL, which stands for a GET of it without any fields. Fills all of
 * *ret. The rule with its file and line is policy_rule(p, ret->verdict.entry), and named in the
 * text. */
void policy_explain(const struct policy *p, struct slice host_port, struct explanation *ret);

/* The same with another method than GET: of a URL, the only thing that has one. */
void policy_explain_request(
	const struct policy *p, struct slice method, struct slice url, struct explanation *ret);

#endif
